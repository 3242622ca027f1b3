"""SMS and voice through Twilio: what is asked of it, and what its answers mean."""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import json
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from django.core.exceptions import ImproperlyConfigured

from example_site.mail_sink import free_port
from tests.channels.contract import ChannelContract
from tests.channels.loopback import HTTPProvider, Reply, Request
from wagtail_bin.channels.base import (
    PART,
    ChannelUnavailable,
    Content,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.measure import measure_voice
from wagtail_bin.channels.twilio import SMSChannel, VoiceChannel
from wagtail_bin.channels.twilio.options import API_BASE
from wagtail_bin.channels.twilio.transport import Transport, seconds_of

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-very-secret-token"
NUMBER = "+32473865387"
OPTIONS = {
    "ACCOUNT_SID": ACCOUNT,
    "AUTH_TOKEN": TOKEN,
    "FROM": "+3214446220",
    "STATUS_CALLBACK": "https://bin.example/hooks/twilio/",
}


def created(request: Request) -> Reply:
    return Reply(201, json.dumps({"sid": "XX1", "status": "queued"}).encode())


def refused(status: int, code: int, **headers: str) -> Any:
    """As Twilio does: the number stands in the text."""

    def reply(request: Request) -> Reply:
        body = {
            "code": code,
            "message": f"The number {request.form['To'][0]} cannot be used.",
            "status": status,
        }
        return Reply(status, json.dumps(body).encode(), headers)

    return reply


class TwilioProvider:
    """Twilio's API on loopback."""

    def __init__(self, kind: type[SMSChannel | VoiceChannel], **options: Any) -> None:
        self.http = HTTPProvider(created)
        self.kind = kind
        self.options = OPTIONS | {"API_BASE": f"http://{self.http.address}"} | options

    def channel(self) -> SMSChannel | VoiceChannel:
        return self.kind(**self.options)

    def does(self, what: str) -> None:
        replies = {
            "accept": created,
            "refuse": refused(400, 21211),
            "limit": refused(429, 20429, **{"Retry-After": "7"}),
            "fail": refused(500, 20500),
            "garble": lambda _: Reply(201, b"<html>It works!"),
        }
        if what == "down":
            self.http.stop()
        self.http.mode = "reply" if what in replies else what
        self.http.reply = replies.get(what, created)

    @property
    def received(self) -> list[list[str]]:
        return [request.form["To"] for request in self.http.requests]

    def stop(self) -> None:
        self.http.stop()


class TestSMSContract(ChannelContract):
    recipients = [NUMBER, "+32473865388", "+3214446221"]
    unsafe_recipients = [
        "0473865387",
        "+32473865387,+32473865388",
        "+32473865387\n",
        "+32 473 86 53 87",
        "+324\u0667\u0663865387",
        "whatsapp:+32473865387",
        "",
    ]
    secrets = [TOKEN]

    def make_provider(self) -> TwilioProvider:
        return TwilioProvider(SMSChannel)


class TestVoiceContract(TestSMSContract):
    def make_provider(self) -> TwilioProvider:
        return TwilioProvider(VoiceChannel)


def message(**changes: Any) -> OutgoingMessage:
    content = Content(
        text=changes.pop("text", "Sluit af."), language=changes.pop("language", "nl")
    )
    return OutgoingMessage(
        **{"reference": "7.1.x", "to": NUMBER, "content": content} | changes
    )


@pytest.fixture
def sms() -> Iterator[TwilioProvider]:
    provider = TwilioProvider(SMSChannel)
    yield provider
    provider.stop()


@pytest.fixture
def voice() -> Iterator[TwilioProvider]:
    provider = TwilioProvider(VoiceChannel)
    yield provider
    provider.stop()


def send(provider: TwilioProvider, *messages: OutgoingMessage) -> list[Receipt]:
    with provider.channel() as channel:
        return [channel.send(message) for message in messages]


def test_an_sms_asks_for_a_report_that_finds_its_delivery(sms: TwilioProvider) -> None:
    sms.options["STATUS_CALLBACK"] += "?site=1"
    send(sms, message(reference="7.1.a&b"))
    (request,) = sms.http.requests
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    callback = urlsplit(request.form.pop("StatusCallback")[0])
    assert callback.netloc + callback.path == "bin.example/hooks/twilio/"
    assert parse_qs(callback.query) == {"site": ["1"], "delivery": ["7.1.a&b"]}


def test_an_sms_says_what_it_must_and_no_more(sms: TwilioProvider) -> None:
    send(sms, message(text=f"Sluit af.{PART}Fermez bien.", language="nl+fr"))
    form = sms.http.requests[0].form
    del form["StatusCallback"]
    assert form == {
        "To": [NUMBER],
        "From": ["+3214446220"],
        "Body": ["Sluit af.\nFermez bien."],
    }
    credentials = sms.http.requests[0].headers["Authorization"].split()[1]
    assert base64.b64decode(credentials).decode() == f"{ACCOUNT}:{TOKEN}"


def test_a_messaging_service_and_an_api_key_will_do(sms: TwilioProvider) -> None:
    del sms.options["FROM"], sms.options["AUTH_TOKEN"], sms.options["STATUS_CALLBACK"]
    sms.options |= {
        "MESSAGING_SERVICE_SID": "MG1",
        "API_KEY": "SK1",
        "API_SECRET": "secret",
    }
    send(sms, message())
    (request,) = sms.http.requests
    assert set(request.form) == {"To", "Body", "MessagingServiceSid"}
    assert f"/Accounts/{ACCOUNT}/" in request.path
    credentials = request.headers["Authorization"].split()[1]
    assert base64.b64decode(credentials).decode() == "SK1:secret"


def test_one_connection_carries_many_messages(sms: TwilioProvider) -> None:
    receipts = send(sms, *[message()] * 5)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert sms.http.connections == 1


@pytest.mark.parametrize(
    ("status", "code", "outcome", "is_channel_wide"),
    [
        (400, 21211, Outcome.REJECTED, False),
        (400, 21614, Outcome.REJECTED, False),
        (400, 21610, Outcome.REJECTED, False),
        (403, 21610, Outcome.REJECTED, False),
        (403, 21408, Outcome.REJECTED, False),
        (400, 21617, Outcome.REJECTED, False),
        (401, 20003, Outcome.RETRY, True),
        (403, 20005, Outcome.RETRY, True),
        (404, 20404, Outcome.RETRY, True),
        (400, 21606, Outcome.RETRY, True),
        (400, 21659, Outcome.RETRY, True),
        (429, 20429, Outcome.RETRY, True),
        (429, 14107, Outcome.RETRY, True),
        (400, 21611, Outcome.RETRY, True),
        (500, 20500, Outcome.UNKNOWN, False),
        (503, 20503, Outcome.UNKNOWN, False),
        (302, 0, Outcome.UNKNOWN, False),
    ],
)
def test_f14_f15_an_error_says_whose_it_is(
    sms: TwilioProvider,
    status: int,
    code: int,
    outcome: Outcome,
    is_channel_wide: bool,
) -> None:
    sms.http.reply = refused(status, code)
    (receipt,) = send(sms, message())
    assert (receipt.outcome, receipt.is_channel_wide) == (outcome, is_channel_wide)
    assert receipt.code == str(code or status)
    assert receipt.source == "twilio"


def test_f14_an_error_of_the_newer_form_is_read_too(sms: TwilioProvider) -> None:
    body = {"type": "x", "title": "Too many", "status": 429, "code": 20429}
    sms.http.reply = lambda _: Reply(429, json.dumps(body).encode())
    (receipt,) = send(sms, message())
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, "20429")


def test_f14_a_limit_is_forgotten_with_the_next_answer(sms: TwilioProvider) -> None:
    with sms.channel() as channel:
        sms.does("limit")
        assert channel.send(message()).retry_after == 7
        sms.http.reply = refused(429, 20429)
        assert channel.send(message()).retry_after == 0


def test_f14_retry_after_is_seconds_or_a_date() -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    assert 57 < seconds_of(email.utils.format_datetime(soon, usegmt=True)) <= 60
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    assert [seconds_of(v) for v in ("7", past, "", "soon", "inf", "-3", "9" * 40)] == [
        7, 0, 0, 0, 0, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{}", "no_id"),
        (b'{"sid": "", "status": "queued"}', "no_id"),
        (b"[]", "AttributeError"),
        (b"", "no_id"),
        (b"<html>", "JSONDecodeError"),
    ],
)
def test_i04_f18_without_an_id_nothing_is_accepted(
    sms: TwilioProvider, body: bytes, code: str
) -> None:
    sms.http.reply = lambda _: Reply(201, body)
    (receipt,) = send(sms, message())
    assert (receipt.outcome, receipt.code) == (Outcome.UNKNOWN, code)


def test_i04_a_message_that_is_created_as_failed_is_rejected(
    sms: TwilioProvider,
) -> None:
    body = {"sid": "SM1", "status": "failed", "error_code": 30006}
    sms.http.reply = lambda _: Reply(201, json.dumps(body).encode())
    (receipt,) = send(sms, message())
    assert receipt == Receipt(Outcome.REJECTED, "SM1", "30006", "twilio")


def test_f16_a_server_that_has_gone_while_the_connection_was_kept(
    sms: TwilioProvider,
) -> None:
    with sms.channel() as channel:
        assert channel.send(message()).outcome is Outcome.ACCEPTED
        sms.does("down")
        receipt = channel.send(message())
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)
    assert len(sms.http.requests) == 1


def test_f16_a_name_that_cannot_be_found(sms: TwilioProvider) -> None:
    sms.options["API_BASE"] = "http://twilio.invalid"
    with pytest.raises(ChannelUnavailable) as caught, sms.channel():
        pass
    assert caught.value.code == "ConnectionError"


def test_f05_no_request_is_made_a_second_time() -> None:
    channel = SMSChannel(**OPTIONS | {"API_BASE": "http://127.0.0.1:1"})
    with pytest.raises(ChannelUnavailable):
        channel.open()
    adapter = channel.transport.http.session.get_adapter("https://api.twilio.com")
    assert adapter.max_retries.total == 0


def test_f16_a_proxy_that_has_gone_has_sent_nothing(
    sms: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with sms.channel() as channel:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        receipt = channel.send(message())
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, "ProxyError")
    assert sms.http.requests == []


def test_without_a_base_of_ours_the_sdk_says_where_to_go(sms: TwilioProvider) -> None:
    transport = Transport(API_BASE)
    response = transport.request("POST", f"http://{sms.http.address}/there", data={})
    transport.close()
    assert response.status_code == 201
    assert [request.path for request in sms.http.requests] == ["/there"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=127.0.0.1", "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def test_f16_a_certificate_that_cannot_be_trusted_gets_no_message(
    sms: TwilioProvider, certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with sms.channel() as channel:
        sms.http.use_tls(context)
        channel.transport.base = f"https://{sms.http.address}"
        receipt = channel.send(message())
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, "SSLError")
    assert sms.http.requests == []


def say(provider: TwilioProvider) -> list[tuple[str, dict[str, str], str]]:
    """The verbs of the call that reached Twilio."""
    (twiml,) = provider.http.requests[0].form["Twiml"]
    verbs = ET.fromstring(twiml)  # noqa: S314 -- ours
    return [(verb.tag, verb.attrib, verb.text or "") for verb in verbs]


def test_a_voice_says_each_language_and_all_of_it_twice(voice: TwilioProvider) -> None:
    send(voice, message(text=f"Let op: <u>\n1 & 2{PART}Attention", language="nl+fr"))
    dutch = {"voice": "Polly.Lisa-Neural", "language": "nl-BE"}
    french = {"voice": "Polly.Isabelle-Neural", "language": "fr-BE"}
    once = [
        ("Say", dutch, "Let op: <u> 1 & 2"),
        ("Pause", {"length": "1"}, ""),
        ("Say", french, "Attention"),
        ("Pause", {"length": "1"}, ""),
    ]
    assert say(voice) == once * 2


@pytest.mark.parametrize(
    ("letters", "seconds", "times"), [(384, 29, 2), (400, 30, 1), (800, 60, 1)]
)
def test_it_is_said_twice_only_if_both_together_fit_into_a_minute(
    voice: TwilioProvider, letters: int, seconds: int, times: int
) -> None:
    text = "a" * letters
    # And a pause of a second after each.
    assert measure_voice(text, "nl") == seconds
    send(voice, message(text=text))
    assert [tag for tag, _attributes, _text in say(voice)] == ["Say", "Pause"] * times


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("nl", "nl-BE"), ("fr", "fr-BE"), ("de", "de-DE"), ("en", "en-GB")],
)
def test_every_language_has_a_voice(
    voice: TwilioProvider, language: str, spoken: str
) -> None:
    send(voice, message(language=language))
    assert say(voice)[0][1]["language"] == spoken


def test_what_xml_cannot_hold_is_not_said(voice: TwilioProvider) -> None:
    send(voice, message(text="Sluit\x00 af\x0b."))
    assert say(voice)[0][2] == "Sluit af ."


def test_a_voice_can_be_chosen(voice: TwilioProvider) -> None:
    voice.options["VOICES"] = {"nl": ("nl-NL", "Polly.Laura-Neural")}
    send(voice, message())
    assert say(voice)[0][1] == {"language": "nl-NL", "voice": "Polly.Laura-Neural"}


def test_a_call_waits_for_the_beep_and_ends_by_itself(voice: TwilioProvider) -> None:
    send(voice, message())
    form = voice.http.requests[0].form
    assert voice.http.requests[0].path.endswith("/Calls.json")
    assert form["MachineDetection"] == ["DetectMessageEnd"]
    assert "AsyncAmd" not in form
    assert "Url" not in form
    assert form["From"] == ["+3214446220"]
    assert form["Timeout"] == ["30"]
    assert form["TimeLimit"] == ["160"]
    assert form["StatusCallback"] == [
        "https://bin.example/hooks/twilio/?delivery=7.1.x"
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "woord " * 200}, "too_long"),
        ({"text": "&" * 780}, "too_long"),
        ({"language": "tlh"}, "language"),
        ({"text": f" {PART} "}, "empty"),
        ({"text": "half \ud83d"}, "text"),
    ],
)
def test_what_cannot_be_said_is_refused(
    voice: TwilioProvider, changes: dict[str, str], code: str
) -> None:
    (receipt,) = send(voice, message(**changes))
    assert receipt == Receipt(Outcome.REJECTED, code=code, source="guard")
    assert voice.http.requests == []


@pytest.mark.parametrize(
    ("kind", "options", "hint"),
    [
        (SMSChannel, {"FROM": ""}, "MESSAGING_SERVICE_SID"),
        (VoiceChannel, {"FROM": "", "MESSAGING_SERVICE_SID": "MG1"}, "FROM"),
        (SMSChannel, {"AUTH_TOKEN": "", "API_KEY": "SK1"}, "API_SECRET"),
        (SMSChannel, {"STATUS_CALLBACK": "/hooks/twilio/"}, "STATUS_CALLBACK"),
        (SMSChannel, {"FORM": "x"}, "form"),
    ],
)
def test_a_wrong_setting_is_found_before_anything_is_sent(
    kind: type[SMSChannel], options: dict[str, str], hint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=hint) as caught:
        kind(**OPTIONS | options)
    assert TOKEN not in str(caught.value)


def test_the_settings_do_not_show_their_secrets() -> None:
    assert TOKEN not in repr(SMSChannel(**OPTIONS).settings)


def test_f16_a_port_that_nobody_listens_on(sms: TwilioProvider) -> None:
    sms.options["API_BASE"] = f"http://127.0.0.1:{free_port()}"
    receipt = sms.channel().send(message())
    assert (receipt.outcome, receipt.source) == (Outcome.RETRY, "connect")
    assert receipt.is_channel_wide
