"""D01 to D13: the bytes that a mail server received, from an approved dispatch on."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from wagtail.models import Locale

from tests.conftest import MailSink
from tests.dispatch.conftest import Send, make_due, states
from tests.factories import MandateFactory, MemberFactory
from tests.ledgers import event, make_delivery, make_dispatch
from wagtail_bin.channels.events import EventKind
from wagtail_bin.dispatch import deliver, notices
from wagtail_bin.dispatch.receipts import receive
from wagtail_bin.models import Consent, Delivery, Municipality, Purpose

pytestmark = pytest.mark.django_db

ROOT = "https://www.heidebeek.example"
MAILTO = "uitschrijven@heidebeek.example"
# What every mail must have, and none may have (RFC 5322 section 3.6).
ONCE = {"from", "to", "subject", "date", "message-id", "reply-to", "mime-version"}
NEVER = {"cc", "bcc", "sender", "return-path", "received", "x-mailer"}


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    settings.WAGTAIL_BIN_BASE_URL = ROOT
    settings.WAGTAIL_BIN_UNSUBSCRIBE_MAILTO = MAILTO
    settings.WAGTAIL_BIN_FROM_EMAIL = "BIN Überheide <bin@müller.example>"


class Received:
    """One mail as the server got it.

    Attributes:
        sender, recipient: the envelope's.
        data: the bytes between DATA and the final dot.
        mail: the same, parsed.
    """

    def __init__(self, kept: bytes) -> None:
        sender, recipient, self.data = kept.split(b"\r\n", 2)
        self.sender = sender.decode().partition(": ")[2]
        self.recipient = recipient.decode().partition(": ")[2]
        parsed: Any = email.message_from_bytes(self.data, policy=email.policy.SMTP)
        self.mail: EmailMessage = parsed

    @property
    def head(self) -> list[str]:
        """The lines of the header, as they stand."""
        return self.data.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")

    def line(self, name: str) -> str:
        """The one line of a header that must not be folded."""
        [number] = [
            n for n, line in enumerate(self.head) if line.startswith(f"{name}:")
        ]
        assert not [line for line in self.head[number + 1 :][:1] if line[0] in " \t"]
        return self.head[number].partition(": ")[2]

    def body(self, kind: str) -> str:
        part = self.mail.get_body((kind,))
        assert part is not None
        text: str = part.get_content()
        return text

    @property
    def link(self) -> str:
        """Where one click unsubscribes, as a mail program finds it."""
        found = re.fullmatch(r"<(https://[^<>\s]+)>, <mailto:.+>", self.unsubscribe)
        assert found, self.unsubscribe
        return found[1]

    @property
    def unsubscribe(self) -> str:
        return self.line("List-Unsubscribe")


def received(sink: MailSink) -> list[Received]:
    """Everything, in the order of the recipients."""
    make_due()
    deliver.deliver_due(seconds=30)
    kept = (sink.directory / "new").glob("*")
    return sorted((Received(p.read_bytes()) for p in kept), key=lambda r: r.recipient)


@pytest.fixture(params=[Purpose.TIPS, Purpose.ALERTS])
def got(request: Any, sink: MailSink, send: Send, network: Any) -> Received:
    """A tip, or a warning, to one member."""
    member = MemberFactory(
        network=network,
        first_name="Zoë-Françoise",
        last_name="Vandenbroucke-De Schuytener" * 3,
        email="zoe@straße.example",
    )
    send([member], purpose=request.param)
    [mail] = received(sink)
    assert states() == {"accepted": 1}
    return mail


def test_d01_both_ways_to_unsubscribe_are_offered(got: Received) -> None:
    assert got.link.startswith(f"{ROOT}/bin/unsubscribe/")
    assert got.unsubscribe == f"<{got.link}>, <mailto:{MAILTO}>"
    assert got.line("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


def test_d02_one_click_on_what_arrived_ends_it(
    sink: MailSink, send: Send, network: Any
) -> None:
    one, other = MemberFactory.create_batch(2, network=network)
    send([one, other])
    [mail] = [mail for mail in received(sink) if mail.recipient == one.email]
    # Confirmed before the click, and sent after it.
    second = send([one, other])
    path = mail.link.removeprefix(ROOT)
    client = Client(enforce_csrf_checks=True)
    assert client.get(path).status_code == 200
    assert not Consent.objects.filter(is_given=False).exists()
    name, _, value = mail.line("List-Unsubscribe-Post").partition("=")
    for _press in range(2):
        assert client.post(path, {name: value}).status_code == 200
    assert not client.cookies
    assert Consent.objects.get(is_given=False).member == one
    recipients = [mail.recipient for mail in received(sink)]
    assert sorted(recipients) == sorted([one.email, other.email, other.email])
    assert second.deliveries.get(member=one).state == "suppressed"


def test_d03_no_line_is_long_and_the_links_are_not_folded(got: Received) -> None:
    assert got.line("List-Unsubscribe")
    assert got.line("List-Unsubscribe-Post")
    assert got.line("List-Id")
    head, _, body = got.data.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 200
    # RFC 2045 section 6.7; RFC 5322 section 2.1.1 would allow 998.
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert got.data.isascii()
    assert b"\0" not in got.data
    ends = got.data.count(b"\r\n")
    assert got.data.count(b"\r") == got.data.count(b"\n") == ends


def test_d04_a_list_keeps_its_id_and_feedback_names_nobody(
    sink: MailSink, send: Send, network: Any
) -> None:
    members = MemberFactory.create_batch(2, network=network, last_name="Geheim")
    for _dispatch in range(2):
        send(members)
    mails = received(sink)
    assert len(mails) == 4
    [list_id] = {mail.line("List-Id") for mail in mails}
    assert re.fullmatch(rf"<tips\.{network.slug}\.[a-z.]+>", list_id)
    [feedback] = {mail.line("Feedback-ID") for mail in mails}
    # The same for all of them, so it can be about none.
    assert feedback == f"{network.slug}:tips:wagtail-bin"


def test_d05_members_mail_is_bulk_and_answers_nothing(got: Received) -> None:
    assert got.line("Precedence") == "bulk"
    assert {"in-reply-to", "references"}.isdisjoint(names_of(got))


def test_d05_d08_what_people_are_told_is_automatic_and_of_no_list(
    sink: MailSink, network: Any
) -> None:
    user = MandateFactory(network=network).user
    row = make_delivery(make_dispatch(), MemberFactory(network=network))
    receive([event(EventKind.HARD_BOUNCE, row)])
    notices.tell()
    [mail] = received(sink)
    assert mail.recipient == user.email
    assert mail.line("Auto-Submitted") == "auto-generated"
    assert not [name for name in names_of(mail) if name.startswith("list-")]
    assert {"precedence", "feedback-id"}.isdisjoint(names_of(mail))
    assert {"from", "to", "subject", "date", "message-id"} <= set(names_of(mail))


def names_of(mail: Received) -> list[str]:
    return [name.lower() for name, _value in mail.mail.raw_items()]


def test_d06_each_header_stands_once_and_all_domains_are_the_senders(
    got: Received, network: Any
) -> None:
    names = names_of(got)
    assert len(names) == len(set(names))
    assert set(names) >= ONCE
    assert NEVER.isdisjoint(names)
    [(name, sender)] = getaddresses([str(got.mail["From"])])
    assert (name, sender) == ("BIN Überheide", "bin@xn--mller-kva.example")
    # Where what comes back goes; its domain is what SPF is looked up for.
    assert got.sender == sender
    row = Delivery.objects.get()
    message_id = got.line("Message-ID")
    assert message_id == row.provider_id
    assert message_id == (f"<{row.pk}.1.{row.dispatch_id}@{sender.rpartition('@')[2]}>")
    assert got.mail["Reply-To"] == network.contact_email
    # In UTC; "-0000" says that it is nobody's local time (RFC 5322 section 3.3).
    assert got.line("Date").endswith(" -0000")
    moment = parsedate_to_datetime(got.line("Date")).replace(tzinfo=dt.UTC)
    assert abs(timezone.now() - moment) < dt.timedelta(minutes=2)


def test_d06_d13_the_recipient_is_one_bare_address_in_ascii(got: Received) -> None:
    # IDNA 2008: the ß stays itself.
    assert got.line("To") == got.recipient == "zoe@xn--strae-oqa.example"


def test_d07_the_text_says_all_that_the_html_says(got: Received) -> None:
    assert got.mail.get_content_type() == "multipart/alternative"
    parts = list(got.mail.iter_parts())
    # The last one is the best (RFC 2046 section 5.1.4).
    assert [p.get_content_type() for p in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
        assert not part.defects
    assert not got.mail.defects
    text, html = got.body("plain"), got.body("html")
    links = re.findall(r'href="([^"]+)"', html)
    assert len(links) >= 2
    for said in (*links, "112", "Inbrekers houden van het donker.", "Sluit af"):
        assert said in text, said
    assert got.link in links
    assert "Zoë-Françoise" in text
    assert not re.search(r"</?\w+>", text)
    assert '<html lang="nl">' in html
    assert not re.findall(r"<img(?![^>]*\balt=)", html)
    assert len(html.encode()) < 100_000


def test_d07_each_language_is_marked_as_such(
    sink: MailSink, send: Send, network: Any, tip: Any
) -> None:
    Municipality.objects.update(message_language="all")
    locale = Locale.objects.get_or_create(language_code="fr")[0]
    french = tip.copy_for_translation(locale, copy_parents=True)
    french.title = "Mois sombres"
    french.save_revision().publish()
    send([MemberFactory(network=network)])
    [mail] = received(sink)
    assert mail.line("Content-Language") == "nl, fr"
    assert mail.mail["Subject"] == "Donkere maanden / Mois sombres"
    html = mail.body("html")
    assert '<html lang="nl">' in html
    assert re.findall(r'<div lang="(\w+)">', html) == ["nl", "fr"]
    for kind in ("plain", "html"):
        for said in ("Donkere maanden", "Mois sombres", mail.link):
            assert said in mail.body(kind), said


def test_d07_what_begins_with_a_dot_arrives_as_it_is(
    sink: MailSink, send: Send, network: Any, tip: Any
) -> None:
    # RFC 5321 section 4.5.2.
    tip.introduction = "."
    tip.body = [("paragraph", "<p>.een</p><p>..twee</p>")]
    tip.save_revision()
    send([MemberFactory(network=network)])
    [mail] = received(sink)
    lines = mail.body("plain").splitlines()
    for line in (".", ".een", "..twee"):
        assert lines.count(line) == 1, line


def test_d08_to_end_the_tips_does_not_end_the_warnings(
    sink: MailSink, send: Send, network: Any
) -> None:
    member = MemberFactory(network=network)

    def send_both() -> None:
        send([member])
        send([member], purpose=Purpose.ALERTS)

    send_both()
    mails = received(sink)
    for header in ("List-Id", "Feedback-ID", "List-Unsubscribe"):
        assert len({mail.line(header) for mail in mails}) == 2, header
    [tip] = [mail for mail in mails if mail.line("List-Id").startswith("<tips.")]
    send_both()
    path = tip.link.removeprefix(ROOT)
    Client().post(path, {"List-Unsubscribe": "One-Click"})
    assert len(received(sink)) == 3
    assert states(dispatch__purpose=Purpose.TIPS) == {"accepted": 1, "suppressed": 1}
    assert states(dispatch__purpose=Purpose.ALERTS) == {"accepted": 2}


def test_d10_who_is_suppressed_is_not_even_named_to_the_server(
    sink: MailSink, send: Send, network: Any
) -> None:
    gone, fine = MemberFactory.create_batch(2, network=network)
    dispatch = send([gone, fine])
    receive([event(EventKind.HARD_BOUNCE, make_delivery(make_dispatch(), gone))])
    assert [mail.recipient for mail in received(sink)] == [fine.email]
    assert dispatch.deliveries.get(member=gone).state == "suppressed"
