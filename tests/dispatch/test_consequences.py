"""What follows from a report: for the address, the consent, the dispatch."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from tests.ledgers import event, make_delivery, make_dispatch, reference_of
from wagtail_bin.channels.events import EventKind
from wagtail_bin.channels.memory import MemoryChannel
from wagtail_bin.dispatch import deliver
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.control import (
    Resolution,
    resolve_unknown,
    resume_dispatch,
    retry_failed,
)
from wagtail_bin.dispatch.receipts import receive
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.exchange.apply import import_members
from wagtail_bin.membership.worklist import lift_suppression
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Member,
    NetworkNotice,
    Purpose,
    Suppression,
)
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db
State = Delivery.State
Reason = Suppression.Reason


def barred() -> dict[str, str]:
    return dict(Suppression.objects.values_list("digest", "reason"))


def told_of() -> set[int]:
    due = NetworkNotice.objects.filter(due_at__lte=timezone.now())
    return set(due.values_list("network", flat=True))


def test_d09_a_hard_bounce_suppresses_the_address_at_once() -> None:
    row = make_delivery(make_dispatch())
    receive([event(EventKind.HARD_BOUNCE, row)])
    assert barred() == {address_digest(row.address): "bounce"}
    assert told_of() == {row.network_id}


def test_d09_a_refusal_for_good_suppresses_too_and_any_other_does_not() -> None:
    dispatch = make_dispatch()
    gone, blocked = make_delivery(dispatch), make_delivery(dispatch)
    receive(
        [
            event(EventKind.REJECTED, gone, is_permanent=True),
            event(EventKind.REJECTED, blocked),
        ]
    )
    assert barred() == {address_digest(gone.address): "bounce"}


def test_d09_a_complaint_ends_that_purpose_by_that_channel_only() -> None:
    row = make_delivery(make_dispatch())
    for purpose, channel in [("alerts", "email"), ("tips", "sms")]:
        Consent.objects.create(
            member=row.member,
            purpose=purpose,
            channel=channel,
            is_given=True,
            basis=Consent.Basis.ENROLMENT,
        )
    receive([event(EventKind.COMPLAINT, row)])
    no = row.member.consents.get(is_given=False)
    assert (no.purpose, no.channel, no.basis) == ("tips", "email", "complaint")
    assert barred() == {}
    assert told_of() == {row.network_id}


def test_an_unsubscribe_at_the_provider_counts_and_nobody_is_bothered() -> None:
    row = make_delivery(make_dispatch(purpose=Purpose.ALERTS))
    receive([event(EventKind.UNSUBSCRIBED, row)])
    no = row.member.consents.get(is_given=False)
    assert (no.purpose, no.channel, no.basis) == ("alerts", "email", "provider")
    assert told_of() == set()


def test_d09_three_messages_that_came_back_for_now_in_two_weeks_are_enough() -> None:
    member = MemberFactory()
    now = timezone.now()
    rows = [make_delivery(make_dispatch(), member) for _ in range(4)]
    ages = [dt.timedelta(days=15), dt.timedelta(days=13), dt.timedelta(days=1)]
    for row, age in zip(rows, ages, strict=False):
        receive([event(EventKind.SOFT_BOUNCE, row, at=now - age)])
        # The same message again and again is one message.
        receive([event(EventKind.SOFT_BOUNCE, row, at=now - age)])
    assert barred() == {}
    receive([event(EventKind.SOFT_BOUNCE, rows[3])])
    assert barred() == {address_digest(member.email): "soft"}
    assert told_of() == {member.network_id}


def test_d09_other_addresses_and_delivered_messages_do_not_count() -> None:
    member, other = MemberFactory.create_batch(2)
    rows = [make_delivery(make_dispatch(), m) for m in (member, member, other)]
    receive([event(EventKind.SOFT_BOUNCE, row) for row in rows])
    receive([event(EventKind.DELIVERED, make_delivery(make_dispatch(), member))])
    assert barred() == {}


def test_d09_what_came_back_before_a_person_released_the_address_is_forgotten() -> None:
    member = MemberFactory()
    rows = [make_delivery(make_dispatch(), member) for _ in range(6)]
    receive([event(EventKind.SOFT_BOUNCE, row) for row in rows[:3]])
    user = UserFactory(is_superuser=True)
    lift_suppression(member=member, user=user, reason="Mailbox was full.")
    receive([event(EventKind.SOFT_BOUNCE, row) for row in rows[3:5]])
    assert barred() == {}
    receive([event(EventKind.SOFT_BOUNCE, rows[5])])
    assert barred() == {address_digest(member.email): "soft"}


def test_a_hard_bounce_outranks_soft_ones_but_nothing_that_people_decided() -> None:
    rows = [make_delivery(make_dispatch()) for _ in range(3)]
    before = [Reason.SOFT_BOUNCES, Reason.ERASED, Reason.MANUAL]
    for row, reason in zip(rows, before, strict=True):
        Suppression.objects.create(digest=address_digest(row.address), reason=reason)
    receive([event(EventKind.HARD_BOUNCE, row) for row in rows])
    assert [barred()[address_digest(row.address)] for row in rows] == [
        "bounce",
        "erased",
        "manual",
    ]
    # Their coordinators knew already.
    assert told_of() == set()


def test_s21_only_the_address_that_was_mailed_is_suppressed() -> None:
    # The member has another address by now, and it was tried again there.
    row = make_delivery(make_dispatch(), attempt=2, address="new@example.org")
    receive([event(EventKind.HARD_BOUNCE, row, reference=reference_of(row, 1))])
    assert barred() == {}
    row.member.email = "newest@example.org"
    row.member.save()
    receive([event(EventKind.HARD_BOUNCE, row)])
    assert barred() == {address_digest("new@example.org"): "bounce"}


def test_what_a_test_address_does_says_nothing_of_the_member(settings: Any) -> None:
    settings.WAGTAIL_BIN_OVERRIDE_RECIPIENTS = {"email": ["test@example.org"]}
    row = make_delivery(make_dispatch())
    receive([event(EventKind.HARD_BOUNCE, row), event(EventKind.COMPLAINT, row)])
    assert barred() == {}
    assert not Consent.objects.filter(is_given=False).exists()
    assert told_of() == set()


def test_the_reports_of_an_erased_member_and_of_a_broadcast_hurt_nobody() -> None:
    row = make_delivery(make_dispatch())
    member = Member.objects.get(pk=row.member_id)
    reference = reference_of(row)
    member.delete()
    post = Delivery.objects.create(
        dispatch=row.dispatch,
        channel=ChannelName.SOCIAL,
        target="mastodon",
        language="nl",
        state=State.ACCEPTED,
        attempt=1,
        due_at=timezone.now(),
    )
    receive(
        [
            event(kind, reference=wanted)
            for kind in (EventKind.HARD_BOUNCE, EventKind.COMPLAINT)
            for wanted in (reference, reference_of(post))
        ]
    )
    assert barred() == {}
    assert set(Delivery.objects.values_list("report", flat=True)) == {"complaint"}


# D10 --------------------------------------------------------------------------


@pytest.fixture
def memory(settings: Any) -> Any:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": "wagtail_bin.channels.memory.MemoryChannel"
    }
    MemoryChannel.reset()
    yield MemoryChannel
    MemoryChannel.reset()


def test_d10_a_suppressed_address_is_never_mailed_by_any_path(
    tip: Any, memory: Any
) -> None:
    network = NetworkFactory()
    gone, fine = MemberFactory.create_batch(2, network=network)
    user = UserFactory(is_superuser=True)
    sent = make_dispatch(networks=[network])
    tried = {
        "unknown": make_delivery(sent, gone, state=State.UNKNOWN),
        "refused": make_delivery(
            make_dispatch(networks=[network]), gone, state=State.REJECTED
        ),
        "waiting": make_delivery(
            make_dispatch(networks=[network]), gone, state=State.QUEUED, attempt=0
        ),
    }
    receive([event(EventKind.HARD_BOUNCE, make_delivery(make_dispatch(), gone))])
    # Imported again, and again under another name.
    for name in ("Zoë", "Amélie"):
        import_members(
            network=network,
            user=user,
            source=f"voornaam;naam;e-mail\n{name};Peeters;{gone.email.upper()}\n".encode(),
            file_name="leden.csv",
            basis=Consent.Basis.ENROLMENT,
        )
    # A page sent anew reaches the other one only.
    approval = approve_dispatch(
        page=tip, networks=[network], user=user, expected_recipients=1
    )
    assert approval.recipients == 1
    # Sent again, tried again, still waiting: withheld when it comes to it.
    resolve_unknown(
        dispatch=sent, user=user, resolution=Resolution.RESEND, reason="Sure."
    )
    retry_failed(dispatch=tried["refused"].dispatch, user=user)
    deliver.deliver_due(seconds=30)
    assert [message.to for message in memory.outbox] == [fine.email]
    for row in tried.values():
        row.refresh_from_db()
        assert row.state == "suppressed"


# D11 --------------------------------------------------------------------------


def sent_to(count: int, **values: Any) -> list[Delivery]:
    """A dispatch to so many, all handed over, that still has more to send."""
    network = NetworkFactory()
    dispatch = make_dispatch(networks=[network], **values)
    members = Member.objects.bulk_create(
        Member(network=network, first_name="Zoë", email=f"m{n}@example.org")
        for n in range(count)
    )
    return Delivery.objects.bulk_create(
        Delivery(
            dispatch=dispatch,
            member=member,
            network=network,
            channel=ChannelName.EMAIL,
            language="nl",
            state=State.ACCEPTED,
            attempt=1,
            provider_id=f"pm-{member.pk}",
            address=member.email,
            due_at=timezone.now(),
        )
        for member in members
    )


def pause_of(rows: list[Delivery]) -> str | None:
    dispatch = rows[0].dispatch
    dispatch.refresh_from_db()
    return dispatch.pause_code if dispatch.paused_at else None


def report(kind: EventKind, rows: list[Delivery], **values: Any) -> None:
    receive([event(kind, row, **values) for row in rows])


@pytest.mark.parametrize(
    ("count", "bounces", "pause"),
    [
        (49, 10, None),
        (50, 2, None),
        (50, 3, "bounces"),
        (100, 5, None),
        (100, 6, "bounces"),
    ],
)
def test_d11_more_than_five_percent_of_at_least_fifty_pause_the_dispatch(
    count: int, bounces: int, pause: str | None
) -> None:
    rows = sent_to(count)
    for row in rows[:bounces]:
        report(EventKind.HARD_BOUNCE, [row])
    report(EventKind.SOFT_BOUNCE, rows[bounces : bounces + 20])
    assert pause_of(rows) == pause


@pytest.mark.parametrize(
    ("count", "complaints", "pause"),
    [(100, 2, None), (100, 3, "complaints"), (1000, 3, "complaints"), (1001, 3, None)],
)
def test_d11_three_complaints_and_three_in_a_thousand_pause_the_dispatch(
    count: int, complaints: int, pause: str | None
) -> None:
    rows = sent_to(count)
    report(EventKind.COMPLAINT, rows[:complaints])
    assert pause_of(rows) == pause


def test_d11_only_complaints_of_one_day_add_up() -> None:
    rows = sent_to(100)
    yesterday = timezone.now() - dt.timedelta(hours=25)
    report(EventKind.COMPLAINT, rows[:2], at=yesterday)
    report(EventKind.COMPLAINT, rows[2:4])
    assert pause_of(rows) is None
    report(EventKind.COMPLAINT, rows[4:5])
    assert pause_of(rows) == "complaints"


def test_d11_whoever_resumes_it_has_decided() -> None:
    rows = sent_to(100)
    waiting = make_delivery(rows[0].dispatch, state=State.QUEUED, attempt=0)
    report(EventKind.HARD_BOUNCE, rows[:6])
    assert pause_of(rows) == "bounces"
    assert deliver.deliver_due(seconds=5) == 0
    user = UserFactory(is_superuser=True)
    resume_dispatch(dispatch=rows[0].dispatch, user=user)
    report(EventKind.HARD_BOUNCE, rows[6:30])
    report(EventKind.COMPLAINT, rows[30:40])
    assert pause_of(rows) is None
    assert waiting.state == "queued"


def test_d11_a_warning_of_the_police_is_told_of_but_never_paused() -> None:
    rows = sent_to(100, purpose=Purpose.ALERTS)
    report(EventKind.HARD_BOUNCE, rows[:6])
    assert pause_of(rows) is None
    assert rows[0].dispatch.tripped_at is not None


def test_d11_what_has_gone_out_already_is_told_of() -> None:
    rows = sent_to(100, settled_at=timezone.now())
    report(EventKind.HARD_BOUNCE, rows[:6])
    assert pause_of(rows) is None
    assert rows[0].dispatch.tripped_at is not None


def test_nobody_can_be_sent_to_when_all_addresses_are_bad(tip: Any) -> None:
    member = MemberFactory()
    receive([event(EventKind.HARD_BOUNCE, make_delivery(make_dispatch(), member))])
    with pytest.raises(DispatchError):
        approve_dispatch(
            page=tip,
            networks=[member.network],
            user=UserFactory(is_superuser=True),
            expected_recipients=1,
        )
