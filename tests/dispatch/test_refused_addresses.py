"""D09 at our own server: an address that it refuses for good is suppressed at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.channels.smtp_server import SmtpServer
from tests.dispatch.conftest import Send, states
from tests.factories import MemberFactory, UserFactory
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import consequences, deliver, ledger
from wagtail_bin.dispatch.control import retry_failed
from wagtail_bin.dispatch.ledger import Marked
from wagtail_bin.dispatch.pace import Pace
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.models import (
    DeliveryEvent,
    Dispatch,
    Member,
    NetworkNotice,
    Suppression,
)
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db

GONE = {"RCPT": "550 5.1.1 User unknown"}


class SignsMail(EmailBackend):
    """Changes what is sent, so that Django sends it and not our own session."""

    def _send(self, message: Any) -> Any:
        return super()._send(message)  # type: ignore[misc]


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    """Where the project's mail goes, over one connection."""
    server = SmtpServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": {
            "BACKEND": "wagtail_bin.channels.email.EmailChannel",
            "CONNECTIONS": 1,
            "BATCH": 10,
        }
    }
    Pace.limits.clear()
    with server.running() as settings.EMAIL_PORT:
        yield server


def barred() -> dict[str, str]:
    return dict(Suppression.objects.values_list("digest", "reason"))


def told_of() -> set[int]:
    due = NetworkNotice.objects.filter(due_at__lte=timezone.now())
    return set(due.values_list("network", flat=True))


def kinds() -> list[str]:
    return list(DeliveryEvent.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    "backend",
    [
        "django.core.mail.backends.smtp.EmailBackend",
        "tests.dispatch.test_refused_addresses.SignsMail",
    ],
)
def test_d09_an_address_that_our_server_refuses_for_good_is_suppressed_at_once(
    server: SmtpServer, send: Send, network: Any, settings: Any, backend: str
) -> None:
    settings.EMAIL_BACKEND = backend
    members = MemberFactory.create_batch(3, network=network)
    server.scripts = [{}, GONE, {}]
    send(members)
    deliver.deliver_due(seconds=30)
    assert states() == {"accepted": 2, "rejected": 1}
    [refused] = Member.objects.filter(deliveries__state="rejected")
    assert barred() == {address_digest(refused.email): "bounce"}
    assert told_of() == {network.pk}
    assert sorted(kinds()) == ["accepted", "accepted", "rejected_for_good"]
    assert [found for found in verify() if found.count] == []


def test_d09_d10_nobody_writes_to_it_again(
    server: SmtpServer, send: Send, network: Any
) -> None:
    server.scripts = [GONE]
    dispatch = send(1)
    deliver.deliver_due(seconds=30)
    retry_failed(dispatch=dispatch, user=UserFactory(is_superuser=True))
    deliver.deliver_due(seconds=30)
    assert states() == {"suppressed": 1}
    assert server.mails == []
    assert sum(line.startswith("RCPT") for line in server.lines) == 1


@pytest.mark.parametrize(
    ("reply", "is_dead"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 5.1.2 Domain not found", True),
        ("553 5.1.3 Bad address syntax", True),
        ("551 5.1.6 Mailbox has moved", True),
        ("556 5.1.10 Recipient address has null MX", True),
        ("550 5.2.1 Mailbox disabled", True),
        ("550 5.4.1 Recipient address rejected: Access denied", True),
        ("550-5.1.1 No such user\r\n550 5.1.1 see 5.7.1.example", True),
        # What lies with the sender, the contents, the moment.
        ("550 5.1.8 Bad sender address", False),
        ("550 5.7.1 Access denied", False),
        ("550 5.7.27 Sender address has null MX", False),
        ("550 5.2.2 Mailbox full", False),
        ("554 5.7.1 Relay access denied", False),
        ("550 5.1.1 relay not permitted", False),
        ("450 4.1.1 User unknown, for now", False),
        ("450 5.1.1 A server that contradicts itself", False),
        # Of whom or what nobody can tell.
        ("550 5.1.0 Address rejected", False),
        ("550 No such user", False),
        ("550 Domain has exceeded the max emails per hour", False),
        ("550 192.5.1.1 is listed", False),
        ("550 5.1.1.7 is listed", False),
    ],
)
def test_d09_only_a_status_code_about_the_address_condemns_it(
    server: SmtpServer, send: Send, reply: str, is_dead: bool
) -> None:
    server.actions = {"RCPT": reply}
    send(1)
    deliver.deliver_due(seconds=30)
    assert bool(barred()) is is_dead
    assert ("rejected_for_good" in kinds()) is is_dead


def test_d09_a_server_that_looks_for_the_mailbox_last_is_believed_too(
    server: SmtpServer, send: Send
) -> None:
    server.actions = {"CONTENT": "550 5.1.1 User unknown"}
    send(1)
    deliver.deliver_due(seconds=30)
    assert set(barred().values()) == {"bounce"}


def test_d09_what_a_test_address_does_says_nothing_of_the_member(
    server: SmtpServer, send: Send, settings: Any
) -> None:
    settings.WAGTAIL_BIN_OVERRIDE_RECIPIENTS = {"email": ["test@example.org"]}
    server.actions = GONE
    send(1)
    deliver.deliver_due(seconds=30)
    assert states() == {"rejected": 1}
    assert barred() == {}
    assert told_of() == set()


def test_d09_recorded_twice_it_counts_once(send: Send, network: Any) -> None:
    """The commit succeeds, and the answer to it is lost."""
    results = refused(send(2), 2)
    record(results)
    before = [states(), barred(), kinds(), list(NetworkNotice.objects.values())]
    assert told_of() == {network.pk}
    record(results)
    after = [states(), barred(), kinds(), list(NetworkNotice.objects.values())]
    assert after == before


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_d09_the_outcome_and_what_follows_from_it_are_written_together(
    server: SmtpServer, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = consequences.news.note
    seen: list[Any] = []

    def lose_the_database(networks: Any) -> None:
        if not seen:
            raise OperationalError
        note(networks)

    def look(_seconds: float) -> None:
        seen.append((states(), barred(), kinds()))

    monkeypatch.setattr(consequences.news, "note", lose_the_database)
    monkeypatch.setattr(deliver.time, "sleep", look)
    server.actions = GONE
    send(1)
    deliver.deliver_due(seconds=30)
    assert seen == [({"sending": 1}, {}, [])]
    assert states() == {"rejected": 1}
    assert kinds() == ["rejected_for_good"]
    assert len(barred()) == len(told_of()) == 1


def test_d09_any_number_costs_the_same_queries(send: Send) -> None:
    dispatch = send(12)
    counts = []
    for number in (2, 10):
        results = refused(dispatch, number)
        with CaptureQueriesContext(connection) as queries:
            record(results)
        counts.append(len(queries))
    assert len(barred()) == 12
    assert counts[0] == counts[1]


def refused(dispatch: Dispatch, number: int) -> list[tuple[Marked, Receipt]]:
    """So many more deliveries, marked, whose addresses do not exist."""
    ids = ledger.claim(
        owner="owner", dispatch_id=dispatch.pk, channel="email", limit=number
    )
    marked = ledger.mark_sending(
        owner="owner", ids=ids, dispatch=dispatch, channel="email"
    )
    gone = Receipt(Outcome.REJECTED, "", "550", "smtp", is_permanent=True)
    return [(row, gone) for row in marked]


def record(results: list[tuple[Marked, Receipt]]) -> None:
    """As a worker does."""
    ledger.record(owner="owner", results=results)
    consequences.suppress_refused(results)
