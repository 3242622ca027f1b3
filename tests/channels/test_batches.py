"""A batch gives each recipient exactly the mail that they would get on their own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives, get_connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channels.conftest import Provider
from tests.channels.esp_server import CLOSE, Answer, Request
from tests.channels.esps import ESPS
from tests.channels.messages import (
    PLACEHOLDERS,
    make_content,
    personal_content,
    personal_message,
)
from wagtail_bin.channels.base import Outcome, OutgoingMessage, Receipt
from wagtail_bin.channels.batches import batch_mail
from wagtail_bin.channels.email import EmailChannel
from wagtail_bin.channels.providers import PROVIDERS, WORD_JOINER, literal
from wagtail_bin.exceptions import UnsafeMessage

ABLE = ["brevo", "mailgun", "mailjet", "sendgrid", "unisender_go"]
able = pytest.mark.parametrize("provider", ABLE, indirect=True)
brevo = pytest.mark.parametrize("provider", ["brevo"], indirect=True)


def send(messages: Sequence[OutgoingMessage], limit: int = 1000) -> list[Receipt]:
    with EmailChannel(batch_limit=limit) as channel:
        return channel.send_batch(messages)


def assert_each_got_theirs(
    provider: Provider, messages: Sequence[OutgoingMessage]
) -> None:
    """Exactly the mail of each message, to its address, and nothing else."""
    by_reference = {sent.reference: sent for sent in provider.sent}
    assert len(provider.sent) == len(by_reference) == len(messages)
    for message in messages:
        sent = by_reference[message.reference]
        assert sent.to == message.to
        assert sent.subject == literal(message.subject)
        assert sent.text == literal(message.text)
        assert sent.html == literal(message.html)
        wanted = {
            name.lower(): value
            for name, value in message.headers.items()
            if name.lower() not in provider.row.refused_headers
        }
        assert sent.headers.items() >= wanted.items()
        assert sent.headers["reply-to"] == message.reply_to


@able
def test_each_recipient_gets_their_own_mail_in_one_call(provider: Provider) -> None:
    content = personal_content()
    names = ["Zoë", "Jan Peeters", "李", "X @@ Y", "100 % safe"]
    messages = [personal_message(n, content, name=name) for n, name in enumerate(names)]
    receipts = send(messages)
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 5
    assert all(receipt.provider_id for receipt in receipts)
    assert len(provider.calls) == 1
    assert_each_got_theirs(provider, messages)


@able
def test_s12_markup_in_a_name_is_text_in_a_batch_too(provider: Provider) -> None:
    content = personal_content()
    names = ["Zoë", "<script>alert(1)</script>", "Jan & Mia", "D'Hondt", 'A "B"']
    messages = [personal_message(n, content, name=name) for n, name in enumerate(names)]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert_each_got_theirs(provider, messages)
    # Where it is not known what becomes of such a value, it goes by itself.
    assert len(provider.calls) == (1 if provider.row.is_field_exact else 5)


FOREIGN = [
    "{{ params.name_text }}",
    "{% if 1 %}x{% endif %}",
    "{# x #}",
    "{{{ pm:unsubscribe }}}",
    "%recipient.name_text%",
    "%recipient_email%",
    "%unsubscribe_url%",
    "[[var:name_text]]",
    "*|NAME|*",
    "{{name_text}}",
    "a {" + PLACEHOLDERS["name"] + "} b",
    "a [" + PLACEHOLDERS["name"] + "] b",
    "a %" + PLACEHOLDERS["name"] + "% b",
]


@able
@pytest.mark.parametrize("source", FOREIGN)
@pytest.mark.parametrize("count", [1, 3])
def test_s13_what_looks_like_a_providers_field_is_printed(
    provider: Provider, source: str, count: int
) -> None:
    content = personal_content(
        subject=f"Over {source}" if PLACEHOLDERS["name"] not in source else "Over",
        text=f"{source} {PLACEHOLDERS['name']}",
        html=f"<p>{source} {PLACEHOLDERS['name']}</p>",
    )
    messages = [personal_message(n, content, name=source) for n in range(count)]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    for sent, message in zip(provider.sent, messages, strict=True):
        assert sent.subject.replace(WORD_JOINER, "") == message.subject
        assert sent.text.replace(WORD_JOINER, "") == message.text
        assert sent.html.replace(WORD_JOINER, "") == message.html
        for shown in (sent.subject, sent.text, sent.html):
            assert literal(shown) == shown


@able
def test_s13_what_stands_beside_a_field_does_not_become_part_of_it(
    provider: Provider,
) -> None:
    name = PLACEHOLDERS["name"]
    content = personal_content(text=f"{{{name}}} [{name}] %{name}%")
    messages = [personal_message(n, content) for n in range(2)]
    body = str(batch_mail(messages, get_connection()).body)
    for part in ("{{%", "%}}", "{{{", "}}}", "[[[", "]]]", "%%"):
        assert part not in body.replace("{% endautoescape %}", "")


@able
def test_p04_two_members_with_one_address_each_get_their_mail(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [
        personal_message(1, content, to="paar@example.org"),
        personal_message(2, content),
        personal_message(3, content, to="Paar@Example.org"),
        personal_message(4, content, to="paar@example.org"),
    ]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert_each_got_theirs(provider, messages)
    for call in provider.calls:
        addresses = [to.lower() for to in provider.esp.addresses(call)]
        assert len(addresses) == len(set(addresses))


@able
def test_members_of_another_network_are_another_batch(provider: Provider) -> None:
    content = personal_content()
    ours = [personal_message(n, content) for n in range(2)]
    theirs = [
        personal_message(n, content, reply_to="other@heidebeek.example")
        for n in range(2, 4)
    ]
    lists = [
        dataclasses.replace(m, headers={**m.headers, "List-Id": "<tips.other.example>"})
        for m in (personal_message(n, content) for n in range(4, 6))
    ]
    messages = [m for group in zip(ours, theirs, lists, strict=True) for m in group]
    assert {receipt.outcome for receipt in send(messages)} == {Outcome.ACCEPTED}
    assert_each_got_theirs(provider, messages)
    assert len(provider.calls) == 3


@able
def test_a_personal_subject_goes_by_itself(provider: Provider) -> None:
    content = personal_content(subject=f"Tip voor {PLACEHOLDERS['name']}")
    messages = [personal_message(n, content) for n in range(3)]
    send(messages)
    assert_each_got_theirs(provider, messages)
    assert len(provider.calls) == 3


@able
def test_an_address_with_accents_in_its_domain_keeps_its_values(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [
        personal_message(1, content, to="zoe@müller.example"),
        personal_message(2, content),
    ]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert len(provider.calls) == 1
    encoded = dataclasses.replace(messages[0], to="zoe@xn--mller-kva.example")
    assert_each_got_theirs(provider, [encoded, messages[1]])


@able
def test_p04_two_writings_of_one_address_are_one_address(provider: Provider) -> None:
    content = personal_content()
    messages = [
        personal_message(1, content, to="zoe@müller.example"),
        personal_message(2, content, to="Zoe@xn--mller-kva.example"),
    ]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert len(provider.calls) == 2


@able
def test_another_text_is_another_batch(provider: Provider) -> None:
    """Even where a caller did not keep them apart."""
    contents = [personal_content(), personal_content(subject="Andere tip")]
    messages = [personal_message(n, contents[n % 2]) for n in range(4)]
    send(messages)
    assert_each_got_theirs(provider, messages)
    assert len(provider.calls) == 2


@brevo
def test_a_value_that_is_missing_goes_by_itself(provider: Provider) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(2)]
    messages.append(dataclasses.replace(messages[0], to="c@example.org", values={}))
    send(messages)
    assert len(provider.calls) == 2
    assert PLACEHOLDERS["name"] in provider.sent[-1].text


@brevo
def test_f30_an_address_that_cannot_be_written_is_refused_alone(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(3)]
    messages[1] = dataclasses.replace(messages[1], to="a@-.é")
    outcomes = [receipt.outcome for receipt in send(messages)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]


@brevo
def test_a_mail_without_html_has_none(provider: Provider) -> None:
    seen: list[Any] = []

    def answer(request: Request) -> Answer:
        seen.append(request.json)
        return Answer({"messageIds": ["<1@brevo>", "<2@brevo>"]}, 201)

    provider.server.answer = answer
    content = personal_content(html="")
    send([personal_message(n, content) for n in range(2)])
    assert "htmlContent" not in seen[0]


@able
def test_a_batch_is_as_large_as_the_project_allows(provider: Provider) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(5)]
    with EmailChannel(batch_limit=2) as channel:
        assert channel.batch_limit == 2
        channel.send_batch(messages)
    assert [len(provider.esp.read(call)) for call in provider.calls] == [2, 2, 1]


@pytest.mark.parametrize("provider", list(ESPS), indirect=True)
def test_no_batch_is_larger_than_the_provider_allows(provider: Provider) -> None:
    with EmailChannel(batch_limit=100_000) as channel:
        assert channel.batch_limit == provider.row.batch
    assert EmailChannel(batch_limit=100_000).batch_limit == 1
    with EmailChannel() as channel:
        assert channel.batch_limit == 1


@pytest.mark.parametrize(
    "provider", [name for name in ESPS if name not in ABLE], indirect=True
)
def test_a_provider_that_would_lose_something_gets_mails_one_by_one(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(3)]
    receipts = send(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert len(provider.calls) == 3
    assert [sent.to for sent in provider.sent] == [message.to for message in messages]


@able
@pytest.mark.parametrize(
    ("answer", "outcome", "is_channel_wide", "wait"),
    [
        (Answer({}, 429, {"Retry-After": "7"}), Outcome.RETRY, True, 7),
        (Answer({}, 400), Outcome.REJECTED, False, 0),
        (Answer({}, 500), Outcome.UNKNOWN, True, 0),
        (CLOSE, Outcome.UNKNOWN, True, 0),
    ],
)
def test_f17_a_call_that_fails_as_a_whole_fails_for_each(
    provider: Provider,
    answer: Any,
    outcome: Outcome,
    is_channel_wide: bool,
    wait: float,
) -> None:
    provider.server.answer = lambda request: answer
    content = personal_content()
    receipts = send([personal_message(n, content) for n in range(3)])
    assert len(provider.calls) == 1
    assert len(set(receipts)) == 1
    receipt = receipts[0]
    assert receipt.outcome is outcome
    assert receipt.is_channel_wide is is_channel_wide
    assert receipt.retry_after == wait


@pytest.mark.parametrize("provider", ["unisender_go"], indirect=True)
def test_f17_each_row_of_a_half_batch_has_its_own_outcome(provider: Provider) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(5)]
    provider.server.answer = lambda request: Answer(
        {
            "status": "success",
            "job_id": "j",
            "emails": ["m0@example.org", "M4@Example.org"],
            "failed_emails": {
                "m1@example.org": "permanent_unavailable",
                "m2@example.org": "invalid",
            },
        }
    )
    receipts = send(messages)
    assert [(receipt.outcome, receipt.code) for receipt in receipts] == [
        (Outcome.ACCEPTED, "queued"),
        (Outcome.REJECTED, "rejected"),
        (Outcome.REJECTED, "invalid"),
        (Outcome.UNKNOWN, "no_status"),
        (Outcome.ACCEPTED, "queued"),
    ]
    assert receipts[0].provider_id != receipts[4].provider_id


@pytest.mark.parametrize("provider", ["mailjet"], indirect=True)
def test_f17_mailjet_answers_400_for_a_batch_of_which_it_took_a_part(
    provider: Provider,
) -> None:
    content = personal_content()
    good = {
        "Status": "success",
        "To": [{"Email": "m0@example.org", "MessageID": 288230}],
    }
    bad = {"Status": "error", "Errors": [{"ErrorCode": "send-0003"}]}
    provider.server.answer = lambda request: Answer({"Messages": [good, bad]}, 400)
    receipts = send([personal_message(n, content) for n in range(2)])
    assert receipts[0] == Receipt(Outcome.ACCEPTED, "288230", "sent", "mailjet")
    assert receipts[1].outcome is Outcome.REJECTED


@brevo
def test_f18_an_id_that_is_missing_from_the_answer_is_unknown(
    provider: Provider,
) -> None:
    content = personal_content()
    provider.server.answer = lambda request: Answer({"messageIds": ["<1@b>"]}, 201)
    receipts = send([personal_message(n, content) for n in range(2)])
    assert [receipt.outcome for receipt in receipts] == [
        Outcome.ACCEPTED,
        Outcome.UNKNOWN,
    ]


@pytest.mark.parametrize("provider", ["mailgun"], indirect=True)
@given(
    members=st.lists(
        st.tuples(st.integers(1, 60), st.booleans(), st.sampled_from("AB")),
        min_size=1,
        max_size=120,
    ),
    limit=st.integers(2, 50),
)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_p04_i07_nobody_gets_another_ones_mail_however_a_batch_is_made_up(
    provider: Provider, members: list[tuple[int, bool, str]], limit: int
) -> None:
    """Any members, of any networks, of whom any share an address in any case."""
    provider.calls.clear()
    content = personal_content()
    messages = []
    for number, (person, is_upper, network) in enumerate(members):
        to = f"m{person}@example.org"
        message = personal_message(
            number,
            content,
            to=to.upper() if is_upper else to,
            reply_to=f"{network}@heidebeek.example",
        )
        messages.append(message)
    receipts = send(messages, limit)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert_each_got_theirs(provider, messages)
    assert all(len(provider.esp.read(call)) <= limit for call in provider.calls)


def test_p04_a_batch_over_a_backend_of_django_would_show_all_addresses_to_all(
    settings: Any,
) -> None:
    """What the guard refuses, and why."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    content = personal_content()
    messages = [personal_message(n, content) for n in range(3)]
    addresses = [message.to for message in messages]
    connection = get_connection()
    mail: Any = EmailMultiAlternatives(
        "s", "t", "bin@heidebeek.example", addresses, connection=connection
    )
    mail.merge_headers = {
        message.to: {"List-Unsubscribe": message.headers["List-Unsubscribe"]}
        for message in messages
    }
    assert connection.send_messages([mail]) == 1
    [shown] = django_mail.outbox
    assert shown.message()["To"] == ", ".join(addresses)
    assert "List-Unsubscribe" not in shown.message()
    with pytest.raises(UnsafeMessage):
        batch_mail(messages, connection)


def test_p04_a_backend_of_django_gets_a_batch_one_by_one(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    content = personal_content()
    messages = [personal_message(n, content) for n in range(3)]
    with EmailChannel(batch_limit=500) as channel:
        assert channel.batch_limit == 1
        receipts = channel.send_batch(messages)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert [mail.to for mail in django_mail.outbox] == [[m.to] for m in messages]


@pytest.mark.parametrize("provider", ["postmark"], indirect=True)
def test_p04_no_batch_is_built_for_a_provider_that_takes_none(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [personal_message(n, content) for n in range(2)]
    with pytest.raises(UnsafeMessage):
        batch_mail(messages, get_connection())


@able
def test_no_call_is_larger_than_its_recipients_need(provider: Provider) -> None:
    """The shared text goes over the wire once."""
    content = make_content(text="x" * 5000 + PLACEHOLDERS["name"], html="")
    if provider.esp.module == "brevo":
        # It asks for HTML.
        content = make_content(text="x", html="x" * 5000 + PLACEHOLDERS["name"])
    content = dataclasses.replace(content, html=content.html or "<p>x</p>")
    send([personal_message(n, content) for n in range(20)])
    [call] = provider.calls
    assert call.body.count(b"x" * 5000) == 1


@able
def test_what_recipients_have_in_common_goes_over_the_wire_once(
    provider: Provider,
) -> None:
    network, name = PLACEHOLDERS["network"], PLACEHOLDERS["name"]
    content = personal_content(
        text=f"{name}, {network}", html=f"<p>{name}, {network}</p>"
    )
    messages = [
        dataclasses.replace(
            message, values={**message.values, "network": "ONS NETWERK"}
        )
        for message in (personal_message(n, content) for n in range(20))
    ]
    send(messages)
    assert_each_got_theirs(provider, messages)
    [call] = provider.calls
    body = call.body.replace(b"+", b" ")
    # In the text, and in the HTML.
    assert body.count(b"ONS NETWERK") == 2


@able
def test_s12_markup_that_recipients_have_in_common_is_text_too(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [personal_message(n, content, name="Jan & <b>Mia") for n in range(3)]
    send(messages)
    assert_each_got_theirs(provider, messages)


@able
def test_a_value_goes_over_the_wire_once_unless_html_changes_it(
    provider: Provider,
) -> None:
    content = personal_content()
    messages = [personal_message(n, content, name=f"Naam{n:03}") for n in range(20)]
    send(messages)
    [call] = provider.calls
    assert [call.body.count(b"Naam%03d" % n) for n in range(20)] == [1] * 20


def test_what_is_no_field_stays_as_it_is() -> None:
    plain = "{ } { { a } } [x] [1] 100% %20 a*b** %C3%A9 {\n{ | * | @media{a{b}}"
    assert literal(plain) == plain
    assert json.dumps(PROVIDERS["brevo"].field.format("x")).count("{{ params.x }}") == 1
