"""Telephone numbers as cells hold them: one, or several with words between."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from phonenumbers.phonemetadata import PhoneMetadata

from wagtail_bin.validators import REGION, is_mobile, parse_phone

# Longer cells are not searched for several numbers: that tries many pieces.
LONGEST_CELL = 120

# Plain Belgian numbers are judged by phonenumbers' own patterns, without the
# parser around them, which would take two thirds of the time of an import.
_BELGIUM: Any = PhoneMetadata.metadata_for_region(REGION)
_MOBILE = re.compile(_BELGIUM.mobile.national_number_pattern)
_VALID = re.compile(
    "|".join(
        f"(?:{kind.national_number_pattern})"
        for kind in (
            _BELGIUM.fixed_line,
            _BELGIUM.mobile,
            _BELGIUM.toll_free,
            _BELGIUM.premium_rate,
            _BELGIUM.shared_cost,
            _BELGIUM.uan,
        )
    )
)
_PLAIN = re.compile(r"\+?[0-9 ./\-()]+")
_SEPARATORS = str.maketrans("", "", " ./-()")
_NATIONAL = re.compile(
    r"(?:(?:0|\+32|0032)(?P<full>[1-9][0-9]{7,8})"
    r"|(?P<bare>4[0-9]{8}|[1-9][0-9]{7})"
    r"|32(?P<country>[1-9][0-9]{7,8}))"
)
# What may be one number or several; words, commas and semicolons end it.
_RUN = re.compile(r"[+(]?[0-9][0-9\s./()\-\u2011\u2013]*")
# Within a run, another number can only begin with a zero or a plus.
_BETWEEN = re.compile(r"[\s./\-\u2011\u2013]+(?=\(?[0+])")
# What a spreadsheet adds to a number that it takes for an amount.
_DECIMALS = re.compile(r"(?<=[0-9]{7})[.,]0{1,2}\s*$")
# Unmistakably a number, also where no header says so: not a date, not a year.
_SHAPE = re.compile(r"(?:\+|0|4[5-9][0-9][\s./]?[0-9])[0-9\s./()\-]{7,}")


def read_phone(raw: str) -> tuple[str, bool]:
    """E.164 and whether it is a mobile; exactly as ``parse_phone``, but faster.

    Raises:
        ValidationError: not a number that can exist.
    """
    found = _read_plain(raw)
    if found:
        return found
    number = parse_phone(raw)
    return number, is_mobile(number)


def read_phones(raw: str) -> list[tuple[str, bool]]:
    """Every number of a cell, in their order.

    ``0470 00 00 01 (An) / 014 00 00 02`` holds two. Words around numbers are
    left out; a digit that belongs to none of the numbers never is.

    Returns:
        E.164 and whether it is a mobile; at least one.

    Raises:
        ValidationError: something in it is not a number that can exist.
    """
    found = _read_plain(raw)
    if found:
        return [found]
    if len(raw) > LONGEST_CELL:
        return [read_phone(raw)]
    runs = _RUN.findall(_DECIMALS.sub("", raw))
    return [number for run in runs for number in _in_run(run)] or [read_phone(raw)]


def looks_like_phone(cell: str) -> bool:
    """Whether a cell holds nothing but what everybody would take for a number."""
    if not _SHAPE.match(cell.lstrip(" (")):
        return False
    try:
        return bool(read_phones(cell))
    except ValidationError:
        return False


def _read_plain(raw: str) -> tuple[str, bool] | None:
    """A Belgian number in digits and separators only; None: look closer."""
    text = raw.strip().removesuffix(".0").replace("(0)", "")
    if _PLAIN.fullmatch(text):
        found = _NATIONAL.fullmatch(text.translate(_SEPARATORS))
        national = found and (found["full"] or found["bare"] or found["country"])
        if national and _MOBILE.fullmatch(national):
            return "+32" + national, True
        if national and _VALID.fullmatch(national):
            return "+32" + national, False
    return None


def _in_run(run: str) -> Iterator[tuple[str, bool]]:
    """The longest number first, then those in the rest."""
    pieces = _BETWEEN.split(run)
    while pieces:
        length, number = _longest(pieces)
        yield number
        pieces = pieces[length:]


def _longest(pieces: list[str]) -> tuple[int, tuple[str, bool]]:
    """Of how many pieces the first number is made, and that number."""
    for length in range(len(pieces), 1, -1):
        with contextlib.suppress(ValidationError):
            return length, read_phone(" ".join(pieces[:length]))
    return 1, read_phone(pieces[0])
