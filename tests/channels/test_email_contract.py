"""E-mail over SMTP keeps what every channel promises."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from example_site.mail_sink import free_port
from tests.channels.contract import ChannelContract
from wagtail_bin.channels.email import EmailChannel


class MailServer:
    """An SMTP server on loopback that does as it is told."""

    def __init__(self) -> None:
        self.what = "accept"
        self.received: list[list[str]] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()

    def channel(self) -> EmailChannel:
        return EmailChannel()

    def does(self, what: str) -> None:
        self.what = what
        if what == "down":
            self.stop()

    def stop(self) -> None:
        if self.controller.server is not None:
            self.controller.stop()

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: Any,
    ) -> str:
        if self.what == "refuse":
            return f"550 5.1.1 <{address}> unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.received.append(list(envelope.rcpt_tos))
        if self.what == "silent":
            await asyncio.sleep(3)
        elif self.what == "reset":
            transport: Any = server.transport
            transport.abort()
        return "It works!" if self.what == "garble" else "250 OK"


class TestEmailContract(ChannelContract):
    recipients = ["an@example.org", "bo@example.org", "cy@example.org"]
    unsafe_recipients = [
        "an@example.org, bo@example.org",
        "an@example.org;bo@example.org",
        "an@example.org\nBcc: evil@x.be",
        "An <an@example.org>",
        "an",
        "",
    ]
    has_headers = True
    foreign_loggers = {"mail.log"}
    inapplicable = {
        "limit": "SMTP's 421 and 450 do not say how long to wait",
        "fail": "SMTP's reply codes all say whether the message was taken",
    }

    def make_provider(self) -> MailServer:
        return MailServer()

    @pytest.fixture(autouse=True)
    def backend(self, settings: Any, provider: MailServer) -> None:
        # Django's test set-up puts its own backend in place of the real one.
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = "127.0.0.1"
        settings.EMAIL_PORT = provider.controller.port
