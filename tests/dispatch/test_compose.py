"""One page, by each channel, in one language or several."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.channels.base import PART
from wagtail_bin.channels.measure import measure_voice
from wagtail_bin.dispatch.compose import (
    VOICE_SECONDS,
    as_repeat,
    compose,
    content_of,
    personalise,
    sender_of,
)
from wagtail_bin.models import ChannelName

pytestmark = pytest.mark.django_db


def told(tip: Any, channel: str, layout: str = "nl") -> Any:
    """The message of a member, by a channel."""
    network = NetworkFactory(name="BIN Überheide", slug="uberheide")
    member = MemberFactory(network=network)
    pages = dict.fromkeys(layout.split("+"), tip)
    message = compose(pages=pages, layout=layout, channel=channel)
    return personalise(
        content=content_of(message),
        member=member,
        sender=sender_of(network),
        to="+32470000001",
        reference="1.1.x",
        channel=channel,
    )


def test_an_sms_says_who_what_and_where_and_how_to_stop(tip: Any) -> None:
    tip.save_revision().publish()
    tip.refresh_from_db()
    text = told(tip, ChannelName.SMS).text
    lines = text.splitlines()
    assert lines[0] == "BIN Überheide: Donkere maanden"
    assert lines[1] == tip.full_url
    assert "112" in lines[2]
    assert "http://testserver/bin/unsubscribe/" in lines[3]
    assert "@@" not in text


@pytest.mark.parametrize("layout", ["nl", "nl+fr"])
def test_a_voice_message_is_said_in_a_minute_and_ends_with_the_emergency_number(
    tip: Any, layout: str
) -> None:
    tip.introduction = "Laat een lamp branden als u er niet bent. " * 60
    text = told(tip, ChannelName.VOICE, layout).text
    parts = text.split(PART)
    assert len(parts) == len(layout.split("+"))
    assert measure_voice(text, layout) <= VOICE_SECONDS
    for part in parts:
        assert part.startswith(("Dit is een bericht", "Ceci est", "This is"))
        assert "112" in part[-30:]
        assert "http" not in part
        assert "@@" not in part


def test_what_may_come_twice_says_so(tip: Any) -> None:
    mail = content_of(compose(pages={"nl": tip}, layout="nl"))
    assert as_repeat(mail).subject.endswith(mail.subject)
    assert as_repeat(mail).subject != mail.subject
    sms = content_of(compose(pages={"nl": tip}, layout="nl", channel=ChannelName.SMS))
    assert as_repeat(sms).text.endswith(sms.text)
    assert as_repeat(sms).text != sms.text


def test_d04_each_purpose_has_a_stream_of_its_own() -> None:
    network = NetworkFactory(slug="uberheide")
    tips, alerts = sender_of(network, "tips"), sender_of(network, "alerts")
    assert tips.list_id != alerts.list_id
    for sender in (tips, alerts):
        assert sender.feedback_id.count(":") <= 3
