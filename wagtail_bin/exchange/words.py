"""What people write in a cell that holds a word, in four languages."""

from __future__ import annotations

import re

from wagtail_bin.exchange.headers import fold


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split(","))


_LANGUAGES = {
    word: code
    for code, words in {
        "nl": "nl, n, ned, nederlands, nederlandstalig, nederlandstalige, neerlandais,"
        " neerlandophone, nld, dutch, niederlandisch, vlaams, flamand",
        "fr": "fr, f, fra, frans, franstalig, franstalige, francais, francaise,"
        " francophone, franzosisch, french",
        "de": "de, d, deu, ger, du, duits, duitstalig, duitstalige, allemand,"
        " germanophone, deutsch, german, all",
        "en": "en, e, eng, engels, engelstalig, anglais, anglophone, englisch, english",
    }.items()
    for word in _folded(words)
} | {f"{language} be": language for language in ("nl", "fr", "de", "en")}
_NONE = _folded(
    "geen, nvt, n v t, nihil, onbekend, ontbreekt, heeft geen, geen e mail,"
    " geen email, geen gsm, geen mail, geen telefoon, aucun, aucune, neant, inconnu,"
    " pas d e mail, pas de mail, pas de gsm, n a, na, none, kein, keine, keines,"
    " unbekannt, keine e mail, kein handy"
)
_YES = _folded(
    "ja, j, oui, o, yes, y, x, v, ok, akkoord, d accord, waar, vrai, true, wahr"
)
_NO = _folded("nee, neen, n, non, nein, no, niet akkoord, onwaar, faux, false, falsch")
_SEVERAL = re.compile(r"\s*[/,;+&]\s*|\s+(?:en|et|und|and)\s+", re.IGNORECASE)


def language_of(cell: str) -> str:
    """The code of a language; of several the first; empty for another word.

    >>> language_of("néerlandais"), language_of("NL/FR")
    ('nl', 'nl')
    """
    code = _LANGUAGES.get(cell.lower()) or _LANGUAGES.get(fold(cell))
    if code:
        return code
    several = [_LANGUAGES.get(fold(word), "") for word in _SEVERAL.split(cell)]
    return several[0] if all(several) else ""


def says_none(cell: str) -> bool:
    """Whether a cell says that there is nothing, such as ``geen`` or ``néant``."""
    return fold(cell) in _NONE


def says_no(cell: str) -> bool:
    """Whether a cell answers a question with no."""
    return fold(cell) in _NO


def is_answer(cell: str) -> bool:
    """Whether a cell answers a question, or only ticks a box."""
    return (
        cell.strip() in "\u2713\u2714\u2717\u2718\u2611\u2610"
        or fold(cell) in _YES | _NO
    )
