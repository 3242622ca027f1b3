"""A coordinator keeps the list of the own network."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Locale

from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    SanctionFactory,
    UserFactory,
)
from tests.ledgers import deliver_to, make_dispatch
from wagtail_bin import audit
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Member,
    MemberLogEntry,
    Network,
    Purpose,
    Role,
)

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


PERSON = {
    "first_name": "An",
    "last_name": "Peeters",
    "email": "an@example.org",
    "language": "nl",
}


def particulars(network: Network, **changed: Any) -> dict[str, Any]:
    """A filled-in form."""
    return {
        "network": network.pk,
        **PERSON,
        "wishes": ["tips-email"],
        "statement": "enrolment",
    } | changed


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


def test_leaving_is_dated_and_coming_back_undoes_it(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    client.post(
        path, particulars(network, state="left", wishes_seen="tips-email", statement="")
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


@pytest.mark.parametrize("state", ["suspended", "excluded"])
def test_nobody_is_suspended_without_a_sanction(
    client: Client, coordinator: Any, network: Network, state: str
) -> None:
    member = MemberFactory(network=network)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    data = particulars(network, state=state, wishes_seen="tips-email", statement="")
    response = client.post(path, data)
    assert "state" in response.context["form"].errors
    member.refresh_from_db()
    assert member.state == Member.State.ACTIVE


@pytest.mark.parametrize("is_sanctioned", [True, False])
def test_a_suspension_is_lifted_by_hand_only_if_no_sanction_holds(
    client: Client, coordinator: Any, network: Network, is_sanctioned: bool
) -> None:
    until = timezone.localdate() + dt.timedelta(days=9)
    member = MemberFactory(network=network, state="suspended", suspended_until=until)
    if is_sanctioned:
        SanctionFactory(member=member, kind="temporary", until=until)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    data = particulars(network, wishes_seen="tips-email", statement="")
    client.post(path, data | {"state": "active"})
    member.refresh_from_db()
    assert member.state == ("suspended" if is_sanctioned else "active")
    assert (member.suspended_until is not None) == is_sanctioned


def test_who_leaves_while_suspended_comes_back_suspended(
    client: Client, coordinator: Any, network: Network
) -> None:
    until = timezone.localdate() + dt.timedelta(days=9)
    member = MemberFactory(network=network, state="suspended", suspended_until=until)
    SanctionFactory(member=member, kind="temporary", until=until)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    data = particulars(network, wishes_seen="tips-email", statement="")
    for state in ("left", "active", "suspended"):
        client.post(path, data | {"state": state})
        member.refresh_from_db()
        assert member.state == ("left" if state == "active" else state)
    assert member.suspended_until == until


def test_the_history_names_what_changed_and_not_what_it_holds(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network, last_name="Vroeger")
    path = reverse(f"{BASE}:edit", args=[member.pk])
    data = particulars(network, last_name="Nu", state="left", wishes_seen="tips-email")
    client.post(path, data | {"statement": "", "language": "nl"})
    client.post(path, data | {"state": "left", "wishes": [], "statement": "office"})
    address = reverse(f"{BASE}:history", args=[member.pk])
    response = client.get(address, headers={"Accept-Language": "en"})
    said = [str(entry.message) for entry in response.context["object_list"]]
    assert said == [
        "Withdrew the consent to prevention tips by e-mail"
        " (told to the coordinator or the prevention service)",
        "Changed: e-mail, first name, last name, state → left",
    ]
    for entry in MemberLogEntry.objects.all():
        kept = f"{entry.label} {entry.data}"
        assert not {"Vroeger", "Nu", "an@example.org"} & set(kept.split("'"))


def test_saving_without_a_change_is_no_history(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network, **PERSON)
    path = reverse(f"{BASE}:edit", args=[member.pk])
    data = particulars(network, state="active", wishes_seen="tips-email", statement="")
    assert client.post(path, data).status_code == 302
    assert not MemberLogEntry.objects.exists()


def test_sanctions_are_in_the_history_of_those_with_the_mandate(
    client: Client, coordinator: Any, network: Network
) -> None:
    member = MemberFactory(network=network)
    MemberLogEntry.objects.log_each(
        audit.IMPOSE_SANCTION, [(member, {"kind": "reprimand"})]
    )
    address = reverse(f"{BASE}:history", args=[member.pk])
    assert len(client.get(address).context["object_list"]) == 1
    keeper = MandateFactory(network=network, role=Role.PREVENTION_OFFICER).user
    client.force_login(keeper)
    assert len(client.get(address).context["object_list"]) == 0


@pytest.mark.parametrize("view", ["list", "list_results", "edit", "history", "delete"])
def test_screens_with_names_are_kept_private(
    client: Client, coordinator: Any, network: Network, view: str
) -> None:
    member = MemberFactory(network=network)
    key = [] if view.startswith("list") else [member.pk]
    response = client.get(reverse(f"{BASE}:{view}", args=key))
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    assert response["Referrer-Policy"] == "strict-origin"
