"""Belgian addresses of which several parts share a cell.

Nothing is ever lost: what cannot be divided stays together in the street.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Longer ones are not divided: the patterns would take their time over them.
LONGEST = 200
# What a number and a box may be long; it is the room that a member has.
LONGEST_PART = 10


class Address(NamedTuple):
    """The parts of a cell; empty where it does not hold them."""

    street: str = ""
    number: str = ""
    box: str = ""
    postcode: str = ""
    locality: str = ""


_BOX = (
    r"(?:(?:bus|bte|bt|bo[iî]te|box|bfk|briefkasten)\b\.?\s*(?:n[°ºr]\.?\s*)?"
    r"|(?:bus|bte|b)\.?\s*(?=\d))"
    r"(?P<box>\w+(?:[./-]\w+)*|\d+\s[a-z])"
)
# A flat or a floor is no box: its word stays with it.
_FLAT = r"(?P<flat>(?:appt?|apt|app|verd|[ée]t|whg)\b\.?\s*\w+)"
_NUMBER = (
    r"(?:(?:n[°ºr]|no|nummer|num[ée]ro)[.:]?\s*(?=\d))?"
    r"(?P<number>\d+(?:\s?(?:bis|ter)\b|\s?[a-z](?![a-z]))?"
    r"(?:\s?[-/+]\s?(?:\d+[a-z]?|[a-z]\d*)(?![a-z])){0,2})"
)
_REST = rf"(?:[\s,/]*(?:{_BOX}|{_FLAT}))?"
_BOX_WORDS = frozenset({"bus", "bte", "boite", "boîte", "bfk", "box"})
# By far the most frequent form, for speed.
_STREET_AND_NUMBER = re.compile(r"([^\W\d][^\d,;/]*[^\W\d.]) (\d{1,5}[a-zA-Z]?)")
# «11 Novemberlaan», «1ste Reperstraat»: a street may begin with digits.
_STREET_FIRST = re.compile(
    r"(?P<street>(?:\d{1,3}(?:e|de|ste|er|[eè]re|[eè]me)?\s+)?[^\W\d].*?[^\d\s,])"
    rf"(?:\s*,\s*|\s+|(?<=\.)){_NUMBER}{_REST}",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    rf"{_NUMBER}(?:\s*,?\s*{_BOX})?(?:\s*,\s*)(?P<street>[^\W\d].*)", re.IGNORECASE
)
_NUMBER_FIRST_BOX_LAST = re.compile(
    rf"{_NUMBER}(?:\s*,\s*|\s+)(?P<street>[^\W\d][^,]*[^\s,])(?:\s*,\s*|\s+){_BOX}",
    re.IGNORECASE,
)
_NUMBER_THEN_STREET = re.compile(rf"{_NUMBER}\s+(?P<street>[^\W\d].*)", re.IGNORECASE)
_BOX_ALONE = re.compile(_BOX, re.IGNORECASE)
_NUMBER_AND_BOX = re.compile(rf"{_NUMBER}{_REST}", re.IGNORECASE)
# A street that ends in a box, or has one behind a number, holds more than a street.
_UNDIVIDED = re.compile(
    r"\b(?:bus|bte|bo[iî]te|bfk|box)\b\.?$"
    r"|\d\s?\w?\W+(?:bus|bte|bo[iî]te|bfk|box)\b",
    re.IGNORECASE,
)
_POSTCODE = r"(?:B(?:E)?[-\s]?)?(?P<postcode>[1-9]\d{3})"
_TOWN = re.compile(
    rf"{_POSTCODE}[\s,-]+(?P<locality>[^\W\d].*)"
    rf"|(?P<before>[^\W\d][^\d(]*[^\d\s(,-])[\s,(-]+(?P<after>[1-9]\d{{3}})\)?",
)
_POSTCODE_ALONE = re.compile(_POSTCODE)
_TOWN_AT_END = re.compile(
    rf"(?P<rest>.*[^\s,;\u2013-])(?:\s*[,;]\s*|\s+(?:[-\u2013]\s+)?){_POSTCODE}\s+(?P<locality>[^\W\d][^\d,]*)"
)


def split_address(text: str) -> Address:
    """Street, number, box and town of an address in one cell.

    >>> split_address("Dorpsstraat 12A bus 3")
    Address(street='Dorpsstraat', number='12A', box='3', postcode='', locality='')
    >>> split_address("12, rue de l'Église")[:2]
    ("rue de l'Église", '12')
    """
    if len(text) > LONGEST:
        return Address(text)
    if found := _STREET_AND_NUMBER.fullmatch(text):
        street, number = found.groups()
        is_box = street.rpartition(" ")[2].lower() in _BOX_WORDS
        return Address(text) if is_box else Address(street, number)
    if found := _TOWN_AT_END.fullmatch(text):
        near = _divide(found["rest"])
        if near.number:
            return near._replace(
                postcode=found["postcode"], locality=found["locality"].strip()
            )
    return _divide(text)


def split_number(text: str) -> Address:
    """Number and box of a cell that may hold both."""
    found = _NUMBER_AND_BOX.fullmatch(text) if len(text) <= LONGEST else None
    return found and _parts(found, "") or Address(number=text)


def split_box(text: str) -> Address:
    """The box of a cell that also says that it is one, such as ``bus 3``."""
    found = _BOX_ALONE.fullmatch(text) if len(text) <= LONGEST else None
    return Address(box=found["box"] if found else text)


def split_town(text: str) -> Address:
    """Postcode and town of a cell that may hold both; nothing without a postcode."""
    if len(text) > LONGEST:
        return Address()
    if found := _POSTCODE_ALONE.fullmatch(text):
        return Address(postcode=found["postcode"])
    if found := _TOWN.fullmatch(text):
        return Address(
            postcode=found["postcode"] or found["after"],
            locality=found["locality"] or found["before"],
        )
    return Address()


def _divide(text: str) -> Address:
    for pattern in (
        _NUMBER_FIRST_BOX_LAST,
        _NUMBER_FIRST,
        _STREET_FIRST,
        _NUMBER_THEN_STREET,
    ):
        found = pattern.fullmatch(text)
        parts = found and _parts(found, found["street"])
        if parts:
            return parts
    return Address(text)


def _parts(found: re.Match[str], street: str) -> Address | None:
    """What a pattern found, unless it is not what it seems."""
    number = found["number"]
    groups = found.groupdict()
    box = groups.get("box") or groups.get("flat") or ""
    if _UNDIVIDED.search(street) or max(len(number), len(box)) > LONGEST_PART:
        return None
    return Address(street.strip(" ,"), number, box)
