"""Who is told of what: once, in their language, without a name or an address."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone, translation
from wagtail.users.models import UserProfile

from tests.factories import MandateFactory, MemberFactory, NetworkFactory, UserFactory
from tests.ledgers import event, make_delivery, make_dispatch
from wagtail_bin.channels.events import EventKind
from wagtail_bin.dispatch import notices, tasks
from wagtail_bin.dispatch.notices import HEADERS, Told, tell
from wagtail_bin.dispatch.receipts import receive
from wagtail_bin.models import (
    ChannelState,
    Delivery,
    Dispatch,
    NetworkNotice,
    Role,
    Suppression,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def network() -> Any:
    return NetworkFactory(name="BIN Überheide")


def bounce(network: Any, kind: EventKind = EventKind.HARD_BOUNCE) -> Delivery:
    row = make_delivery(make_dispatch(), MemberFactory(network=network))
    receive([event(kind, row)])
    return row


def later(**ago: float) -> None:
    """Let time pass for the notices."""
    for notice in NetworkNotice.objects.all():
        notice.told_at = notice.told_at and notice.told_at - dt.timedelta(**ago)
        notice.due_at = notice.due_at and notice.due_at - dt.timedelta(**ago)
        notice.save()


def recipients() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


@pytest.mark.parametrize("kind", [EventKind.HARD_BOUNCE, EventKind.COMPLAINT])
def test_d09_d05_coordinators_are_told_without_personal_data(
    network: Any, kind: EventKind
) -> None:
    users = [
        MandateFactory(network=network, role=role).user
        for role in (Role.COORDINATOR, Role.DEPUTY_COORDINATOR)
    ]
    MandateFactory(network=network, role=Role.PREVENTION_OFFICER)
    MandateFactory(network=network, role=Role.COORDINATOR, ends_on=dt.date(2020, 1, 2))
    MandateFactory(role=Role.COORDINATOR)
    row = bounce(network, kind)
    assert tell() == Told(networks=1)
    assert recipients() == sorted(user.email for user in users)
    for message in mail.outbox:
        assert len(message.to) == 1
        assert message.cc == message.bcc == []
        assert message.extra_headers == HEADERS
        said = f"{message.subject} {message.body}"
        assert "BIN Überheide" in said
        assert "http://testserver/admin/" in said
        for secret in (row.address, row.member.first_name, row.member.last_name):
            assert secret not in said


def test_f21_prevention_officers_are_told_where_there_is_no_coordinator(
    network: Any,
) -> None:
    municipality = network.municipality
    officer = MandateFactory(
        network=None, municipality=municipality, role=Role.PREVENTION_OFFICER
    ).user
    MandateFactory(network=network, role=Role.MAYOR)
    bounce(network)
    tell()
    assert recipients() == [officer.email]


def test_once_a_day_and_network_at_most(network: Any) -> None:
    MandateFactory(network=network)
    bounce(network)
    bounce(network)
    assert tell() == Told(networks=1)
    bounce(network)
    assert tell() == Told()
    later(hours=23)
    assert tell() == Told()
    later(hours=2)
    assert tell() == Told(networks=1)
    later(days=3)
    assert tell() == Told()
    assert len(mail.outbox) == 2
    assert "3" in mail.outbox[1].body


def test_nothing_is_told_that_is_no_longer_true(network: Any) -> None:
    MandateFactory(network=network)
    bounce(network)
    Suppression.objects.all().delete()
    assert tell() == Told()
    assert mail.outbox == []
    assert NetworkNotice.objects.get().due_at is None


def test_each_user_is_told_in_the_language_of_their_admin(
    network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is translated, and what not yet, is the catalogues' matter.
    monkeypatch.setattr(
        notices,
        "_bad_addresses",
        lambda network: notices.Notice(f"in {translation.get_language()}", ""),
    )
    wanted = {}
    for language in ("fr", "de", ""):
        user = MandateFactory(network=network).user
        UserProfile.objects.create(user=user, preferred_language=language)
        wanted[user.email] = f"in {language or 'nl'}"
    wanted[MandateFactory(network=network).user.email] = "in nl"
    bounce(network)
    tell()
    assert {m.to[0]: m.subject for m in mail.outbox} == wanted
    assert translation.get_language() == "nl"


def test_whoever_has_no_address_or_account_is_left_out(network: Any) -> None:
    MandateFactory(network=network, user=UserFactory(email=""))
    MandateFactory(network=network, user=UserFactory(is_active=False))
    MandateFactory(network=network, user=None)
    bounce(network)
    assert tell() == Told()
    assert mail.outbox == []


class BrokenBackend(EmailBackend):
    """Refuses everything."""

    def send_messages(self, messages: Any) -> int:
        raise OSError(f"no route for {messages[0].to}")


def test_when_mail_fails_it_is_tried_again_later(
    network: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    user = MandateFactory(network=network).user
    bounce(network)
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    assert tell() == Told()
    assert user.email not in caplog.text
    assert "OSError" in caplog.text
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert tell() == Told()
    cache.clear()
    assert tell() == Told(networks=1)


def tripped(network: Any, **values: Any) -> Dispatch:
    dispatch = make_dispatch(networks=[network], **values)
    rows = [
        make_delivery(
            dispatch, MemberFactory(network=network, email=f"m{n}@example.org")
        )
        for n in range(50)
    ]
    receive([event(EventKind.HARD_BOUNCE, row) for row in rows[:3]])
    dispatch.refresh_from_db()
    return dispatch


def test_d11_whoever_sent_it_is_told_that_it_is_paused(network: Any) -> None:
    user = MandateFactory(network=network, role=Role.WEB_EDITOR).user
    dispatch = tripped(network, approved_by=user, title="Donkere\r\nBcc: x@y.example")
    assert dispatch.pause_code == "bounces"
    assert tell() == Told(dispatches=1)
    (message,) = mail.outbox
    assert message.to == [user.email]
    assert "\n" not in message.subject
    assert f"http://testserver/admin/bin/dispatches/{dispatch.pk}/" in message.body
    assert re.search(r"\b50\b", message.body)
    assert re.search(r"\b3\b", message.body)
    assert "@" not in message.body.replace("x@y.example", "")
    assert tell() == Told()


def test_d11_where_the_sender_is_gone_those_who_may_send_are_told(
    network: Any,
) -> None:
    officer = MandateFactory(network=network, role=Role.MANDATED_OFFICER).user
    MandateFactory(network=network, role=Role.MAYOR)
    MandateFactory(role=Role.MANDATED_OFFICER)
    gone = UserFactory(is_active=False)
    dispatch = tripped(network, approved_by=gone, settled_at=timezone.now())
    assert dispatch.paused_at is None
    assert tell() == Told(dispatches=1)
    assert recipients() == [officer.email]


def failing(hours: float, name: str = "sms") -> ChannelState:
    since = timezone.now() - dt.timedelta(hours=hours)
    return ChannelState.objects.create(name=name, failures=9, failing_since=since)


def test_f21_whoever_waits_for_a_channel_that_fails_for_long_is_told(
    network: Any,
) -> None:
    sender = MandateFactory(network=network, role=Role.WEB_EDITOR).user
    officer = MandateFactory(network=network, role=Role.PREVENTION_OFFICER).user
    MandateFactory(network=network, role=Role.COORDINATOR)
    MandateFactory(role=Role.PREVENTION_OFFICER)
    make_dispatch(networks=[network], approved_by=sender, channels=["email", "sms"])
    make_dispatch(networks=[network], approved_by=officer, channels=["sms"])
    make_dispatch(channels=["email"], approved_by=UserFactory())
    make_dispatch(
        channels=["sms"], approved_by=UserFactory(), settled_at=timezone.now()
    )
    state = failing(hours=0.9)
    assert tell() == Told()
    state.failing_since = timezone.now() - dt.timedelta(hours=1.1)
    state.save()
    assert tell() == Told(channels=1)
    assert recipients() == sorted([sender.email, officer.email])
    assert "sms" in mail.outbox[0].subject
    assert "http://testserver/admin/bin/dispatches/" in mail.outbox[0].body
    assert tell() == Told()


def test_f21_a_channel_that_nothing_waits_for_bothers_nobody() -> None:
    failing(hours=5)
    assert tell() == Told()
    assert ChannelState.objects.get().told_at is None


def test_the_sweep_matches_what_is_held_and_tells(network: Any, settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": "wagtail_bin.channels.memory.MemoryChannel"
    }
    MandateFactory(network=network)
    receive([event(EventKind.HARD_BOUNCE, provider_id="pm-1")])
    row = make_delivery(
        make_dispatch(), MemberFactory(network=network), provider_id="pm-1"
    )
    tasks.sweep()
    row.refresh_from_db()
    assert row.report == "hard_bounce"
    assert len(mail.outbox) == 1


def test_each_user_is_told_once_however_many_mandates(network: Any) -> None:
    user = UserFactory()
    for role in (Role.COORDINATOR, Role.DEPUTY_COORDINATOR):
        MandateFactory(network=network, role=role, user=user)
    bounce(network)
    tell()
    assert recipients() == [user.email]
    assert get_user_model().objects.count() == 1
