"""The sanctions of members: imposed, lifted, and over by themselves.

A suspension shows in the member's state, which is what decides whether messages
arrive. Member rows are locked as when a delivery is marked as being sent: once a
suspension has committed, nothing more goes out.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from wagtail_bin import audit
from wagtail_bin.exceptions import SanctionRefused
from wagtail_bin.models import (
    Mandate,
    Member,
    MemberLogEntry,
    Network,
    Role,
    Sanction,
    SanctionLift,
)
from wagtail_bin.permissions import Capability, require

Kind = Sanction.Kind
State = Member.State

# A sanction is decided by one of the first and one of the second together.
OFFICERS = frozenset({Role.MANDATED_OFFICER})
COORDINATORS = frozenset({Role.COORDINATOR, Role.DEPUTY_COORDINATOR})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided about a member, by whom, and when it was told.

    Attributes:
        kind: one of :class:`~wagtail_bin.models.Sanction.Kind`.
        reason: in the words of those who decided.
        officer: the mandate of the police officer.
        coordinator: the mandate of the coordinator or a deputy.
        decided_on: the day of the decision.
        notified_on: the day on which the member was told in writing.
        heard_on: the day on which the member was heard, where that was done.
        until: the last day of a temporary suspension; None for the others.
    """

    kind: str
    reason: str
    officer: Mandate
    coordinator: Mandate
    decided_on: dt.date
    notified_on: dt.date
    heard_on: dt.date | None = None
    until: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class Imposed:
    """The sanction as it was written down."""

    sanction: Sanction


@dataclasses.dataclass(frozen=True)
class Lifted:
    """Where the membership stands after a sanction was lifted."""

    state: str


def deciders(network: Network, roles: frozenset[Role]) -> QuerySet[Mandate]:
    """Who holds an office for a network today.

    Args:
        roles: :data:`OFFICERS` or :data:`COORDINATORS`.
    """
    covering = (
        Q(network=network)
        | Q(municipality=network.municipality_id)
        | Q(police_zone=network.police_zone_id)
    )
    return Mandate.objects.active().filter(covering, role__in=roles).order_by("name")


def impose_sanction(*, member: Member, decision: Decision, user: Any) -> Imposed:
    """Write down a sanction; it takes effect at once.

    Args:
        member: who is sanctioned.
        decision: what was decided.
        user: who writes it down.

    Raises:
        NotAllowed: the user may not impose sanctions in this network.
        SanctionRefused: the procedure was not kept, or the member has left.
    """
    require(user, Capability.IMPOSE_SANCTIONS, member.network)
    check_decision(member.network, decision)
    with transaction.atomic():
        held = _lock(member.pk)
        before = _state_to_return_to(held, decision)
        sanction = Sanction.objects.create(
            member=held,
            state_before=before,
            user=user,
            **{
                field.name: getattr(decision, field.name)
                for field in dataclasses.fields(decision)
            },
        )
        _bring_in_line(held, sanction, before)
        _log(held, audit.IMPOSE_SANCTION, user, sanction)
    return Imposed(sanction)


def lift_sanction(*, sanction: Sanction, reason: str, user: Any) -> Lifted:
    """Take a suspension back; the member gets messages again from now on.

    Args:
        sanction: a suspension that holds.
        reason: why, in the words of whoever decided.
        user: who lifts.

    Raises:
        NotAllowed: the user may not impose sanctions in this network.
        SanctionRefused: it is over already, or was a reprimand.
    """
    require(user, Capability.IMPOSE_SANCTIONS, sanction.member.network)
    with transaction.atomic():
        held = _lock(sanction.member_id)
        if not held.sanctions.in_force().filter(pk=sanction.pk).exists():
            raise SanctionRefused(_("This sanction is over: there is nothing to lift."))
        SanctionLift.objects.create(sanction=sanction, reason=reason, user=user)
        if held.state in (State.SUSPENDED, State.EXCLUDED):
            rest = held.sanctions.in_force().first()
            _bring_in_line(held, rest, sanction.state_before)
        _log(held, audit.LIFT_SANCTION, user, sanction)
    return Lifted(held.state)


def end_suspensions() -> int:
    """Make members active again whose suspension is over. May run at any time.

    Returns:
        Number of members.
    """
    over = Member.objects.filter(
        state=State.SUSPENDED, suspended_until__lt=timezone.localdate()
    )
    ended = 0
    for pk in over.values_list("pk", flat=True):
        with transaction.atomic():
            held = _lock(pk)
            if not over.filter(pk=pk).exists():
                continue
            last = held.sanctions.filter(kind=Kind.TEMPORARY).first()
            _bring_in_line(held, None, last.state_before if last else State.ACTIVE)
            MemberLogEntry.objects.log_each(audit.END_SUSPENSION, [(held, {})])
            ended += 1
    return ended


def check_decision(network: Network, decision: Decision) -> None:
    """Whether the procedure was kept.

    Raises:
        SanctionRefused: with what is missing, and the field it is about.
    """
    for name, roles in (("officer", OFFICERS), ("coordinator", COORDINATORS)):
        mandate = getattr(decision, name)
        if not deciders(network, roles).filter(pk=mandate.pk).exists():
            raise SanctionRefused(_("This person holds no such office here."), name)
    today = timezone.localdate()
    if decision.notified_on > today:
        raise SanctionRefused(
            _("Tell the member in writing first; the sanction holds from then on."),
            "notified_on",
        )
    if decision.notified_on < decision.decided_on:
        raise SanctionRefused(_("This is before the decision."), "notified_on")
    if decision.heard_on and decision.heard_on > decision.decided_on:
        raise SanctionRefused(_("The hearing comes before the decision."), "heard_on")
    if decision.kind == Kind.TEMPORARY:
        if decision.until is None or decision.until < today:
            raise SanctionRefused(
                _("Give the last day of the suspension, today or later."), "until"
            )
    elif decision.until is not None:
        raise SanctionRefused(
            _("Only a temporary suspension has a last day. Leave it empty."), "until"
        )


def _lock(member_id: int) -> Member:
    members = Member.objects.select_related("network")
    return members.select_for_update(of=("self",), no_key=True).get(pk=member_id)


def _state_to_return_to(member: Member, decision: Decision) -> str:
    if member.state == State.LEFT:
        raise SanctionRefused(_("This member has left."))
    running = list(member.sanctions.in_force())
    if member.state == State.EXCLUDED or any(
        sanction.kind == Kind.PERMANENT for sanction in running
    ):
        raise SanctionRefused(_("This member is permanently suspended already."))
    if running:
        until = running[0].until
        if decision.kind == Kind.TEMPORARY and until is not None:
            raise SanctionRefused(
                _("This member is suspended until %(day)s already. Lift that first.")
                % {"day": date_format(until, "j F Y")}
            )
        return running[0].state_before
    return State.ACTIVE if member.state == State.SUSPENDED else member.state


def _bring_in_line(member: Member, sanction: Sanction | None, before: str) -> None:
    """Give a member the state that a sanction asks for, or the one before."""
    kind = sanction.kind if sanction else ""
    if kind == Kind.REPRIMAND:
        return
    member.suspended_until = sanction.until if sanction else None
    member.left_at = timezone.now() if kind == Kind.PERMANENT else None
    if sanction is None:
        member.state = before
    else:
        permanent = kind == Kind.PERMANENT
        member.state = State.EXCLUDED if permanent else State.SUSPENDED
    member.save(update_fields=["state", "suspended_until", "left_at"])


def _log(member: Member, action: str, user: Any, sanction: Sanction) -> None:
    data = {"kind": sanction.kind}
    if sanction.until:
        data["until"] = sanction.until.isoformat()
    MemberLogEntry.objects.log_each(action, [(member, data)], user=user)
