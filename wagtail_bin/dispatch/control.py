"""What people do to a dispatch that goes out: stop it, go on, try again, decide.

Each verb checks the permission, changes the ledger set-based, and logs.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import sweep, tasks
from wagtail_bin.dispatch.gates import RESTORED, fingerprint, switch
from wagtail_bin.dispatch.held import hold, remember
from wagtail_bin.dispatch.ledger import BY_HAND, IN_FILE
from wagtail_bin.exceptions import DispatchError, NotAllowed
from wagtail_bin.models import Delivery, Dispatch, SendingSwitch
from wagtail_bin.permissions import Capability

State = Delivery.State

# Who throws the switch stops everybody's messages.
SWITCH_PERMISSION = "wagtail_bin.change_sendingswitch"


class Resolution(enum.Enum):
    """What a person decides about a message that may have gone out."""

    RESEND = "resend"
    SENT = "sent"


@dataclasses.dataclass(frozen=True)
class Changed:
    """What a verb did.

    Attributes:
        deliveries: number of rows moved.
    """

    dispatch: Dispatch
    deliveries: int = 0


def pause_dispatch(*, dispatch: Dispatch, user: Any) -> Changed:
    """Send nothing more of it until it is resumed. Idempotent."""
    with hold(dispatch, user, Capability.SEND) as held:
        if held.paused_at is None:
            _must_be_open(held)
            held.paused_at, held.pause_code = timezone.now(), ""
            held.save(update_fields=["paused_at", "pause_code"])
            _log(held, audit.PAUSE, user)
    return Changed(held)


def resume_dispatch(*, dispatch: Dispatch, user: Any) -> Changed:
    """Go on with what was paused. Idempotent."""
    with hold(dispatch, user, Capability.SEND) as held:
        if held.paused_at is not None:
            held.paused_at, held.pause_code = None, ""
            held.save(update_fields=["paused_at", "pause_code"])
            _log(held, audit.RESUME, user)
            _ring(held)
    return Changed(held)


def cancel_dispatch(*, dispatch: Dispatch, user: Any) -> Changed:
    """Send nothing more of it, for good. What is on its way cannot be called back.

    No worker takes more of it from then on. Of a large one the sweep writes that
    down row by row, so that nobody waits for it.

    Returns:
        With the number of messages that are not sent.
    """
    with hold(dispatch, user, Capability.SEND) as held:
        if held.cancelled_at is not None:
            return Changed(held)
        _must_be_open(held)
        held.cancelled_at = timezone.now()
        held.save(update_fields=["cancelled_at"])
        count = held.deliveries.filter(state=State.QUEUED).count()
        sweep.settle_some(held, state=State.CANCELLED)
        _log(held, audit.CANCEL, user, deliveries=count)
    return Changed(held, count)


def reschedule_dispatch(
    *, dispatch: Dispatch, user: Any, not_before: dt.datetime
) -> Changed:
    """Send it at another moment, as long as nothing of it has been sent.

    Args:
        not_before: the new moment (aware).

    Raises:
        DispatchError: it has begun, or the moment is past.
    """
    with hold(dispatch, user, Capability.SEND) as held:
        _must_be_open(held)
        begun = held.deliveries.exclude(state=State.QUEUED, attempt=0)
        if begun.exists():
            raise DispatchError(
                _("It is being sent already. You can pause it instead.")
            )
        if not_before < timezone.now() - dt.timedelta(minutes=1):
            raise DispatchError(_("That moment is past. Choose a later one."))
        worth = held.expires_at - held.not_before
        held.not_before = not_before
        held.expires_at = not_before + worth
        held.save(update_fields=["not_before", "expires_at"])
        count = held.deliveries.update(due_at=not_before)
        _log(held, audit.RESCHEDULE, user, not_before=not_before.isoformat())
        if not_before <= timezone.now():
            _ring(held)
    return Changed(held, count)


def retry_failed(*, dispatch: Dispatch, user: Any) -> Changed:
    """Queue again what was refused or given up: nothing of that has been sent.

    Whoever has unsubscribed or was suppressed since is withheld, as always.
    """
    with hold(dispatch, user, Capability.SEND) as held:
        _must_not_be_cancelled(held)
        failed = held.deliveries.filter(state__in=[State.REJECTED, State.EXPIRED])
        count = _queue_again(held, failed, kind="retry", user=user)
        if count:
            _log(held, audit.RETRY, user, deliveries=count)
    return Changed(held, count)


def resolve_unknown(
    *,
    dispatch: Dispatch,
    user: Any,
    resolution: Resolution,
    reason: str,
    deliveries: Sequence[int] | None = None,
    expected: int | None = None,
) -> Changed:
    """Decide about messages that may or may not have gone out.

    Args:
        resolution: send them (again), or take them for sent.
        reason: why, in the person's own words; is logged.
        deliveries: primary keys; None: all unknown ones of the dispatch.
        expected: how many the user saw; None: any number.

    Raises:
        ValidationError: no reason was given.
        DispatchError: there is another number by now.
    """
    if not reason.strip():
        raise ValidationError(_("Say in a few words why."))
    with hold(dispatch, user, Capability.SEND) as held:
        unknown = held.deliveries.filter(state=State.UNKNOWN)
        if deliveries is not None:
            unknown = unknown.filter(pk__in=deliveries)
        if resolution is Resolution.RESEND:
            _must_not_be_cancelled(held)
            count = _queue_again(
                held, unknown, kind="resend", user=user, repeats=F("repeats") + 1
            )
        else:
            remember(unknown, kind="taken_for_sent", user=user)
            count = unknown.update(
                state=State.ACCEPTED,
                provider_id=BY_HAND,
                code="by_hand",
                claimed_by="",
                settled_at=Now(),
            )
        if expected not in {None, count}:
            raise DispatchError(
                _(
                    "There are %(number)d by now. Look again, then press the "
                    "button once more."
                )
                % {"number": count}
            )
        if count:
            _log(
                held,
                audit.RESOLVE,
                user,
                resolution=resolution.value,
                deliveries=count,
                reason=reason.strip(),
            )
    return Changed(held, count)


def pause_all(*, user: Any, reason: str) -> SendingSwitch:
    """Send nothing at all, of anybody, until it is resumed.

    Args:
        reason: is shown to everybody who sends.

    Raises:
        NotAllowed: the user lacks the permission to change the switch.
    """
    return _throw(user, is_paused=True, reason=reason)


def resume_all(*, user: Any) -> SendingSwitch:
    """Let sending go on; from this database, if it was restored or copied.

    What a restored database says was waiting or being sent may have gone out
    since the copy was made: it becomes unknown, for a person to decide.

    Raises:
        NotAllowed: the user lacks the permission to change the switch.
    """
    return _throw(user, is_paused=False, reason="")


def _throw(user: Any, *, is_paused: bool, reason: str) -> SendingSwitch:
    if not user.has_perm(SWITCH_PERMISSION):
        raise NotAllowed("switch")
    with transaction.atomic():
        switch()
        found = SendingSwitch.objects.select_for_update().get()
        own = fingerprint()
        is_copy = found.fingerprint != own
        unsure = 0
        if is_copy and not is_paused:
            unsure = _doubt_what_was_open()
            found.fingerprint = own
        found.is_paused = is_paused
        found.reason = reason[:255]
        found.changed_by = user
        found.save()
        log(
            instance=found,
            action=audit.PAUSE_ALL if is_paused else audit.RESUME_ALL,
            user=user,
            data={"reason": reason, "was_copy": is_copy, "unknown": unsure},
        )
        if not is_paused:
            transaction.on_commit(partial(tasks.ring))
    return found


def _doubt_what_was_open() -> int:
    """Whatever was due may have been sent by the database this is a copy of."""
    return Delivery.objects.filter(
        state__in=Delivery.OPEN_STATES, due_at__lte=Now()
    ).update(
        state=State.UNKNOWN,
        code=RESTORED,
        claimed_by="",
        lease_until=None,
        settled_at=Now(),
    )


def _must_be_open(dispatch: Dispatch) -> None:
    _must_not_be_cancelled(dispatch)
    if not dispatch.deliveries.filter(state__in=Delivery.OPEN_STATES).exists():
        raise DispatchError(
            _("It has gone out already: there is nothing left to stop.")
        )


def _must_not_be_cancelled(dispatch: Dispatch) -> None:
    if dispatch.cancelled_at is not None:
        raise DispatchError(_("It was cancelled. Send the page anew instead."))


def _queue_again(
    dispatch: Dispatch,
    rows: QuerySet[Delivery],
    *,
    kind: str,
    user: Any,
    **changes: Any,
) -> int:
    remember(rows, kind=kind, user=user)
    count = rows.update(
        state=State.QUEUED,
        claimed_by="",
        lease_until=None,
        due_at=Now(),
        settled_at=None,
        # Who is in a file stays in it: it may yet be confirmed as sent.
        code=Case(When(code__startswith=IN_FILE, then=F("code")), default=Value(kind)),
        **changes,
    )
    if count:
        worth = dt.timedelta(hours=conf.EXPIRES_HOURS[dispatch.purpose])
        if dispatch.expires_at <= timezone.now():
            dispatch.expires_at = timezone.now() + worth
        dispatch.settled_at = None
        dispatch.save(update_fields=["expires_at", "settled_at"])
        _ring(dispatch)
    return count


def _ring(dispatch: Dispatch) -> None:
    transaction.on_commit(partial(tasks.ring_all_for, str(dispatch.pk)))


def _log(dispatch: Dispatch, action: str, user: Any, **data: Any) -> None:
    log(instance=dispatch, action=action, user=user, data=data)
