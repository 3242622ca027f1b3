"""Exactly three sanctions, by a fixed procedure; a suspended member gets nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    SanctionFactory,
    UserFactory,
)
from wagtail_bin.exceptions import NotAllowed, SanctionRefused
from wagtail_bin.membership.reach import with_reach
from wagtail_bin.membership.retention import forget_sanctions
from wagtail_bin.membership.sanctions import (
    Decision,
    end_suspensions,
    impose_sanction,
    lift_sanction,
)
from wagtail_bin.models import (
    Member,
    MemberLogEntry,
    Network,
    Role,
    Sanction,
    SanctionLift,
)

pytestmark = pytest.mark.django_db
Kind = Sanction.Kind
State = Member.State
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Refusals and the history as they are written, whatever the catalogues say."""
    with translation.override("en"):
        yield


@pytest.fixture
def network() -> Network:
    return NetworkFactory()


@pytest.fixture
def member(network: Network) -> Member:
    return MemberFactory(network=network)


@pytest.fixture
def coordinator(network: Network) -> Any:
    return MandateFactory(network=network, role=Role.COORDINATOR)


@pytest.fixture
def officer(network: Network) -> Any:
    """The officer of the zone, whose mandate covers its networks."""
    return MandateFactory(
        network=None, police_zone=network.police_zone, role=Role.MANDATED_OFFICER
    )


@pytest.fixture
def decision(coordinator: Any, officer: Any) -> Decision:
    """A permanent suspension, decided and told as the rules want it."""
    today = timezone.localdate()
    return Decision(
        kind=Kind.PERMANENT,
        reason="Gaf adressen door aan een verkoper.",
        officer=officer,
        coordinator=coordinator,
        heard_on=today - 2 * DAY,
        decided_on=today - DAY,
        notified_on=today,
    )


@pytest.fixture
def temporary(decision: Decision) -> Decision:
    until = timezone.localdate() + 30 * DAY
    return dataclasses.replace(decision, kind=Kind.TEMPORARY, until=until)


def is_reached(member: Member, on: dt.date | None = None) -> bool:
    found = with_reach(Member.objects.filter(pk=member.pk), on=on).get()
    return not found.unreachable


def impose(member: Member, decision: Decision) -> Sanction:
    user = decision.coordinator.user
    done = impose_sanction(member=member, decision=decision, user=user)
    member.refresh_from_db()
    return done.sanction


def test_there_are_exactly_three() -> None:
    assert list(Kind) == ["reprimand", "temporary", "permanent"]


def test_a_reprimand_is_written_down_and_changes_nothing(
    member: Member, decision: Decision
) -> None:
    sanction = impose(member, dataclasses.replace(decision, kind=Kind.REPRIMAND))
    assert (member.state, is_reached(member)) == (State.ACTIVE, True)
    assert not sanction.is_in_force
    with pytest.raises(SanctionRefused, match="over"):
        lift_sanction(
            sanction=sanction, reason="vergissing", user=decision.coordinator.user
        )


def test_a_temporary_suspension_ends_by_its_date(
    member: Member, temporary: Decision
) -> None:
    sanction = impose(member, temporary)
    assert (member.state, member.suspended_until) == (State.SUSPENDED, temporary.until)
    assert not is_reached(member)
    assert not is_reached(member, on=temporary.until)
    assert is_reached(member, on=temporary.until + DAY)
    assert end_suspensions() == 0
    Member.objects.update(suspended_until=timezone.localdate() - DAY)
    Sanction.objects.update(until=timezone.localdate() - DAY)
    assert end_suspensions() == 1
    member.refresh_from_db()
    assert (member.state, member.suspended_until) == (State.ACTIVE, None)
    assert not Sanction.objects.get(pk=sanction.pk).is_in_force
    assert end_suspensions() == 0


def test_a_permanent_suspension_holds_until_it_is_lifted(
    member: Member, decision: Decision
) -> None:
    sanction = impose(member, decision)
    assert (member.state, is_reached(member)) == (State.EXCLUDED, False)
    assert member.left_at is not None
    done = lift_sanction(
        sanction=sanction, reason="Was iemand anders.", user=decision.coordinator.user
    )
    member.refresh_from_db()
    assert done.state == member.state == State.ACTIVE
    assert (member.left_at, is_reached(member)) == (None, True)
    assert Sanction.objects.get(pk=sanction.pk).is_lifted
    with pytest.raises(SanctionRefused, match="over"):
        lift_sanction(sanction=sanction, reason="", user=decision.coordinator.user)


@pytest.mark.parametrize("state", [State.UNCONFIRMED, State.ACTIVE])
def test_lifting_returns_to_where_the_membership_stood(
    member: Member, temporary: Decision, decision: Decision, state: str
) -> None:
    Member.objects.update(state=state)
    first = impose(member, temporary)
    second = impose(member, decision)
    assert member.state == State.EXCLUDED
    user = decision.coordinator.user
    lift_sanction(sanction=second, reason="te streng", user=user)
    member.refresh_from_db()
    assert (member.state, member.suspended_until) == (State.SUSPENDED, temporary.until)
    lift_sanction(sanction=first, reason="voorbij", user=user)
    member.refresh_from_db()
    assert (member.state, member.suspended_until) == (state, None)


def test_who_leaves_while_suspended_is_not_brought_back_by_lifting(
    member: Member, temporary: Decision
) -> None:
    sanction = impose(member, temporary)
    Member.objects.update(state=State.LEFT)
    lift_sanction(sanction=sanction, reason="", user=temporary.coordinator.user)
    member.refresh_from_db()
    assert member.state == State.LEFT


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"notified_on": DAY}, "notified_on"),
        ({"notified_on": -2 * DAY}, "notified_on"),
        ({"heard_on": dt.timedelta()}, "heard_on"),
        ({"until": DAY}, "until"),
        ({"kind": Kind.TEMPORARY}, "until"),
        ({"kind": Kind.TEMPORARY, "until": -DAY}, "until"),
    ],
)
def test_the_days_follow_each_other(
    member: Member, decision: Decision, changed: dict[str, Any], field: str
) -> None:
    today = timezone.localdate()
    days = {
        name: today + value if isinstance(value, dt.timedelta) else value
        for name, value in changed.items()
    }
    with pytest.raises(SanctionRefused) as refusal:
        impose(member, dataclasses.replace(decision, **days))
    assert refusal.value.field == field
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("name", ["officer", "coordinator"])
@pytest.mark.parametrize("wrong", ["another BIN", "another office", "over"])
def test_the_officer_and_the_coordinator_decide_together(
    member: Member, decision: Decision, network: Network, name: str, wrong: str
) -> None:
    mandate = getattr(decision, name)
    if wrong == "another BIN":
        mandate = MandateFactory(role=mandate.role)
    elif wrong == "another office":
        mandate = MandateFactory(network=network, role=Role.MAYOR)
    else:
        mandate.ends_on = timezone.localdate() - DAY
        mandate.save()
    user = UserFactory(is_superuser=True)
    with pytest.raises(SanctionRefused) as refusal:
        impose_sanction(
            member=member,
            decision=dataclasses.replace(decision, **{name: mandate}),
            user=user,
        )
    assert refusal.value.field == name


@pytest.mark.parametrize("state", [State.LEFT, State.EXCLUDED])
def test_who_is_gone_is_not_sanctioned(
    member: Member, decision: Decision, state: str
) -> None:
    Member.objects.update(state=state)
    with pytest.raises(SanctionRefused):
        impose(member, decision)


def test_a_second_temporary_suspension_names_the_first(
    member: Member, temporary: Decision
) -> None:
    impose(member, temporary)
    with pytest.raises(SanctionRefused, match=str(temporary.until.year)):
        impose(member, temporary)


@pytest.mark.parametrize(
    "role", [Role.DEPUTY_COORDINATOR, Role.PREVENTION_OFFICER, Role.MANDATED_OFFICER]
)
def test_only_those_with_the_mandate_impose_and_lift(
    member: Member, decision: Decision, network: Network, role: Role
) -> None:
    user = MandateFactory(network=network, role=role).user
    with pytest.raises(NotAllowed):
        impose_sanction(member=member, decision=decision, user=user)
    sanction = impose(member, decision)
    with pytest.raises(NotAllowed):
        lift_sanction(sanction=sanction, reason="", user=user)
    assert sanction.is_in_force


def test_only_a_temporary_suspension_has_a_last_day(member: Member) -> None:
    for kind, until in [(Kind.TEMPORARY, None), (Kind.PERMANENT, dt.date(2030, 1, 1))]:
        with pytest.raises(IntegrityError), transaction.atomic():
            SanctionFactory(member=member, kind=kind, until=until)


def test_the_history_tells_it_to_those_with_the_mandate_alone(
    member: Member, temporary: Decision, network: Network
) -> None:
    sanction = impose(member, temporary)
    coordinator = temporary.coordinator.user
    lift_sanction(sanction=sanction, reason="voorbij", user=coordinator)
    entries = MemberLogEntry.objects.viewable_by_user(coordinator)
    assert [str(entry.message)[:10] for entry in entries] == [
        "Lifted: te",
        "Sanctioned",
    ]
    assert not any("verkoper" in str(entry.data) for entry in entries)
    keeper = MandateFactory(network=network, role=Role.PREVENTION_OFFICER).user
    assert not MemberLogEntry.objects.viewable_by_user(keeper).exists()


def test_p09_sanctions_are_erased_when_they_were_over_for_long(
    member: Member, temporary: Decision, decision: Decision, settings: Any
) -> None:
    settings.WAGTAIL_BIN_SANCTION_KEEP_DAYS = 100
    old, day = timezone.now() - 200 * DAY, timezone.localdate() - 200 * DAY
    SanctionFactory(member=member, at=old)
    SanctionFactory(member=member, kind=Kind.TEMPORARY, until=day, at=old)
    lifted = SanctionFactory(member=member, kind=Kind.PERMANENT, at=old)
    SanctionLift.objects.create(sanction=lifted, at=old)
    kept = [
        SanctionFactory(member=member),
        SanctionFactory(member=member, kind=Kind.TEMPORARY, until=temporary.until),
        SanctionFactory(member=member, kind=Kind.PERMANENT, at=old),
    ]
    assert forget_sanctions() == 3
    assert set(Sanction.objects.all()) == set(kept)
