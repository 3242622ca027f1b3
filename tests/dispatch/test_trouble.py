"""When something goes wrong: nobody lost, nobody twice, and the rest goes on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from tests.dispatch.conftest import Send, make_due, states
from tests.dispatch.doubles import DOWN, Script, channels, too_many
from tests.factories import MemberFactory
from wagtail_bin.channels.base import ChannelUnavailable, Outcome, Receipt
from wagtail_bin.dispatch import deliver, gates, ledger, sweep
from wagtail_bin.dispatch.messages import Messages
from wagtail_bin.models import (
    ChannelState,
    Delivery,
    DeliveryEvent,
    Dispatch,
    Member,
    Purpose,
)

pytestmark = pytest.mark.django_db
State = Delivery.State
Scripts = dict[str, Script]


def rest_is_over() -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    ChannelState.objects.exclude(open_until=None).update(open_until=past)


def hours_later(hours: float) -> None:
    """Move everything that the ledger knows of into the past."""
    by = dt.timedelta(hours=hours)
    for dispatch in Dispatch.objects.all():
        dispatch.expires_at -= by
        dispatch.save()
    for state in ChannelState.objects.exclude(open_until=None):
        state.open_until -= by
        state.save()


def test_f14_a_channel_that_is_told_to_wait_waits_and_refuses_nobody(
    scripts: Scripts, send: Send
) -> None:
    script = scripts["email"]
    script.answer = lambda message: too_many(50)
    send(30)
    assert deliver.deliver_due(seconds=10) == 30
    tried = len(script.tried)
    assert 0 < tried < 30
    assert states() == {"queued": 30}
    state = ChannelState.objects.get(name="email")
    wait = (state.open_until - timezone.now()).total_seconds()
    assert 40 < wait < 60
    due = Delivery.objects.filter(code="429").values_list("due_at", flat=True)
    assert len(due) == tried
    assert all(40 < (at - timezone.now()).total_seconds() < 60 for at in due)

    script.answer = lambda message: None
    make_due()
    assert deliver.deliver_due(seconds=10) == 0
    assert len(script.tried) == tried
    rest_is_over()
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 30}
    assert len(script.accepted) == 30
    assert ChannelState.objects.get(name="email").failures == 0


def test_f14_one_success_does_not_end_the_rest_that_a_provider_asked_for(
    db: Any,
) -> None:
    gates.note_failures("email", count=1, code="429", wait=50)
    gates.note_success("email")
    assert gates.failures_of("email") is None


def test_f21_a_provider_down_for_two_hours(scripts: Scripts, send: Send) -> None:
    script = scripts["email"]
    script.answer = lambda message: DOWN
    send(60, purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    tried = len(script.tried)
    # The breaker opened long before everybody was tried.
    assert tried < 30
    assert states() == {"queued": 60}
    assert gates.resting_channels() == {"email"}
    assert deliver.deliver_due(seconds=10) == 0

    pauses = []
    for _minute in range(6):
        rest_is_over()
        make_due()
        assert deliver.deliver_due(seconds=10) == 1
        state = ChannelState.objects.get(name="email")
        pauses.append((state.open_until - timezone.now()).total_seconds())
    # One message each time, after a rest twice as long.
    assert len(script.tried) == tried + 6
    expected = [60, 120, 240, 480, 600, 600]
    for pause, wanted in zip(pauses, expected, strict=True):
        assert 0.85 * wanted < pause < 1.15 * wanted
    # What the coordinators are told of.
    assert state.code == "down"
    assert state.failing_since is not None
    assert state.told_at is None

    hours_later(2)
    script.answer = lambda message: None
    make_due()
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 60}
    state.refresh_from_db()
    assert (state.failures, state.failing_since, state.open_until) == (0, None, None)


def test_f21_an_alert_that_nobody_could_take_expires_and_is_shown(
    scripts: Scripts, send: Send
) -> None:
    scripts["email"].answer = lambda message: DOWN
    dispatch = send(5, purpose=Purpose.ALERTS)
    deliver.deliver_due(seconds=10)
    hours_later(7)
    assert deliver.deliver_due(seconds=10) == 0
    assert sweep.settle().expired == 5
    assert states() == {"expired": 5}
    dispatch.refresh_from_db()
    assert dispatch.settled_at is not None
    assert scripts["email"].accepted == []


def test_f21_one_worker_looks_whether_a_channel_works_again(
    scripts: Scripts, send: Send
) -> None:
    send(5)
    gates.note_failures("email", count=9, code="down")
    rest_is_over()
    assert gates.take_probe("email")
    assert not gates.take_probe("email")
    assert deliver.deliver_due(seconds=5) == 0
    assert states() == {"queued": 5}
    # Had that worker died, another would look when its claim is over.
    rest_is_over()
    assert deliver.deliver_due(seconds=5) == 5
    assert states() == {"accepted": 5}


def test_f21_two_workers_that_want_to_look_at_once(
    scripts: Scripts, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(5)
    gates.note_failures("email", count=9, code="down")
    rest_is_over()
    original = gates.failures_of

    def look(channel: str) -> int | None:
        """Both see that the rest is over; the other one is first."""
        seen = original(channel)
        assert gates.take_probe(channel)
        return seen

    monkeypatch.setattr(gates, "failures_of", look)
    assert deliver.deliver_due(seconds=5) == 0
    assert scripts["email"].tried == []
    assert states() == {"queued": 5}


def test_f21_a_look_that_sends_nothing_is_left_to_the_next(
    scripts: Scripts, send: Send
) -> None:
    send(1)
    Member.objects.update(state=Member.State.LEFT)
    gates.note_failures("email", count=9, code="down")
    rest_is_over()
    assert deliver.deliver_due(seconds=5) == 1
    assert states() == {"suppressed": 1}
    # It does not rest until a worker that is not there has had a look.
    assert gates.failures_of("email") == 5


@pytest.mark.parametrize("kind", ["refused", "misconfigured", "broken", "crash"])
def test_f32_a_channel_that_fails_leaves_the_others_alone(
    scripts: Scripts, send: Send, network: Any, kind: str
) -> None:
    def refuse() -> None:
        raise ChannelUnavailable("refused")

    def misconfigured() -> None:
        raise LookupError("secret")

    def crash(message: Any) -> Receipt:
        raise RuntimeError("member@example.org")

    sms = scripts["sms"]
    if kind == "refused":
        sms.opening = refuse
    elif kind == "misconfigured":
        sms.opening = misconfigured
    elif kind == "broken":
        sms.answer = lambda message: DOWN
    else:
        sms.answer = crash
    by_mail = MemberFactory.create_batch(7, network=network)
    by_sms = [
        MemberFactory(network=network, email="", mobile=f"+3247000000{n}")
        for n in range(7)
    ]
    by_voice = [
        MemberFactory(network=network, email="", phone=f"+323000000{n}", consent=False)
        for n in range(7)
    ]
    send([*by_mail, *by_sms, *by_voice], channels=("sms", "email", "voice"))
    deliver.deliver_due(seconds=20)
    assert states(channel="email") == {"accepted": 7}
    assert states(channel="voice") == {"accepted": 7}
    assert sms.accepted == []
    if kind == "crash":
        # Whatever a channel does when it crashes, it may have sent the message.
        assert states(channel="sms")["unknown"] == len(sms.tried)
    else:
        assert states(channel="sms") == {"queued": 7}
    assert set(Delivery.objects.values_list("code", flat=True)) <= {
        "",
        "refused",
        "LookupError",
        "RuntimeError",
        "down",
        "not_tried",
    }


def test_f32_a_slow_channel_does_not_hold_up_another(
    scripts: Scripts, send: Send, network: Any, settings: Any
) -> None:
    order: list[str] = []
    for name in ("email", "sms"):
        scripts[name].answer = lambda message, name=name: order.append(name)  # type: ignore[misc]
    settings.WAGTAIL_BIN_CLAIM_SIZE = 4
    settings.WAGTAIL_BIN_CHANNELS = channels(
        email={"CONNECTIONS": 1, "BATCH": 2}, sms={"CONNECTIONS": 1, "BATCH": 2}
    )
    members = MemberFactory.create_batch(12, network=network)
    members += [
        MemberFactory(network=network, email="", mobile=f"+32470000{n:03}")
        for n in range(12)
    ]
    send(members, channels=("email", "sms"))
    deliver.deliver_due(seconds=20)
    assert states() == {"accepted": 24}
    lots = [order[start] for start in range(0, 24, 4)]
    assert lots == ["email", "sms"] * 3


def test_f30_an_error_before_the_call_costs_nobody(
    scripts: Scripts, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(30)
    original = Messages.compose
    calls = 0

    def fail(self: Messages, marked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise LookupError
        return original(self, marked)

    monkeypatch.setattr(Messages, "compose", fail)
    deliver.deliver_due(seconds=10)
    # Nothing is in doubt: what was marked and not sent is known as such.
    assert set(states()) == {"accepted", "queued"}
    make_due()
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 30}
    assert len(scripts["email"].tried) == 30


def test_f10_a_reply_is_remembered_while_the_database_is_away(
    scripts: Scripts, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(12)
    original = ledger.record
    failures = 0

    def fail_twice(**arguments: Any) -> None:
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise OperationalError("server closed the connection")
        original(**arguments)

    class Outside:
        """As it is in life: no test's transaction around it."""

        in_atomic_block = False

        def close(self) -> None:
            pass

    monkeypatch.setattr(ledger, "record", fail_twice)
    monkeypatch.setattr(deliver, "connection", Outside())
    monkeypatch.setattr(deliver, "LOOK_UP", 0.01)
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 12}
    assert len(scripts["email"].tried) == 12


def test_f10_other_calls_are_recorded_when_one_cannot_be(
    scripts: Scripts, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(30)
    original = ledger.record
    failures = 0

    def fail_once(**arguments: Any) -> None:
        nonlocal failures
        failures += 1
        if failures == 1:
            raise OperationalError
        original(**arguments)

    monkeypatch.setattr(ledger, "record", fail_once)
    with pytest.raises(OperationalError):
        deliver.deliver_due(seconds=10)
    found = states()
    # Two parts were under way; of the second, what no call had begun yet went
    # back with the rest.
    assert found["sending"] > 0
    assert found["accepted"] > 0
    assert found.keys() == {"sending", "accepted", "queued"}
    assert len(scripts["email"].tried) == found["sending"] + found["accepted"]


def test_i06_recording_an_attempt_twice_is_recording_it_once(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(1)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    marked = ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
    results = [(row, Receipt(Outcome.ACCEPTED, "id", "250", "smtp")) for row in marked]
    ledger.record(owner="x", results=results)
    ledger.record(owner="x", results=results)
    assert states() == {"accepted": 1}
    assert DeliveryEvent.objects.count() == 1


def test_i03_a_late_reply_does_not_touch_the_next_attempt(
    scripts: Scripts, send: Send
) -> None:
    dispatch = send(1, purpose=Purpose.ALERTS)
    take = {"dispatch_id": dispatch.pk, "channel": "email", "limit": 1}
    mark = {"dispatch": dispatch, "channel": "email"}
    ids = ledger.claim(owner="slow", **take)
    (first,) = ledger.mark_sending(owner="slow", ids=ids, **mark)
    Delivery.objects.update(state=State.QUEUED, claimed_by="", lease_until=None)
    ids = ledger.claim(owner="quick", **take)
    (second,) = ledger.mark_sending(owner="quick", ids=ids, **mark)
    assert (first.attempt, second.attempt) == (1, 2)
    refused = Receipt(Outcome.REJECTED, code="550", source="double")
    ledger.record(owner="slow", results=[(first, refused)])
    # Neither with the one half of what it takes nor with the other.
    ledger.record(owner="slow", results=[(second, refused)])
    ledger.record(owner="quick", results=[(first, refused)])
    row = Delivery.objects.get()
    assert (row.state, row.claimed_by, row.attempt) == ("sending", "quick", 2)
    accepted = Receipt(Outcome.ACCEPTED, "id", "250", "double")
    ledger.record(owner="quick", results=[(second, accepted)])
    assert states() == {"accepted": 1}


def test_i03_a_row_is_marked_before_the_call_with_when_and_by_whom(
    scripts: Scripts, send: Send
) -> None:
    seen: list[tuple[Any, ...]] = []
    dispatch = send(1)
    ids = ledger.claim(owner="x", dispatch_id=dispatch.pk, channel="email", limit=1)
    ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
    seen = list(Delivery.objects.values_list("state", "attempt", "claimed_by"))
    assert seen == [("sending", 1, "x")]
    row = Delivery.objects.get()
    assert row.tried_at is not None
    assert row.lease_until > row.tried_at
