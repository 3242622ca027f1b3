"""E-mail: the right way over whatever backend the project has."""

from __future__ import annotations

import logging
import smtplib
from pathlib import Path
from typing import Any, ClassVar

import pytest
from anymail.exceptions import AnymailRequestsAPIError
from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.locmem import EmailBackend as Locmem
from django.core.mail.backends.smtp import EmailBackend as DjangoSmtp

from tests.channels.messages import (
    ADDRESS,
    make_message,
    personal_content,
    personal_message,
)
from tests.conftest import MailSink
from wagtail_bin.channels.base import ChannelUnavailable, Outcome, Receipt
from wagtail_bin.channels.email import EmailChannel


def test_one_connection_carries_many_messages(sink: MailSink) -> None:
    with EmailChannel() as channel:
        receipts = [
            channel.send(make_message(to=f"m{n}@example.org", message_id=f"<{n}@x.be>"))
            for n in range(5)
        ]
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert [receipt.provider_id for receipt in receipts] == [
        mail["Message-ID"] for mail in sink.messages
    ]


def test_a_list_of_messages_goes_one_by_one_over_smtp(sink: MailSink) -> None:
    content = personal_content()
    with EmailChannel(batch_limit=500) as channel:
        assert channel.batch_limit == 1
        channel.send_batch([personal_message(n, content) for n in range(3)])
    assert [mail["To"] for mail in sink.messages] == [
        mail["X-Envelope-To"] for mail in sink.messages
    ]
    assert len(sink.messages) == 3


def test_p13_no_address_in_the_log(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Scripted"
    Scripted.error = smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"zoe unknown")})
    with caplog.at_level(logging.DEBUG, "wagtail_bin"), EmailChannel() as channel:
        channel.send(make_message())
    assert caplog.records
    assert "zoe" not in caplog.text


@pytest.mark.parametrize("kind", ["locmem", "filebased", "console", "dummy"])
def test_the_backends_of_django_work(settings: Any, tmp_path: Path, kind: str) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{kind}.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    with EmailChannel() as channel:
        receipt = channel.send(personal_message(1, personal_content(), name="Zoë"))
    assert receipt == Receipt(
        Outcome.ACCEPTED, "<1.1.d@heidebeek.example>", "sent", kind
    )
    if kind == "locmem":
        [mail] = django_mail.outbox
        assert mail.to == ["m1@example.org"]
        assert "Beste Zoë" in str(mail.body)
    if kind == "filebased":
        [file] = tmp_path.iterdir()
        assert b"To: m1@example.org" in file.read_bytes()


def test_a_mail_without_an_id_gets_one_over_any_backend(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with EmailChannel() as channel:
        receipt = channel.send(make_message(message_id="", html=""))
    assert django_mail.outbox[0].message()["Message-ID"] == receipt.provider_id != ""


class Scripted(BaseEmailBackend):
    """Fails as told."""

    error: ClassVar[Exception | None] = None
    opened: ClassVar[int] = 0

    def open(self) -> bool:
        Scripted.opened += 1
        return True

    def send_messages(self, email_messages: Any) -> int:
        if Scripted.error:
            raise Scripted.error
        return 0


@pytest.mark.parametrize(
    ("error", "outcome", "code", "is_channel_wide"),
    [
        (smtplib.SMTPSenderRefused(550, b"", "a"), Outcome.RETRY, "550", True),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"")}), Outcome.REJECTED, "550", False),
        (smtplib.SMTPRecipientsRefused({"a": (450, b"")}), Outcome.RETRY, "450", False),
        (smtplib.SMTPRecipientsRefused({"a": (421, b"")}), Outcome.RETRY, "421", True),
        (smtplib.SMTPDataError(554, b""), Outcome.REJECTED, "554", False),
        (smtplib.SMTPServerDisconnected(), Outcome.UNKNOWN, "SMTPServerDisconnected", True),
        (smtplib.SMTPNotSupportedError(), Outcome.REJECTED, "SMTPNotSupportedError", False),
        (ValueError(), Outcome.REJECTED, "ValueError", False),
        (OSError(), Outcome.UNKNOWN, "OSError", True),
        (None, Outcome.UNKNOWN, "not_sent", False),
    ],
)  # fmt: skip
def test_f16_what_another_backend_says_is_taken_for_what_it_is_worth(
    settings: Any,
    error: Exception | None,
    outcome: Outcome,
    code: str,
    is_channel_wide: bool,
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Scripted"
    Scripted.error, Scripted.opened = error, 0
    with EmailChannel() as channel:
        receipts = [channel.send(make_message()) for _ in range(2)]
    wanted = Receipt(outcome, "", code, "test_email", is_channel_wide=is_channel_wide)
    assert receipts == [wanted, wanted]
    # What may be in the middle of something is opened afresh.
    assert Scripted.opened == (1 if outcome is Outcome.REJECTED or not error else 2)


class Signing(DjangoSmtp):
    """Adds to each mail on its way out, as DKIM backends do."""

    def _send(self, email_message: Any) -> bool:
        email_message.extra_headers["X-Signed"] = "yes"
        return bool(super()._send(email_message))  # type: ignore[misc]


def test_a_backend_that_adds_to_djangos_is_not_passed_by(
    sink: MailSink, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Signing"
    with EmailChannel() as channel:
        receipt = channel.send(make_message())
    assert receipt.outcome is Outcome.ACCEPTED
    assert sink.messages[0]["X-Signed"] == "yes"


class OwnHost(DjangoSmtp):
    """Says only where to send to, as many projects' backends do."""


def test_a_backend_that_only_sets_djangos_up_keeps_its_settings(
    sink: MailSink, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.OwnHost"
    with EmailChannel() as channel:
        assert channel.source == "smtp"
        assert channel.send(make_message()).code == "250"


class Broken(Locmem):
    """Cannot be opened, and not closed either."""

    def open(self) -> bool:
        raise KeyError

    def close(self) -> None:
        raise OSError


def test_a_backend_that_does_not_open_is_not_available(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
        pass
    assert caught.value.code == "KeyError"
    assert EmailChannel().send(make_message()) == Receipt(
        Outcome.RETRY, "", "KeyError", "connect", is_channel_wide=True
    )


def test_before_it_is_open_a_channel_has_no_source() -> None:
    assert EmailChannel().source == "connect"


@pytest.mark.parametrize(
    ("status", "identifier", "outcome"),
    [
        ("queued", "abc", Outcome.ACCEPTED),
        ("sent", "abc", Outcome.ACCEPTED),
        ("sent", 0, Outcome.UNKNOWN),
        ("queued", None, Outcome.UNKNOWN),
        ("rejected", "abc", Outcome.REJECTED),
        ("invalid", None, Outcome.REJECTED),
        ("failed", None, Outcome.REJECTED),
        ("unknown", None, Outcome.UNKNOWN),
        ("unknown", "abc", Outcome.UNKNOWN),
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
        receipt = channel.send(make_message())
    assert receipt.outcome is outcome
    assert sent[0].metadata == {"delivery": "1.1.x"}


def test_f15_a_failure_that_says_nothing_is_unknown(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anymail.backends.test import EmailBackend

    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"

    def fail(self: Any, payload: Any, mail: Any) -> Any:
        raise AnymailRequestsAPIError("zoe@example.org")

    monkeypatch.setattr(EmailBackend, "post_to_esp", fail)
    with EmailChannel() as channel:
        receipt = channel.send(make_message())
    assert receipt.outcome is Outcome.UNKNOWN
    assert "zoe" not in repr(receipt)
