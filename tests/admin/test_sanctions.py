"""The screens of sanctions: what they say, who sees them, what they do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import MandateFactory, MemberFactory, SanctionFactory
from wagtail_bin.models import Member, Network, Role, Sanction, SanctionLift

EDIT = "wagtailsnippets_wagtail_bin_member:edit"
LIST = "wagtail_bin_admin:sanctions"
KEEPERS = [Role.PREVENTION_OFFICER, Role.MANDATED_OFFICER, Role.WEB_EDITOR]
DAY = dt.timedelta(days=1)


@pytest.fixture
def member(heide: Network) -> Member:
    return MemberFactory(network=heide, first_name="An", last_name="Peeters")


@pytest.fixture
def officer(heide: Network) -> Any:
    return MandateFactory(network=heide, role=Role.MANDATED_OFFICER, name="Wouters")


@pytest.fixture
def filled_in(coordinator: Client, officer: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "kind": "temporary",
        "until": (today + 30 * DAY).isoformat(),
        "reason": "Gaf adressen door.",
        "officer": officer.pk,
        "coordinator": coordinator.user.bin_mandates.get().pk,  # type: ignore[attr-defined]
        "decided_on": today.isoformat(),
        "notified_on": today.isoformat(),
    }


def impose_url(member: Member) -> str:
    return reverse("wagtail_bin_admin:member_sanction", args=[member.pk])


def text(response: Any) -> str:
    return response.content.decode()


def test_the_form_offers_who_decides_and_fills_in_the_only_ones(
    coordinator: Client, member: Member, officer: Any, elders: Network
) -> None:
    stranger = MandateFactory(network=elders, role=Role.MANDATED_OFFICER, name="Vreemd")
    html = text(coordinator.get(impose_url(member)))
    assert f'<option value="{officer.pk}" selected>' in html
    assert stranger.name not in html
    assert "in writing" in html


def test_without_an_officer_the_form_says_what_to_do(
    coordinator: Client, member: Member
) -> None:
    assert "Enter the mandate first" in text(coordinator.get(impose_url(member)))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("reprimand", "Messages go on as before"),
        ("temporary", "The day after, messages start again"),
        ("permanent", "until somebody lifts it"),
    ],
)
def test_it_says_what_it_does_before_it_does_it(
    coordinator: Client, member: Member, filled_in: dict[str, Any], kind: str, said: str
) -> None:
    data = filled_in | {"kind": kind}
    if kind != "temporary":
        data["until"] = ""
    html = text(coordinator.post(impose_url(member), data))
    assert said in html
    assert "An Peeters" in html
    assert not Sanction.objects.exists()
    changed = coordinator.post(impose_url(member), data | {"change": "yes"})
    assert "form" in changed.context
    assert not Sanction.objects.exists()
    response = coordinator.post(impose_url(member), data | {"confirmed": "yes"})
    assert response["Location"].endswith(f"/{member.pk}/#panel-sanctions-section")
    sanction = Sanction.objects.get()
    assert (sanction.kind, sanction.user) == (kind, coordinator.user)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"until": ""}, "until"),
        ({"reason": ""}, "reason"),
        ({"officer": ""}, "officer"),
        ({"notified_on": "2099-01-01"}, "notified_on"),
        ({"heard_on": "2099-01-01"}, "heard_on"),
    ],
)
def test_a_step_left_out_is_asked_for(
    coordinator: Client,
    member: Member,
    filled_in: dict[str, Any],
    changed: dict[str, str],
    field: str,
) -> None:
    data = filled_in | changed | {"confirmed": "yes"}
    response = coordinator.post(impose_url(member), data)
    assert list(response.context["form"].errors) == [field]
    assert not Sanction.objects.exists()


def test_what_happened_meanwhile_is_said(
    coordinator: Client, member: Member, filled_in: dict[str, Any]
) -> None:
    Member.objects.update(state="left")
    data = filled_in | {"confirmed": "yes"}
    assert "has left" in text(coordinator.post(impose_url(member), data))


def test_lifting_asks_why_and_is_noted(
    coordinator: Client, member: Member, filled_in: dict[str, Any]
) -> None:
    coordinator.post(impose_url(member), filled_in | {"confirmed": "yes"})
    sanction = Sanction.objects.get()
    edit = text(coordinator.get(reverse(EDIT, args=[member.pk])))
    lift = reverse("wagtail_bin_admin:sanction_lift", args=[sanction.pk])
    assert lift in edit
    assert "Gaf adressen door." in edit
    assert coordinator.get(lift).status_code == 200
    assert coordinator.post(lift, {}).context["form"].errors
    coordinator.post(lift, {"reason": "Uitgepraat."})
    assert SanctionLift.objects.get().reason == "Uitgepraat."
    member.refresh_from_db()
    assert member.state == "active"
    for method in (coordinator.get, coordinator.post):
        response = method(lift, {"reason": "nog eens"}, follow=True)
        assert "over" in text(response)
    assert SanctionLift.objects.count() == 1


@pytest.mark.parametrize("role", KEEPERS)
def test_sanctions_show_to_those_with_the_mandate_alone(
    as_role: Any, coordinator: Client, heide: Network, member: Member, role: Role
) -> None:
    sanction = SanctionFactory(member=member, kind="permanent", reason="Geheim verhaal")
    edit = reverse(EDIT, args=[member.pk])
    assert "Geheim verhaal" in text(coordinator.get(edit))
    client = as_role(role, heide)
    assert "Geheim verhaal" not in text(client.get(edit, follow=True))
    assert client.get(reverse(LIST)).status_code == 302
    lift = reverse("wagtail_bin_admin:sanction_lift", args=[sanction.pk])
    for url in (impose_url(member), lift):
        for method in (client.get, client.post):
            assert method(url, {"reason": "x"}, follow=True).status_code == 404
    assert sanction.is_in_force


def test_a_deputy_sees_sanctions_and_imposes_none(
    as_role: Any, heide: Network, member: Member
) -> None:
    SanctionFactory(member=member, kind="permanent", reason="Geheim verhaal")
    deputy = as_role(Role.DEPUTY_COORDINATOR, heide)
    html = text(deputy.get(reverse(EDIT, args=[member.pk])))
    assert "Geheim verhaal" in html
    assert "Impose a sanction" not in html
    listing = text(deputy.get(reverse(LIST)))
    assert "An Peeters" in listing
    assert "/lift/" not in listing
    assert deputy.get(impose_url(member), follow=True).status_code == 404


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({}, {"reprimand", "temporary", "permanent"}),
        ({"kind": "temporary"}, {"temporary"}),
        ({"state": "in_force"}, {"permanent"}),
    ],
)
def test_all_sanctions_of_ones_bins_are_listed(
    coordinator: Client,
    member: Member,
    elders: Network,
    choice: dict[str, str],
    found: set[str],
) -> None:
    SanctionFactory(member=member)
    past = timezone.localdate() - DAY
    SanctionFactory(member=member, kind="temporary", until=past)
    SanctionFactory(member=member, kind="permanent")
    SanctionFactory(member=MemberFactory(network=elders))
    rows = coordinator.get(reverse(LIST), choice).context["object_list"]
    assert {row.kind for row in rows} == found
    assert {row.member_id for row in rows} == {member.pk}


def test_the_number_of_queries_does_not_grow_with_the_sanctions(
    coordinator: Client,
    member: Member,
    heide: Network,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    SanctionFactory(member=member)
    coordinator.get(reverse(LIST))
    with django_assert_max_num_queries(60) as few:
        coordinator.get(reverse(LIST))
    for _i in range(30):
        SanctionFactory(member=MemberFactory(network=heide))
    with django_assert_max_num_queries(len(few)):
        coordinator.get(reverse(LIST))


def test_nobody_suspended_is_written_to(
    coordinator: Client, member: Member, filled_in: dict[str, Any]
) -> None:
    coordinator.post(impose_url(member), filled_in | {"confirmed": "yes"})
    html = text(coordinator.get(reverse(EDIT, args=[member.pk])))
    assert "do not arrive: this member is suspended" in html
