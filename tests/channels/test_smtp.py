"""SMTP: how far a transaction got decides what is known of the mail."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import smtplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_site.mail_sink import free_port
from tests.channels.messages import make_message
from tests.channels.smtp_server import (
    CLOSE,
    GARBAGE,
    HALF,
    HANG,
    RESET,
    SmtpServer,
)
from wagtail_bin.channels.base import ChannelUnavailable, Outcome, Receipt
from wagtail_bin.channels.email import EmailChannel

LONG = "<p>Sluit ramen en deuren.</p>\n" * 300_000


@pytest.fixture(params=["pipelined", "plain"])
def server(request: Any, settings: Any) -> Iterator[SmtpServer]:
    server = SmtpServer()
    if request.param == "plain":
        server.extensions.remove("PIPELINING")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.WAGTAIL_BIN_CONNECT_TIMEOUT = 2
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 2
    with server.running() as settings.EMAIL_PORT:
        yield server


def attempt(server: SmtpServer, **changes: Any) -> Receipt:
    """Send with the server's present actions, then a second mail without them."""
    with EmailChannel() as channel:
        receipt = channel.send(make_message(**changes))
        actions, server.actions = server.actions, {}
        again = channel.send(make_message(to="next@example.org"))
        server.actions = actions
    assert again.outcome is Outcome.ACCEPTED
    return receipt


def test_a_mail_is_accepted_with_its_own_id(server: SmtpServer) -> None:
    receipt = attempt(server)
    assert receipt == Receipt(
        Outcome.ACCEPTED, "<1.1.x@heidebeek.example>", "250", "smtp"
    )
    assert server.connections == 1
    assert server.mails[0].sender == "<bin@heidebeek.example>"
    assert [mail.recipients for mail in server.mails] == [
        ["<zoe@example.org>"],
        ["<next@example.org>"],
    ]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("action", [CLOSE, RESET, GARBAGE, "421 4.3.2 going down"])
def test_f16_what_ends_before_the_mail_costs_nobody(
    server: SmtpServer, stage: str, action: str
) -> None:
    server.actions = {stage: action}
    receipt = attempt(server)
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)
    assert [mail.recipients for mail in server.mails] == [["<next@example.org>"]]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_f16_silence_before_the_mail_is_no_loss(
    server: SmtpServer, settings: Any, stage: str
) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 0.2
    server.actions = {stage: HANG}
    with EmailChannel() as channel:
        receipt = channel.send(make_message())
    assert receipt == Receipt(
        Outcome.RETRY, "", "TimeoutError", "smtp", is_channel_wide=True
    )


@pytest.mark.parametrize("action", [CLOSE, RESET, GARBAGE])
def test_f16_i05_what_ends_after_the_mail_is_unknown(
    server: SmtpServer, action: str
) -> None:
    server.actions = {"CONTENT": action}
    receipt = attempt(server)
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.UNKNOWN, True)


def test_f16_i05_silence_after_the_mail_is_unknown(
    server: SmtpServer, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 0.3
    server.actions = {"CONTENT": HANG}
    with EmailChannel() as channel:
        receipt = channel.send(make_message())
    assert (receipt.outcome, receipt.code) == (Outcome.UNKNOWN, "TimeoutError")


def test_f16_a_mail_cut_off_half_way_was_certainly_not_sent(
    server: SmtpServer,
) -> None:
    server.actions = {"CONTENT": HALF}
    receipt = attempt(server, html=LONG)
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)
    assert server.ends_seen == 1


def test_a_slow_server_cannot_stretch_a_call(server: SmtpServer, settings: Any) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 0
    with EmailChannel() as channel:
        receipt = channel.send(make_message())
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, "TimeoutError")
    assert server.mails == []


@pytest.mark.parametrize(
    ("stage", "reply", "outcome", "is_channel_wide"),
    [
        ("MAIL", "550 5.7.1 sender not allowed", Outcome.RETRY, True),
        ("MAIL", "452 4.3.1 disk full", Outcome.RETRY, True),
        ("MAIL", "530 5.7.0 log in first", Outcome.RETRY, True),
        ("RCPT", "550 5.1.1 <zoe@example.org> unknown", Outcome.REJECTED, False),
        ("RCPT", "451 4.7.1 greylisted", Outcome.RETRY, False),
        ("RCPT", "452 4.5.3 too many recipients", Outcome.RETRY, False),
        ("RCPT", "552 5.5.3 too many recipients", Outcome.RETRY, False),
        ("RCPT", "530 5.7.0 log in first", Outcome.RETRY, True),
        ("RCPT", "554 5.7.1 Relay access denied", Outcome.RETRY, True),
        ("DATA", "554 5.6.0 refused", Outcome.REJECTED, False),
        ("DATA", "451 4.3.0 later", Outcome.RETRY, False),
        ("CONTENT", "554 5.6.0 refused", Outcome.REJECTED, False),
        ("CONTENT", "552 5.3.4 too big", Outcome.REJECTED, False),
        ("CONTENT", "452 4.3.1 disk full", Outcome.RETRY, False),
        ("CONTENT", "421 4.3.2 going down", Outcome.RETRY, True),
    ],
)
@pytest.mark.parametrize("is_lenient", [False, True])
def test_f16_a_reply_decides(
    server: SmtpServer,
    is_lenient: bool,
    stage: str,
    reply: str,
    outcome: Outcome,
    is_channel_wide: bool,
) -> None:
    server.is_lenient = is_lenient
    server.actions = {stage: reply}
    receipt = attempt(server)
    assert receipt == Receipt(
        outcome,
        "",
        reply[:3],
        "smtp",
        is_channel_wide=is_channel_wide,
        is_permanent=" 5.1.1 " in reply,
    )
    assert [mail.recipients for mail in server.mails] == [["<next@example.org>"]]


def test_a_refused_recipient_leaves_the_connection_in_use(server: SmtpServer) -> None:
    server.actions = {"RCPT": "550 5.1.1 unknown"}
    attempt(server)
    assert server.connections == 1
    assert "RSET" in server.lines


def test_a_refused_recipient_gets_no_empty_mail_although_the_server_waits_for_one(
    server: SmtpServer,
) -> None:
    server.is_lenient = True
    server.actions = {"RCPT": "550 5.1.1 unknown"}
    receipt = attempt(server)
    assert receipt.outcome is Outcome.REJECTED
    assert server.connections == 1
    if "PIPELINING" in server.extensions:
        assert server.ends_seen == 2


@pytest.mark.parametrize("action", [CLOSE, RESET, GARBAGE, "250 OK", "421 bye"])
def test_what_follows_a_refused_recipient_changes_nothing_of_it(
    server: SmtpServer, action: str
) -> None:
    server.is_lenient = True
    server.actions = {"RCPT": "550 5.1.1 unknown", "EMPTY": action}
    receipt = attempt(server)
    assert receipt == Receipt(Outcome.REJECTED, "", "550", "smtp", is_permanent=True)
    assert [mail.recipients for mail in server.mails] == [["<next@example.org>"]]


def test_commands_travel_together_only_where_the_server_offers_it(
    server: SmtpServer,
) -> None:
    """A server that is not asked to pipeline never sees a command too early."""
    server.actions = {"RCPT": "550 5.1.1 unknown"}
    with EmailChannel() as channel:
        channel.send(make_message())
    has_sent_data = "DATA" in server.lines
    assert has_sent_data is ("PIPELINING" in server.extensions)


ACTIONS = st.sampled_from(
    [CLOSE, RESET, GARBAGE, "421 bye", "450 later", "550 never", "250 OK", "354 go on"]
)


@given(
    scripts=st.lists(
        st.dictionaries(
            st.sampled_from(["RSET", "MAIL", "RCPT", "DATA", "CONTENT"]), ACTIONS
        ),
        min_size=1,
        max_size=4,
    ),
    is_lenient=st.booleans(),
)
@settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_i04_i05_whatever_a_server_does_no_mail_is_lost_or_sent_twice(
    server: SmtpServer, scripts: list[dict[str, str]], is_lenient: bool
) -> None:
    server.mails.clear()
    server.is_lenient = is_lenient
    receipts = {}
    with EmailChannel() as channel:
        for number, script in enumerate([*scripts, {}]):
            server.actions = script
            address = f"m{number}@example.org"
            receipts[f"<{address}>"] = channel.send(make_message(to=address)).outcome
        server.actions = {}
    *_, last = receipts.values()
    assert last is Outcome.ACCEPTED
    promised = {to for mail in server.mails for to in mail.recipients}
    for address, outcome in receipts.items():
        if outcome is Outcome.ACCEPTED:
            assert address in promised
        elif outcome is not Outcome.UNKNOWN:
            assert address not in promised
    assert all(mail.content for mail in server.mails)


@given(
    scripts=st.lists(
        st.dictionaries(
            st.sampled_from(["RSET", "MAIL", "RCPT", "DATA", "CONTENT"]), ACTIONS
        ),
        min_size=2,
        max_size=6,
    ),
    most=st.integers(1, 8),
)
@settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_i04_i05_in_a_stream_of_mails_none_is_lost_or_sent_twice(
    server: SmtpServer, scripts: list[dict[str, str]], most: int
) -> None:
    server.mails.clear()
    server.scripts = list(scripts)
    addresses = [f"m{number}@example.org" for number in range(len(scripts) + 1)]
    asked = 0

    def may_go_on() -> bool:
        nonlocal asked
        asked += 1
        return asked <= most

    with EmailChannel() as channel:
        messages = [make_message(to=address) for address in addresses]
        receipts = list(channel.send_each(messages, may_go_on))
        server.scripts, server.actions = [], {}
        again = channel.send(make_message(to="next@example.org"))
    assert len(receipts) == min(most, len(messages))
    assert again.outcome is Outcome.ACCEPTED
    promised = [to for mail in server.mails for to in mail.recipients]
    assert len(promised) == len(set(promised))
    assert "<next@example.org>" in promised
    outcomes = {f"<{a}>": r.outcome for a, r in zip(addresses, receipts, strict=False)}
    for address in (f"<{address}>" for address in addresses):
        outcome = outcomes.get(address)
        if outcome is Outcome.ACCEPTED:
            assert address in promised
        elif outcome is not Outcome.UNKNOWN:
            assert address not in promised
    assert all(mail.content for mail in server.mails)


def test_m2_a_mail_of_a_stream_costs_one_round_trip(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    with EmailChannel() as channel:
        write = smtplib.SMTP.send

        def note(self: smtplib.SMTP, data: Any) -> None:
            writes.append(data)
            write(self, data)

        monkeypatch.setattr(smtplib.SMTP, "send", note)
        messages = [make_message(to=f"m{number}@example.org") for number in range(5)]
        receipts = list(channel.send_each(messages, lambda: True))
        monkeypatch.undo()
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert [to for mail in server.mails for to in mail.recipients] == [
        f"<m{number}@example.org>" for number in range(5)
    ]
    assert server.connections == 1
    # An envelope ahead of the first mail, then one with each but the last.
    assert len(writes) == (6 if "PIPELINING" in server.extensions else 20)


def test_f29_what_had_begun_when_it_was_stopped_is_not_sent(server: SmtpServer) -> None:
    answers = iter([True, True, False])
    messages = [make_message(to=f"m{number}@example.org") for number in range(4)]
    with EmailChannel() as channel:
        receipts = list(channel.send_each(messages, lambda: next(answers)))
        channel.send(make_message(to="next@example.org"))
    assert len(receipts) == 2
    assert [to for mail in server.mails for to in mail.recipients] == [
        "<m0@example.org>",
        "<m1@example.org>",
        "<next@example.org>",
    ]


def test_f16_no_server_means_nothing_was_sent(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
        pass
    assert caught.value.code == "ConnectionRefusedError"


def test_f16_a_server_that_is_gone_at_the_next_mail_costs_nobody(
    server: SmtpServer, settings: Any
) -> None:
    server.actions = {"MAIL": CLOSE}
    with EmailChannel() as channel:
        channel.send(make_message())
        settings.EMAIL_PORT = free_port()
        receipt = channel.send(make_message())
    assert receipt == Receipt(
        Outcome.RETRY, "", "ConnectionRefusedError", "connect", is_channel_wide=True
    )


def test_f16_a_wrong_password_is_no_fault_of_a_recipient(
    server: SmtpServer, settings: Any
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "bin", "wrong"
    server.extensions.append("AUTH PLAIN")
    server.actions = {"AUTH": "535 5.7.8 no"}
    with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
        pass
    assert caught.value.code == "535"


@pytest.mark.parametrize("setting", ["EMAIL_USE_SSL", "EMAIL_USE_TLS"])
def test_f16_no_tls_where_it_is_asked_for_means_nothing_was_sent(
    server: SmtpServer, settings: Any, setting: str
) -> None:
    setattr(settings, setting, True)
    with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
        pass
    assert caught.value.code in {"SSLError", "SMTPNotSupportedError"}
    assert server.mails == []


def test_f16_a_server_that_does_not_greet_is_given_up_soon(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.WAGTAIL_BIN_CONNECT_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
            pass
    assert caught.value.code == "TimeoutError"


@pytest.mark.parametrize("offers", [True, False])
def test_d13_an_address_with_accents_needs_a_server_that_takes_it(
    server: SmtpServer, offers: bool
) -> None:
    if offers:
        server.extensions.append("SMTPUTF8")
    receipt = attempt(server, to="zoé@müller.example")
    if offers:
        assert receipt.outcome is Outcome.ACCEPTED
        assert server.lines[1] == (
            "MAIL FROM:<bin@heidebeek.example> SMTPUTF8 BODY=8BITMIME"
        )
        assert server.mails[0].recipients == ["<zoé@xn--mller-kva.example>"]
    else:
        assert receipt == Receipt(Outcome.REJECTED, "", "smtputf8", "smtp")
        assert len(server.mails) == 1


def test_d13_a_domain_with_accents_needs_nothing_of_the_server(
    server: SmtpServer,
) -> None:
    # IDNA 2008: the ß stays itself; older rules wrote to strasse.example.
    receipt = attempt(server, to="zoe@straße.example")
    assert receipt.outcome is Outcome.ACCEPTED
    assert server.mails[0].recipients == ["<zoe@xn--strae-oqa.example>"]


def test_f30_a_mail_that_cannot_be_written_is_refused_alone(
    server: SmtpServer,
) -> None:
    assert attempt(server, text="half a \ud83d pair") == Receipt(
        Outcome.REJECTED, "", "UnicodeEncodeError", "smtp"
    )
    assert attempt(server, to="zoe@-.é").outcome is Outcome.REJECTED


@pytest.mark.parametrize("sender", ["", "BIN", "BIN <bin>", "é@heidebeek.example"])
def test_a_sender_that_cannot_be_written_is_no_fault_of_the_recipient(
    server: SmtpServer, sender: str
) -> None:
    receipt = attempt(server, from_email=sender)
    assert receipt == Receipt(Outcome.RETRY, "", "sender", "smtp", is_channel_wide=True)


def test_dots_at_the_start_of_lines_arrive(server: SmtpServer) -> None:
    text = ".\n..\n.a\nb\n."
    with EmailChannel() as channel:
        channel.send(make_message(text=text))
    mail: Any = email.message_from_bytes(
        server.mails[0].content, policy=email.policy.default
    )
    body = mail.get_body(("plain",)).get_content()
    assert body.replace("\r\n", "\n") == text


def test_a_mail_without_an_id_gets_one(server: SmtpServer) -> None:
    receipt = attempt(server, message_id="")
    assert receipt.provider_id.endswith("@heidebeek.example>")
    assert receipt.provider_id.encode() in server.mails[0].content


def test_a_receipt_never_quotes_the_server(server: SmtpServer) -> None:
    server.actions = {"RCPT": "550 5.1.1 <zoe@example.org> unknown"}
    receipt = attempt(server)
    assert "zoe" not in str(dataclasses.astuple(receipt))


@pytest.mark.parametrize("is_trusted", [True, False])
def test_f16_over_tls_a_mail_goes_to_a_trusted_server_only(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    certificate: ssl.SSLContext,
    certificate_file: Path,
    is_trusted: bool,
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file))
    server = SmtpServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_SSL = "127.0.0.1", True
    with server.running(certificate) as settings.EMAIL_PORT:
        if is_trusted:
            assert attempt(server, html=LONG).outcome is Outcome.ACCEPTED
            server.actions = {"CONTENT": CLOSE}
            assert attempt(server).outcome is Outcome.UNKNOWN
            server.actions = {"DATA": CLOSE}
            assert attempt(server).outcome is Outcome.RETRY
        else:
            with pytest.raises(ChannelUnavailable) as caught, EmailChannel():
                pass
            assert caught.value.code == "SSLCertVerificationError"
            assert server.lines == []


def test_tls_errors_are_os_errors() -> None:
    """What the session relies on when it catches one class."""
    assert issubclass(ssl.SSLError, OSError)
