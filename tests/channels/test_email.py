"""E-mail: every reply of a server becomes a receipt that says what is known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from anymail.exceptions import AnymailRequestsAPIError

from example_site.mail_sink import free_port
from tests.conftest import MailSink
from wagtail_bin.channels.base import (
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
)
from wagtail_bin.channels.email import EmailChannel

ADDRESS = "zoe@example.org"


def message(**changes: Any) -> OutgoingMessage:
    shared = {
        "from_email": "BIN <bin@heidebeek.example>",
        "subject": "Donkere maanden",
        "text": "Sluit af.",
        "html": "<p>Sluit af.</p>",
    }
    own = {
        "reference": "1.1.x",
        "to": ADDRESS,
        "message_id": "<1.1.x@heidebeek.example>",
    }
    for name in shared.keys() & changes:
        shared[name] = changes.pop(name)
    return OutgoingMessage(content=Content(**shared), **(own | changes))


class Handler:
    """A server that answers as told, stage by stage."""

    def __init__(self) -> None:
        self.rcpt = self.data = "250 OK"
        self.mail = "250 OK"
        self.drop = False
        self.received = 0

    async def handle_MAIL(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: Any,
    ) -> str:
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: Any,
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.received += 1
        if self.drop:
            transport: Any = server.transport
            transport.abort()
        return self.data


@pytest.fixture
def server(settings: Any) -> Iterator[Handler]:
    handler = Handler()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield handler
    controller.stop()


def test_one_connection_carries_many_messages(sink: MailSink) -> None:
    with EmailChannel() as channel:
        receipts = [
            channel.send(message(to=f"m{n}@example.org", message_id=f"<{n}@x.example>"))
            for n in range(5)
        ]
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert [receipt.provider_id for receipt in receipts] == [
        mail["Message-ID"] for mail in sink.messages
    ]


@pytest.mark.parametrize(
    ("stage", "reply", "outcome", "code"),
    [
        ("rcpt", "550 5.1.1 <zoe@example.org> unknown", Outcome.REJECTED, "550"),
        ("rcpt", "451 4.7.1 greylisted", Outcome.RETRY, "451"),
        ("mail", "550 5.7.1 sender not allowed", Outcome.RETRY, "550"),
        ("data", "554 5.6.0 refused", Outcome.REJECTED, "554"),
        ("data", "452 4.3.1 disk full", Outcome.RETRY, "452"),
        ("rcpt", "421 4.7.0 too many messages", Outcome.RETRY, "421"),
        ("mail", "421 4.7.0 too many messages", Outcome.RETRY, "421"),
    ],
)
def test_f16_a_reply_decides(
    server: Handler, stage: str, reply: str, outcome: Outcome, code: str
) -> None:
    setattr(server, stage, reply)
    with EmailChannel() as channel:
        receipt = channel.send(message())
        setattr(server, stage, "250 OK")
        again = channel.send(message())
    assert (receipt.outcome, receipt.code) == (outcome, code)
    assert again.outcome is Outcome.ACCEPTED


def test_f16_a_connection_lost_after_the_content_is_unknown_and_a_new_one_is_made(
    server: Handler,
) -> None:
    server.drop = True
    with EmailChannel() as channel:
        receipt = channel.send(message())
        server.drop = False
        again = channel.send(message())
    assert receipt.outcome is Outcome.UNKNOWN
    assert again.outcome is Outcome.ACCEPTED
    assert server.received == 2


def test_f16_no_server_means_nothing_was_sent(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
        pass
    assert caught.value.code == "ConnectionRefusedError"


def test_p13_no_address_in_the_log(
    server: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    server.rcpt = f"550 5.1.1 <{ADDRESS}> unknown"
    with caplog.at_level(logging.DEBUG, "wagtail_bin"), EmailChannel() as channel:
        channel.send(message())
    assert caplog.records
    assert "zoe" not in caplog.text


UNSAFE: dict[str, Callable[[], OutgoingMessage]] = {
    "address": lambda: message(to="c@d.be\r\nBcc: evil@x.be"),
    "two addresses": lambda: message(to="a@example.org, b@example.org"),
    "route": lambda: message(to="a@example.org;b@example.org"),
    "named": lambda: message(to="B <a@example.org>"),
    "subject": lambda: message(subject="x\r\nBcc: evil@x.be"),
    "subject separator": lambda: message(subject="x\u2028Bcc: evil@x.be"),
    "from": lambda: message(from_email="a@example.org\nBcc: evil@x.be"),
    "reply-to": lambda: message(reply_to="a@example.org\nBcc: evil@x.be"),
    "header value": lambda: message(headers={"List-Id": "x\nBcc: evil@x.be"}),
    "header name": lambda: message(headers={"X\nBcc": "evil@x.be"}),
    "header bcc": lambda: message(headers={"bcc": "evil@x.be"}),
    "header cc": lambda: message(headers={"Cc": "evil@x.be"}),
    "nul": lambda: message(subject="x\x00y"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_i07_s14_unsafe_messages_never_reach_the_server(
    sink: MailSink, case: str
) -> None:
    with EmailChannel() as channel:
        receipt = channel.send(UNSAFE[case]())
    assert receipt.outcome is Outcome.REJECTED
    assert receipt.source == "guard"
    assert sink.messages == []


@pytest.mark.parametrize(
    ("status", "identifier", "outcome"),
    [
        ("queued", "abc", Outcome.ACCEPTED),
        ("sent", "abc", Outcome.ACCEPTED),
        ("queued", None, Outcome.UNKNOWN),
        ("rejected", "abc", Outcome.REJECTED),
        ("invalid", None, Outcome.REJECTED),
        ("unknown", None, Outcome.UNKNOWN),
    ],
)
def test_i04_f18_a_providers_status_needs_an_id_to_count_as_accepted(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    identifier: str | None,
    outcome: Outcome,
) -> None:
    from anymail.backends.test import EmailBackend
    from anymail.message import AnymailRecipientStatus

    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    sent: list[Any] = []

    def reply(self: Any, response: Any, payload: Any, mail: Any) -> Any:
        sent.append(mail)
        return {ADDRESS: AnymailRecipientStatus(identifier, status)}

    monkeypatch.setattr(EmailBackend, "parse_recipient_status", reply)
    with EmailChannel() as channel:
        receipt = channel.send(message())
    assert receipt.outcome is outcome
    assert sent[0].metadata == {"delivery": "1.1.x"}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (429, Outcome.RETRY),
        (401, Outcome.RETRY),
        (422, Outcome.REJECTED),
        (500, Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
def test_f14_f15_a_providers_error_is_classified(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
    outcome: Outcome,
) -> None:
    from anymail.backends.test import EmailBackend

    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"

    def fail(self: Any, payload: Any, mail: Any) -> Any:
        error = AnymailRequestsAPIError("zoe@example.org")
        error.status_code = status
        raise error

    monkeypatch.setattr(EmailBackend, "post_to_esp", fail)
    with EmailChannel() as channel:
        assert channel.send(message()).outcome is outcome
