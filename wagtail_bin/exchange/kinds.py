"""What a column without a telling header holds, judged by its cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from wagtail_bin.exchange.addresses import split_address, split_town
from wagtail_bin.exchange.phones import looks_like_phone, read_phones
from wagtail_bin.exchange.words import is_answer, language_of

Cells = Sequence[str]
# Of so many cells must one kind be, before a column is held to be of it.
MOST = 0.6
NEARLY_ALL = 0.9

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_HOUSE_NUMBER = re.compile(r"\d{1,4}\s?[a-z]?(?:\s?[-/]\s?\w{1,4})?", re.IGNORECASE)
_WORDS = re.compile(r"(?:[^\W\d_]|[ '\u2019.,&-])+")
_STREET = re.compile(
    r"straat|str\.|laan|weg\b|plein|lei\b|dreef|baan\b|steeg|kaai|pad\b|hof\b|dorp\b"
    r"|markt|\brue\b|avenue|\bav\.|chauss[ée]e|place|all[ée]e|chemin|boulevard|\bbd\b"
    r"|quai|clos\b|square|impasse|route|venelle|stra(?:ß|ss)e|platz|gasse|ring\b",
    re.IGNORECASE,
)
# Enough first names to tell which of two columns holds them.
_FIRST_NAMES = frozenset(
    [
        "an",
        "anne",
        "anna",
        "bart",
        "benoit",
        "bernard",
        "carine",
        "catherine",
        "chantal",
        "chris",
        "christian",
        "christine",
        "claude",
        "cécile",
        "daniel",
        "david",
        "denise",
        "dirk",
        "dominique",
        "elke",
        "els",
        "emma",
        "eric",
        "erik",
        "françois",
        "frank",
        "frans",
        "françoise",
        "geert",
        "georges",
        "gerda",
        "greet",
        "guido",
        "guy",
        "günther",
        "hans",
        "heidi",
        "helga",
        "herman",
        "hilde",
        "ilse",
        "ingrid",
        "isabelle",
        "jacqueline",
        "jacques",
        "jan",
        "jean",
        "jef",
        "jo",
        "johan",
        "joris",
        "jos",
        "josé",
        "joseph",
        "julie",
        "jürgen",
        "karel",
        "karin",
        "katrien",
        "klaus",
        "koen",
        "kris",
        "kurt",
        "leen",
        "lieve",
        "lisa",
        "louis",
        "luc",
        "lucas",
        "marc",
        "maria",
        "marie",
        "marleen",
        "martin",
        "martine",
        "michel",
        "michèle",
        "mieke",
        "monique",
        "nathalie",
        "nicole",
        "olivier",
        "patrick",
        "paul",
        "peter",
        "philippe",
        "pierre",
        "piet",
        "pieter",
        "rita",
        "robert",
        "roger",
        "rudi",
        "sabine",
        "sara",
        "serge",
        "sofie",
        "sophie",
        "stefan",
        "stephan",
        "steven",
        "stéphane",
        "thierry",
        "thomas",
        "tom",
        "ursula",
        "valérie",
        "veerle",
        "véronique",
        "walter",
        "werner",
        "willy",
        "wim",
        "wolfgang",
        "yves",
        "yvette",
    ]
)


def is_reach(cell: str) -> bool:
    """Whether a cell holds an e-mail address or a telephone number."""
    return _is_email(cell) or looks_like_phone(cell)


def _is_email(cell: str) -> bool:
    return "@" in cell and bool(_EMAIL.search(cell))


def _is_postcode(cell: str) -> bool:
    found = split_town(cell.strip())
    return bool(found.postcode and not found.locality)


def _is_town(cell: str) -> bool:
    found = split_town(cell.strip())
    return bool(found.postcode and found.locality)


def _is_address(cell: str) -> bool:
    return bool(_STREET.search(cell) and split_address(cell.strip()).number)


_KINDS: dict[str, tuple[Callable[[str], object], float]] = {
    "email": (_is_email, MOST),
    "phone": (looks_like_phone, MOST),
    "locality": (_is_town, NEARLY_ALL),
    "postcode": (_is_postcode, NEARLY_ALL),
    "language": (language_of, NEARLY_ALL),
    "address": (_is_address, MOST),
    "street": (lambda cell: _STREET.search(cell) and cell.strip()[0].isalpha(), MOST),
}


def kind_of(cells: Cells) -> str:
    """The field that most cells of a column look like, empty cells left out.

    One of email, mobile, phone, locality (with its postcode), postcode, language,
    address and street; empty for anything else, or when in doubt.
    """
    for field, (looks_so, share) in _KINDS.items():
        if are(looks_so, cells, share):
            if field == "phone" and _are_mobiles(cells):
                return "mobile"
            return field if _is_certain(field, cells) else ""
    return ""


def are(looks_so: Callable[[str], object], cells: Cells, share: float = 1) -> bool:
    """Whether such a share of the cells looks so; never of no cells at all."""
    return bool(cells) and sum(map(bool, map(looks_so, cells))) >= share * len(cells)


def are_house_numbers(cells: Cells) -> bool:
    """Whether all cells hold a house number."""
    return are(lambda cell: _HOUSE_NUMBER.fullmatch(cell.strip()), cells)


def are_words(cells: Cells) -> bool:
    """Whether nearly all cells hold words, and do not just answer a question."""
    words = are(lambda cell: _WORDS.fullmatch(cell.strip()), cells, NEARLY_ALL)
    return words and not are(is_answer, cells)


def are_pairs(cells: Cells) -> bool:
    """Whether most cells hold two words or more."""
    return are(lambda cell: " " in cell.strip(), cells, MOST)


def first_names(cells: Cells) -> int:
    """How many cells hold a common first name."""
    return sum(cell.strip().lower() in _FIRST_NAMES for cell in cells)


def count_rows(cells: Cells) -> bool:
    """Whether a column numbers the rows: 1, 2, 3 …"""
    numbers = [int(cell) for cell in cells if cell.isdecimal() and len(cell) < 10]
    return len(numbers) > 1 and all(b == a + 1 for a, b in pairwise(numbers))


def _are_mobiles(cells: Cells) -> bool:
    numbers = [
        is_mobile
        for cell in filter(looks_like_phone, cells)
        for _number, is_mobile in read_phones(cell)
    ]
    return 2 * sum(numbers) >= len(numbers)


def _is_certain(field: str, cells: Cells) -> bool:
    if field == "postcode":
        # Not the years of Brabant and Antwerp (1930 Zaventem, 2018 Antwerpen), nor
        # numbers of members: neighbours share a postcode.
        is_shared = len(cells) < 4 or 2 * len({*cells}) <= len(cells)
        return is_shared and not all(map(_YEAR.fullmatch, cells))
    if field == "language":
        # A column of nothing but «N» says no.
        return len({*cells}) > 1 or len(cells[0].strip()) > 1
    return True
