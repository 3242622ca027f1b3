"""Parts of an SMS and seconds of a voice, as networks count them, and the cut."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_bin.channels.base import PART
from wagtail_bin.channels.measure import (
    GSM_BASIC,
    GSM_EXTENSION,
    SMSMeasure,
    fit_sms,
    fit_voice,
    languages,
    measure_sms,
    measure_voice,
)

LINK = "https://bin.example/nl/tips/donkere-maanden/"
basic = st.text(st.sampled_from(sorted(GSM_BASIC)), max_size=700)
gsm = st.text(st.sampled_from(sorted(GSM_BASIC | GSM_EXTENSION)), max_size=700)
anything = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=PART), max_size=400
)
prose = st.lists(
    st.text(st.sampled_from("abcdefgijkméüΔ€[ê😀"), min_size=1, max_size=30),
    max_size=150,
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "encoding", "characters", "parts"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("@£$¥èéùìòÇØøÅå_ÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", "GSM-7", 32, 1),
        ("ΔΦΓΛΩΠΨΣΘΞ", "GSM-7", 10, 1),
        ("^{}\\[~]|€", "GSM-7", 18, 1),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # The escape and its septet stay together: 152 in the first part.
        ("€" * 153, "GSM-7", 306, 3),
        ("a" * 152 + "€" + "a" * 151, "GSM-7", 305, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("`", "UCS-2", 1, 1),
        # Everyday letters of Dutch and French that are not in the alphabet.
        *[(letter, "UCS-2", 1, 1) for letter in "êëïôûâîçœÀÈ’“–…"],
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("ê" * 134, "UCS-2", 134, 2),
        ("ê" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        # A pair of surrogates stays together: 66 in each part.
        ("😀" * 67, "UCS-2", 134, 3),
        (f"a{PART}b", "GSM-7", 3, 1),
    ],
)
def test_an_sms_as_networks_count_it(
    text: str, encoding: str, characters: int, parts: int
) -> None:
    assert measure_sms(text) == SMSMeasure(encoding, characters, parts)


def test_the_alphabet_is_complete() -> None:
    # 128 places, one of which is the escape; ten behind it, one of them ours.
    assert (len(GSM_BASIC), len(GSM_EXTENSION)) == (127, 9)
    assert not GSM_BASIC & GSM_EXTENSION


@given(basic)
def test_without_double_characters_parts_are_a_division(text: str) -> None:
    parts = 1 if len(text) <= 160 else math.ceil(len(text) / 153)
    assert measure_sms(text) == SMSMeasure("GSM-7", len(text), parts if text else 0)


def gsm_parts(text: str) -> list[list[str]]:
    """The parts themselves, filled as a telephone fills them."""
    parts: list[list[str]] = [[]]
    for character in text:
        septets = [character] if character in GSM_BASIC else ["ESC", character]
        if len(parts[-1]) + len(septets) > 153:
            parts.append([])
        parts[-1] += septets
    return parts


@given(gsm)
def test_an_escape_is_never_the_end_of_a_part(text: str) -> None:
    measured = measure_sms(text)
    parts = gsm_parts(text)
    assert measured.characters == sum(map(len, parts))
    if measured.characters > 160:
        assert measured.parts == len(parts)
        assert all(part[-1] != "ESC" for part in parts)


@given(anything)
def test_characters_are_septets_or_code_units(text: str) -> None:
    measured = measure_sms(text)
    if measured.encoding == "UCS-2":
        assert measured.characters == len(text.encode("utf-16-be")) // 2
        single, least, most = 70, 66, 67
    else:
        single, least, most = 160, 152, 153
    count = measured.characters
    if count <= single:
        assert measured.parts == (1 if text else 0)
    else:
        assert math.ceil(count / most) <= measured.parts <= math.ceil(count / least)


@given(anything, anything)
def test_more_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert measure_sms(text + more).parts >= measure_sms(text).parts


@given(prose, st.integers(1, 4), st.sampled_from(["", LINK, "€" * 3, "ê"]))
def test_what_was_fitted_fits_and_keeps_its_tail(
    text: str, parts: int, tail: str
) -> None:
    fitted = fit_sms(text, parts, tail)
    assert measure_sms(fitted).parts <= parts
    assert fitted.endswith(tail)
    whole = f"{text} {tail}".strip()
    if measure_sms(whole).parts <= parts:
        assert fitted == whole
    else:
        kept = fitted.removesuffix(tail).rstrip()
        assert kept.endswith(("...", "…"))
        assert text.startswith(kept.removesuffix("...").removesuffix("…"))


@given(prose, st.integers(1, 3))
def test_no_word_more_would_have_fitted(text: str, parts: int) -> None:
    fitted = fit_sms(text, parts)
    kept = re.sub(r"(\.\.\.|…)$", "", fitted)
    if fitted != text.strip() and " " in kept:
        rest = text[len(kept) :].split()
        longer = f"{kept} {rest[0]}"
        longer += "..." if measure_sms(longer).encoding == "GSM-7" else "…"
        assert measure_sms(longer).parts > parts


def test_the_cut_is_at_a_word_and_does_not_cost_the_alphabet() -> None:
    text = "Er wordt ingebroken in de buurt: sluit ramen en deuren. " * 5
    fitted = fit_sms(text, 1, LINK)
    assert fitted == (
        "Er wordt ingebroken in de buurt: sluit ramen en deuren. Er wordt ingebroken in"
        f" de buurt: sluit ramen en deuren... {LINK}"
    )
    assert measure_sms(fitted).encoding == "GSM-7"


def test_where_the_alphabet_is_lost_already_one_character_will_do() -> None:
    assert fit_sms("ê" + " woord" * 30, 1).endswith(" woord…")


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("x" * 200, "x" * 157 + "..."),
        ("  kort  ", "kort"),
        ("", ""),
        ("e\u0301" * 50, "e\u0301" * 34 + "…"),
    ],
)
def test_a_single_word_is_cut_too(text: str, fitted: str) -> None:
    assert fit_sms(text, 1) == fitted


def test_a_tail_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="tail"):
        fit_sms("x", 1, "y" * 161)
    with pytest.raises(ValueError, match="tail"):
        fit_voice("x", 1, "nl", "y" * 161)


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [
        ("", "nl", 0),
        ("a", "nl", 1),
        ("a" * 800, "nl", 60),
        ("a" * 801, "nl", 61),
        ("a" * 750, "de", 60),
        ("a" * 820, "fr", 60),
        ("a" * 800, "en", 60),
        ("a" * 750, "tlh", 60),
        # A digit is read as a word.
        ("1" * 200, "nl", 60),
        # Each language at its own pace, rounded up once.
        ("a" * 400 + PART + "a" * 410, "nl+fr", 60),
        (f" {PART} ", "nl+fr", 0),
    ],
)
def test_a_voice_takes_so_long(text: str, language: str, seconds: int) -> None:
    assert measure_voice(text, language) == seconds


@given(prose, st.integers(1, 60), st.sampled_from(["nl", "fr", "de", "en"]))
def test_a_voice_that_was_fitted_fits(text: str, seconds: int, language: str) -> None:
    tail = "112." if seconds > 2 else ""
    fitted = fit_voice(text, seconds, language, tail)
    assert measure_voice(fitted, language) <= seconds
    assert fitted.endswith(tail)


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("a", "nl", [("nl", "a")]),
        ("a", "nl+fr", [("nl", "a")]),
        (f"a {PART} b", "nl+fr", [("nl", "a"), ("fr", "b")]),
        (f"a{PART}{PART}c", "nl+fr+de", [("nl", "a"), ("de", "c")]),
        (f"a{PART}b", "nl", [("nl", "a"), ("nl", "b")]),
    ],
)
def test_each_part_has_its_language(
    text: str, language: str, parts: list[tuple[str, str]]
) -> None:
    assert languages(text, language) == parts
