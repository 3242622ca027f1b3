"""What time does to the ledger."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.dispatch.conftest import Send, states
from tests.dispatch.doubles import Script
from tests.factories import UserFactory
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import control, deliver, gates, ledger, sweep
from wagtail_bin.dispatch.compose import as_repeat
from wagtail_bin.models import (
    Delivery,
    DeliveryEvent,
    Dispatch,
    Member,
    Purpose,
    SendingSwitch,
)

pytestmark = pytest.mark.django_db
State = Delivery.State
Scripts = dict[str, Script]
UNKNOWN = Receipt(Outcome.UNKNOWN, code="TimeoutError", source="double")

needs_row_locks = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="needs row locks"
)
committed = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def minutes_later(minutes: float) -> None:
    """Move what is settled into the past."""
    for row in Delivery.objects.exclude(settled_at=None):
        row.settled_at -= dt.timedelta(minutes=minutes)
        row.save()


def test_n2_an_urgent_message_in_doubt_is_sent_once_more_after_ten_minutes(
    scripts: Scripts, send: Send
) -> None:
    script = scripts["email"]
    script.answer = lambda message: UNKNOWN
    dispatch = send(3, purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    assert states() == {"unknown": 3}
    sweep.settle()
    minutes_later(9)
    assert sweep.settle().repeated == 0

    minutes_later(2)
    script.answer = lambda message: None if len(script.tried) < 6 else UNKNOWN
    assert sweep.settle().repeated == 3
    deliver.deliver_due(seconds=10)
    assert len(script.tried) == 6
    # The copy says what it is, and the ledger counts it.
    again = as_repeat(script.tried[0].content).subject
    assert again != script.tried[0].subject
    assert {message.subject for message in script.tried[3:]} == {again}
    assert set(dispatch.deliveries.values_list("repeats", "attempt")) == {(1, 2)}
    assert DeliveryEvent.objects.filter(kind="repeat", source="policy").count() == 3
    assert states() == {"accepted": 2, "unknown": 1}

    # One extra copy at most, whatever becomes of it.
    sweep.settle()
    minutes_later(600)
    assert sweep.settle().repeated == 0
    assert states() == {"accepted": 2, "unknown": 1}


def test_n2_nothing_is_repeated_that_is_no_longer_worth_it(
    scripts: Scripts, send: Send
) -> None:
    scripts["email"].answer = lambda message: UNKNOWN
    send(2, purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    minutes_later(20)
    Dispatch.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert sweep.settle().repeated == 0
    assert states() == {"unknown": 2}


def test_n2_a_tip_in_doubt_waits_for_a_person(scripts: Scripts, send: Send) -> None:
    scripts["email"].answer = lambda message: UNKNOWN
    send(2)
    deliver.deliver_due(seconds=10)
    minutes_later(600)
    assert sweep.settle().repeated == 0
    assert states() == {"unknown": 2}


def test_n2_a_late_reply_after_the_repeat_does_not_undo_it(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(1, purpose=Purpose.ALERTS)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    marked = ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert sweep.settle().unknown == 1
    minutes_later(20)
    assert sweep.settle().repeated == 1
    retry = Receipt(Outcome.RETRY, code="late", source="double")
    ledger.record(owner="x", results=[(marked[0], retry)])
    row = Delivery.objects.get()
    assert (row.state, row.code, row.repeats) == ("queued", "repeat", 1)
    # Said is said: it stays with the events.
    assert DeliveryEvent.objects.filter(kind="retry", code="late").exists()
    deliver.deliver_due(seconds=5)
    assert states() == {"accepted": 1}


def test_f31_what_another_database_may_have_sent_is_not_repeated_by_itself(
    scripts: Scripts, send: Send
) -> None:
    send(2, purpose=Purpose.ALERTS)
    gates.switch()
    SendingSwitch.objects.update(fingerprint="of another database")
    control.resume_all(user=UserFactory(is_superuser=True))
    assert states() == {"unknown": 2}
    minutes_later(20)
    assert sweep.settle().repeated == 0
    assert deliver.deliver_due(seconds=5) == 0
    assert scripts["email"].tried == []


def test_a_finished_dispatch_is_closed_and_opened_again_by_a_person(
    scripts: Scripts, send: Send
) -> None:
    refused = Receipt(Outcome.REJECTED, code="550", source="double")
    scripts["email"].answer = lambda message: refused
    dispatch = send(1)
    deliver.deliver_due(seconds=5)
    sweep.settle()
    dispatch.refresh_from_db()
    assert dispatch.settled_at is not None
    scripts["email"].answer = lambda message: None
    user = UserFactory(is_superuser=True)
    assert control.retry_failed(dispatch=dispatch, user=user).deliveries == 1
    sweep.settle()
    assert deliver.deliver_due(seconds=5) == 1
    assert states() == {"accepted": 1}


def test_n4_what_expires_is_given_up_bit_by_bit_and_another_sweep_goes_on(
    scripts: Scripts, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    dispatches = [send(3), send(list(Member.objects.all()))]
    Dispatch.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    monkeypatch.setattr(sweep, "LONGEST", 0)
    assert sweep.settle().expired == 4
    for dispatch in dispatches:
        assert states(dispatch=dispatch) == {"expired": 2, "queued": 1}
    monkeypatch.undo()
    assert sweep.settle().expired == 2
    assert states() == {"expired": 6}


@committed
@needs_row_locks
def test_f29_a_row_that_somebody_is_at_holds_up_no_cancelling(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(3)
    with transaction.atomic():
        rows = dispatch.deliveries.order_by("pk").select_for_update()
        assert list(rows[:1])
        changed: list[Any] = []

        def work() -> None:
            changed.append(
                control.cancel_dispatch(
                    dispatch=dispatch, user=UserFactory(is_superuser=True)
                )
            )
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
        assert [done.deliveries for done in changed] == [3]
        assert states() == {"cancelled": 2, "queued": 1}
    sweep.settle()
    assert states() == {"cancelled": 3}


@committed
@needs_row_locks
def test_a_sweep_leaves_alone_what_is_being_recorded(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(2)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=2)
    marked = ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    is_recorded, may_commit = threading.Event(), threading.Event()

    def work() -> None:
        with transaction.atomic():
            accepted = Receipt(Outcome.ACCEPTED, "id", "250", "double")
            ledger.record(owner="x", results=[(marked[0], accepted)])
            is_recorded.set()
            may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    is_recorded.wait(10)
    # Neither does it wait, nor does a circle of waiting arise.
    assert sweep.settle_leases() == 1
    may_commit.set()
    thread.join()
    assert states() == {"accepted": 1, "unknown": 1}
    assert sweep.settle_leases() == 0


@committed
@needs_row_locks
def test_a_sweep_and_a_verb_do_not_wait_in_a_circle(
    scripts: Scripts, send: Send
) -> None:
    scripts["email"].answer = lambda message: UNKNOWN
    dispatch = send(3, purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    minutes_later(20)
    with transaction.atomic():
        # As a verb does it: first the dispatch, then its rows.
        Dispatch.objects.select_for_update().get(pk=dispatch.pk)
        swept: list[Any] = []

        def work() -> None:
            swept.append(sweep.repeat_urgent())
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
        assert swept == [0]
        assert dispatch.deliveries.update(code="x") == 3
    assert sweep.repeat_urgent() == 3


@committed
@needs_row_locks
def test_marking_and_approving_do_not_wait_for_each_other(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(2)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=2)
    marked: list[Any] = []

    def work() -> None:
        marked.extend(
            ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
        )
        connection.close()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # As a new dispatch does it: rows that refer to the members.
        rows = list(Delivery.objects.all())
        for row in rows:
            row.pk, row.channel = None, "sms"
        Delivery.objects.bulk_create(rows)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(10)
        assert len(marked) == 2


@committed
@needs_row_locks
def test_p07_erasing_and_marking_do_not_wait_in_a_circle(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(1)
    member = Member.objects.get()
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    is_locked, may_go_on = threading.Event(), threading.Event()
    found: list[Any] = []

    def work() -> None:
        with transaction.atomic():
            list(Member.objects.select_for_update(no_key=True))
            is_locked.set()
            may_go_on.wait(10)
            found.append(Delivery.objects.filter(pk__in=ids).update(code="x"))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    is_locked.wait(10)
    timer = threading.Timer(0.5, may_go_on.set)
    timer.start()
    member.delete()
    thread.join()
    assert found == [1]
    assert Delivery.objects.get().member is None
