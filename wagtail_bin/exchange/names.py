"""Names of people as cells hold them: with a salutation, or first and last in one."""

from __future__ import annotations

import re

_TITLE = (
    r"(?:dhr|mevr|mw|mr|mrs|ms|mme|mlle|mvr|hr)\b\.?"
    r"|(?:mevrouw|mijnheer|meneer|monsieur|madame|mademoiselle|herr|frau)\b"
)
# «M.» and «Fr.» alone may be initials, «De Heer» is a family name, and the
# lower case tells it from «de heer».
_SALUTATION = re.compile(
    rf"(?:(?:{_TITLE}|m\.|fr\.|de\sheer|heer)\s*(?:en|et|und|and|&|\+|/)\s*"
    rf"(?:{_TITLE}|fr\.|dame|m\.)|{_TITLE}|(?-i:[Dd]e\sheer\b))\s*(?=[^\W\d_])",
    re.IGNORECASE,
)
_INITIALS = frozenset("DdFfHhMm")
_LEGAL_FORM = re.compile(
    r"\b(?:NV|BV|BVBA|VZW|CV|CVBA|VOF|SA|SRL|SPRL|ASBL|SNC|SC|GMBH|AG|VOG|VOE)\b"
)
# The shortest family name in capitals that is told from an abbreviation.
_SHORTEST = 4


def clean_name(name: str) -> str:
    """A name without salutation; a name that is nothing else stays.

    >>> clean_name("Dhr. en Mevr. Peeters")
    'Peeters'
    """
    found = name[:1] in _INITIALS and _SALUTATION.match(name)
    return name[found.end() :] if found else name


def split_name(name: str) -> tuple[str, str]:
    """First and last name, where the cell itself tells which is which.

    A comma tells it, or a family name in capitals. Otherwise the whole name is
    the last one: the order of the words differs from list to list.

    >>> split_name("Peeters, An")
    ('An', 'Peeters')
    >>> split_name("An PEETERS")
    ('An', 'PEETERS')
    >>> split_name("Peeters An")
    ('', 'Peeters An')
    """
    last, comma, first = name.partition(",")
    if comma:
        return clean_name(first.strip()), last.strip()
    words = name.split()
    capitals = [i for i, word in enumerate(words) if _is_capitals(word)]
    length = sum(len(words[i]) for i in capitals)
    if not capitals or length < _SHORTEST or _LEGAL_FORM.search(name.upper()):
        return "", name
    start, end = capitals[0], capitals[-1] + 1
    while start and words[start - 1].islower():
        start -= 1
    before, after = words[:start], words[end:]
    if len(capitals) < end - capitals[0] or bool(before) == bool(after):
        return "", name
    return " ".join(before or after), " ".join(words[start:end])


def _is_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper() and word[-1] != "."
