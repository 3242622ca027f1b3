"""Does the database keep what we promise? Each promise as a query.

The ids are those of ``docs/delivery.md``. A check selects what breaks a promise,
inside the database: it takes as much memory for a million rows as for ten.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.db.models import (
    Count,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce
from django_q.core_signing import BadSignature
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.dispatch.gates import RESTORED, fingerprint
from wagtail_bin.dispatch.ledger import BY_HAND
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.membership.reach import ADDRESSES, CONSENTS
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Dispatch,
    DispatchMessage,
    SendingSwitch,
    Suppression,
)

State = Delivery.State

# How many offending rows are named.
NAMED = 10
# Seconds for which what time should have done may be late: a sweep is due.
LATE = 300
# How long, at most, an address is suppressed before others can see it.
IN_FLIGHT = dt.timedelta(minutes=1)
# Events are not kept for ever; older outcomes are not compared with them.
RECENT_DAYS = 7

# What was sent, or is being sent, or may have been.
GONE_OUT = (State.SENDING, State.ACCEPTED, State.UNKNOWN)
# A provider's "yes" about the last attempt fits all others only by mistake.
MUST_BE_KNOWN = (*Delivery.OPEN_STATES, State.UNKNOWN, State.EXPIRED, State.CANCELLED)
# What a person or the policy decides makes an earlier answer history.
DECISIONS = ("retry", "resend", "repeat")

# Exactly one address, as the guard of the channels has it.
ONE_ADDRESS = r'^[^@\s,;<>"()]+@[^@\s,;<>"()]+$'
ONE_NUMBER = r"^\+[0-9]{6,15}$"
CONTROL = r"[\x01-\x1f\x7f]"

Rows = QuerySet[Any] | list[Any]


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that must not be found.

    Attributes:
        promise: its id.
        what: the mistake, in words.
        find: selects the rows that are mistaken.
    """

    promise: str
    what: str
    find: Callable[[], Rows]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        count: number of mistakes.
        rows: primary keys of some of them; never anything of a person.
    """

    promise: str
    what: str
    count: int
    rows: tuple[str, ...]


def verify() -> Iterator[Finding]:
    """Run all checks, one after the other. Nothing is changed."""
    for check in CHECKS:
        found = check.find()
        if isinstance(found, QuerySet):
            count = found.order_by().count()
            some = list(found.order_by("pk")[:NAMED]) if count else []
            rows = tuple(str(row.pk) for row in some)
        else:
            count, rows = len(found), tuple(map(str, found[:NAMED]))
        yield Finding(check.promise, check.what, count, rows)


def _miscounted() -> Rows:
    own = Delivery.objects.filter(dispatch=OuterRef("pk")).order_by()
    counted = own.values("dispatch").annotate(n=Count("pk")).values("n")
    return Dispatch.objects.alias(rows=Coalesce(Subquery(counted), 0)).exclude(
        rows=F("recipients")
    )


def _missing_constraints() -> Rows:
    """Names of unique constraints that somebody has taken away."""
    return [
        constraint.name
        for model in (Delivery, DeliveryEvent, DispatchMessage)
        for constraint in model._meta.constraints
        if constraint.name not in _constraints_of(model)
    ]


def _constraints_of(model: type[Model]) -> set[str]:
    with connection.cursor() as cursor:
        return set(
            connection.introspection.get_constraints(cursor, model._meta.db_table)
        )


def _in_no_state() -> Rows:
    return Delivery.objects.exclude(state__in=State.values)


def _without_content() -> Rows:
    content = DispatchMessage.objects.filter(
        dispatch=OuterRef("dispatch"),
        channel=OuterRef("channel"),
        language=OuterRef("language"),
    )
    return Delivery.objects.filter(
        ~Exists(content), state__in=Delivery.OPEN_STATES
    ).exclude(channel=ChannelName.HANDOVER)


def _sent_unmarked() -> Rows:
    unmarked = Q(attempt=0) | Q(lease_until=None) | Q(claimed_by="") | Q(tried_at=None)
    return Delivery.objects.filter(unmarked, state=State.SENDING)


def _settled_unmarked() -> Rows:
    states = (State.ACCEPTED, State.REJECTED, State.UNKNOWN)
    return (
        Delivery.objects.filter(attempt=0, state__in=states)
        .exclude(channel=ChannelName.HANDOVER)
        .exclude(code=RESTORED)
        .exclude(provider_id=BY_HAND)
    )


def _claimed_by_nobody() -> Rows:
    nobody = Q(claimed_by="") | Q(lease_until=None)
    return Delivery.objects.filter(nobody, state=State.CLAIMED)


def _held_for_nothing() -> Rows:
    held = State.CLAIMED, State.SENDING
    owned = ~Q(claimed_by="") & Q(state=State.QUEUED)
    return Delivery.objects.filter(
        owned | (Q(lease_until__isnull=False) & ~Q(state__in=held))
    )


def _accepted_without_id() -> Rows:
    # An erased member's row has lost it; a broadcast belongs to nobody.
    erased = Q(member=None, network__isnull=False)
    return Delivery.objects.filter(state=State.ACCEPTED, provider_id="").exclude(erased)


def _settled_at_no_time() -> Rows:
    is_open = Q(state__in=Delivery.OPEN_STATES)
    return Delivery.objects.filter(
        (is_open & Q(settled_at__isnull=False)) | (~is_open & Q(settled_at=None))
    )


def _finished_too_soon() -> Rows:
    waiting = Delivery.objects.filter(
        dispatch=OuterRef("pk"), state__in=Delivery.OPEN_STATES
    )
    return Dispatch.objects.filter(Exists(waiting), settled_at__lt=after(-LATE))


def _answer_forgotten() -> Rows:
    answers = DeliveryEvent.objects.filter(
        delivery=OuterRef("pk"), attempt=OuterRef("attempt"), kind="accepted"
    )
    decided = DeliveryEvent.objects.filter(
        delivery=OuterRef("delivery"), pk__gt=OuterRef("pk"), kind__in=DECISIONS
    )
    return Delivery.objects.filter(
        Exists(answers.filter(~Exists(decided))),
        state__in=MUST_BE_KNOWN,
        attempt__gt=0,
    )


def _accepted_by_hearsay() -> Rows:
    said = DeliveryEvent.objects.filter(delivery=OuterRef("pk"))
    days = min(RECENT_DAYS, conf.EVENT_KEEP_DAYS - 1)
    return Delivery.objects.filter(
        ~Exists(said),
        state=State.ACCEPTED,
        attempt__gt=0,
        settled_at__gt=after(-days * 86400),
    ).exclude(channel=ChannelName.HANDOVER)


def _to_several() -> Rows:
    email = Q(channel=ChannelName.EMAIL)
    call = Q(channel__in=[ChannelName.SMS, ChannelName.VOICE])
    wrong = (
        (email & ~Q(address__regex=ONE_ADDRESS))
        | (call & ~Q(address__regex=ONE_NUMBER))
        | Q(address__regex=CONTROL)
    )
    return Delivery.objects.filter(wrong, state__in=GONE_OUT).exclude(address="")


def _after_withdrawal() -> Rows:
    """The newest statement before the call was a "no"."""
    unwanted = Q(pk__in=[])
    for channel, consents in CONSENTS.items():
        refused = Q(channel=channel)
        for consent in consents:
            said = Consent.objects.filter(
                member=OuterRef(OuterRef("member")),
                purpose=OuterRef(OuterRef("dispatch__purpose")),
                channel=consent,
                at__lte=OuterRef(OuterRef("tried_at")),
            )
            newest = said.order_by("-pk").values("pk")[:1]
            no = Consent.objects.filter(pk=Subquery(newest), is_given=False)
            refused &= Q(Exists(no))
        unwanted |= refused
    return Delivery.objects.filter(unwanted, state__in=GONE_OUT)


def _after_suppression() -> Rows:
    before = ExpressionWrapper(
        OuterRef("tried_at") - Value(IN_FLIGHT), output_field=DateTimeField()
    )
    unwanted = Q(pk__in=[])
    for channel, columns in ADDRESSES.items():
        for column in columns:
            barred = Suppression.objects.filter(
                digest=OuterRef(f"member__{column}_digest"), at__lt=before
            )
            same = Q(channel=channel, address=F(f"member__{column}"))
            unwanted |= same & Q(Exists(barred))
    return Delivery.objects.filter(unwanted, state__in=GONE_OUT)


def _to_strangers() -> Rows:
    meant = Dispatch.networks.through.objects.filter(
        dispatch=OuterRef("dispatch"), network=OuterRef("network")
    )
    return Delivery.objects.filter(~Exists(meant), network__isnull=False)


def _talkative_tasks() -> Rows:
    """Ids of queued tasks of ours that carry more than ids, or are forged."""
    return [row.pk for row in OrmQ.objects.iterator() if not _is_discreet(row.payload)]


def _is_discreet(payload: str) -> bool:
    try:
        # Unpickled only where the signature is our own.
        task = SignedPackage.loads(payload)
    except BadSignature:
        return False
    if not str(task.get("func", "")).startswith("wagtail_bin."):
        return True
    return not task.get("kwargs") and all(map(_is_id, task.get("args", ())))


def _is_id(argument: Any) -> bool:
    if isinstance(argument, int | uuid.UUID) or argument in list(Queue):
        return True
    try:
        return bool(uuid.UUID(argument))
    except (AttributeError, TypeError, ValueError):
        return False


def _held_back() -> Rows:
    return SendingSwitch.objects.exclude(fingerprint=fingerprint())


def _lease_over() -> Rows:
    return Delivery.objects.filter(lease_until__lt=after(-LATE))


def _expired_and_waiting() -> Rows:
    return Delivery.objects.filter(
        state=State.QUEUED, dispatch__expires_at__lt=after(-LATE)
    )


CHECKS = (
    Check("I1", "dispatches with more or fewer rows than were approved", _miscounted),
    Check(
        "I1",
        "constraints missing that keep a row from coming twice",
        _missing_constraints,
    ),
    Check("I1", "rows in no state that we know", _in_no_state),
    Check("I2", "rows to be sent without anything to say", _without_content),
    Check(
        "I3", "rows being sent without attempt, moment, lease or owner", _sent_unmarked
    ),
    Check("I3", "rows with an outcome that were never tried", _settled_unmarked),
    Check("I3", "rows claimed by nobody, or for ever", _claimed_by_nobody),
    Check("I3", "rows held that nobody works on", _held_for_nothing),
    Check("I4", "rows accepted without a provider's id", _accepted_without_id),
    Check("I5", "rows settled at no time, or settled and waiting", _settled_at_no_time),
    Check(
        "I5", "rows that wait in a finished dispatch (the dispatch)", _finished_too_soon
    ),
    Check("I5", "rows that a provider took and we forgot", _answer_forgotten),
    Check("I6", "rows accepted without an event that says so", _accepted_by_hearsay),
    Check("I7", "rows sent to something else than one address", _to_several),
    Check("I8", "rows sent after the member said no", _after_withdrawal),
    Check("I8", "rows sent to a suppressed address", _after_suppression),
    Check("I9", "rows of a BIN that the dispatch was not for", _to_strangers),
    Check("I11", "queued tasks with more than ids, or forged", _talkative_tasks),
    Check(
        "I12",
        "this database is a copy; nothing is sent until a person resumes it",
        _held_back,
    ),
    Check("N4", "leases over for long: nothing sweeps", _lease_over),
    Check("N4", "rows that should have expired: nothing sweeps", _expired_and_waiting),
)
