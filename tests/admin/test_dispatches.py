"""A dispatch as people see it, and the list of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin.dispatch import control
from wagtail_bin.models import ChannelState, Delivery, Dispatch, Network, Role

INDEX = "wagtail_bin_admin:dispatch_index"


def url_of(dispatch: Dispatch, name: str = "dispatch") -> str:
    return reverse(f"wagtail_bin_admin:{name}", args=[dispatch.pk])


def acts_in(response: Any) -> list[str]:
    return [act.url.rstrip("/").rpartition("/")[2] for act in response.context["acts"]]


def seen(client: Client, dispatch: Dispatch) -> tuple[Any, str]:
    response = client.get(url_of(dispatch))
    return response, response.content.decode()


def test_numbers_stand_per_state_channel_language_and_report(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide], channels=["email", "sms"])
    deliver_to(dispatch, heide, State.ACCEPTED, number=3, report="delivered")
    deliver_to(dispatch, heide, State.ACCEPTED, report="hard_bounce")
    deliver_to(dispatch, heide, State.ACCEPTED, report="complaint", language="fr")
    deliver_to(dispatch, heide, State.REJECTED)
    deliver_to(dispatch, heide, State.UNKNOWN, number=2, channel="sms")
    response, html = seen(officer, dispatch)
    progress = response.context["progress"]
    assert progress.states == {"accepted": 5, "rejected": 1, "unknown": 2}
    counted = [
        (x.channel, x.language, x.total, x.delivered, x.bounced, x.complaints)
        for x in progress.lines
    ]
    assert sorted(counted) == [
        ("email", "fr", 1, 0, 0, 1),
        ("email", "nl", 5, 3, 1, 0),
        ("sms", "nl", 2, 0, 0, 0),
    ]
    assert "Together" in html


@pytest.mark.parametrize(
    ("values", "state", "said", "acts"),
    [
        ({}, State.QUEUED, "0 of 1 done", ["pause", "cancel"]),
        ({"paused": ""}, State.QUEUED, "Paused since", ["resume", "cancel"]),
        ({"paused": "bounces"}, State.QUEUED, "turned out not to exist", None),
        ({"paused": "x99"}, State.QUEUED, "technical code is: x99", None),
        ({"later": 24}, State.QUEUED, "Will be sent on", ["reschedule", "cancel"]),
        ({"awaits_page": True}, State.QUEUED, "until the page is on", ["cancel"]),
        ({"cancelled": 1}, State.CANCELLED, "Cancelled on", []),
        ({}, State.ACCEPTED, "was handed over", []),
        ({}, State.REJECTED, "not everybody was reached", ["retry"]),
        ({}, State.EXPIRED, "not everybody was reached", ["retry"]),
        ({}, State.UNKNOWN, "not everybody was reached", ["resolve"]),
    ],
)
def test_the_page_says_where_it_stands_and_what_can_be_done(
    officer: Client,
    heide: Network,
    values: dict[str, Any],
    state: str,
    said: str,
    acts: list[str] | None,
) -> None:
    now = timezone.now()
    dispatch = make_dispatch(networks=[heide])
    if "paused" in values:
        dispatch.paused_at, dispatch.pause_code = now, values["paused"]
    if "cancelled" in values:
        dispatch.cancelled_at = now
    if "later" in values:
        dispatch.not_before = now + dt.timedelta(hours=values["later"])
    dispatch.awaits_page = values.get("awaits_page", False)
    dispatch.save()
    deliver_to(dispatch, heide, state)
    response, html = seen(officer, dispatch)
    assert said in html
    if acts is not None:
        assert acts_in(response) == acts


def test_what_waits_for_a_later_attempt_says_when(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    later = timezone.now() + dt.timedelta(hours=2)
    deliver_to(dispatch, heide, State.QUEUED, due_at=later, code="later")
    assert timezone.localtime(later).strftime("%H:%M") in seen(officer, dispatch)[1]


def test_f21_a_channel_that_rests_is_shown_with_the_next_try(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide)
    now = timezone.now()
    ChannelState.objects.create(
        name="email",
        failures=7,
        code="ConnectionRefusedError",
        failing_since=now - dt.timedelta(hours=1),
        open_until=now + dt.timedelta(minutes=7),
    )
    html = seen(officer, dispatch)[1]
    assert "mail server does not take messages" in html
    assert "ConnectionRefusedError" in html
    Delivery.objects.update(state=State.ACCEPTED)
    assert "mail server does not take messages" not in seen(officer, dispatch)[1]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.CHIEF_OF_POLICE])
def test_who_may_not_send_sees_numbers_and_no_buttons(
    as_role: Callable[..., Client], heide: Network, role: str
) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, State.REJECTED, number=4)
    control_log = control.audit.RETRY
    response, html = seen(as_role(role, heide), dispatch)
    assert acts_in(response) == []
    assert response.context["progress"].total == 4
    assert response.context["history"] == []
    assert control_log not in html


def test_s01_a_dispatch_to_several_bins_shows_each_its_own(
    officer: Client, as_role: Callable[..., Client], heide: Network, elders: Network
) -> None:
    dispatch = make_dispatch(networks=[heide, elders], unreachable={"no_address": 9})
    deliver_to(dispatch, heide, State.ACCEPTED, number=2)
    deliver_to(dispatch, elders, State.REJECTED, number=3)
    response, html = seen(officer, dispatch)
    assert response.context["progress"].states == {"accepted": 2}
    assert response.context["unreachable"] == []
    assert acts_in(response) == []
    assert "BIN Elders" not in html
    assert "and other BINs" in html
    index = officer.get(reverse(INDEX))
    assert [row["progress"].total for row in index.context["rows"]] == [2]
    assert "BIN Elders" not in index.content.decode()

    both = as_role(Role.PREVENTION_OFFICER, heide, elders)
    response, html = seen(both, dispatch)
    assert response.context["progress"].total == 5
    assert response.context["unreachable"] != []
    assert acts_in(response) == ["retry"]
    assert "and other BINs" not in html


def test_the_part_that_is_fetched_again_holds_no_page(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide)
    part = officer.get(url_of(dispatch), {"part": "1"}).content.decode()
    assert "<html" not in part
    assert 'data-done="false"' in part
    # What differs each time would be replaced each time, under one's fingers.
    assert "csrfmiddlewaretoken" not in part
    assert part == officer.get(url_of(dispatch), {"part": "1"}).content.decode()


def test_the_history_says_who_did_what_and_why(officer: Client, heide: Network) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, State.UNKNOWN)
    user = officer.user  # type: ignore[attr-defined]
    control.resolve_unknown(
        dispatch=dispatch,
        user=user,
        resolution=control.Resolution.RESEND,
        reason="Niemand kreeg het",
    )
    control.pause_dispatch(dispatch=dispatch, user=user)
    response, html = seen(officer, dispatch)
    said = [str(entry.message) for entry in response.context["history"]]
    assert said == ["Paused", "Sent 1 unknown message again: Niemand kreeg het"]
    assert user.username in html


def test_the_number_of_queries_of_the_list_does_not_grow(
    officer: Client,
    heide: Network,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    def fill(number: int) -> None:
        for _number in range(number):
            deliver_to(make_dispatch(networks=[heide]), heide, State.ACCEPTED)

    fill(2)
    officer.get(reverse(INDEX))
    with django_assert_max_num_queries(100) as few:
        officer.get(reverse(INDEX))
    fill(12)
    with django_assert_max_num_queries(len(few)):
        assert len(officer.get(reverse(INDEX)).context["rows"]) == 14


def test_without_an_office_there_is_no_list(heide: Network, client: Client) -> None:
    from tests.factories import UserFactory

    client.force_login(UserFactory())
    assert client.get(reverse(INDEX)).status_code == 302
