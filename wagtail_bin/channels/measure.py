"""How long a text is as an SMS or as a voice message, and cutting it to fit."""

from __future__ import annotations

import bisect
import dataclasses
import math
import re
import unicodedata
from collections.abc import Callable, Sequence

from wagtail_bin.channels.base import PART

# 3GPP TS 23.038 (GSM 03.38): the default alphabet, and the characters that are
# written as an escape and a second septet. Its form feed is left out: ours
# stands between languages and is never sent.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("^{}\\[~]|€")
# Septets or UTF-16 code units in a single SMS, and in each part of a longer
# one, whose header (3GPP TS 23.040) takes six octets.
GSM_LIMITS = (160, 153)
UCS2_LIMITS = (70, 67)

# Below the 863 characters per minute that people read aloud on average over 17
# languages (IReST, doi:10.1167/iovs.11-8284), German slower and French faster
# than the others, so that the estimate errs on the long side.
CHARACTERS_PER_MINUTE = {"nl": 800, "fr": 820, "de": 750, "en": 800}
SLOWEST = min(CHARACTERS_PER_MINUTE.values())
# "112" is read as a number: a digit takes as long as so many letters.
DIGIT = 4


@dataclasses.dataclass(frozen=True, slots=True)
class SMSMeasure:
    """What one text is as an SMS.

    Attributes:
        encoding: ``GSM-7``, or ``UCS-2`` where a character is not in it.
        characters: as networks count them: € counts for two in GSM-7, an emoji
            for two in UCS-2.
        parts: messages that are paid for; 0 for an empty text.
    """

    encoding: str
    characters: int
    parts: int


def measure_sms(text: str) -> SMSMeasure:
    """The encoding of a text, its length in it, and its parts.

    A character that takes two units is never split over two parts.
    """
    text = as_sms(text)
    if _is_gsm(text):
        costs = [1 + (character in GSM_EXTENSION) for character in text]
        return SMSMeasure("GSM-7", sum(costs), _parts(costs, *GSM_LIMITS))
    costs = [1 + (ord(character) > 0xFFFF) for character in text]
    return SMSMeasure("UCS-2", sum(costs), _parts(costs, *UCS2_LIMITS))


def as_sms(text: str) -> str:
    """The text as it is sent: the languages one below the other."""
    return text.replace(PART, "\n")


def measure_voice(text: str, language: str) -> int:
    """Seconds that a voice takes to say a text once: an estimate, rounded up.

    Args:
        text: one or more languages with :data:`~.base.PART` between them.
        language: ``nl``, or ``nl+fr``; an unknown one counts as the slowest.
    """
    return math.ceil(
        sum(
            60 * _letters(part) / CHARACTERS_PER_MINUTE.get(code, SLOWEST)
            for code, part in languages(text, language)
        )
    )


def languages(text: str, language: str) -> list[tuple[str, str]]:
    """Language and text of each part of a text, in their order.

    A text in one piece is taken to be in the first language.
    """
    parts = [part.strip() for part in text.split(PART)]
    codes = language.split("+")
    codes += codes[-1:] * (len(parts) - len(codes))
    return [(code, part) for code, part in zip(codes, parts, strict=False) if part]


def fit_sms(text: str, parts: int, tail: str = "") -> str:
    """A text cut at a word so that it takes at most so many parts.

    Args:
        text: in one language.
        parts: at least 1.
        tail: kept whole at the end, such as a link.

    Raises:
        ValueError: the tail alone takes more.
    """

    def ellipsis(kept: str) -> str:
        # "…" is not in GSM-7: it would make room for 70 characters out of 160.
        return "..." if _is_gsm(as_sms(kept + tail)) else "…"

    return _fit(text, tail, ellipsis, lambda t: measure_sms(t).parts <= parts)


def fit_voice(text: str, seconds: int, language: str, tail: str = "") -> str:
    """A text cut at a word so that a voice says it in at most so many seconds.

    Args:
        text: in one language.
        seconds: at least 1.
        language: ``nl``.
        tail: kept whole at the end.

    Raises:
        ValueError: the tail alone takes longer.
    """
    return _fit(
        text,
        tail,
        lambda kept: "…",
        lambda t: measure_voice(t, language) <= seconds,
    )


def _fit(
    text: str,
    tail: str,
    ellipsis: Callable[[str], str],
    fits: Callable[[str], bool],
) -> str:
    """The longest beginning that fits, with the ellipsis and the tail behind it."""

    def joined(kept: str) -> str:
        return f"{kept} {tail}" if kept and tail else kept or tail

    def cut(end: int) -> str:
        kept = text[:end].rstrip(" \n,;:.-–")
        return joined(kept + ellipsis(kept) if kept else "")

    def longest(ends: Sequence[int]) -> int:
        # What is longer takes no less: the ends that fit come first.
        return bisect.bisect_left(ends, 1, key=lambda end: not fits(cut(end)))

    text = text.strip()
    if fits(joined(text)):
        return joined(text)
    if not fits(tail):
        raise ValueError("The tail alone is too long.")
    words = [match.start() for match in re.finditer(r"\s+", text)]
    if not (found := longest(words)):
        # Not even one word fits: cut that.
        first = words[0] if words else len(text)
        words = [end for end in range(1, first) if not unicodedata.combining(text[end])]
        found = longest(words)
    return cut(words[found - 1]) if found else tail


def _is_gsm(text: str) -> bool:
    return GSM_BASIC.union(GSM_EXTENSION).issuperset(text)


def _parts(costs: Sequence[int], single: int, each: int) -> int:
    if sum(costs) <= single:
        return min(1, len(costs))
    parts, room = 1, each
    for cost in costs:
        if cost > room:
            parts, room = parts + 1, each
        room -= cost
    return parts


def _letters(text: str) -> int:
    """Length of a text as it is spoken, in letters."""
    digits = sum(character.isdigit() for character in text)
    return len(text) + (DIGIT - 1) * digits
