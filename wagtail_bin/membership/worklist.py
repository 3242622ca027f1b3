"""Members whom nothing reaches any more, for the coordinator to look after.

A member leaves the list by itself: with another address, when a person lifts
the suppression, with a new yes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.channels.registry import channel_names
from wagtail_bin.exceptions import SuppressionStays
from wagtail_bin.membership.reach import has_usable_address
from wagtail_bin.models import (
    PERSONAL_CHANNELS,
    Consent,
    Delivery,
    DeliveryEvent,
    Member,
    Suppression,
)
from wagtail_bin.permissions import ROLES, Capability, require

# The kind of event that says: a person gave the address another chance.
LIFTED = "lifted"
# So long a complaint is shown; there is nothing that a person could do about it.
COMPLAINT_SHOWN = dt.timedelta(days=30)
# No person can know better than the member.
LIFTABLE = (Suppression.Reason.BOUNCE, Suppression.Reason.SOFT_BOUNCES)


class Problem(TextChoices):
    """Why a member is on the list. The first three are reasons of a suppression."""

    BOUNCE = Suppression.Reason.BOUNCE, gettext_lazy("the address does not exist")
    SOFT_BOUNCES = (
        Suppression.Reason.SOFT_BOUNCES,
        gettext_lazy("the address did not take messages, several times"),
    )
    COMPLAINT = (
        Suppression.Reason.COMPLAINT,
        gettext_lazy("reported a message as unwanted"),
    )
    NO_ADDRESS = "no_address", gettext_lazy("has no address that we could write to")


SHOWN = (Problem.BOUNCE, Problem.SOFT_BOUNCES, Problem.COMPLAINT)
ADDRESSES = ("email", "mobile", "phone")


@dataclasses.dataclass(frozen=True)
class Lifted:
    """How many addresses of a member may be written to again."""

    addresses: int


def worklist(user: Any) -> QuerySet[Any]:
    """What a user has to look after: :func:`with_problems` of members to edit."""
    roles = ROLES[Capability.EDIT_MEMBERS]
    return with_problems(Member.objects.visible_to(user, roles))


def with_problems(members: QuerySet[Member]) -> QuerySet[Any]:
    """Those of the members who have a problem, the newest first.

    Annotated with ``problem`` (a :class:`Problem`), ``problem_field`` (``email``,
    ``mobile``, ``phone`` or empty) and ``problem_since`` (None where no moment is
    known). Who has left or is excluded is nobody's work.
    """
    state = Member.State
    channels = [name for name in channel_names() if name in PERSONAL_CHANNELS]
    barred = Q()
    for name in ADDRESSES:
        barred |= Q(Exists(_suppressions(name)))
    found = members.exclude(state__in=[state.LEFT, state.EXCLUDED]).filter(
        barred | Q(Exists(_complaints())) | ~has_usable_address(channels)
    )
    annotated: QuerySet[Any] = found.annotate(
        problem=Coalesce(
            *(Subquery(_suppressions(name).values("reason")) for name in ADDRESSES),
            Case(
                When(Exists(_complaints()), then=Value(Problem.COMPLAINT)),
                default=Value(Problem.NO_ADDRESS),
                output_field=CharField(),
            ),
        ),
        problem_field=Case(
            *(
                When(Exists(_suppressions(name)), then=Value(name))
                for name in ADDRESSES
            ),
            default=Value(""),
            output_field=CharField(),
        ),
        problem_since=Coalesce(
            *(Subquery(_suppressions(name).values("at")) for name in ADDRESSES),
            Subquery(_complaints().order_by("-at").values("at")[:1]),
        ),
    )
    return annotated.order_by(F("problem_since").desc(nulls_last=True), "pk")


def lift_suppression(*, member: Member, user: Any, reason: str) -> Lifted:
    """Let a member's addresses be written to again, since a person knows better.

    It holds for everybody who shares the address. Should messages come back
    again, the address is suppressed again.

    Args:
        member: whose addresses.
        user: who lifts; must be allowed to edit the member.
        reason: why, in the person's own words; is logged.

    Raises:
        NotAllowed: the user may not edit members of this network.
        SuppressionStays: none of the addresses is suppressed for not working.
            What was erased, or called unwanted, no other person may lift.
    """
    require(user, Capability.EDIT_MEMBERS, member.network)
    with transaction.atomic():
        held = Member.objects.select_for_update(of=("self",)).get(pk=member.pk)
        digests = {held.email_digest, held.mobile_digest, held.phone_digest} - {""}
        barred = Suppression.objects.filter(digest__in=digests, reason__in=LIFTABLE)
        was = sorted(barred.values_list("reason", flat=True))
        if not was:
            raise SuppressionStays(
                _("This address cannot be released. Ask for another one.")
            )
        barred.delete()
        _start_counting_anew({held.email, held.mobile, held.phone} - {""}, user)
        log(
            instance=held,
            action=audit.LIFT_SUPPRESSION,
            user=user,
            data={"was": was, "reason": reason.strip()},
        )
    return Lifted(len(was))


def _start_counting_anew(addresses: Iterable[str], user: Any) -> None:
    """What came back before says nothing about the address as it is now."""
    failed = Delivery.objects.filter(address__in=addresses, report__in=Delivery.TROUBLE)
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(
            delivery_id=pk, attempt=attempt, kind=LIFTED, source=f"user {user.pk}"
        )
        for pk, attempt in failed.values_list("pk", "attempt")
    )


def _suppressions(name: str) -> QuerySet[Suppression]:
    """The suppression of one of a member's addresses, in SQL."""
    return Suppression.objects.filter(
        digest=OuterRef(f"{name}_digest"), reason__in=SHOWN
    )


def _complaints() -> QuerySet[Consent]:
    """A member's late complaints, unless of that they said yes since, in SQL."""
    newer = Consent.objects.filter(
        member=OuterRef("member"),
        purpose=OuterRef("purpose"),
        channel=OuterRef("channel"),
        pk__gt=OuterRef("pk"),
    )
    return Consent.objects.filter(
        ~Exists(newer),
        member=OuterRef("pk"),
        basis=Consent.Basis.COMPLAINT,
        is_given=False,
        at__gt=timezone.now() - COMPLAINT_SHOWN,
    )
