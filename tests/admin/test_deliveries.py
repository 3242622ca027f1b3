"""Who got it? The list of a dispatch's deliveries, and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from html import unescape
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from wagtail.models import ModelLogEntry

from tests.factories import MemberFactory
from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin import audit
from wagtail_bin.admin import deliveries
from wagtail_bin.models import Delivery, Dispatch, Network, Role


def url_of(dispatch: Dispatch, name: str = "deliveries", *args: Any) -> str:
    return reverse(f"wagtail_bin_admin:dispatch_{name}", args=[dispatch.pk, *args])


def names_in(response: Any) -> list[str]:
    return [row.member.last_name for row in response.context["object_list"]]


@pytest.fixture
def dispatch(heide: Network) -> Dispatch:
    """To three members, each another outcome."""
    dispatch = make_dispatch(networks=[heide], channels=["email", "sms"])
    for name, state, values in (
        ("Aerts", State.ACCEPTED, {"report": "delivered"}),
        ("Buur", State.REJECTED, {"code": "550 5.1.1"}),
        ("Claes", State.UNKNOWN, {"channel": "sms", "address": "+32473865387"}),
    ):
        member = {"last_name": name, "first_name": "An", "mobile": "+32473865387"}
        if name != "Claes":
            member["mobile"] = ""
        deliver_to(dispatch, heide, state, member=member, **values)
    return dispatch


def test_f29_what_waited_when_it_was_cancelled_is_stopped_already(
    coordinator: Client, dispatch: Dispatch, heide: Network
) -> None:
    deliver_to(dispatch, heide, State.QUEUED, number=2)
    Dispatch.objects.update(cancelled_at=timezone.now())
    html = coordinator.get(url_of(dispatch)).content.decode()
    assert html.count("Stopped for good") == 2
    assert "Waits" not in html


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("buur", ["Buur"]),
        ("an buur", ["Buur"]),
        ("0473/86.53.87", ["Claes"]),
        ("an", ["Aerts", "Buur", "Claes"]),
        ("niemand", []),
    ],
)
def test_did_my_neighbour_get_it(
    coordinator: Client, dispatch: Dispatch, who: str, found: list[str]
) -> None:
    response = coordinator.post(url_of(dispatch), {"who": who})
    assert names_in(response) == found


def test_a_member_is_found_by_the_address_it_was_sent_to(
    coordinator: Client, dispatch: Dispatch, heide: Network
) -> None:
    member = {"last_name": "Verhuisd", "email": "nieuw@example.org"}
    deliver_to(dispatch, heide, "accepted", member=member, address="oud@example.org")
    for who in ("oud@example.org", "nieuw@example.org"):
        found = coordinator.post(url_of(dispatch), {"who": who})
        assert names_in(found) == ["Verhuisd"]


def test_who_was_not_to_get_it_is_named_with_the_reason(
    coordinator: Client, dispatch: Dispatch, heide: Network, elders: Network
) -> None:
    for network in (heide, elders):
        MemberFactory(network=network, last_name="Zonder", consent=False)
    MemberFactory(network=heide, last_name="Zonderling")
    response = coordinator.post(url_of(dispatch), {"who": "zonder"})
    told = [(m.last_name, m.network, why) for m, why in response.context["missed"]]
    assert [row[:2] for row in told] == [("Zonder", heide), ("Zonderling", heide)]
    assert "did not agree" in told[0][2]
    assert "when it was confirmed" in told[1][2]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"state": "rejected"}, ["Buur"]),
        ({"state": ["rejected", "unknown"]}, ["Buur", "Claes"]),
        ({"report": "delivered"}, ["Aerts"]),
        ({"channel": "sms"}, ["Claes"]),
    ],
)
def test_the_list_and_its_export_are_filtered(
    coordinator: Client, dispatch: Dispatch, choice: dict[str, Any], found: list[str]
) -> None:
    response = coordinator.get(url_of(dispatch), choice)
    assert names_in(response) == found
    results = coordinator.get(url_of(dispatch, "deliveries_results"), choice)
    export = url_of(dispatch, "deliveries_export", "csv")
    html = unescape(results.content.decode())
    # The buttons go by what the list shows, also when only that is fetched.
    (query,) = {part.split('"')[0] for part in html.split(export)[1:]}
    rows = read_csv(coordinator.post(export + query))
    assert [row[0].split(",")[0] for row in rows[1:]] == found


def test_what_is_sought_stands_in_no_address(
    coordinator: Client, dispatch: Dispatch
) -> None:
    html = coordinator.post(url_of(dispatch), {"who": "Buur"}).content.decode()
    assert 'value="Buur"' in html
    assert "=Buur" not in html
    assert "q=" not in html


def test_each_row_says_how_it_went_and_what_to_do(
    coordinator: Client, dispatch: Dispatch
) -> None:
    html = coordinator.get(url_of(dispatch)).content.decode()
    for said in ("Delivered", "Ask the member for another one", "Ask the member. It"):
        assert said in html


def test_a_long_list_has_pages_and_a_search_has_one(
    coordinator: Client, dispatch: Dispatch, heide: Network
) -> None:
    deliver_to(dispatch, heide, number=51, member={"last_name": "Peeters"})
    second = coordinator.get(url_of(dispatch), {"p": 2})
    assert len(names_in(second)) == 4
    found = coordinator.post(url_of(dispatch), {"who": "peeters"})
    assert len(names_in(found)) == 50
    assert "The first 50 are shown" in found.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_list(
    coordinator: Client,
    dispatch: Dispatch,
    heide: Network,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    coordinator.get(url_of(dispatch))
    with django_assert_max_num_queries(100) as few:
        coordinator.get(url_of(dispatch))
    deliver_to(dispatch, heide, number=30)
    with django_assert_max_num_queries(len(few)):
        assert len(names_in(coordinator.get(url_of(dispatch)))) == 33


@pytest.mark.parametrize("role", [Role.WEB_EDITOR, Role.MANDATED_OFFICER, Role.MAYOR])
def test_s03_who_may_not_see_members_sees_none(
    as_role: Callable[..., Client], heide: Network, dispatch: Dispatch, role: str
) -> None:
    client = as_role(role, heide)
    for method, name, args in (
        (client.get, "deliveries", ()),
        (client.post, "deliveries", ()),
        (client.get, "deliveries_results", ()),
        (client.post, "deliveries_export", ("csv",)),
    ):
        response = method(url_of(dispatch, name, *args), {"who": "Buur"})
        assert response.status_code == 302, name
        assert response["Location"] == reverse("wagtailadmin_home")
    page = client.get(reverse("wagtail_bin_admin:dispatch", args=[dispatch.pk]))
    assert url_of(dispatch) not in page.content.decode()
    assert not ModelLogEntry.objects.filter(action=audit.EXPORT_DELIVERIES).exists()


def test_i09_of_several_bins_each_sees_its_own_members(
    coordinator: Client, dispatch: Dispatch, elders: Network
) -> None:
    dispatch.networks.add(elders)
    deliver_to(dispatch, elders, "accepted", member={"last_name": "Vreemd"})
    assert names_in(coordinator.get(url_of(dispatch))) == ["Aerts", "Buur", "Claes"]
    found = coordinator.post(url_of(dispatch), {"who": "Vreemd"})
    assert (names_in(found), found.context["missed"]) == ([], [])
    export = coordinator.post(url_of(dispatch, "deliveries_export", "csv"))
    assert "Vreemd" not in str(read_csv(export))


def read_csv(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def read_xlsx(response: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


@pytest.mark.parametrize(
    ("file_format", "read"), [("csv", read_csv), ("xlsx", read_xlsx)]
)
def test_s16_an_export_is_inert_private_and_logged(
    coordinator: Client,
    dispatch: Dispatch,
    heide: Network,
    file_format: str,
    read: Callable[[Any], list[list[Any]]],
) -> None:
    evil = '=HYPERLINK("http://evil.example")'
    deliver_to(
        dispatch, heide, "accepted", member={"last_name": evil, "first_name": ""}
    )
    response = coordinator.post(url_of(dispatch, "deliveries_export", file_format))
    assert response["Cache-Control"].startswith("no-store, private")
    assert f".{file_format}" in response["Content-Disposition"]
    rows = read(response)
    assert len(rows) == 5
    names = {row[0] for row in rows[1:]}
    assert names >= {"Aerts, An", "Buur, An"}
    if file_format == "csv":
        assert f"'{evil}" in names
    else:
        assert evil in names  # as text: the cell is read back as it was written
    entry = ModelLogEntry.objects.get(action=audit.EXPORT_DELIVERIES)
    assert entry.data == {"rows": 4, "format": file_format}
    assert entry.user == coordinator.user  # type: ignore[attr-defined]


def test_an_export_is_asked_for_by_post_with_a_token(
    coordinator: Client, dispatch: Dispatch
) -> None:
    url = url_of(dispatch, "deliveries_export", "csv")
    assert coordinator.get(url).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(coordinator.user)  # type: ignore[attr-defined]
    assert strict.post(url).status_code == 403
    assert strict.post(url_of(dispatch), {"who": "Buur"}).status_code == 403


def test_an_export_reads_some_rows_at_a_time(
    dispatch: Dispatch, heide: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver_to(dispatch, heide, number=3)
    held: list[int] = []
    rows = Delivery.objects.filter(dispatch=dispatch).select_related(
        "member", "network"
    )
    lines = deliveries._lines(rows)
    # A generator over a server-side cursor: nothing is read before it is asked for.
    next(lines)
    held.extend(1 for _line in lines)
    assert rows._result_cache is None
    assert len(held) == 6
