"""Every provider that anymail ships gets exactly one person's mail per person."""

from __future__ import annotations

import contextlib
import pkgutil
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import anymail.backends
import pytest
from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives, get_connection

from tests.channels.conftest import Provider
from tests.channels.esp_server import Answer, Sent
from tests.channels.esps import ESPS
from tests.channels.messages import (
    PLACEHOLDERS,
    personal_content,
    personal_message,
)
from tests.conftest import MailSink
from wagtail_bin.channels.base import Outcome, OutgoingMessage
from wagtail_bin.channels.email import EmailChannel
from wagtail_bin.channels.providers import PROVIDERS
from wagtail_bin.channels.providers import Provider as Row

each = pytest.mark.parametrize("provider", list(ESPS), indirect=True)
NO_PROVIDER = {"base", "base_requests", "console", "test", "sendinblue"}


def expected(message: OutgoingMessage, row: Row) -> Sent:
    """What a recipient should get through a provider of the table's row."""
    headers = {name.lower(): value for name, value in message.headers.items()}
    headers["reply-to"] = message.reply_to
    for name in row.refused_headers:
        del headers[name]
    reference = message.reference if row.has_metadata else None
    return Sent(
        message.to, message.subject, message.text, message.html, headers, reference
    )


def assert_same(sent: Sent, wanted: Sent) -> None:
    assert sent.headers.items() >= wanted.headers.items()
    wanted.headers = sent.headers
    assert sent == wanted


def test_the_table_and_the_double_know_every_provider_that_anymail_ships() -> None:
    modules = {
        module.name for module in pkgutil.iter_modules(anymail.backends.__path__)
    }
    assert modules - NO_PROVIDER == ESPS.keys()
    names = {
        import_module(f"anymail.backends.{module}").EmailBackend.esp_name.lower()
        for module in ESPS
    }
    assert names == PROVIDERS.keys()


@each
def test_p04_i07_a_mail_on_its_own_has_one_recipient_and_all_of_its_headers(
    provider: Provider,
) -> None:
    message = personal_message(1, personal_content(), name="Zoë D'Hondt & <Co>")
    with EmailChannel() as channel:
        receipt = channel.send(message)
    assert receipt.outcome is Outcome.ACCEPTED
    assert receipt.provider_id
    [sent] = provider.sent
    assert_same(sent, expected(message, provider.row))
    if not provider.row.takes_mime:
        assert "message-id" not in sent.headers


@each
def test_p12_nothing_asks_a_provider_to_track(provider: Provider) -> None:
    with EmailChannel() as channel:
        channel.send(personal_message(1, personal_content()))
    [call] = provider.calls
    assert b"track" not in call.body.lower()


@each
def test_i07_a_projects_defaults_add_no_recipient(
    provider: Provider, settings: Any
) -> None:
    settings.ANYMAIL["SEND_DEFAULTS"] = {
        "to": ["all@example.org"],
        "cc": ["cc@example.org"],
        "bcc": ["bcc@example.org"],
    }
    with EmailChannel() as channel:
        channel.send(personal_message(1, personal_content()))
    [sent] = provider.sent
    assert sent.to == "m1@example.org"
    assert not re.search(rb"\b(all|cc|bcc)(@|%40)", provider.calls[0].body)


def handed_over(provider: Provider, to: list[str], **options: Any) -> bytes:
    """What anymail makes of a message with some of its options; empty: nothing."""
    mail: Any = EmailMultiAlternatives("s", "t", "bin@heidebeek.example", to)
    mail.attach_alternative("<p>h</p>", "text/html")
    for name, value in options.items():
        setattr(mail, name, value)
    provider.server.answer = lambda request: Answer("nothing that anymail reads")
    connection = get_connection()
    try:
        with contextlib.suppress(AnymailError):
            connection.send_messages([mail])
    finally:
        connection.close()
    return provider.calls[0].body if provider.calls else b""


@each
@pytest.mark.parametrize("kind", ["data", "headers", "metadata"])
def test_the_table_says_what_anymail_hands_over_per_recipient(
    provider: Provider, kind: str
) -> None:
    """An anymail that learns or forgets one of these changes the table."""
    name = {"data": "name_text", "headers": "List-Unsubscribe", "metadata": "delivery"}
    own = {f"{n}@example.org": {name[kind]: f"only-{n}"} for n in ("one", "two")}
    body = handed_over(provider, list(own), **{f"merge_{kind}": own})
    is_taken = b"only-one" in body and b"only-two" in body
    assert (kind in provider.row.merges) is is_taken


@each
def test_the_table_says_who_hands_our_reference_back(provider: Provider) -> None:
    body = handed_over(provider, ["a@b.be"], metadata={"delivery": "1.1.x"})
    assert provider.row.has_metadata is bool(body)


def test_only_who_takes_all_that_is_a_members_own_gets_batches() -> None:
    able = {name for name, row in PROVIDERS.items() if row.batch > 1}
    assert able == {"brevo", "mailgun", "mailjet", "sendgrid", "unisender go"}
    for name in able:
        row = PROVIDERS[name]
        assert row.merges == {"data", "headers", "metadata"}
        assert row.has_metadata
        # SendGrid needs none: it replaces any text, our placeholders as well.
        assert row.field or name == "sendgrid"


def test_the_documentation_has_the_same_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "email.md"
    shown = {}
    for line in page.read_text().splitlines():
        name, *cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if name.lower() in PROVIDERS:
            shown[name.lower()] = (int(cells[0]), cells[1] == "yes")
    assert shown == {
        name: (row.batch, row.has_metadata) for name, row in PROVIDERS.items()
    }


def unsafe(**changes: Any) -> Callable[[], OutgoingMessage]:
    shared = {n: changes.pop(n) for n in ("subject", "from_email") if n in changes}
    return lambda: personal_message(2, personal_content(**shared), **changes)


INJECTED = "x\r\nBcc: evil@x.be"
UNSAFE = {
    "address": unsafe(to="c@d.be\r\nBcc: evil@x.be"),
    "two addresses": unsafe(to="a@example.org, evil@x.be"),
    "route": unsafe(to="a@example.org;evil@x.be"),
    "named": unsafe(to="evil <a@example.org>"),
    "two domains": unsafe(to="a@evil.be@example.org"),
    "no domain": unsafe(to="evil@"),
    "no local part": unsafe(to="@evil.be"),
    "subject": unsafe(subject=INJECTED),
    "subject, by a value": unsafe(
        subject=f"x {PLACEHOLDERS['name']}",
        values={"name": INJECTED, "unsubscribe_url": "https://evil.be"},
    ),
    "subject separator": unsafe(subject="x\u2028Bcc: evil@x.be"),
    "nul in subject": unsafe(subject="evil\x00y"),
    "sender's name": unsafe(from_email="evil\r\nBcc: e@x.be <bin@heidebeek.example>"),
    "sender": unsafe(from_email="bin@heidebeek.example\nBcc: evil@x.be"),
    "reply-to's name": unsafe(reply_to="evil\nBcc: e@x.be <c@heidebeek.example>"),
    "reply-to": unsafe(reply_to="c@heidebeek.example\rBcc: evil@x.be"),
    "header value": unsafe(headers={"List-Id": INJECTED}),
    "unsubscribe": unsafe(headers={"List-Unsubscribe": INJECTED}),
    "header name": unsafe(headers={"X\r\nBcc": "evil@x.be"}),
    "header within a name": unsafe(headers={"Bcc: evil@x.be, ": "x"}),
    "blank in a name": unsafe(headers={"Bcc ": "evil@x.be"}),
    "bcc": unsafe(headers={"bcc": "evil@x.be"}),
    "cc": unsafe(headers={"Cc": "evil@x.be"}),
    "to": unsafe(headers={"TO": "evil@x.be"}),
    "resent": unsafe(headers={"Resent-Bcc": "evil@x.be"}),
    "second type": unsafe(headers={"Content-Type": "evil/evil"}),
    "second id": unsafe(headers={"Message-ID": "<evil@x.be>"}),
    "message id": unsafe(message_id="<1@x.be>\r\nBcc: evil@x.be"),
    "reference": unsafe(reference="1\r\nBcc: evil@x.be"),
}


@each
def test_s14_i07_what_could_add_a_header_or_recipient_never_leaves(
    provider: Provider,
) -> None:
    content = personal_content()
    with EmailChannel(batch_limit=1000) as channel:
        for case, make in UNSAFE.items():
            receipt = channel.send(make())
            assert (receipt.outcome, receipt.source) == (Outcome.REJECTED, "guard"), (
                case
            )
            assert provider.calls == [], case
        among_others = [
            personal_message(1, content),
            *[make() for make in UNSAFE.values()],
            personal_message(3, content),
        ]
        first, *refused, last = channel.send_batch(among_others)
    assert {(r.outcome, r.source) for r in refused} == {(Outcome.REJECTED, "guard")}
    assert first.outcome is last.outcome is Outcome.ACCEPTED
    assert [sent.to for sent in provider.sent] == ["m1@example.org", "m3@example.org"]
    assert not any(b"evil" in call.body for call in provider.calls)


def test_s14_i07_what_could_add_a_header_or_recipient_never_leaves_by_smtp(
    sink: MailSink,
) -> None:
    with EmailChannel() as channel:
        for case, make in UNSAFE.items():
            receipt = channel.send(make())
            assert (receipt.outcome, receipt.source) == (Outcome.REJECTED, "guard"), (
                case
            )
    assert sink.messages == []
