"""A coordinator keeps the list of the own network."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from wagtail.models import Locale

from tests.factories import MandateFactory, MemberFactory, NetworkFactory, UserFactory
from tests.ledgers import deliver_to, make_dispatch
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.models import ChannelName, Consent, Member, Network, Purpose, Role

BASE = "wagtailsnippets_wagtail_bin_member"
LIST = f"{BASE}:list"


@pytest.fixture
def network(db: Any) -> Network:
    Locale.objects.get_or_create(language_code="nl")
    return NetworkFactory(name="BIN Heide")


@pytest.fixture
def coordinator(client: Client, network: Network) -> Any:
    """The coordinator of the network, logged in."""
    user = MandateFactory(network=network, role=Role.COORDINATOR).user
    client.force_login(user)
    return user


def particulars(network: Network, **changed: Any) -> dict[str, Any]:
    """A filled-in form."""
    return {
        "network": network.pk,
        "first_name": "An",
        "last_name": "Peeters",
        "email": "an@example.org",
        "language": "nl",
        "wishes": ["tips-email"],
        "statement": "enrolment",
    } | changed


def names_in(response: Any) -> set[str]:
    return {row.last_name for row in response.context["object_list"]}


@pytest.mark.parametrize(
    ("basis", "state"),
    [
        (Consent.Basis.ENROLMENT, Member.State.ACTIVE),
        (Consent.Basis.OFFICE, Member.State.ACTIVE),
        ("nothing", Member.State.UNCONFIRMED),
    ],
)
def test_adding_notes_on_what_basis_the_member_may_be_written_to(
    client: Client, coordinator: Any, network: Network, basis: str, state: str
) -> None:
    wishes = [] if basis == "nothing" else ["tips-email"]
    data = particulars(network, statement=basis, wishes=wishes)
    response = client.post(reverse(f"{BASE}:add"), data)
    assert response.status_code == 302
    member = Member.objects.get()
    assert (member.network, member.state) == (network, state)
    assert member.source == Member.Source.PAPER
    noted = [(c.purpose, c.channel, c.is_given, c.basis) for c in member.consents.all()]
    expected = [(Purpose.TIPS, ChannelName.EMAIL, True, basis)]
    assert noted == (expected if basis != "nothing" else [])


def test_adding_without_an_answer_about_consent_is_refused(
    client: Client, coordinator: Any, network: Network
) -> None:
    data = particulars(network)
    del data["statement"]
    response = client.post(reverse(f"{BASE}:add"), data)
    assert "statement" in response.context["form"].errors
    assert not Member.objects.exists()


def test_adding_offers_the_only_network_and_no_answer_beforehand(
    client: Client, coordinator: Any, network: Network
) -> None:
    response = client.get(reverse(f"{BASE}:add"))
    assert response.context["form"].initial["network"] == network
    html = response.content.decode()
    radios = html.split('name="statement"')[1:]
    assert len(radios) == 3
    assert not any("checked" in radio.split(">")[0] for radio in radios)


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [
        ("mobile", "0473/86.53.87", "+32473865387"),
        ("mobile", "473865387", "+32473865387"),
        ("mobile", "0032 473 86 53 87", "+32473865387"),
        ("phone", "04 225 57 84", "+3242255784"),
        ("phone", "+32 (0)14 46 22 01", "+3214462201"),
        ("email", "  An.Peeters@Example.ORG ", "an.peeters@example.org"),
    ],
)
def test_numbers_and_addresses_are_kept_in_one_form(
    client: Client,
    coordinator: Any,
    network: Network,
    field: str,
    written: str,
    kept: str,
) -> None:
    client.post(reverse(f"{BASE}:add"), particulars(network, **{field: written}))
    assert getattr(Member.objects.get(), field) == kept


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("mobile", "12"),
        ("mobile", "03 620 29 29"),
        ("phone", "telephone"),
        ("email", "c@d.be\r\nBcc: evil@x.be"),
        ("email", "no-address"),
        ("first_name", "An\x00"),
    ],
)
def test_what_cannot_be_a_number_an_address_or_a_name_is_refused(
    client: Client, coordinator: Any, network: Network, field: str, written: str
) -> None:
    data = particulars(network, **{field: written})
    response = client.post(reverse(f"{BASE}:add"), data)
    assert field in response.context["form"].errors
    assert not Member.objects.exists()


def test_a_member_who_cannot_be_reached_or_has_no_name_is_refused(
    client: Client, coordinator: Any, network: Network
) -> None:
    nobody = particulars(network, email="", first_name="", last_name="")
    response = client.post(reverse(f"{BASE}:add"), nobody)
    assert len(response.context["form"].non_field_errors()) == 2


def test_the_form_shows_numbers_nationally_and_keeps_them(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network, mobile="+32473865387", state="active")
    path = reverse(f"{BASE}:edit", args=[member.pk])
    assert b'value="0473 86 53 87"' in client.get(path).content
    data = particulars(
        network,
        mobile="0473 86 53 87",
        state="active",
        wishes_seen="tips-email",
        statement="",
    )
    client.post(path, data)
    member.refresh_from_db()
    assert (member.mobile, member.last_name) == ("+32473865387", "Peeters")
    assert member.consents.count() == 1


def test_a_statement_made_later_is_added_and_makes_active(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network, state="unconfirmed", consent=False)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    client.post(path, particulars(network, state="unconfirmed", statement="office"))
    member.refresh_from_db()
    assert member.state == Member.State.ACTIVE
    withdrawal = particulars(
        network, state="active", wishes=[], wishes_seen="tips-email", statement="office"
    )
    client.post(path, withdrawal)
    assert [(c.is_given, c.basis) for c in member.consents.order_by("pk")] == [
        (True, "office"),
        (False, "office"),
    ]
    html = client.get(path, headers={"Accept-Language": "en"}).content.decode()
    assert "did not agree to such messages, or unsubscribed" in html
    assert html.index("withdrew</td>") < html.index("agreed</td>")


def test_each_purpose_and_channel_is_agreed_to_apart(
    client: Client, coordinator: Any, network: Network, settings: Any
) -> None:
    memory = "wagtail_bin.channels.memory.MemoryChannel"
    settings.WAGTAIL_BIN_CHANNELS = {"email": memory, "sms": memory}
    wishes = ["tips-email", "alerts-sms"]
    html = client.get(reverse(f"{BASE}:add")).content.decode()
    assert 'value="alerts-sms"' in html
    assert 'value="tips-voice"' not in html
    client.post(
        reverse(f"{BASE}:add"),
        particulars(network, mobile="0473 86 53 87", wishes=wishes),
    )
    member = Member.objects.get()
    noted = {(c.purpose, c.channel) for c in member.consents.filter(is_given=True)}
    assert noted == {("tips", "email"), ("alerts", "sms")}
    path = reverse(f"{BASE}:edit", args=[member.pk])
    page = client.get(path, headers={"Accept-Language": "en"})
    assert sorted(page.context["form"].initial["wishes"]) == sorted(wishes)
    html = page.content.decode()
    assert "Warnings of the police arrive by SMS" in html
    changed = particulars(
        network,
        mobile="0473 86 53 87",
        state="active",
        wishes=["tips-email", "tips-sms"],
        wishes_seen=",".join(wishes),
        statement="office",
    )
    client.post(path, changed)
    assert sorted(client.get(path).context["form"].initial["wishes"]) == [
        "tips-email",
        "tips-sms",
    ]


def test_an_unsubscribe_while_the_form_is_open_stands(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network)
    withdraw_consent(
        member_id=member.pk,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.ONE_CLICK,
    )
    opened_before = particulars(
        network, state="active", wishes_seen="tips-email", statement=""
    )
    path = reverse(f"{BASE}:edit", args=[member.pk])
    assert client.post(path, opened_before).status_code == 302
    newest = member.consents.order_by("-pk").first()
    assert newest is not None
    assert not newest.is_given


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"statement": "nothing"}, "statement"),
        ({"wishes": []}, "wishes"),
        ({"wishes": ["tips-sms"]}, "wishes"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"away_until": "2026-08-01"}, "away_from"),
        ({"away_from": "2026-08-02", "away_until": "2026-08-01"}, "away_until"),
    ],
)
def test_answers_that_do_not_go_together_are_refused(
    client: Client,
    coordinator: Any,
    network: Network,
    changed: dict[str, Any],
    field: str,
) -> None:
    response = client.post(reverse(f"{BASE}:add"), particulars(network, **changed))
    assert field in response.context["form"].errors
    assert not Member.objects.exists()


def test_a_changed_tick_needs_to_say_how_one_knows(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network)
    data = particulars(
        network, state="active", wishes=[], wishes_seen="tips-email", statement=""
    )
    response = client.post(reverse(f"{BASE}:edit", args=[member.pk]), data)
    assert "statement" in response.context["form"].errors
    assert member.consents.count() == 1


def test_quiet_hours_absence_and_house_rules_are_kept(
    client: Client, coordinator: Any, network: Network
) -> None:
    data = particulars(
        network,
        quiet_from="22:00",
        quiet_until="07:30",
        away_from="2026-08-01",
        away_until="2026-08-21",
        house_rules_version="2024",
    )
    client.post(reverse(f"{BASE}:add"), data)
    member = Member.objects.get()
    assert (member.quiet_from, member.quiet_until) == (dt.time(22), dt.time(7, 30))
    assert (member.away_until - member.away_from).days == 20
    assert member.house_rules_version == "2024"
    assert member.house_rules_accepted_at is not None


def test_the_last_messages_stand_on_the_members_page(
    client: Client, coordinator: Any, network: Network
) -> None:
    dispatch = make_dispatch(networks=[network], title="Licht aan")
    (delivery,) = deliver_to(
        dispatch, network, "accepted", report="hard_bounce", address="oud@example.org"
    )
    path = reverse(f"{BASE}:edit", args=[delivery.member_id])
    html = client.get(path, headers={"Accept-Language": "en"}).content.decode()
    assert "Licht aan" in html
    assert "oud@example.org" in html
    assert "The address does not exist" in html


@pytest.mark.parametrize("state", ["left", "excluded"])
def test_leaving_is_dated_and_coming_back_undoes_it(
    client: Client, coordinator: Any, network: Network, state: str
) -> None:
    member = MemberFactory(network=network)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    client.post(
        path, particulars(network, state=state, wishes_seen="tips-email", statement="")
    )
    member.refresh_from_db()
    assert member.left_at is not None
    client.post(
        path,
        particulars(network, state="active", wishes_seen="tips-email", statement=""),
    )
    member.refresh_from_db()
    assert member.left_at is None


def test_a_coordinator_deletes_and_no_message_carries_a_name(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network, last_name="Vertrokken")
    path = reverse(f"{BASE}:delete", args=[member.pk])
    assert b"Vertrokken" in client.get(path).content
    response = client.post(path, follow=True)
    assert not Member.objects.exists()
    said = [str(message) for message in response.context["messages"]]
    assert said
    assert "Vertrokken" not in "".join(said)


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
    ],
)
def test_the_list_is_searched_by_name_street_address_and_number(
    client: Client, coordinator: Any, network: Network, query: str, found: set[str]
) -> None:
    MemberFactory(
        network=network,
        first_name="An",
        last_name="Peeters",
        email="an@example.org",
        mobile="+32473865387",
        street="Heidestatiestraat",
    )
    MemberFactory(
        network=network,
        first_name="Jos",
        last_name="Claes",
        email="jos@example.org",
        phone="+3236202929",
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
    coordinator: Any,
    network: Network,
    choice: dict[str, Any],
    found: set[str],
) -> None:
    MemberFactory(network=network, last_name="Weg", state="left")
    MemberFactory(network=network, last_name="Frans", language="fr")
    MemberFactory(network=network, last_name="Zonder", email="", phone="+3236202929")
    assert names_in(client.get(reverse(LIST), choice)) == found


def test_the_filter_offers_own_networks_only(
    client: Client, coordinator: Any, network: Network
) -> None:
    foreign = NetworkFactory(name="BIN Verderop")
    MemberFactory(network=network, last_name="Eigen")
    html = client.get(reverse(LIST)).content.decode()
    assert network.name in html
    assert foreign.name not in html
    refused = client.get(reverse(LIST), {"network": foreign.pk})
    assert refused.context["filters"].form.errors


@pytest.mark.parametrize("ordering", ["last_name", "-email", "network__name", "state"])
def test_the_list_is_ordered(
    client: Client, coordinator: Any, network: Network, ordering: str
) -> None:
    MemberFactory.create_batch(3, network=network)
    response = client.get(reverse(LIST), {"ordering": ordering})
    assert response.context["object_list"].query.order_by == (ordering,)


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client,
    coordinator: Any,
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


def test_the_menu_shows_each_what_they_may_use(
    client: Client, coordinator: Any, network: Network
) -> None:
    def entries() -> set[str]:
        html = client.get(reverse("wagtailadmin_home")).content.decode()
        names = ("bin-members", "bin-networks", "bin-mandates", "bin-municipalities")
        addresses = {"bin-members": reverse(LIST)}
        return {n for n in names if f'"{addresses.get(n, f"/admin/{n}/")}"' in html}

    assert entries() == {"bin-members", "bin-networks"}
    client.force_login(UserFactory())
    assert entries() == set()
    client.force_login(UserFactory(is_superuser=True))
    assert len(entries()) == 4


def test_bulk_deletion_is_offered_for_ticked_rows_only(
    client: Client, coordinator: Any, network: Network
) -> None:
    MemberFactory.create_batch(51, network=network)
    html = client.get(reverse(LIST)).content.decode()
    assert "/admin/bulk/wagtail_bin/member/delete/" in html
    assert "data-bulk-action-num-objects-in-listing" not in html
