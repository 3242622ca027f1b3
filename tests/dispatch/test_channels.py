"""By which channel, at which address, how often, and how fast."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from tests.dispatch.conftest import Send, make_due, states
from tests.dispatch.doubles import Script, channels
from tests.factories import MemberFactory, UserFactory
from wagtail_bin.channels.base import Outcome, OutgoingMessage, Receipt
from wagtail_bin.dispatch import control, deliver, gates, sweep
from wagtail_bin.dispatch.pace import FIRST_LIMIT, LARGEST_LIMIT, Pace
from wagtail_bin.models import Delivery, DomainState, Member, Purpose

pytestmark = pytest.mark.django_db
State = Delivery.State
Scripts = dict[str, Script]
BUSY = Receipt(Outcome.RETRY, code="450", source="double")


def test_a_member_without_email_is_reached_by_the_next_channel(
    scripts: Scripts, send: Send, network: Any
) -> None:
    by_mail = MemberFactory(network=network, mobile="+32470000001")
    by_sms = MemberFactory(network=network, email="", mobile="+32470000002")
    by_voice = MemberFactory(network=network, email="", phone="+3236000001")
    send([by_mail, by_sms, by_voice], channels=("email", "sms", "voice"))
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 3}
    reached = {
        name: [message.to for message in script.accepted]
        for name, script in scripts.items()
        if script.accepted
    }
    assert reached == {
        "email": [by_mail.email],
        "sms": [by_sms.mobile],
        "voice": [by_voice.phone],
    }


def test_a_post_is_made_once_whatever_becomes_of_it(
    scripts: Scripts, send: Send, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = channels(
        email={}, social={"OPTIONS": {"TARGETS": {"mastodon": "x", "matrix": "y"}}}
    )
    unknown = Receipt(Outcome.UNKNOWN, code="timeout", source="double")
    script = scripts["social"]
    script.answer = lambda message: unknown if message.to == "matrix" else None
    dispatch = send(1, purpose=Purpose.ALERTS, channels=("email", "social"))
    assert dispatch.recipients == 3
    deliver.deliver_due(seconds=10)
    assert Counter(message.to for message in script.tried) == {
        "mastodon": 1,
        "matrix": 1,
    }
    posts = dict(
        dispatch.deliveries.filter(network=None).values_list("target", "state")
    )
    assert posts == {"mastodon": "accepted", "matrix": "unknown"}
    # Urgent or not: what may stand there already is not posted again by itself.
    Delivery.objects.update(settled_at=timezone.now() - timezone.timedelta(hours=1))
    sweep.settle()
    make_due()
    deliver.deliver_due(seconds=10)
    assert len(script.tried) == 2
    control.resolve_unknown(
        dispatch=dispatch,
        user=UserFactory(is_superuser=True),
        resolution=control.Resolution.RESEND,
        reason="It is not there.",
    )
    script.answer = lambda message: None
    deliver.deliver_due(seconds=10)
    assert [message.to for message in script.accepted] == ["mastodon", "matrix"]
    assert states() == {"accepted": 3}


def test_p17_outside_production_everything_goes_to_test_addresses(
    scripts: Scripts, send: Send, network: Any, settings: Any
) -> None:
    settings.WAGTAIL_BIN_OVERRIDE_RECIPIENTS = {
        "email": ["a@test.example", "b@test.example"]
    }
    members = MemberFactory.create_batch(6, network=network)
    by_sms = MemberFactory(network=network, email="", mobile="+32470000001")
    send([*members, by_sms], channels=("email", "sms"))
    deliver.deliver_due(seconds=10)
    to = {message.to for message in scripts["email"].accepted}
    assert to == {"a@test.example", "b@test.example"}
    # A channel without test addresses sends nothing at all.
    assert scripts["sms"].tried == []
    assert states(channel="sms") == {"rejected": 1}
    assert Delivery.objects.get(channel="sms").code == "no_test_address"
    assert states(channel="email") == {"accepted": 6}


def test_d12_a_domain_that_is_busy_waits_and_the_others_do_not(
    scripts: Scripts, send: Send, network: Any
) -> None:
    script = scripts["email"]
    script.answer = lambda message: BUSY if "@slow.example" in message.to else None
    slow = [MemberFactory(network=network, email=f"{n}@slow.example") for n in range(9)]
    fine = [MemberFactory(network=network, email=f"{n}@fine.example") for n in range(9)]
    send([*slow, *fine])
    for _turn in range(4):
        make_due()
        deliver.deliver_due(seconds=10)
    assert states(member__email__endswith="@fine.example") == {"accepted": 9}
    assert states(member__email__endswith="@slow.example") == {"queued": 9}
    assert gates.resting_channels() == set()
    # After three refusals in a row it is left alone.
    waiting = gates.slow_domains()
    assert set(waiting) == {"slow.example"}
    before = len(script.tried)
    make_due()
    deliver.deliver_due(seconds=10)
    assert len(script.tried) == before

    script.answer = lambda message: None
    DomainState.objects.update(slow_until=timezone.now())
    make_due()
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 18}
    assert not DomainState.objects.exists()


def test_d12_a_domain_gets_five_connections_and_more_as_it_takes_mail(
    scripts: Scripts, send: Send, network: Any, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = channels(email={"CONNECTIONS": 30, "BATCH": 2})
    side_by_side: list[int] = []
    lock = threading.Lock()
    under_way = 0
    moment = threading.Event()

    def count(message: OutgoingMessage) -> None:
        nonlocal under_way
        with lock:
            under_way += 1
            side_by_side.append(under_way)
        moment.wait(0.02)
        with lock:
            under_way -= 1

    scripts["email"].answer = count
    send([MemberFactory(network=network, email=f"{n}@big.example") for n in range(60)])
    deliver.deliver_due(seconds=20)
    assert states() == {"accepted": 60}
    # Two parts of a batch are under way at a time.
    assert max(side_by_side[:10]) <= 2 * FIRST_LIMIT
    assert FIRST_LIMIT < Pace.limits["big.example"] <= LARGEST_LIMIT


def test_d12_who_says_later_gets_half_as_many_connections() -> None:
    Pace.limits.clear()
    pace = Pace("email", is_shaky=False, is_probe=False, is_batched=False)
    ready: list[Any] = [
        (None, OutgoingMessage(reference="", to=f"{n}@x.example", content=None))  # type: ignore[arg-type]
        for n in range(20)
    ]
    assert len(pace.shares(ready, 20)) == FIRST_LIMIT
    Pace.limits["x.example"] = 2.5
    assert len(pace.shares(ready, 20)) == 2
    shares = pace.shares(ready, 20)
    assert sorted(index for share in shares for index in share) == list(range(20))
    Pace.limits.clear()


def test_two_members_with_one_address_get_a_message_each(
    scripts: Scripts, send: Send, network: Any, settings: Any
) -> None:
    scripts["email"].batch = 10
    couple = [MemberFactory(network=network, email="both@x.example") for _n in range(2)]
    send([*couple, MemberFactory(network=network)])
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 3}
    for call in scripts["email"].calls:
        assert len({message.to for message in call}) == len(call)
    references = {message.reference for message in scripts["email"].accepted}
    assert len(references) == 3


@pytest.mark.parametrize("change", ["unsubscribe", "bounce", "erase", "leave"])
def test_f28_between_the_claim_and_the_mark_a_no_still_counts(
    scripts: Scripts,
    send: Send,
    network: Any,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    from wagtail_bin.membership.consent import withdraw_consent
    from wagtail_bin.models import ChannelName, Consent, Suppression

    kept, gone = MemberFactory.create_batch(2, network=network)
    send([kept, gone])

    def act() -> None:
        if change == "unsubscribe":
            withdraw_consent(
                member_id=gone.pk,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                basis=Consent.Basis.ONE_CLICK,
            )
        elif change == "bounce":
            Suppression.objects.create(digest=gone.email_digest, reason="bounce")
        elif change == "erase":
            Member.objects.get(pk=gone.pk).delete()
        else:
            Member.objects.filter(pk=gone.pk).update(state=Member.State.LEFT)

    monkeypatch.setattr("wagtail_bin.faults.point", lambda name: name == "K3" and act())
    deliver.deliver_due(seconds=10)
    assert states() == {"accepted": 1, "suppressed": 1}
    assert [message.to for message in scripts["email"].tried] == [kept.email]
