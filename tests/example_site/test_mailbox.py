"""The demo's mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from example_site.home import mailbox
from tests.conftest import MailSink


@pytest.fixture
def box(sink: MailSink, settings: Any, home: Any) -> MailSink:
    """A real sink that the mailbox shows."""
    settings.MAIL_SINK_DIR = sink.directory
    return sink


def send(subject: str, html: str = "<p>Dag</p><script>x</script>") -> None:
    mail = EmailMultiAlternatives(subject, "Dag <jij>", to=["lid@example.org"])
    mail.attach_alternative(html, "text/html")
    mail.send()


def only_name(box: MailSink) -> str:
    (path,) = (box.directory / "new").iterdir()
    return path.name


def test_the_mailbox_lists_messages_newest_first(box: MailSink, client: Client) -> None:
    assert "Nothing has been sent yet." in client.get("/mailbox/").content.decode()
    send("Eerste")
    send("Tweede")
    html = client.get("/mailbox/").content.decode()
    assert html.index("Tweede") < html.index("Eerste")
    assert "lid@example.org" in html
    assert "bin@heidebeek.example" in html
    assert "2 messages so far" in html


def test_only_the_messages_of_one_page_are_read(
    box: MailSink, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        (box.directory / "new" / f"{number:03}").write_bytes(b"Subject: n\n\nx")
    read: list[Path] = []
    original = mailbox._read

    def counting(path: Path) -> Any:
        read.append(path)
        return original(path)

    monkeypatch.setattr(mailbox, "_read", counting)
    html = client.get("/mailbox/?page=2").content.decode()
    assert "Page 2 of 3" in html
    assert [path.name for path in read] == [f"{n:03}" for n in range(69, 19, -1)]


def test_a_message_shows_its_text_and_headers_escaped(
    box: MailSink, client: Client
) -> None:
    send("Onder <werp>")
    html = client.get(f"/mailbox/{only_name(box)}/").content.decode()
    assert "Onder &lt;werp&gt;" in html
    assert "Dag &lt;jij&gt;" in html
    assert "X-Envelope-To" in html
    assert "Message-ID" in html
    assert f'src="/mailbox/{only_name(box)}/html/"' in html
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    assert "<p>Dag</p>" not in html


def test_the_html_of_a_message_can_do_nothing(box: MailSink, client: Client) -> None:
    send("Hallo")
    response = client.get(f"/mailbox/{only_name(box)}/html/")
    assert "<p>Dag</p>" in response.content.decode()
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_a_message_without_html_or_date_is_shown(box: MailSink, client: Client) -> None:
    message = EmailMessage()
    message["Subject"] = "Kaal"
    message.set_content("Alleen tekst")
    (box.directory / "new" / "kaal").write_bytes(bytes(message))
    html = client.get("/mailbox/kaal/").content.decode()
    assert "Alleen tekst" in html
    assert "<iframe" not in html


@pytest.mark.parametrize(
    "name", ["nergens", "..", "%2e%2e%2fsecret", "..%2f..%2fsecret"]
)
def test_only_messages_can_be_opened(box: MailSink, client: Client, name: str) -> None:
    (box.directory / "secret").write_text("geheim")
    (box.directory.parent / "secret").write_text("geheim")
    response = client.get(f"/mailbox/{name}/", follow=True)
    assert response.status_code == 404
    assert "geheim" not in response.content.decode()


@pytest.mark.parametrize("url", ["/mailbox/", "/mailbox/x/", "/mailbox/x/html/"])
def test_there_is_no_mailbox_where_no_sink_is(
    home: Any, client: Client, settings: Any, url: str
) -> None:
    del settings.MAIL_SINK_DIR
    # The language redirect of i18n_patterns ends in a 404 too.
    assert client.get(url, follow=True).status_code == 404
