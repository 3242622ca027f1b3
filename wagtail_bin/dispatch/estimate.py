"""How long messages that are paid for will be, and what they will cost."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from wagtail_bin.channels.measure import measure_sms, measure_voice
from wagtail_bin.channels.registry import channel_settings
from wagtail_bin.dispatch.audience import Audience
from wagtail_bin.dispatch.compose import compose, content_of, personalise, sender_of
from wagtail_bin.models import ChannelName, Member

# Stands for a member's primary key, which is part of the link in an SMS.
USUAL_KEY = 999_999


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Messages by one channel in one layout.

    Attributes:
        recipients: number of members.
        encoding: of an SMS: ``GSM-7`` or ``UCS-2``; else empty.
        characters: of an SMS, of the longest.
        parts: of an SMS, of the longest.
        seconds: of a voice message, of the longest.
        price: of all together, in euros.
    """

    channel: str
    layout: str
    recipients: int
    encoding: str = ""
    characters: int = 0
    parts: int = 0
    seconds: int = 0
    price: Decimal = Decimal(0)


def estimate(
    *, page: Any, pages: Mapping[str, Any], audience: Audience
) -> list[Estimate]:
    """Measure what would be sent by SMS and by voice; the largest part first.

    The texts differ from BIN to BIN by its name, so each BIN's is measured.

    Args:
        page: as it is to be sent.
        pages: language code to page, as for compose.
        audience: of networks with their police zone, municipality and site.
    """
    measured = (ChannelName.SMS, ChannelName.VOICE)
    return [
        _estimate(page, pages, audience, channel, layout)
        for channel, layout in audience.parts
        if channel in measured
    ]


def _estimate(
    page: Any, pages: Mapping[str, Any], audience: Audience, channel: str, layout: str
) -> Estimate:
    unit_price = channel_settings(channel).price
    content = content_of(compose(pages=pages, layout=layout, channel=channel))
    total = Estimate(channel, layout, 0)
    for part in audience.networks:
        count = part.parts.get((channel, layout), 0)
        if not count:
            continue
        text = personalise(
            content=content,
            member=Member(pk=USUAL_KEY, network=part.network),
            sender=sender_of(part.network, page.purpose),
            to="",
            reference="",
            channel=channel,
        ).text
        if channel == ChannelName.SMS:
            total = _with_sms(total, text, count, unit_price)
        else:
            total = _with_voice(total, text, count, unit_price)
    return total


def _with_sms(total: Estimate, text: str, count: int, unit_price: Decimal) -> Estimate:
    measure = measure_sms(text)
    longest = measure if measure.parts >= total.parts else total
    return dataclasses.replace(
        total,
        recipients=total.recipients + count,
        encoding=longest.encoding,
        characters=longest.characters,
        parts=longest.parts,
        price=total.price + count * measure.parts * unit_price,
    )


def _with_voice(
    total: Estimate, text: str, count: int, unit_price: Decimal
) -> Estimate:
    seconds = measure_voice(text, total.layout)
    return dataclasses.replace(
        total,
        recipients=total.recipients + count,
        seconds=max(seconds, total.seconds),
        # A minute that was begun is paid for.
        price=total.price + count * math.ceil(seconds / 60) * unit_price,
    )
