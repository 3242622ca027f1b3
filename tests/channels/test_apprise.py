"""Apprise: one recipient per call, nothing cut, nothing logged, honest about the rest."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.channels.contract import ChannelContract
from tests.channels.loopback import HTTPProvider, Reply
from wagtail_bin.channels.apprise import AppriseChannel, SocialChannel
from wagtail_bin.channels.base import (
    PART,
    Channel,
    Content,
    Outcome,
    OutgoingMessage,
    Receipt,
)

SECRET = "a-very-secret-password"
NUMBER = "+32473865387"
NO_REASON = "Apprise says that it failed and not why, so it is unknown"


class AppriseProvider:
    """A gateway on loopback."""

    def __init__(self) -> None:
        self.http = HTTPProvider(lambda _: Reply(200, b"{}"))
        self.options: dict[str, Any] = {
            "URL": f"json://bin:{SECRET}@{self.http.address}/sms/{{to}}"
        }

    def channel(self) -> Channel:
        return AppriseChannel(**self.options)

    def does(self, what: str) -> None:
        statuses = {"accept": 200, "refuse": 400, "limit": 429, "fail": 500}
        if what == "down":
            self.http.stop()
        self.http.mode = "reply" if what in statuses else what
        self.http.reply = lambda _: Reply(statuses.get(what, 200))

    @property
    def received(self) -> list[list[str]]:
        return [[unquote(r.path.removeprefix("/sms/"))] for r in self.http.requests]

    def stop(self) -> None:
        self.http.stop()


class SocialProvider(AppriseProvider):
    """Three Mastodon servers, all on loopback."""

    def __init__(self) -> None:
        super().__init__()
        self.options = {
            "TARGETS": {
                name: f"mastodon://{SECRET}-{name}@{self.http.address}"
                for name in TestSocialContract.recipients
            }
        }

    def channel(self) -> Channel:
        return SocialChannel(**self.options)

    @property
    def received(self) -> list[list[str]]:
        prefix = f"Bearer {SECRET}-"
        return [
            [r.headers["Authorization"].removeprefix(prefix)]
            for r in self.http.requests
        ]


class TestAppriseContract(ChannelContract):
    recipients = [NUMBER, "+32473865388", "+3214446221"]
    unsafe_recipients = [
        "0473865387",
        "+32473865387,+32473865388",
        "+32473865387/+32473865388",
        "+32473865387\n",
        "+32473865387?method=get",
        "",
    ]
    secrets = [SECRET]
    inapplicable = {
        "down": NO_REASON,
        "refuse": NO_REASON,
        "limit": NO_REASON,
        "garble": "Apprise looks at the status and not at what the answer says",
    }

    def make_provider(self) -> AppriseProvider:
        return AppriseProvider()

    @pytest.mark.parametrize("what", ["down", "refuse", "limit", "fail"])
    def test_i05_f32_whatever_failed_is_unknown_and_the_channel_goes_on(
        self, provider: AppriseProvider, what: str
    ) -> None:
        provider.does(what)
        with provider.channel() as channel:
            receipt = channel.send(self.message())
            assert (receipt.outcome, receipt.code) == (Outcome.UNKNOWN, "failed")
            if what != "down":
                provider.does("accept")
                assert channel.send(self.message()).outcome is Outcome.ACCEPTED

    @pytest.mark.parametrize("what", ["down", "refuse", "limit"])
    def test_p13_s36_nothing_is_logged_of_a_failure_either(
        self, provider: AppriseProvider, what: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        provider.does(what)
        with caplog.at_level(1), provider.channel() as channel:
            channel.send(self.message())
        said = "\n".join(f"{r.name} {r.getMessage()}" for r in caplog.records)
        assert "0.1.x: unknown (failed)" in said
        for forbidden in (self.recipients[0].lstrip("+"), SECRET, "Sluit", "127.0.0.1"):
            assert forbidden not in said


class TestSocialContract(TestAppriseContract):
    recipients = ["village", "police", "town"]
    unsafe_recipients = ["nowhere", "village\n", ""]

    def make_provider(self) -> SocialProvider:
        return SocialProvider()

    # A target's name is no personal data, and may be logged.
    test_p13_s36_nothing_personal_and_no_secret_in_any_log_record = None
    test_p13_s36_nothing_is_logged_of_a_failure_either = None

    @pytest.mark.parametrize("what", ["accept", "refuse", "fail", "silent", "down"])
    def test_s36_no_secret_in_any_log_record(
        self, provider: AppriseProvider, what: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        provider.does(what)
        with caplog.at_level(1), provider.channel() as channel:
            channel.send(self.message())
        assert SECRET not in caplog.text
        assert "127.0.0.1" not in caplog.text


def message(text: str = "Sluit af.", **changes: Any) -> OutgoingMessage:
    values = {"reference": "7.1.x", "to": NUMBER, "content": Content(text=text)}
    return OutgoingMessage(**values | changes)


@pytest.fixture
def gateway() -> Iterator[AppriseProvider]:
    provider = AppriseProvider()
    yield provider
    provider.stop()


@pytest.fixture
def social() -> Iterator[SocialProvider]:
    provider = SocialProvider()
    yield provider
    provider.stop()


def body(provider: AppriseProvider) -> dict[str, Any]:
    return dict(json.loads(provider.http.requests[0].body))


def test_the_text_goes_out_as_it_is_without_a_title(gateway: AppriseProvider) -> None:
    text = f"<b>112</b> :smile: \\n *ster*{PART}Fermez ${{X}}"
    with gateway.channel() as channel:
        receipt = channel.send(message(text))
    assert receipt == Receipt(Outcome.ACCEPTED, "7.1.x", "sent", "apprise")
    sent = body(gateway)
    assert sent["message"] == "<b>112</b> :smile: \\n *ster*\nFermez ${X}"
    assert sent["title"] == ""


def test_a_service_that_reads_markup_gets_none(
    social: SocialProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from apprise.plugins.telegram import NotifyTelegram

    url = f"http://{social.http.address}/bot"
    monkeypatch.setattr(NotifyTelegram, "notify_url", url)
    social.options["TARGETS"] = {"room": "tgram://123456789:bot-token/-10012345678/"}
    with caplog.at_level(1), social.channel() as channel:
        receipt = channel.send(message("<b>1 & 2</b>", to="room"))
    assert receipt.outcome is Outcome.ACCEPTED
    assert "123456789:bot-token" in social.http.requests[0].path
    assert body(social)["text"] == "&lt;b&gt;1 &amp; 2&lt;/b&gt;"
    assert body(social)["chat_id"] == -10012345678
    assert "bot-token" not in caplog.text


def test_a_social_post_is_the_text_and_no_more(social: SocialProvider) -> None:
    with social.channel() as channel:
        channel.send(message("Tip: https://bin.example/t", to="police"))
    (request,) = social.http.requests
    assert request.path == "/api/v1/statuses"
    assert body(social) == {"status": "Tip: https://bin.example/t", "sensitive": False}


def test_f32_a_social_post_that_may_have_appeared_is_not_posted_again(
    social: SocialProvider, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 1
    social.options["TARGETS"]["village"] += "/?retry=3&wait=0"
    social.does("silent")
    with social.channel() as channel:
        receipt = channel.send(message(to="village"))
    assert receipt.outcome is Outcome.UNKNOWN
    assert len(social.http.requests) == 1


def test_a_service_that_is_optional_fails_all_the_same(
    gateway: AppriseProvider,
) -> None:
    gateway.options["URL"] += "?optional=yes"
    gateway.does("refuse")
    with gateway.channel() as channel:
        assert channel.send(message()).outcome is Outcome.UNKNOWN


def test_a_call_is_made_by_who_asked_for_it(
    gateway: AppriseProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apprise would give it to a thread, and leave that alone after a minute."""
    from apprise.plugins.custom_json import NotifyJSON

    threads: list[str] = []
    send = NotifyJSON.send

    def watched(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread().name)
        return send(*args, **kwargs)

    monkeypatch.setattr(NotifyJSON, "send", watched)
    with gateway.channel() as channel:
        channel.send(message())
    assert threads == [threading.current_thread().name]


def test_i05_an_error_inside_apprise_is_unknown_too(
    gateway: AppriseProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise import Apprise

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(NUMBER)

    monkeypatch.setattr(Apprise, "notify", fail)
    with gateway.channel() as channel:
        receipt = channel.send(message())
    assert receipt == Receipt(Outcome.UNKNOWN, code="RuntimeError", source="apprise")


@pytest.mark.parametrize("overflow", ["split", "truncate", "upstream"])
def test_a_text_is_never_cut_or_split(gateway: AppriseProvider, overflow: str) -> None:
    gateway.options |= {
        "URL": gateway.options["URL"] + f"?overflow={overflow}",
        "MAX_LENGTH": 40_000,
    }
    long = "woord " * 6000 + "einde"
    with gateway.channel() as channel:
        assert channel.send(message(long)).outcome is Outcome.ACCEPTED
        refused = channel.send(message("x" * 40_001))
    assert body(gateway)["message"] == long
    assert refused == Receipt(Outcome.REJECTED, code="too_long", source="apprise")
    assert len(gateway.http.requests) == 1


def test_what_a_service_cannot_hold_is_refused(social: SocialProvider) -> None:
    with social.channel() as channel:
        fits = channel.send(message("x" * 500, to="village"))
        refused = channel.send(message("x" * 501, to="village"))
    assert fits.outcome is Outcome.ACCEPTED
    assert (refused.outcome, refused.code) == (Outcome.REJECTED, "too_long")
    assert len(social.http.requests) == 1


def test_a_server_that_allows_more_is_a_setting(social: SocialProvider) -> None:
    social.options["MAX_LENGTH"] = 5000
    with social.channel() as channel:
        assert channel.send(message("x" * 501, to="town")).outcome is Outcome.ACCEPTED


def test_lines_that_a_service_would_drop_are_refused() -> None:
    with SocialChannel(TARGETS={"screen": "kodi://127.0.0.1:9"}) as channel:
        receipt = channel.send(message("a\nb\nc", to="screen"))
    assert (receipt.outcome, receipt.code) == (Outcome.REJECTED, "too_long")


def test_a_redirect_is_not_followed(gateway: AppriseProvider) -> None:
    elsewhere = f"http://{gateway.http.address}/elsewhere"
    gateway.http.reply = lambda _: Reply(307, headers={"Location": elsewhere})
    with gateway.channel() as channel:
        assert channel.send(message()).outcome is Outcome.UNKNOWN
    assert len(gateway.http.requests) == 1


def test_an_empty_post_is_refused(social: SocialProvider) -> None:
    with social.channel() as channel:
        receipt = channel.send(message(f" {PART} ", to="village"))
    assert receipt == Receipt(Outcome.REJECTED, code="empty", source="guard")


def test_a_number_that_a_gateway_does_not_take_is_rejected() -> None:
    """Fewer digits than Apprise asks for, more than E.164 does."""
    channel = AppriseChannel(URL="vonage://0123456a:abcdef0123@12345678901/{to}")
    receipt = channel.send(message(to="+2901234"))
    assert receipt == Receipt(Outcome.REJECTED, code="recipient", source="apprise")


def test_a_limit_that_a_server_tells_does_not_hold_up_the_next_post(
    social: SocialProvider,
) -> None:
    """Apprise's Mastodon would sleep until it is over, in the midst of a call."""
    headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Limit": str(int(time.time()) + 300),
    }
    social.http.reply = lambda _: Reply(200, headers=headers)
    start = time.monotonic()
    with social.channel() as channel:
        for _ in range(2):
            channel.send(message(to="village"))
    assert time.monotonic() - start < 5


def test_messages_to_many_numbers_keep_the_pace(gateway: AppriseProvider) -> None:
    gateway.options["PACE"] = 0.3
    start = time.monotonic()
    with gateway.channel() as channel:
        for number in ("+32473865387", "+32473865388", "+32473865389"):
            channel.send(message(to=number))
    assert time.monotonic() - start >= 0.6


@pytest.mark.parametrize(
    ("url", "pace"),
    [("vonage://0123456a:secretsecret@12345678901/{to}", 5.5), ("json://x/{to}", 0)],
)
def test_the_pace_is_what_apprise_asks_for(url: str, pace: float) -> None:
    assert AppriseChannel(URL=url).pace == pace
    assert AppriseChannel(URL=url, PACE=1).pace == 1


BAD_URLS = {
    "no service": f"nosuch://{SECRET}@x/{{to}}",
    "no url": f"{SECRET} {{to}}",
    "incomplete": f"vonage://{SECRET}/{{to}}",
    "two recipients": "vonage://0123456a:abcdef0123@12345678901/{to}/32470000001",
}


@pytest.mark.parametrize("case", BAD_URLS)
def test_s36_a_bad_url_is_found_at_once_and_not_shown(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(1), pytest.raises(ImproperlyConfigured) as personal:
        AppriseChannel(URL=BAD_URLS[case])
    url = BAD_URLS[case].format(to="+32470000000")
    with caplog.at_level(1), pytest.raises(ImproperlyConfigured) as social:
        SocialChannel(TARGETS={"village": url})
    assert "URL" in str(personal.value)
    assert "village" in str(social.value)
    said = f"{personal.value}{social.value}{caplog.text}"
    assert SECRET not in said
    assert "abcdef0123" not in said


def test_i07_a_url_without_a_place_for_the_number_would_write_to_one_and_the_same() -> (
    None
):
    with pytest.raises(ImproperlyConfigured, match="{to}"):
        AppriseChannel(URL="json://127.0.0.1/")


def test_the_projects_own_use_of_apprise_is_still_logged(
    gateway: AppriseProvider, caplog: pytest.LogCaptureFixture
) -> None:
    from apprise import Apprise

    with gateway.channel() as channel, caplog.at_level(logging.INFO, "apprise"):
        channel.send(message())
        assert not caplog.records
        Apprise(f"json://{gateway.http.address}/").notify(body="x")
    assert "Sent JSON" in caplog.text


def test_s36_options_do_not_show_their_secrets(gateway: AppriseProvider) -> None:
    assert SECRET not in repr(AppriseChannel(**gateway.options).settings)
