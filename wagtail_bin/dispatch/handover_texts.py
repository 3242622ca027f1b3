"""What a person puts into a platform that no program can reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from wagtail_bin.channels.base import PART
from wagtail_bin.channels.handover import HandoverPlatform
from wagtail_bin.channels.measure import fit_sms, fit_voice, languages
from wagtail_bin.dispatch.compose import content_of, personalise, sender_of
from wagtail_bin.models import (
    ChannelName,
    Dispatch,
    DispatchMessage,
    Member,
    Network,
)


@dataclasses.dataclass(frozen=True)
class HandoverText:
    """What to put into the other platform, for the members of one layout.

    Attributes:
        layout: ``nl``, or ``nl+fr`` for members who get both.
        language: of these texts.
        sms: cut to the parts that the platform takes.
        voice: cut to the seconds that the platform takes.
    """

    layout: str
    language: str
    sms: str
    voice: str


def handover_texts(
    dispatch: Dispatch, platform: HandoverPlatform
) -> Sequence[HandoverText]:
    """The texts for the other platform, cut to what it takes.

    Everybody gets the same there: nobody is addressed by name, and where the
    dispatch goes to several BINs none is named.
    """
    handed = dispatch.deliveries.filter(channel=ChannelName.HANDOVER)
    layouts = sorted(set(handed.values_list("language", flat=True)))
    written = dict(_parts_by_layout(dispatch, ChannelName.SMS))
    spoken = dict(_parts_by_layout(dispatch, ChannelName.VOICE))
    return [
        HandoverText(
            layout=layout,
            language=language,
            sms=_fitting_sms(sms, platform.sms_parts),
            voice=_fitting_voice(voice, platform.voice_seconds, language),
        )
        for layout in layouts
        for (language, sms), (_same, voice) in zip(
            written[layout], spoken[layout], strict=True
        )
    ]


def _parts_by_layout(
    dispatch: Dispatch, channel: str
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Layout, with language and text of each part."""
    networks = list(
        dispatch.networks.select_related("police_zone", "municipality__site")
    )
    for message in DispatchMessage.objects.filter(dispatch=dispatch, channel=channel):
        with translation.override(message.language[:2]):
            text = _text_for_all(message, networks, channel)
        yield message.language, languages(text, message.language)


def _text_for_all(
    message: DispatchMessage, networks: Sequence[Network], channel: str
) -> str:
    """The text without anything that is one member's own."""
    own_link = content_of(message).placeholders["unsubscribe_url"]
    message.text = PART.join(
        "\n".join(line for line in part.split("\n") if own_link not in line)
        for part in message.text.split(PART)
    )
    sender = sender_of(networks[0])
    if len(networks) > 1:
        sender = dataclasses.replace(sender, name=_("Your BIN"), contact="")
    return personalise(
        content=content_of(message),
        member=Member(network=networks[0]),
        sender=sender,
        to="",
        reference="",
        channel=channel,
    ).text


def _fitting_sms(text: str, parts: int) -> str:
    """The first line gives way: the link and the emergency number stay."""
    first, _newline, rest = text.partition("\n")
    whole = fit_sms(text, parts)
    if whole == text:
        return whole
    try:
        return fit_sms(first, parts, tail=rest)
    except ValueError:
        return whole


def _fitting_voice(text: str, seconds: int, language: str) -> str:
    """The end gives way, but for what to ring when it is urgent."""
    first, _newline, last = text.rpartition("\n")
    whole = fit_voice(text, seconds, language)
    if whole == text:
        return whole
    try:
        return fit_voice(first, seconds, language, tail=last)
    except ValueError:
        return whole
