"""What people do to a dispatch that goes out."""

from __future__ import annotations

import datetime as dt
import time
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.dispatch.conftest import Send, states
from tests.dispatch.doubles import Script, channels
from tests.factories import MandateFactory, UserFactory
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import control, deliver, gates, sweep
from wagtail_bin.dispatch.progress import progress_of
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.exceptions import DispatchError, NotAllowed
from wagtail_bin.models import (
    Delivery,
    DeliveryEvent,
    Dispatch,
    Member,
    Role,
    SendingSwitch,
)

pytestmark = pytest.mark.django_db
State = Delivery.State
Scripts = dict[str, Script]


@pytest.fixture
def user(db: Any) -> Any:
    return UserFactory(is_superuser=True)


def receipt(outcome: Outcome) -> Receipt:
    return Receipt(outcome, code="x", source="double")


def test_f29_a_cancelled_dispatch_sends_nothing_more(
    scripts: Scripts, send: Send, user: Any
) -> None:
    dispatch = send(4)
    claimed = Delivery.objects.order_by("pk")[:1].get()
    lease = timezone.now() - dt.timedelta(seconds=1)
    Delivery.objects.filter(pk=claimed.pk).update(
        state=State.CLAIMED, claimed_by="x", lease_until=lease
    )
    changed = control.cancel_dispatch(dispatch=dispatch, user=user)
    assert changed.deliveries == 3
    assert deliver.deliver_due(seconds=5) == 0
    # What a worker gives back later is cancelled as well.
    sweep.settle()
    assert states() == {"cancelled": 4}
    dispatch.refresh_from_db()
    assert dispatch.settled_at is not None
    # A second time changes nothing, and it does not come back.
    assert control.cancel_dispatch(dispatch=dispatch, user=user).deliveries == 0
    with pytest.raises(DispatchError):
        control.retry_failed(dispatch=dispatch, user=user)
    with pytest.raises(DispatchError):
        control.pause_dispatch(dispatch=dispatch, user=user)


def test_f29_a_large_dispatch_is_cancelled_at_once_and_its_rows_bit_by_bit(
    scripts: Scripts, send: Send, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 3)
    monkeypatch.setattr(sweep, "LONGEST", 0)
    dispatch = send(8)
    assert control.cancel_dispatch(dispatch=dispatch, user=user).deliveries == 8
    assert states() == {"cancelled": 3, "queued": 5}
    # Whoever looks meanwhile sees what is true already.
    dispatch.refresh_from_db()
    progress = progress_of(dispatch)
    assert progress.states == {"cancelled": 8}
    assert progress.is_done
    assert deliver.deliver_due(seconds=5) == 0
    sweep.settle()
    assert states() == {"cancelled": 6, "queued": 2}
    assert not [found for found in verify() if found.count]
    dispatch.refresh_from_db()
    assert dispatch.settled_at is None
    sweep.settle()
    assert states() == {"cancelled": 8}
    dispatch.refresh_from_db()
    assert dispatch.settled_at is not None


def test_f29_a_paused_dispatch_waits_and_goes_on(
    scripts: Scripts, send: Send, user: Any
) -> None:
    dispatch = send(3)
    control.pause_dispatch(dispatch=dispatch, user=user)
    control.pause_dispatch(dispatch=dispatch, user=user)
    assert deliver.deliver_due(seconds=5) == 0
    sweep.settle()
    assert states() == {"queued": 3}
    control.resume_dispatch(dispatch=dispatch, user=user)
    assert deliver.deliver_due(seconds=5) == 3
    assert ModelLogEntry.objects.filter(action="wagtail_bin.pause").count() == 1
    with pytest.raises(DispatchError):
        control.pause_dispatch(dispatch=dispatch, user=user)


def test_f29_the_switch_stops_everything_and_says_why(
    scripts: Scripts, send: Send, user: Any
) -> None:
    send(2)
    control.pause_all(user=user, reason="Wrong text.")
    assert gates.halted() == gates.PAUSED
    assert deliver.deliver_due(seconds=5) == 0
    assert SendingSwitch.objects.get().reason == "Wrong text."
    control.resume_all(user=user)
    assert gates.halted() == ""
    assert deliver.deliver_due(seconds=5) == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("how", ["dispatch", "everything", "for good"])
def test_f29_n6_a_slow_provider_does_not_delay_the_stop(
    scripts: Scripts,
    send: Send,
    user: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """One part of a batch, marked as a whole: the calls to come are not begun."""
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"CONNECTIONS": 1, "BATCH": 40})
    monkeypatch.setattr(deliver, "LOOK_UP", 0.1)
    monkeypatch.setattr(sweep, "AT_ONCE", 1)
    dispatch = send(100)
    gates.switch()
    script = scripts["email"]

    def answer(message: Any) -> None:
        if len(script.tried) == 2:
            if how == "dispatch":
                Dispatch.objects.update(paused_at=timezone.now())
            elif how == "for good":
                control.cancel_dispatch(dispatch=dispatch, user=user)
            else:
                SendingSwitch.objects.update(fingerprint="another's")
            connection.close()
        time.sleep(0.1)

    script.answer = answer
    deliver.deliver_due(seconds=20)
    assert 2 <= len(script.tried) < 12
    assert dispatch.deliveries.filter(code="not_tried").exists()
    sweep.settle()
    rest = "cancelled" if how == "for good" else "queued"
    assert states() == {
        "accepted": len(script.tried),
        rest: 100 - len(script.tried),
    }


def test_s09_who_may_not_send_may_not_stop_or_start(
    send: Send, scripts: Scripts
) -> None:
    dispatch = send(1)
    stranger = MandateFactory(role=Role.WEB_EDITOR).user
    for verb in (
        control.pause_dispatch,
        control.resume_dispatch,
        control.cancel_dispatch,
        control.retry_failed,
    ):
        with pytest.raises(NotAllowed):
            verb(dispatch=dispatch, user=stranger)
    with pytest.raises(NotAllowed):
        control.pause_all(user=stranger, reason="x")
    with pytest.raises(NotAllowed):
        control.resume_all(user=stranger)
    assert states() == {"queued": 1}


def test_what_was_refused_or_given_up_can_be_tried_again(
    scripts: Scripts, send: Send, user: Any
) -> None:
    scripts["email"].answer = lambda message: receipt(Outcome.REJECTED)
    dispatch = send(3)
    deliver.deliver_due(seconds=5)
    Dispatch.objects.update(expires_at=timezone.now() - dt.timedelta(hours=1))
    sweep.settle()
    assert states() == {"rejected": 3}
    scripts["email"].answer = lambda message: None
    assert control.retry_failed(dispatch=dispatch, user=user).deliveries == 3
    deliver.deliver_due(seconds=5)
    assert states() == {"accepted": 3}
    assert set(Delivery.objects.values_list("repeats", "attempt")) == {(0, 2)}
    assert DeliveryEvent.objects.filter(kind="retry").count() == 3


def test_what_is_tried_again_takes_the_same_number_of_queries_for_any_number(
    scripts: Scripts, send: Send, user: Any
) -> None:
    def queries(dispatch: Dispatch) -> int:
        with CaptureQueriesContext(connection) as captured:
            control.retry_failed(dispatch=dispatch, user=user)
        return len(captured)

    few, many = send(1), send(list(Member.objects.all()))
    row = few.deliveries.get()
    Delivery.objects.bulk_create(
        Delivery(dispatch=many, network=row.network, channel="email", due_at=row.due_at)
        for _number in range(2500)
    )
    # What the user may do is looked up once.
    control.pause_dispatch(dispatch=few, user=user)
    Delivery.objects.update(state=State.REJECTED, settled_at=timezone.now(), attempt=2)
    assert queries(few) == queries(many)
    assert states() == {"queued": 2502}
    told = DeliveryEvent.objects.filter(kind="retry", source=f"user {user.pk}")
    assert told.filter(attempt=2, at__lte=timezone.now()).count() == 2502


def test_i05_only_what_the_person_saw_is_decided(
    scripts: Scripts, send: Send, user: Any
) -> None:
    scripts["email"].answer = lambda message: receipt(Outcome.UNKNOWN)
    dispatch = send(3)
    deliver.deliver_due(seconds=5)
    for resolution in control.Resolution:
        decide = partial(
            control.resolve_unknown,
            dispatch=dispatch,
            user=user,
            resolution=resolution,
            reason="x",
        )
        with pytest.raises(DispatchError, match="3"):
            decide(expected=2)
    assert states() == {"unknown": 3}
    assert not DeliveryEvent.objects.filter(source=f"user {user.pk}").exists()
    assert decide(expected=3).deliveries == 3
    assert decide(deliveries=[]).deliveries == 0


def test_i05_a_person_decides_about_what_is_in_doubt(
    scripts: Scripts, send: Send, user: Any
) -> None:
    scripts["email"].answer = lambda message: receipt(Outcome.UNKNOWN)
    dispatch = send(3)
    deliver.deliver_due(seconds=5)
    first, *_others = Delivery.objects.order_by("pk").values_list("pk", flat=True)
    kinds = control.Resolution
    with pytest.raises(ValidationError):
        control.resolve_unknown(
            dispatch=dispatch, user=user, resolution=kinds.SENT, reason=" "
        )
    sent = control.resolve_unknown(
        dispatch=dispatch,
        user=user,
        resolution=kinds.SENT,
        reason="They told me.",
        deliveries=[first],
    )
    assert sent.deliveries == 1
    again = control.resolve_unknown(
        dispatch=dispatch, user=user, resolution=kinds.RESEND, reason="Not there."
    )
    assert again.deliveries == 2
    scripts["email"].answer = lambda message: None
    deliver.deliver_due(seconds=5)
    assert states() == {"accepted": 3}
    row = Delivery.objects.get(pk=first)
    assert (row.provider_id, row.attempt, row.repeats) == ("by-hand", 1, 0)
    others = Delivery.objects.exclude(pk=first).values_list("attempt", "repeats")
    assert set(others) == {(2, 1)}
    entry = ModelLogEntry.objects.filter(action="wagtail_bin.resolve").last()
    assert entry is not None
    assert entry.data["reason"] in {"They told me.", "Not there."}


def test_i05_a_reply_that_comes_after_the_decision_does_not_undo_it(
    scripts: Scripts, send: Send, user: Any
) -> None:
    from wagtail_bin.dispatch import ledger

    dispatch = send(1)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    marked = ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    sweep.settle()
    control.resolve_unknown(
        dispatch=dispatch,
        user=user,
        resolution=control.Resolution.RESEND,
        reason="Too late.",
    )
    ledger.record(owner="x", results=[(marked[0], receipt(Outcome.REJECTED))])
    assert states() == {"queued": 1}
    deliver.deliver_due(seconds=5)
    assert states() == {"accepted": 1}


def test_a_dispatch_can_be_moved_as_long_as_nothing_has_gone_out(
    scripts: Scripts, send: Send, user: Any
) -> None:
    later = timezone.now() + dt.timedelta(days=2)
    dispatch = send(2, not_before=later)
    assert deliver.deliver_due(seconds=5) == 0
    sooner = timezone.now() + dt.timedelta(days=1)
    control.reschedule_dispatch(dispatch=dispatch, user=user, not_before=sooner)
    dispatch.refresh_from_db()
    assert dispatch.not_before == sooner
    assert dispatch.expires_at - sooner == dt.timedelta(hours=72)
    assert set(dispatch.deliveries.values_list("due_at", flat=True)) == {sooner}
    assert deliver.deliver_due(seconds=5) == 0
    with pytest.raises(DispatchError):
        control.reschedule_dispatch(
            dispatch=dispatch,
            user=user,
            not_before=timezone.now() - dt.timedelta(hours=1),
        )
    control.reschedule_dispatch(dispatch=dispatch, user=user, not_before=timezone.now())
    assert deliver.deliver_due(seconds=5) == 2
    with pytest.raises(DispatchError):
        control.reschedule_dispatch(dispatch=dispatch, user=user, not_before=later)


def test_a_page_that_is_not_live_yet_is_waited_for(
    scripts: Scripts, send: Send, user: Any
) -> None:
    dispatch = send(1)
    Dispatch.objects.update(awaits_page=True)
    type(dispatch.page).objects.update(live=False)
    sweep.settle()
    assert deliver.deliver_due(seconds=5) == 0
    type(dispatch.page).objects.update(live=True)
    sweep.settle()
    assert deliver.deliver_due(seconds=5) == 1
