"""What can be done with the members ticked, each with ones that are one's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import MailSink
from tests.factories import MandateFactory, MemberFactory, SanctionFactory
from wagtail_bin.models import Member, Network, Role, Sanction

LIST = "wagtailsnippets_wagtail_bin_member:list"
ACTIONS = ("move", "export", "suspend", "invite")


def action(name: str, *members: Any) -> str:
    path = reverse("wagtail_bulk_action", args=["wagtail_bin", "member", name])
    chosen = "&".join(f"id={getattr(member, 'pk', member)}" for member in members)
    return f"{path}?{chosen}&next={reverse(LIST)}"


def page(response: Any) -> str:
    return response.content.decode()


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("chosen", ["mixed", "all", "no-key"])
def test_s05_bulk_actions_refuse_what_is_not_all_ones_own(
    coordinator: Client, heide: Network, elders: Network, name: str, chosen: str
) -> None:
    own = MemberFactory(network=heide)
    foreign = MemberFactory(network=elders, last_name="Qanary", state="unconfirmed")
    before = list(Member.objects.order_by("pk").values())
    ids = {"mixed": (own, foreign), "all": ("all",), "no-key": ("x",)}[chosen]
    data = {"target": heide.pk, "basis": "office", "columns": "last_name"}
    for response in (
        coordinator.get(action(name, *ids), follow=True),
        coordinator.post(
            action(name, *ids), data | {"file_format": "csv"}, follow=True
        ),
    ):
        assert response.status_code == 404
        assert "Qanary" not in page(response)
    assert list(Member.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (Role.COORDINATOR, {"delete", "export", "suspend", "invite"}),
        (Role.PREVENTION_OFFICER, {"delete", "export", "invite"}),
    ],
)
def test_each_sees_the_actions_that_are_theirs(
    as_role: Any, heide: Network, role: Role, shown: set[str]
) -> None:
    MemberFactory.create_batch(51, network=heide)
    html = page(as_role(role, heide).get(reverse(LIST)))
    offered = {n for n in ("delete", *ACTIONS) if f"/member/{n}/" in html}
    assert offered == shown
    assert "data-bulk-action-num-objects-in-listing" not in html


def test_members_are_moved_by_their_word(
    as_role: Any, heide: Network, elders: Network
) -> None:
    client = as_role(Role.COORDINATOR, heide, elders)
    members = MemberFactory.create_batch(2, network=heide)
    html = page(client.get(action("move", *members)))
    assert members[0].last_name in html
    assert "agreed to it" in html
    refused = client.post(action("move", *members), {"target": elders.pk})
    assert "basis" in refused.context["form"].errors
    assert not elders.members.exists()
    data = {"target": elders.pk, "basis": "office"}
    response = client.post(action("move", *members), data, follow=True)
    assert elders.members.count() == 2
    assert "2 members were moved." in page(response)


def test_members_are_not_moved_to_a_foreign_bin(
    as_role: Any, heide: Network, elders: Network
) -> None:
    client = as_role(Role.COORDINATOR, heide)
    member = MemberFactory(network=heide)
    assert elders.name not in page(client.get(action("move", member)))
    data = {"target": elders.pk, "basis": "office"}
    refused = client.post(action("move", member), data)
    assert "target" in refused.context["form"].errors


@pytest.fixture
def decision(coordinator: Client, heide: Network) -> dict[str, Any]:
    """A temporary suspension as it is filled in."""
    officer = MandateFactory(network=heide, role=Role.MANDATED_OFFICER)
    today = timezone.localdate()
    return {
        "until": today + dt.timedelta(days=30),
        "reason": "Gaf adressen door.",
        "officer": officer.pk,
        "coordinator": coordinator.user.bin_mandates.get().pk,  # type: ignore[attr-defined]
        "decided_on": today,
        "notified_on": today,
    }


def test_members_are_suspended_by_one_decision(
    coordinator: Client, heide: Network, decision: dict[str, Any]
) -> None:
    members = MemberFactory.create_batch(2, network=heide)
    gone = MemberFactory(network=heide, last_name="Weg", state="left")
    html = page(coordinator.get(action("suspend", *members, gone)))
    assert "left out" in html
    assert "Weg" in html
    coordinator.post(action("suspend", *members, gone), decision)
    assert Sanction.objects.filter(kind="temporary").count() == 2
    assert heide.members.filter(state="suspended").count() == 2
    gone.refresh_from_db()
    assert gone.state == "left"


def test_a_wrong_decision_suspends_nobody(
    coordinator: Client, heide: Network, decision: dict[str, Any]
) -> None:
    member = MemberFactory(network=heide)
    late = timezone.localdate() + dt.timedelta(days=1)
    for changed in ({"until": ""}, {"notified_on": late}):
        response = coordinator.post(action("suspend", member), decision | changed)
        assert set(response.context["form"].errors) == set(changed)
    assert not Sanction.objects.exists()


def test_one_member_under_sanction_stops_the_decision_about_all(
    coordinator: Client, heide: Network, decision: dict[str, Any]
) -> None:
    members = MemberFactory.create_batch(2, network=heide)
    SanctionFactory(member=members[1], kind="permanent")
    response = coordinator.post(action("suspend", *members), decision)
    assert response.context["form"].non_field_errors()
    assert not heide.members.filter(state="suspended").exists()


def test_a_decision_is_about_members_of_one_bin(
    as_role: Any, heide: Network, elders: Network
) -> None:
    client = as_role(Role.COORDINATOR, heide, elders)
    both = [MemberFactory(network=heide), MemberFactory(network=elders)]
    assert "members of one BIN only" in page(client.get(action("suspend", *both)))
    client.post(action("suspend", *both), {})
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_members_ticked_are_exported(
    coordinator: Client, heide: Network, file_format: str
) -> None:
    MemberFactory(network=heide, last_name="Niet")
    member = MemberFactory(network=heide, last_name="Wel")
    data = {"columns": ["last_name", "mobile"], "file_format": file_format}
    response = coordinator.post(action("export", member), data)
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert f".{file_format}" in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    if file_format == "csv":
        assert b"Wel;" in content
        assert b"Niet" not in content


def test_an_export_needs_columns(coordinator: Client, heide: Network) -> None:
    member = MemberFactory(network=heide)
    response = coordinator.post(action("export", member), {"file_format": "csv"})
    assert "columns" in response.context["form"].errors


def test_members_are_invited_and_who_cannot_be_is_named(
    coordinator: Client, heide: Network, sink: MailSink
) -> None:
    waiting = MemberFactory(network=heide, state="unconfirmed", consent=False)
    active = MemberFactory(network=heide, last_name="Bevestigd")
    html = page(coordinator.get(action("invite", waiting, active)))
    assert "left out" in html
    assert "Bevestigd" in html
    response = coordinator.post(action("invite", waiting, active), follow=True)
    assert "1 member was invited." in page(response)
    assert [mail["To"] for mail in sink.messages] == [waiting.email]
    again = coordinator.get(action("invite", waiting))
    assert not again.context["items"]
    coordinator.post(action("invite", waiting))
    assert len(sink.messages) == 1


def test_an_invitation_that_cannot_be_sent_is_said(
    coordinator: Client, heide: Network, sink: MailSink
) -> None:
    member = MemberFactory(network=heide, state="unconfirmed", consent=False)
    Member.objects.update(email="two@example.org,three@example.org")
    response = coordinator.post(action("invite", member), follow=True)
    assert "could not be sent" in page(response)
