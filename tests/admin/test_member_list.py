"""The list: searched, filtered, sorted, counted; filters with a name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import MemberFactory, NetworkFactory
from tests.ledgers import deliver_to, make_dispatch
from wagtail_bin.models import Network, Role, Segment

LIST = "wagtailsnippets_wagtail_bin_member:list"


@pytest.fixture
def network(heide: Network) -> Network:
    return heide


@pytest.fixture
def client(coordinator: Client) -> Client:
    """The coordinator's browser."""
    return coordinator


def names_in(response: Any) -> set[str]:
    return {row.last_name for row in response.context["object_list"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Peeters An", {"Peeters"}),
        ("heidestatie", {"Peeters"}),
        ("an@example", {"Peeters"}),
        ("0473/86.53.87", {"Peeters"}),
        ("86 53 87", {"Peeters"}),
        ("+32 (0)3 620 29 29", {"Claes"}),
        ("An Claes", set()),
        ("53", set()),
        ("Zoe", {"Vandenbroucke"}),
        ("vandenbroucke zoë", {"Vandenbroucke"}),
        ("heidestatiestraat 12", {"Peeters"}),
        ("heidestatiestraat 1", set()),
        ("2920", {"Claes"}),
    ],
)
def test_the_list_is_searched_by_name_street_address_and_number(
    client: Client, network: Network, query: str, found: set[str]
) -> None:
    MemberFactory(
        network=network,
        first_name="An",
        last_name="Peeters",
        email="an@example.org",
        mobile="+32473865387",
        street="Heidestatiestraat",
        number="12",
    )
    MemberFactory(network=network, first_name="Zoë", last_name="Vandenbroucke")
    MemberFactory(
        network=network,
        first_name="Jos",
        last_name="Claes",
        email="jos@example.org",
        phone="+3236202929",
        postcode="2920",
    )
    response = client.get(reverse(LIST), {"q": query})
    assert names_in(response) == found


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"state": "left"}, {"Weg"}),
        ({"language": "fr"}, {"Frans"}),
        ({"unreachable": "yes"}, {"Frans"}),
        ({"unreachable": "no_address"}, {"Zonder"}),
        ({"unreachable": ["no_address", "gone"]}, {"Zonder", "Weg"}),
    ],
)
def test_the_list_is_filtered(
    client: Client,
    network: Network,
    choice: dict[str, Any],
    found: set[str],
) -> None:
    MemberFactory(network=network, last_name="Weg", state="left")
    MemberFactory(network=network, last_name="Frans", language="fr")
    MemberFactory(network=network, last_name="Zonder", email="", phone="+3236202929")
    assert names_in(client.get(reverse(LIST), choice)) == found


def test_the_filter_offers_own_networks_only(client: Client, network: Network) -> None:
    foreign = NetworkFactory(name="BIN Verderop")
    MemberFactory(network=network, last_name="Eigen")
    html = client.get(reverse(LIST)).content.decode()
    assert network.name in html
    assert foreign.name not in html
    refused = client.get(reverse(LIST), {"network": foreign.pk})
    assert refused.context["filters"].form.errors


@pytest.mark.parametrize("ordering", ["last_name", "-email", "network__name", "state"])
def test_the_list_is_ordered(client: Client, network: Network, ordering: str) -> None:
    MemberFactory.create_batch(3, network=network)
    response = client.get(reverse(LIST), {"ordering": ordering})
    assert response.context["object_list"].query.order_by == (ordering,)


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client,
    network: Network,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    MemberFactory.create_batch(3, network=network)
    client.get(reverse(LIST))
    with django_assert_max_num_queries(100) as few:
        client.get(reverse(LIST))
    MemberFactory.create_batch(40, network=network)
    with django_assert_max_num_queries(len(few)):
        assert len(client.get(reverse(LIST)).context["object_list"]) == 43


def test_bulk_deletion_is_offered_for_ticked_rows_only(
    client: Client, network: Network
) -> None:
    MemberFactory.create_batch(51, network=network)
    html = client.get(reverse(LIST)).content.decode()
    assert "/admin/bulk/wagtail_bin/member/delete/" in html
    assert "data-bulk-action-num-objects-in-listing" not in html


def test_the_list_is_filtered_by_what_reaches_and_what_is_missing(
    client: Client, network: Network, settings: Any
) -> None:
    memory = "wagtail_bin.channels.memory.MemoryChannel"
    settings.WAGTAIL_BIN_CHANNELS = {"email": memory, "sms": memory}
    MemberFactory(network=network, last_name="Mail")
    both = MemberFactory(network=network, last_name="Beide", mobile="+32473865387")
    both.consents.create(purpose="tips", channel="sms", is_given=True, basis="office")
    MemberFactory(network=network, last_name="Lijn", email="", phone="+3236202929")
    for choice, found in [
        ({"channel": "email"}, {"Mail", "Beide"}),
        ({"channel": "sms"}, {"Beide"}),
        ({"missing": "email"}, {"Lijn"}),
        ({"missing": ["mobile", "phone"]}, {"Mail"}),
    ]:
        assert names_in(client.get(reverse(LIST), choice)) == found, choice
    html = client.get(reverse(LIST)).content.decode()
    assert "by e-mail, SMS" in html
    assert "no: has no address that we could write to" in html


def test_the_list_tells_what_became_of_the_last_message(
    client: Client, network: Network
) -> None:
    dispatch = make_dispatch(networks=[network])
    (good,) = deliver_to(dispatch, network, "accepted", report="delivered")
    (bad,) = deliver_to(dispatch, network, "accepted", report="hard_bounce")
    (waiting,) = deliver_to(dispatch, network, "queued")
    never = MemberFactory(network=network)
    members = {
        "arrived": good.member,
        "trouble": bad.member,
        "other": waiting.member,
        "none": never,
    }
    for choice, member in members.items():
        response = client.get(reverse(LIST), {"last": choice})
        assert list(response.context["object_list"]) == [member], choice
    for ordering in ("last_delivery", "-last_delivery"):
        response = client.get(reverse(LIST), {"ordering": ordering})
        assert response.context["object_list"][3] == never
    html = response.content.decode()
    assert "Came back" in html
    assert "none yet" in html


def test_the_list_is_filtered_by_the_day_of_joining(
    client: Client, network: Network
) -> None:
    day = dt.timedelta(days=1)
    MemberFactory(
        network=network, last_name="Lang", joined_at=timezone.now() - 90 * day
    )
    MemberFactory(network=network, last_name="Pas")
    since = (timezone.localdate() - day).isoformat()
    response = client.get(reverse(LIST), {"joined_at_from": since})
    assert names_in(response) == {"Pas"}


@pytest.mark.parametrize("view", ["list", "list_results"])
def test_how_many_of_how_many_stands_beside_the_list(
    client: Client, network: Network, view: str
) -> None:
    MemberFactory.create_batch(3, network=network)
    MemberFactory(network=network, language="fr")
    address = reverse(LIST.replace("list", view))
    html = client.get(address, {"language": "fr"}).content.decode()
    assert "<strong>1</strong> of 4 members" in html


def test_a_suspension_shows_its_last_day(client: Client, network: Network) -> None:
    MemberFactory(
        network=network, state="suspended", suspended_until=dt.date(2099, 3, 14)
    )
    html = client.get(reverse(LIST)).content.decode()
    assert "suspended until 14 March 2099" in html


def save(client: Client, query: str, **data: Any) -> Any:
    address = reverse("wagtail_bin_admin:segment_add")
    data = {"name": "Frans", "network": "", **data}
    return client.post(f"{address}?{query}", data)


def test_a_filter_is_saved_chosen_and_deleted(client: Client, network: Network) -> None:
    MemberFactory(network=network, last_name="Frans", language="fr")
    MemberFactory(network=network, last_name="Nederlands")
    query = "language=fr&state=active&q=Peeters&p=2"
    html = client.get(f"{reverse(LIST)}?{query}").content.decode()
    assert "language=fr&amp;state=active" in html
    assert (
        "1 member now"
        in client.get(
            f"{reverse('wagtail_bin_admin:segment_add')}?{query}"
        ).content.decode()
    )
    response = save(client, query)
    segment = Segment.objects.get()
    # A search would be about a person.
    assert segment.filters == {"language": ["fr"], "state": ["active"]}
    assert names_in(client.get(response["Location"])) == {"Frans"}
    html = client.get(response["Location"]).content.decode()
    assert 'aria-current="true"' in html
    assert "Save this filter" not in html
    listing = client.get(reverse("wagtail_bin_admin:segments")).content.decode()
    delete = reverse("wagtail_bin_admin:segment_delete", args=[segment.pk])
    assert delete in listing
    assert client.get(delete).status_code == 200
    assert Segment.objects.exists()
    client.post(delete)
    assert not Segment.objects.exists()


@pytest.mark.parametrize("query", ["", "q=Peeters", "state=nonsense", "network=0"])
def test_what_is_no_filter_is_not_saved(client: Client, query: str) -> None:
    assert client.get(save(client, query)["Location"]).status_code == 404
    assert not Segment.objects.exists()


def test_a_filter_of_a_bin_is_for_all_who_keep_its_list(
    client: Client, as_role: Any, network: Network, elders: Network
) -> None:
    assert save(client, "language=fr", network=elders.pk).context["form"].errors
    save(client, "language=fr", network=network.pk, name="Van het BIN")
    save(client, "language=fr", name="Van mij")
    deputy = as_role(Role.DEPUTY_COORDINATOR, network)
    html = deputy.get(reverse(LIST)).content.decode()
    assert "Van het BIN" in html
    assert "Van mij" not in html
    stranger = as_role(Role.COORDINATOR, elders)
    assert "Van het BIN" not in stranger.get(reverse(LIST)).content.decode()
    mine, shared = Segment.objects.order_by("-name")
    for person, segment, status in [
        (deputy, mine, 404),
        (stranger, shared, 404),
        (deputy, shared, 200),
    ]:
        address = reverse("wagtail_bin_admin:segment_delete", args=[segment.pk])
        assert person.post(address, follow=True).status_code == status


def test_saved_filters_are_not_for_who_sees_no_members(web_editor: Client) -> None:
    for name in ("segments", "segment_add"):
        response = web_editor.get(reverse(f"wagtail_bin_admin:{name}"))
        assert response.status_code == 302
