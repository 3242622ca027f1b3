"""The bytes of a mail read exactly as Django's would."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import html
import re
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from hypothesis import example, given
from hypothesis import strategies as st

from tests.channels.messages import (
    PLACEHOLDERS,
    make_content,
    make_message,
    personal_content,
    personal_message,
)
from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.channels.base import OutgoingMessage
from wagtail_bin.channels.mime import InvalidSender, MailTemplate, wire_address
from wagtail_bin.dispatch.compose import personalise, sender_of

LINK = "https://heidebeek.example/uit/" + "x" * 150


def build(message: OutgoingMessage) -> bytes:
    template = MailTemplate(message.content)
    return template.build(message, template.message_id(message))


def parsed(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=email.policy.default)


def by_django(message: OutgoingMessage) -> Any:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.content.from_email,
        to=[message.to],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={**message.headers, "Message-ID": message.message_id, "Date": "-"},
    )
    if message.content.html:
        mail.attach_alternative(message.html, "text/html")
    return parsed(mail.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]


def read(mail: Any) -> dict[str, Any]:
    """What a reader sees: headers, and each body with its line ends made equal.

    An empty body is none: Django leaves out a text that turns out empty.
    """
    bodies = {
        kind: part and re.sub(r"\r\n|\r", "\n", part.get_content()) or None
        for kind in ("plain", "html")
        for part in [mail.get_body((kind,))]
    }
    if not mail.is_multipart():
        # SMTP ends each mail with a line end (RFC 5321 section 4.1.1.4).
        bodies = {
            kind: (body or "").rstrip("\n") or None for kind, body in bodies.items()
        }
    technical = {"date", "content-type", "content-transfer-encoding"}
    headers = {
        name.lower(): str(value)
        for name, value in mail.items()
        if name.lower() not in technical
    }
    return headers | bodies | {"type": mail.get_content_type()}


LINES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"),
    max_size=300,
)
TEXTS = st.one_of(
    LINES,
    st.lists(
        st.sampled_from(
            [".", "..", ".a", "=", "=3D", " ", "\t", "\n", "\r\n", "x" * 75, "x" * 76]
            + [
                "x" * 1100,
                "é" * 40,
                "👩‍👩‍👧 ",
                "From me",
                "Café één.",
                "&<>\"'",
                "{{x}}",
            ]
            + [PLACEHOLDERS["name"], PLACEHOLDERS["contact"], PLACEHOLDERS["other"]]
        ),
        max_size=12,
    ).map("".join),
)
WORDS = st.text(
    st.characters(
        categories=["L", "M", "N", "P", "S", "Zs"], exclude_characters="\u2028\u2029"
    ),
    min_size=1,
    max_size=150,
).map(lambda text: " ".join(text.split()) or "x")


@given(text=TEXTS, markup=TEXTS, name=LINES, contact=TEXTS)
@example(text="x" * 76 + PLACEHOLDERS["name"], markup="", name="", contact="")
@example(text=PLACEHOLDERS["name"], markup="0", name="", contact="")
@example(text="a " + PLACEHOLDERS["name"], markup=" ", name=".", contact="")
def test_d07_bodies_arrive_as_django_would_send_them(
    text: str, markup: str, name: str, contact: str
) -> None:
    content = make_content(text=text or "x", html=markup)
    message = make_message(content, values={"name": name, "contact": contact})
    data = build(message)
    assert read(parsed(data)) == read(by_django(message))
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    body = data.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76


@given(subject=WORDS, sender=WORDS, mailbox=WORDS, network=WORDS)
def test_d13_names_and_subjects_arrive_as_django_would_send_them(
    subject: str, sender: str, mailbox: str, network: str
) -> None:
    def named(name: str, address: str) -> str:
        return '"{}" <{}>'.format(re.sub(r'(["\\])', r"\\\1", name), address)

    message = dataclasses.replace(
        personal_message(1, personal_content()),
        content=make_content(
            subject=f"{subject} {PLACEHOLDERS['network']}",
            from_email=named(sender, "bin@heidebeek.example"),
        ),
        values={"network": network},
        reply_to=named(mailbox, "coordinator@müller.example"),
    )
    data = build(message)
    assert read(parsed(data)) == read(by_django(message))
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 200


def test_d06_each_header_stands_once() -> None:
    data = build(personal_message(1, personal_content()))
    mail = parsed(data)
    names = [name.lower() for name in mail.keys()]  # noqa: SIM118 -- with repeats
    assert len(names) == len(set(names))
    assert {"from", "to", "subject", "date", "message-id", "mime-version"} <= set(names)
    assert not {"cc", "bcc"} & set(names)
    assert mail["To"] == "m1@example.org"
    assert mail["Message-ID"] == "<1.1.d@heidebeek.example>"
    assert mail["Date"].datetime is not None


def test_d03_list_unsubscribe_is_one_line() -> None:
    headers = {"List-Unsubscribe": f"<{LINK}>"}
    assert len(LINK) == 180
    data = build(make_message(headers=headers))
    lines = data.split(b"\r\n")
    assert f"List-Unsubscribe: <{LINK}>".encode() in lines
    assert max(map(len, lines)) <= 200


@pytest.mark.django_db
def test_d03_no_line_of_a_members_mail_is_long(settings: Any) -> None:
    settings.WAGTAIL_BIN_FROM_EMAIL = "Buurtinformatienetwerken <bin@heidebeek.example>"
    settings.WAGTAIL_BIN_UNSUBSCRIBE_MAILTO = "uitschrijven@heidebeek.example"
    member = MemberFactory.create(network=NetworkFactory.create())
    message = personalise(
        content=personal_content(),
        member=member,
        sender=sender_of(member.network),
        to=member.email,
        reference="123456789.1.00000000-0000-0000-0000-000000000000",
    )
    lines = build(message).split(b"\r\n")
    [line] = [line for line in lines if line.startswith(b"List-Unsubscribe:")]
    assert line.endswith(b"<mailto:uitschrijven@heidebeek.example>")
    assert max(map(len, lines)) <= 200


def test_d13_a_link_with_accents_is_encoded() -> None:
    link = "<https://müller.example/uit>"
    data = build(make_message(headers={"List-Unsubscribe": link}))
    assert data.isascii()
    assert parsed(data)["List-Unsubscribe"] == link


def test_each_recipient_has_their_own_values_and_nobody_elses() -> None:
    content = personal_content()
    template = MailTemplate(content)
    messages = [
        personal_message(number, content, name=name)
        for number, name in enumerate(["Zoë", "Jan & Mia", "<script>", "D'Hondt"])
    ]
    built = [template.build(m, template.message_id(m)) for m in messages]
    for message, data in zip(messages, built, strict=True):
        mail = parsed(data)
        name, link = message.values["name"], message.values["unsubscribe_url"]
        assert f"Beste {name}," in mail.get_body(("plain",)).get_content()
        markup = mail.get_body(("html",)).get_content()
        assert f"Beste {html.escape(name)}," in markup
        assert f'href="{link}"' in markup
        assert mail["List-Unsubscribe"] == f"<{link}>"
        for other in messages:
            if other is not message:
                assert other.values["unsubscribe_url"].encode() not in data


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    name = PLACEHOLDERS["unsubscribe_url"]
    mail = parsed(build(personal_message(1, personal_content(), name=name)))
    assert f"Beste {name}," in mail.get_body(("plain",)).get_content()


def test_heads_of_many_networks_do_not_fill_the_memory() -> None:
    content = personal_content()
    template = MailTemplate(content)
    for number in range(300):
        message = dataclasses.replace(
            personal_message(number, content), reply_to=f"c{number}@heidebeek.example"
        )
        assert f"c{number}@".encode() in template.build(message, "<1@x.example>")
    assert template._head.cache_info().currsize <= 64


@pytest.mark.parametrize("sender", ["", "BIN", "BIN <bin>", "é@x.example", "a@b\nc"])
def test_a_sender_must_be_an_address(sender: str) -> None:
    with pytest.raises(InvalidSender):
        MailTemplate(make_content(from_email=sender))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("zoe@example.org", "zoe@example.org"),
        ("zoe@Müller.example", "zoe@xn--mller-kva.example"),
        ("zoé@müller.example", "zoé@xn--mller-kva.example"),
        ("zoé@example.org", "zoé@example.org"),
    ],
)
def test_d13_domains_go_in_ascii(address: str, expected: str) -> None:
    assert wire_address(address) == expected


def test_d13_a_message_id_is_ascii() -> None:
    message = make_message(message_id="<1.1.x@müller.example>")
    assert parsed(build(message))["Message-ID"] == "<1.1.x@xn--mller-kva.example>"
