"""What providers say afterwards: once, in any order, of nobody but our recipients."""

from __future__ import annotations

import datetime as dt
import logging
import random
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.factories import MemberFactory, NetworkFactory
from tests.ledgers import event, make_delivery, make_dispatch, reference_of
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.dispatch import ledger, receipts
from wagtail_bin.dispatch.receipts import Received, match_held, receive
from wagtail_bin.membership.consent import give_consent, withdraw_consent
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Purpose,
    Suppression,
)
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db
State = Delivery.State
Report = Delivery.Report


def unknown(**values: Any) -> Delivery:
    return make_delivery(make_dispatch(), state=State.UNKNOWN, **values)


@pytest.mark.parametrize(
    ("kind", "report"),
    [
        (EventKind.ACCEPTED, Report.NONE),
        (EventKind.DELIVERED, Report.DELIVERED),
        (EventKind.DEFERRED, Report.DEFERRED),
        (EventKind.SOFT_BOUNCE, Report.SOFT_BOUNCE),
        (EventKind.HARD_BOUNCE, Report.HARD_BOUNCE),
        (EventKind.COMPLAINT, Report.COMPLAINT),
    ],
)
def test_f06_what_proves_that_it_was_taken_settles_an_unknown_row(
    kind: EventKind, report: Report
) -> None:
    row = unknown(claimed_by="a worker that is gone", code="worker_lost")
    assert receive([event(kind, row, provider_id="pm-1", code="250")]) == Received(1)
    row.refresh_from_db()
    assert (row.state, row.report, row.provider_id) == ("accepted", report, "pm-1")
    assert (row.claimed_by, row.lease_until, row.code) == ("", None, "250")
    assert row.settled_at is not None


def test_a_refusal_settles_an_unknown_row_as_refused() -> None:
    row = unknown()
    receive([event(EventKind.REJECTED, row, code="blocked")])
    row.refresh_from_db()
    assert (row.state, row.code, row.report) == ("rejected", "blocked", "")


def test_what_the_provider_took_and_then_refused_to_send_is_refused() -> None:
    row = make_delivery(make_dispatch())
    receive([event(EventKind.REJECTED, row)])
    row.refresh_from_db()
    assert row.state == "rejected"


@pytest.mark.parametrize("kind", [EventKind.UNSUBSCRIBED, EventKind.OTHER])
def test_what_proves_nothing_leaves_an_unknown_row_unknown(kind: EventKind) -> None:
    row = unknown()
    receive([event(kind, row)])
    row.refresh_from_db()
    assert row.state == "unknown"


@pytest.mark.parametrize(
    "state",
    [State.QUEUED, State.CLAIMED, State.SUPPRESSED, State.EXPIRED, State.CANCELLED],
)
def test_what_was_sent_after_all_is_not_sent_again(state: State) -> None:
    row = make_delivery(make_dispatch(), state=state, claimed_by="owner")
    receive([event(EventKind.DELIVERED, row)])
    row.refresh_from_db()
    assert (row.state, row.report, row.claimed_by) == ("accepted", "delivered", "")
    # Where the provider gives no id, ours must do.
    assert row.provider_id == f"{row.pk}.1"


@pytest.mark.parametrize("state", [State.QUEUED, State.CLAIMED, State.SUPPRESSED])
def test_a_row_queued_again_by_a_person_is_not_refused_once_more(
    state: State,
) -> None:
    row = make_delivery(make_dispatch(), state=state, claimed_by="owner")
    receive([event(EventKind.ACCEPTED, row), event(EventKind.REJECTED, row)])
    row.refresh_from_db()
    assert (row.state, row.claimed_by) == (state, "owner")


def test_a_worker_that_has_claimed_it_meanwhile_does_not_send_it() -> None:
    row = make_delivery(
        make_dispatch(),
        state=State.CLAIMED,
        claimed_by="owner",
        lease_until=timezone.now() + dt.timedelta(seconds=60),
    )
    receive([event(EventKind.DELIVERED, row)])
    marked = ledger.mark_sending(
        owner="owner", ids=[row.pk], dispatch=row.dispatch, channel="email"
    )
    assert marked == []
    ledger.release(owner="owner")
    row.refresh_from_db()
    assert row.state == "accepted"


def test_a_report_of_an_older_attempt_says_nothing_of_the_newest() -> None:
    row = unknown(attempt=2)
    receive([event(EventKind.DELIVERED, row, reference=reference_of(row, 1))])
    row.refresh_from_db()
    assert (row.state, row.report) == ("unknown", "delivered")
    assert row.events.get().attempt == 1


def test_f20_a_report_that_overtakes_the_answer_is_believed_by_both() -> None:
    row = make_delivery(make_dispatch(), state=State.SENDING, claimed_by="owner")
    receive([event(EventKind.DELIVERED, row, provider_id="pm-1")])
    marked = ledger.Marked(row.pk, 1, "nl", row.network_id, False, row.member, "")
    late = Receipt(Outcome.UNKNOWN, code="timeout", source="postmark")
    ledger.record(owner="owner", results=[(marked, late)])
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("accepted", "pm-1")


def test_a_message_id_of_ours_is_as_good_as_a_reference() -> None:
    row = unknown()
    identifier = f"<{reference_of(row)}@heidebeek.example>"
    receive([event(EventKind.DELIVERED, provider_id=identifier)])
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("accepted", identifier)


def test_a_report_without_our_reference_is_found_by_the_providers_id() -> None:
    row = make_delivery(make_dispatch(), provider_id="pm-1")
    other = make_delivery(make_dispatch(), provider_id="pm-1", source="mailgun")
    assert receive([event(EventKind.DELIVERED, provider_id="pm-1")]).unmatched == 0
    assert list(Delivery.objects.order_by("pk").values_list("report", flat=True)) == [
        "delivered",
        "",
    ]
    assert row.pk < other.pk


def test_an_id_that_several_messages_share_is_nobodys() -> None:
    for _ in range(2):
        make_delivery(make_dispatch(), provider_id="shared")
    received = receive([event(EventKind.HARD_BOUNCE, provider_id="shared")])
    assert received == Received(stored=1, unmatched=1)
    assert not Suppression.objects.exists()


def test_s21_foreign_ids_and_forged_references_touch_nobody() -> None:
    row = make_delivery(make_dispatch())
    other = make_dispatch()
    never_sent = make_delivery(other, state=State.QUEUED, attempt=0, address="")
    forged = [
        f"{row.pk}.1.{other.pk}",
        f"{row.pk}.1.{uuid.uuid4()}",
        f"{row.pk}.2.{row.dispatch_id}",
        f"{row.pk}.0.{row.dispatch_id}",
        f"{10**17}.1.{row.dispatch_id}",
        f"{never_sent.pk}.1.{other.pk}",
        f"{row.pk}.1.{row.dispatch_id} or 1=1",
        f"{row.pk}\x00.1",
        "\ud800",
        "x" * 4000,
    ]
    events = [event(EventKind.HARD_BOUNCE, reference=text) for text in forged]
    events += [
        event(EventKind.COMPLAINT, provider_id=row.provider_id, source="mailgun"),
        # A reference that is not borne out is not saved by an id that is.
        event(EventKind.COMPLAINT, reference=forged[0], provider_id=row.provider_id),
    ]
    assert receive(events).unmatched == len(events)
    assert not Suppression.objects.exists()
    assert not Consent.objects.filter(is_given=False).exists()
    assert set(Delivery.objects.values_list("report", flat=True)) == {""}


def test_s21_a_replay_changes_nothing_not_even_what_came_after() -> None:
    row = make_delivery(make_dispatch())
    reports = [event(EventKind.COMPLAINT, row), event(EventKind.HARD_BOUNCE, row)]
    receive(reports)
    give_consent(
        member_id=row.member_id,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.OFFICE,
    )
    Suppression.objects.all().delete()
    assert receive(reports * 3) == Received(duplicates=6)
    assert row.member.consents.order_by("-pk").first().is_given
    assert not Suppression.objects.exists()


def test_s21_a_stale_complaint_does_not_undo_a_newer_yes() -> None:
    row = make_delivery(make_dispatch())
    old = timezone.now() - dt.timedelta(days=3)
    receive([event(EventKind.COMPLAINT, row, at=old)])
    assert row.member.consents.order_by("-pk").first().is_given
    row.refresh_from_db()
    assert row.report == "complaint"


def test_p13_an_event_holds_no_address_whatever_the_provider_writes() -> None:
    row = make_delivery(make_dispatch())
    receive(
        [
            event(
                EventKind.HARD_BOUNCE,
                row,
                event_id=f"bounce/{row.address}",
                code=f"550 <{row.address}>",
            )
        ]
    )
    held = DeliveryEvent.objects.get(kind="hard_bounce")
    texts = [str(value) for value in vars(held).values()]
    assert not any(row.address in text for text in texts)


def test_an_event_that_lies_in_the_future_happened_now() -> None:
    row = make_delivery(make_dispatch())
    later = timezone.now() + dt.timedelta(days=400)
    receive([event(EventKind.DELIVERED, row, at=later)])
    assert row.events.get(kind="delivered").at <= timezone.now()


def test_one_id_may_stand_for_several_things_and_none_for_each() -> None:
    row = make_delivery(make_dispatch())
    same = {"event_id": "42"}
    at = timezone.now()
    none = {"event_id": "", "at": at}
    events = [
        event(EventKind.DELIVERED, row, **same),
        event(EventKind.COMPLAINT, row, **same),
        event(EventKind.SOFT_BOUNCE, row, **none),
        event(EventKind.SOFT_BOUNCE, row, **none),
        event(EventKind.SOFT_BOUNCE, row, **none | {"at": at - dt.timedelta(hours=1)}),
    ]
    assert receive(events) == Received(stored=4, duplicates=1)


# F23 ------------------------------------------------------------------------


def story(rows: list[Delivery]) -> list[ProviderEvent]:
    """A long, contradictory set of reports about a few deliveries."""
    at = timezone.now() - dt.timedelta(hours=1)
    first, second, third, resent = rows
    kinds = EventKind
    told = [
        (kinds.ACCEPTED, first, 1),
        (kinds.DEFERRED, first, 1),
        (kinds.SOFT_BOUNCE, first, 1),
        (kinds.DELIVERED, first, 1),
        (kinds.COMPLAINT, first, 1),
        (kinds.UNSUBSCRIBED, first, 1),
        (kinds.ACCEPTED, second, 1),
        (kinds.REJECTED, second, 1),
        (kinds.SOFT_BOUNCE, third, 1),
        (kinds.HARD_BOUNCE, third, 1),
        (kinds.REJECTED, third, 1),
        (kinds.DELIVERED, resent, 1),
        (kinds.HARD_BOUNCE, resent, 1),
        (kinds.REJECTED, resent, 2),
        (kinds.DEFERRED, resent, 2),
    ]
    return [
        event(
            kind,
            row,
            event_id=f"e{number}",
            reference=reference_of(row, attempt),
            provider_id=f"pm-{row.pk}-{attempt}",
            code=f"5.{number}.1",
            at=at + dt.timedelta(seconds=number),
        )
        for number, (kind, row, attempt) in enumerate(told)
    ]


def final_state() -> Any:
    """All that may not depend on the order of the reports."""
    rows = Delivery.objects.order_by("pk").values_list(
        "state", "report", "provider_id", "code", "claimed_by"
    )
    newest = {
        (c.member_id, c.purpose, c.channel): (c.is_given, c.basis)
        for c in Consent.objects.order_by("pk")
    }
    barred = Suppression.objects.order_by("digest").values_list("digest", "reason")
    events = DeliveryEvent.objects.exclude(event_id="").order_by("event_id")
    return (
        list(rows),
        newest,
        list(barred),
        list(events.values_list("event_id", "delivery", "attempt", "kind")),
    )


class AnyOrderTest(TestCase):
    """F23: any permutation and duplication of reports ends in the same state."""

    def setUp(self) -> None:
        network = NetworkFactory()
        dispatch = make_dispatch(networks=[network])
        shared = MemberFactory(network=network).email
        members = [MemberFactory(network=network, email=shared) for _ in range(2)]
        members += MemberFactory.create_batch(2, network=network)
        values: list[dict[str, Any]] = [
            {"state": State.UNKNOWN},
            {"state": State.UNKNOWN},
            {"state": State.SENDING, "claimed_by": "owner"},
            {"state": State.UNKNOWN, "attempt": 2},
        ]
        self.rows = [
            make_delivery(dispatch, member, **value)
            for member, value in zip(members, values, strict=True)
        ]
        self.story = story(self.rows)
        # Three failures in a row of the address that two of them share.
        earlier = [make_delivery(make_dispatch(), members[0]) for _ in range(2)]
        self.story += [
            event(EventKind.SOFT_BOUNCE, row, event_id=f"soft{number}")
            for number, row in enumerate(earlier)
        ]
        Consent.objects.update(at=timezone.now() - dt.timedelta(days=30))
        self.expected = self.expect()

    @settings(max_examples=1000)
    @given(seed=st.integers(0, 2**32), copies=st.integers(1, 5))
    def test_f23_i06_any_order_and_any_number_of_times(
        self, seed: int, copies: int
    ) -> None:
        chance = random.Random(seed)
        reports = self.story * copies
        chance.shuffle(reports)
        while reports:
            size = chance.randint(1, len(self.story))
            receive(reports[:size])
            del reports[:size]
        found, expected = final_state(), self.expected
        assert found[0] == expected[0]
        assert found[1] == expected[1]
        assert found[2] == expected[2]
        assert len(found[3]) == len(self.story)

    def expect(self) -> Any:
        """Worked out by hand, from what was told."""
        a, b, c, d = self.rows
        tips = (Purpose.TIPS, ChannelName.EMAIL)
        rows = [
            ("accepted", "complaint", f"pm-{a.pk}-1", "5.4.1", ""),
            ("rejected", "", f"pm-{b.pk}-1", "5.7.1", ""),
            ("accepted", "hard_bounce", f"pm-{c.pk}-1", "5.9.1", ""),
            ("accepted", "hard_bounce", f"pm-{d.pk}-2", "5.14.1", ""),
        ]
        rows += [
            ("accepted", "soft_bounce", row.provider_id, "soft_bounce", "")
            for row in Delivery.objects.exclude(
                pk__in=[r.pk for r in self.rows]
            ).order_by("pk")
        ]
        consents = {(row.member_id, *tips): (True, "enrolment") for row in self.rows}
        consents |= {
            (member.pk, *tips): (True, "enrolment")
            for member in a.member.network.members.all()
        }
        consents[a.member_id, *tips] = (False, "complaint")
        barred = sorted(
            [
                (address_digest(a.address), "soft"),
                (address_digest(c.address), "bounce"),
            ]
        )
        return rows, consents, barred


def test_f23_five_times_is_as_good_as_once() -> None:
    row = make_delivery(make_dispatch())
    report = event(EventKind.HARD_BOUNCE, row)
    for _ in range(5):
        receive([report])
    assert row.events.filter(kind="hard_bounce").count() == 1
    assert Suppression.objects.count() == 1


# F24 ------------------------------------------------------------------------


def test_f24_a_report_that_comes_before_the_id_is_held_and_matched() -> None:
    row = make_delivery(make_dispatch(), state=State.SENDING, claimed_by="owner")
    report = event(EventKind.HARD_BOUNCE, provider_id="ms-1", source="mailersend")
    assert receive([report]) == Received(stored=1, unmatched=1)
    assert match_held() == receipts.Settled(matched=0, dropped=0)
    marked = ledger.Marked(row.pk, 1, "nl", row.network_id, False, row.member, "")
    answer = Receipt(Outcome.ACCEPTED, provider_id="ms-1", source="mailersend")
    ledger.record(owner="owner", results=[(marked, answer)])
    assert match_held() == receipts.Settled(matched=1, dropped=0)
    row.refresh_from_db()
    assert (row.state, row.report) == ("accepted", "hard_bounce")
    assert row.events.get(kind="hard_bounce").attempt == 1
    assert Suppression.objects.get().digest == address_digest(row.address)
    assert receive([report]) == Received(duplicates=1)


def test_f24_what_belongs_to_nothing_is_kept_for_a_while_and_counted(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    hours = settings.WAGTAIL_BIN_UNMATCHED_KEEP_HOURS = 5
    now = timezone.now()
    ages = [hours - 1, hours + 1, hours + 2]
    receive(
        [
            event(
                EventKind.DELIVERED,
                provider_id=f"<{age}@somewhere.example>",
                at=now - dt.timedelta(hours=age),
            )
            for age in ages
        ]
    )
    with caplog.at_level(logging.INFO, "wagtail_bin"):
        assert match_held() == receipts.Settled(matched=0, dropped=2)
    assert DeliveryEvent.objects.count() == 1
    (line,) = [r.getMessage() for r in caplog.records if r.name.startswith("wagtail")]
    assert "2" in line
    assert "@" not in line


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
def test_f24_f23_reports_and_answers_at_once_end_in_one_state() -> None:
    dispatch = make_dispatch()
    rows = [
        make_delivery(
            dispatch,
            state=State.SENDING,
            claimed_by="owner",
            lease_until=timezone.now() + dt.timedelta(seconds=60),
        )
        for _ in range(20)
    ]
    reports = [
        event(kind, row, event_id=f"{kind}{row.pk}", provider_id=f"pm-{row.pk}")
        for row in rows
        for kind in (EventKind.DELIVERED, EventKind.SOFT_BOUNCE)
    ]
    results = [
        (
            ledger.Marked(row.pk, 1, "nl", row.network_id, False, row.member, ""),
            Receipt(Outcome.ACCEPTED, provider_id=f"pm-{row.pk}", source="postmark"),
        )
        for row in rows
    ]
    start = threading.Barrier(5)
    failures: list[BaseException] = []

    def run(work: Any) -> None:
        try:
            start.wait()
            work()
        except BaseException as error:  # noqa: BLE001 -- shown in the main thread
            failures.append(error)
        finally:
            connection.close()

    def answer() -> None:
        for result in results:
            ledger.record(owner="owner", results=[result])

    def report(seed: int) -> None:
        own = reports.copy()
        random.Random(seed).shuffle(own)
        for number in range(0, len(own), 7):
            receive(own[number : number + 7])

    threads = [threading.Thread(target=run, args=[answer])]
    threads += [
        threading.Thread(target=run, args=[lambda seed=seed: report(seed)])
        for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = Delivery.objects.order_by("pk").values_list(
        "state", "report", "provider_id"
    )
    assert list(found) == [("accepted", "soft_bounce", f"pm-{r.pk}") for r in rows]
    for row in rows:
        kinds = row.events.order_by("kind").values_list("kind", flat=True)
        assert list(kinds) == ["accepted", "delivered", "soft_bounce"]


# F25, counts and logs ---------------------------------------------------------


@pytest.mark.parametrize(
    "point", ["match", "learn", "consequences.suppress", "consequences.withdraw"]
)
def test_f25_a_crash_inside_leaves_nothing_and_a_retry_does_it_all(
    point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make_delivery(make_dispatch())
    reports = [event(EventKind.COMPLAINT, row), event(EventKind.HARD_BOUNCE, row)]

    def crash(*args: Any) -> None:
        raise RuntimeError(point)

    with monkeypatch.context() as patch:
        patch.setattr(f"wagtail_bin.dispatch.receipts.{point}", crash)
        with pytest.raises(RuntimeError, match=point):
            receive(reports)
    assert not DeliveryEvent.objects.exclude(event_id="").exists()
    assert not Suppression.objects.exists()
    assert not Consent.objects.filter(is_given=False).exists()
    assert receive(reports) == Received(stored=2)
    row.refresh_from_db()
    assert row.report == "complaint"
    assert Suppression.objects.exists()
    assert Consent.objects.filter(is_given=False).exists()


def test_s22_a_hundred_reports_take_as_many_queries_as_ten(settings: Any) -> None:
    # That so much trouble pauses the dispatch, once, is another matter.
    settings.WAGTAIL_BIN_TRIP_BOUNCES = (10**6, 0.05)
    settings.WAGTAIL_BIN_TRIP_COMPLAINTS = (10**6, 0.003)
    kinds = [
        EventKind.DELIVERED,
        EventKind.DEFERRED,
        EventKind.SOFT_BOUNCE,
        EventKind.HARD_BOUNCE,
        EventKind.COMPLAINT,
        EventKind.UNSUBSCRIBED,
        EventKind.REJECTED,
        EventKind.ACCEPTED,
        EventKind.DELIVERED,
        EventKind.OTHER,
    ]

    def queries(times: int) -> int:
        network = NetworkFactory()
        dispatch = make_dispatch(networks=[network])
        rows = [
            make_delivery(dispatch, MemberFactory(network=network), provider_id=f"x{n}")
            for n in range(times * 10)
        ]
        reports = [
            event(
                kinds[n % 10],
                **(
                    {"provider_id": row.provider_id}
                    if n % 3
                    else {"reference": reference_of(row)}
                ),
            )
            for n, row in enumerate(rows)
        ]
        with CaptureQueriesContext(connection) as captured:
            assert receive(reports).stored == times * 10
        Delivery.objects.update(provider_id="")
        DeliveryEvent.objects.update(provider_id="")
        return len(captured)

    few, many = queries(1), queries(10)
    assert many == few
    assert few <= 35


def test_p13_s36_no_address_in_any_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    # What the test run itself says of its database.
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    row = make_delivery(make_dispatch())
    receive([event(kind, row, code=f"5.1.1 {row.address}") for kind in EventKind])
    old = timezone.now() - dt.timedelta(days=9)
    receive([event(EventKind.DELIVERED, provider_id=f"<{row.address}>", at=old)])
    match_held()
    assert row.address not in caplog.text
    assert row.member.last_name not in caplog.text


def test_withdrawing_twice_or_beside_a_complaint_is_one_no() -> None:
    row = make_delivery(make_dispatch())
    withdraw_consent(
        member_id=row.member_id,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.ONE_CLICK,
    )
    receive([event(EventKind.UNSUBSCRIBED, row), event(EventKind.UNSUBSCRIBED, row)])
    said = row.member.consents.order_by("pk").values_list("basis", flat=True)
    assert list(said) == ["enrolment", "one_click"]
    receive([event(EventKind.COMPLAINT, row), event(EventKind.UNSUBSCRIBED, row)])
    assert list(said.all()) == ["enrolment", "one_click", "complaint"]
