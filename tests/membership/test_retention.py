"""What is forgotten by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import NetworkFactory
from tests.ledgers import event, make_delivery, make_dispatch
from wagtail_bin.channels.events import EventKind
from wagtail_bin.dispatch import tasks
from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.dispatch.receipts import Received, receive
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.membership import retention
from wagtail_bin.membership.retention import forget_events, forget_lists
from wagtail_bin.models import (
    Delivery,
    DeliveryEvent,
    ImportRow,
    MemberImport,
    Suppression,
)

pytestmark = pytest.mark.django_db
State = MemberImport.State


def ago(**lapse: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(**lapse)


def test_p09_uploads_that_nobody_confirmed_lose_their_file(settings: Any) -> None:
    settings.WAGTAIL_BIN_IMPORT_KEEP_HOURS = 2
    network = NetworkFactory()
    young, old, applied = (
        MemberImport.objects.create(
            network=network, content=b"x", uploaded_at=uploaded_at, state=state
        )
        for uploaded_at, state in [
            (ago(hours=1), State.UPLOADED),
            (ago(hours=3), State.UPLOADED),
            (ago(hours=3), State.APPLIED),
        ]
    )
    assert forget_lists().files == 1
    for one in (young, old, applied):
        one.refresh_from_db()
    assert old.content is None
    assert young.content is not None
    assert applied.content is not None
    assert forget_lists().files == 0


def test_p09_refused_rows_are_erased_with_time_and_the_counts_stay(
    settings: Any,
) -> None:
    settings.WAGTAIL_BIN_IMPORT_KEEP_REFUSED_DAYS = 10
    network = NetworkFactory()
    for days in (9, 11):
        done = MemberImport.objects.create(
            network=network, state=State.APPLIED, applied_at=ago(days=days), refused=1
        )
        ImportRow.objects.create(
            member_import=done, line=days, kind="refused", cells=["Jan"]
        )
    assert forget_lists().rows == 1
    assert ImportRow.objects.get().line == 9
    assert list(MemberImport.objects.values_list("refused", flat=True)) == [1, 1]


@pytest.fixture
def delivered() -> Delivery:
    """Handed over and delivered 31 days ago; the provider was heard then."""
    row = make_delivery(make_dispatch(), provider_id="pm-1", settled_at=timezone.now())
    receive([event(EventKind.DELIVERED, row, code="250")])
    DeliveryEvent.objects.update(at=ago(days=31))
    Delivery.objects.update(settled_at=ago(days=31))
    row.refresh_from_db()
    return row


def test_p09_what_was_said_is_erased_with_time_and_what_it_came_to_stays(
    delivered: Delivery, settings: Any
) -> None:
    young = make_delivery(make_dispatch())
    settings.WAGTAIL_BIN_EVENT_KEEP_DAYS = 32
    tasks.settle(Queue.DEFAULT)
    assert DeliveryEvent.objects.count() == 3
    settings.WAGTAIL_BIN_EVENT_KEEP_DAYS = 30
    before = list(verify())
    tasks.settle(Queue.DEFAULT)
    assert DeliveryEvent.objects.get().delivery == young
    delivered.refresh_from_db()
    assert (delivered.state, delivered.report) == ("accepted", "delivered")
    assert list(verify()) == before
    assert forget_events() == 0


def test_p09_events_are_erased_bit_by_bit_the_oldest_first(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    row = make_delivery(make_dispatch())
    events = [
        DeliveryEvent.objects.create(delivery=row, kind="delivered", source="x", at=at)
        # One whose provider told of it late.
        for at in [*[ago(days=40)] * 3, timezone.now(), ago(days=40)]
    ]
    row.events.filter(kind="accepted").delete()
    found = []
    for _sweep in range(3):
        with django_assert_max_num_queries(3):
            found.append(forget_events())
    assert found == [2, 1, 1]
    assert list(row.events.all()) == [events[3]]


@pytest.mark.parametrize(
    ("kind", "report"),
    [
        (EventKind.REJECTED, "delivered"),
        (EventKind.DEFERRED, "delivered"),
        (EventKind.COMPLAINT, "complaint"),
    ],
)
def test_p09_what_is_said_after_that_changes_no_verdict_but_for_the_worse(
    delivered: Delivery, kind: EventKind, report: str
) -> None:
    forget_events()
    before = delivered.code
    receive([event(kind, delivered, provider_id="other", code="late")])
    delivered.refresh_from_db()
    assert (delivered.state, delivered.report) == ("accepted", report)
    assert (delivered.provider_id, delivered.code) == ("pm-1", before)


def test_p09_late_truth_still_settles_what_is_unknown() -> None:
    row = make_delivery(
        make_dispatch(), state="unknown", code="worker_lost", settled_at=ago(days=60)
    )
    receive([event(EventKind.DELIVERED, row, provider_id="pm-1")])
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("accepted", "pm-1")


def test_p09_s21_what_was_erased_cannot_be_told_once_more(delivered: Delivery) -> None:
    old = event(EventKind.HARD_BOUNCE, delivered, at=ago(days=31))
    forget_events()
    assert receive([old]) == Received(duplicates=1)
    assert not DeliveryEvent.objects.exists()
    assert not Suppression.objects.exists()


def test_forgetting_takes_a_constant_number_of_queries(
    django_assert_max_num_queries: Any,
) -> None:
    network = NetworkFactory()
    for _upload in range(5):
        done = MemberImport.objects.create(
            network=network, state=State.APPLIED, applied_at=ago(days=99)
        )
        ImportRow.objects.create(member_import=done, line=1, cells=[])
    with django_assert_max_num_queries(2):
        forget_lists()
