"""Lists of invented members, as Belgian offices keep them, of any length."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from xml.sax.saxutils import escape

from tests.exchange.files import with_shared_strings

HEADER = (
    *("Voornaam", "Naam", "E-mailadres", "GSM", "Telefoon"),
    *("Straat", "Nr", "Postcode", "Gemeente", "Taal"),
)
# As the importer calls these columns.
FIELDS = (
    *("first_name", "last_name", "email", "mobile", "phone"),
    *("street", "number", "postcode", "locality", "language"),
)
FIRST = ("An", "Jan", "Zoë", "Marie", "Élodie", "Bart", "Jean-Luc", "Fatima")
LAST = ("Peeters", "De Smet", "Dubois", "Van den Broeck", "Lefèvre", "Maes", "Müller")
STREETS = ("Dorpsstraat", "Rue de l'Église", "Kerkplein", "Hauptstraße", "Heidelaan")
MOBILES = ("0473/{}.{}", "+32 473 {} {}", "0473{}{}", "473{}{}")
# Of a hundred rows one cannot be imported.
REFUSED_EACH = 100


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """The cells of so many rows, each of another person."""
    for n in range(count):
        thousands, rest = f"{n // 1000:03d}", f"{n % 1000:03d}"
        at = "example.org" if n % REFUSED_EACH else ""
        yield (
            f"{FIRST[n % 8]} {n}",
            LAST[n % 7],
            f"lid{n}@{at}",
            MOBILES[n % 4].format(thousands, rest),
            f"03 6{n // 10000:02d} {n // 100 % 100:02d} {n % 100:02d}"
            if n % 3 == 0
            else "",
            STREETS[n % 5],
            str(n % 200 + 1),
            "2920",
            "Kalmthout",
            ("NL", "FR", "DE")[n % 3],
        )


def as_csv(count: int) -> bytes:
    """A semicolon list as Excel writes it in Belgium."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(HEADER)
    writer.writerows(rows(count))
    return text.getvalue().encode("cp1252")


def as_xlsx(count: int) -> bytes:
    """A workbook whose cells refer to a table of texts, as Excel's do."""
    texts: dict[str, int] = {}
    lines = []
    for line, cells in enumerate((HEADER, *rows(count)), 1):
        marked = "".join(
            f'<c r="{column}{line}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'
            for column, cell in zip("ABCDEFGHIJ", cells, strict=True)
            if cell
        )
        lines.append(f'<row r="{line}">{marked}</row>')
    return with_shared_strings("".join(lines), [escape(text) for text in texts])
