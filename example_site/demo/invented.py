"""People who do not exist: 1,200 good rows and 12 bad ones.

E-mail addresses are in domains reserved for examples, telephone numbers in
blocks ``0x 00 …`` that nobody has.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from example_site.demo.places import MUNICIPALITIES, Place

DOMAINS = ("example.org", "example.com", "example.net", "post.example", "mail.example")
FIRST_NAMES = {
    "nl": """Jan Piet Marie Els Wouter Lotte Bart Griet Koen Anke Stijn Hilde Tom Sofie
        Dirk Ann Luc Nele Rik Katrien Geert Lies Jef Ilse Wim Karen Bram Leen""",
    "fr": """Jean Marie Luc Chloé Étienne Hélène Michel Anaïs Benoît Zoé Pierre Françoise
        Loïc Aurélie Thierry Céline Noël Maëlle Olivier Sylvie Hugo Inès Didier Léa""",
    "de": """Hans Ursula Jürgen Käthe Günter Sabine Dieter Anke Björn Gisela Stefan Heike
        Klaus Renate Jörg Monika Uwe Bärbel Ralf Silke""",
}
LAST_NAMES = {
    "nl": """Peeters, Janssens, Maes, Jacobs, Mertens, Willems, Claes, Goossens, Wouters,
        De Smedt, Vermeulen, Pauwels, Hermans, Aerts, Michiels, Vanden Broeck, Desmet,
        Bogaerts, Coppens, Verhoeven""",
    "fr": """Dubois, Lambert, Dupont, Simon, Laurent, Leclercq, Lejeune, Renard, François,
        Gérard, Mathieu, Denis, Lefèbvre, de Brouckère, Piérard, Henrard, Collard, Gilson""",
    "de": """Müller, Schmitz, Schröder, Heinen, Jost, Groß, Köhler, Pauls, Theißen,
        Maraite, Kohnen, Hilgers, Lentz, Veithen, Backes, Weynand""",
}
TRADES = ("Bakkerij", "Garage", "Boulangerie", "Librairie", "Atelier", "Optiek", "Café")
# How often each language is spoken, and how the lists write it.
SPOKEN = {
    "99001": ("nl",) * 9 + ("fr",),
    "99002": ("fr",) * 4 + ("nl",),
    "99003": ("de",) * 3 + ("fr",),
}
WRITTEN = {
    "nl": ("nl", "NL", "Nederlands", ""),
    "fr": ("fr", "F", "français"),
    "de": ("de", "D", "Deutsch"),
}
LANDLINES = {"99001": "01400", "99002": "04220", "99003": "08700"}

Row = dict[str, str]
# What is wrong with them, two per list: every one must be refused.
BAD_ROWS: tuple[Row, ...] = (
    {"first_name": "Zonder", "last_name": "Contact"},
    {"first_name": "Apenstaart", "last_name": "Kwijt", "email": "kwijt.example.org"},
    {"first_name": "Kort", "last_name": "Nummer", "mobile": "0470 12"},
    {"email": "naamloos@example.org"},
    {
        "last_name": '=HYPERLINK("http://x.example";"klik")',
        "email": "formule@x@example.org",
    },
    {
        "first_name": "Twee",
        "last_name": "Regels",
        "email": "twee@example.org\r\nBcc: e@x.example",
    },
    {"first_name": "Sans", "last_name": "Contact"},
    {"first_name": "Espace", "last_name": "Perdu", "email": "espace perdu@example.org"},
    {"organisation": "+cmd|' /C calc'!A0", "email": "=1+1"},
    {"first_name": "Faux", "last_name": "Numéro", "mobile": "n’a pas de GSM"},
    {"first_name": "Ohne", "last_name": "Kontakt"},
    {
        "first_name": "Punkt",
        "last_name": "Doppelt",
        "email": "punkt..doppelt@example.org",
    },
)


def people(
    place: Place, chance: random.Random, numbers: Iterator[int]
) -> Iterator[Row]:
    """The good rows of one BIN; nobody twice.

    Args:
        chance: decides everything.
        numbers: a fresh four-digit number each time.
    """
    pools = {language: _names(language, chance) for language in FIRST_NAMES}
    count = 0
    while count < place.members:
        language = chance.choice(SPOKEN[place.municipality])
        pool = pools[language]
        name = pool.pop()
        row = _person(place, chance, next(numbers), name, language)
        yield row
        count += 1
        if row["email"] and count < place.members and chance.random() < 0.08:
            # The other half of a couple: same house, same mailbox.
            partner = next(other for other in pool if other[1] == name[1])
            pool.remove(partner)
            yield row | {"first_name": partner[0], "mobile": ""}
            count += 1


def _names(language: str, chance: random.Random) -> list[tuple[str, str]]:
    last_names = " ".join(LAST_NAMES[language].split()).split(", ")
    names = list(product(FIRST_NAMES[language].split(), last_names))
    chance.shuffle(names)
    return names


def _person(
    place: Place,
    chance: random.Random,
    number: int,
    name: tuple[str, str],
    language: str,
) -> Row:
    first, last = name
    town = MUNICIPALITIES[place.municipality]
    street = chance.choice(place.streets)
    first_language = town["languages"][:2]
    has_email = chance.random() > 0.08
    has_mobile = chance.random() > 0.2
    has_landline = chance.random() < 0.25 or not (has_email or has_mobile)
    is_business = place.kind == "business" and chance.random() < 0.8
    return {
        "first_name": first,
        "last_name": last,
        "organisation": f"{chance.choice(TRADES)} {last}" if is_business else "",
        "email": f"lid{number}@{chance.choice(DOMAINS)}" if has_email else "",
        "mobile": _mobile(number, chance) if has_mobile else "",
        "phone": _landline(place, number, chance) if has_landline else "",
        "street": str(street[f"name_{first_language}"]),
        "number": str(_house_number(street, chance)),
        "box": str(chance.randint(1, 12)) if chance.random() < 0.1 else "",
        "postcode": town["postcode"],
        "locality": town[f"name_{first_language}"],
        "language": chance.choice(WRITTEN[language]),
    }


def _house_number(street: dict[str, str | int], chance: random.Random) -> int:
    first = int(street.get("number_from", 1))
    last = int(street.get("number_to", first + 120))
    number = chance.randint(first, last)
    odd = {"odd": 1, "even": 0}.get(str(street.get("parity", "")), number % 2)
    return number if number % 2 == odd else max(number - 1, 1 if odd else 2)


def _mobile(number: int, chance: random.Random) -> str:
    """``0470 00 12 34`` as people write it; the last one passed through Excel."""
    a, b = f"{number:04}"[:2], f"{number:04}"[2:]
    notations = (
        f"0470 00 {a} {b}",
        f"0470/00.{a}.{b}",
        f"0470/00{a[0]}.{a[1]}{b}",
        f"0470 00{a}{b}",
        f"+32 470 00 {a} {b}",
        f"+32 (0)470 00 {a} {b}",
        f"0032470 00{a}{b}",
        f"47000{a}{b}",
    )
    return chance.choice(notations)


def _landline(place: Place, number: int, chance: random.Random) -> str:
    """``014 00 12 34`` as people write it."""
    start = LANDLINES[place.municipality]
    a, b = f"{number:04}"[:2], f"{number:04}"[2:]
    area, rest = start[:3], start[3:]
    notations = (
        f"{area} {rest} {a} {b}",
        f"{area}/{rest} {a} {b}",
        f"{area}/{rest}.{a}.{b}",
        f"+32 {area[1:]} {rest} {a} {b}",
        f"+32 (0){area[1:]} {rest} {a} {b}",
        f"{start[1:]}{a}{b}",
    )
    return chance.choice(notations)
