"""Channels and messages on the confirmation page: what they say, are and cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format

from wagtail_bin.admin.labels import channel_label
from wagtail_bin.channels.measure import SMSMeasure, as_sms, measure_sms, measure_voice
from wagtail_bin.channels.registry import channel_settings
from wagtail_bin.dispatch.audience import Audience
from wagtail_bin.dispatch.estimate import Estimate
from wagtail_bin.dispatch.preview import preview, preview_post
from wagtail_bin.models import PERSONAL_CHANNELS, ChannelName, Member


@dataclasses.dataclass(frozen=True)
class TextPreview:
    """A message that is only text, as one recipient gets it.

    Attributes:
        sms: its measure, if it is an SMS.
        seconds: how long a voice message takes; else 0.
    """

    channel: str
    text: str
    sms: SMSMeasure | None = None
    seconds: int = 0


def price_label(price: Decimal) -> str:
    """An amount in euros, with more than two decimals where it has them."""
    if not price:
        return ""
    exponent = price.normalize().as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return str(number_format(price, max(2, decimals)))


def channel_row(name: str, *, place: int, reached: int) -> dict[str, Any]:
    """A channel to choose.

    Args:
        place: in the order of preference; 0: not chosen.
        reached: number of members.
    """
    is_personal = name in PERSONAL_CHANNELS
    settings = None if name == ChannelName.HANDOVER else channel_settings(name)
    targets = settings.options.get("targets", {}) if settings else {}
    return {
        "name": name,
        "label": channel_label(name),
        "is_personal": is_personal,
        "place": place,
        "reached": reached,
        "price": price_label(settings.price) if settings and is_personal else "",
        "targets": list(targets) if name == ChannelName.SOCIAL else [],
    }


def shares_of(audience: Audience, estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Who gets it by which channel in which language, and the price of it all."""
    measured = {(e.channel, e.layout): e for e in estimates}
    return {
        "shares": [
            {
                "channel": channel,
                "layout": layout,
                "number": number,
                "estimate": measured.get((channel, layout)),
            }
            for (channel, layout), number in audience.parts.items()
        ],
        "is_measured": bool(estimates),
        "price": sum(e.price for e in estimates),
    }


def texts_of(page: Any, member: Member, channels: Sequence[str]) -> list[TextPreview]:
    """The messages without a layout, as the member would get them."""
    wanted = set(channels)
    if ChannelName.HANDOVER in wanted:
        wanted |= {ChannelName.SMS, ChannelName.VOICE}
    found = []
    if ChannelName.SMS in wanted:
        text = preview(page=page, member=member, channel=ChannelName.SMS).text
        found.append(TextPreview(ChannelName.SMS, as_sms(text), sms=measure_sms(text)))
    if ChannelName.VOICE in wanted:
        message = preview(page=page, member=member, channel=ChannelName.VOICE)
        seconds = measure_voice(message.text, message.content.language)
        found.append(
            TextPreview(ChannelName.VOICE, as_sms(message.text), seconds=seconds)
        )
    if ChannelName.SOCIAL in wanted:
        found.append(TextPreview(ChannelName.SOCIAL, preview_post(page)))
    return found
