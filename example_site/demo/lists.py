"""Member lists as municipalities have them: six files, six habits.

CSV with semicolons in Windows-1252, with commas, with tabs, with a byte order
mark; Excel with a title above the header and with telephones that lost their
zero; headers in four languages.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import random
from pathlib import Path

import openpyxl

from example_site.demo.invented import BAD_ROWS, Row, people
from example_site.demo.places import PLACES

SEED = 2929
# Bad rows per list.
BAD = 2


@dataclasses.dataclass(frozen=True)
class Layout:
    """One municipality's habit: kind of file, headers, and what is odd about it."""

    file_name: str
    columns: dict[str, str]
    delimiter: str = ";"
    encoding: str = "utf-8"
    title: str = ""


LAYOUTS = {
    "heidebeek-centrum": Layout(
        "heidebeek-centrum.csv",
        {
            "Naam": "last_name",
            "Voornaam": "first_name",
            "Straat": "street",
            "Nr": "number",
            "Bus": "box",
            "Postcode": "postcode",
            "Gemeente": "locality",
            "Telefoon": "phone",
            "GSM": "mobile",
            "E-mail": "email",
            "Taal": "language",
        },
        encoding="cp1252",
    ),
    "heidebeek-bosrand": Layout(
        "Ledenlijst Bosrand.xlsx",
        {
            "Familienaam": "last_name",
            "Voornaam": "first_name",
            "Adres": "address",
            "Postcode": "postcode",
            "Woonplaats": "locality",
            "GSM-nummer": "mobile",
            "Vaste telefoon": "phone",
            "E-mailadres": "email",
        },
        title="Ledenlijst BIN Bosrand",
    ),
    "heidebeek-bin-z": Layout(
        "bin-z members.txt",
        {
            "Company": "organisation",
            "First name": "first_name",
            "Last name": "last_name",
            "Address": "address",
            "Zip code": "postcode",
            "Town": "locality",
            "Mobile": "mobile",
            "Phone": "phone",
            "Email": "email",
            "Language": "language",
        },
        delimiter="\t",
    ),
    "val-tilleul": Layout(
        "membres_plp.csv",
        {
            "Nom": "last_name",
            "Prénom": "first_name",
            "Rue": "street",
            "Numéro": "number",
            "Boîte": "box",
            "Code postal": "postcode",
            "Localité": "locality",
            "N° GSM": "mobile",
            "Téléphone": "phone",
            "Adresse e-mail": "email",
            "Langue": "language",
        },
        delimiter=",",
    ),
    "val-tilleul-plp-i": Layout(
        "PLP-I indépendants.xlsx",
        {
            "Entreprise": "organisation",
            "Nom et prénom": "full_name",
            "Adresse": "address",
            "CP": "postcode",
            "Commune": "locality",
            "Portable": "mobile",
            "Fixe": "phone",
            "Courriel": "email",
        },
    ),
    "lindental": Layout(
        "NIN Lindental.csv",
        {
            "Nachname": "last_name",
            "Vorname": "first_name",
            "Straße": "street",
            "Hausnummer": "number",
            "PLZ": "postcode",
            "Ort": "locality",
            "Handy": "mobile",
            "Festnetz": "phone",
            "E-Mail": "email",
            "Sprache": "language",
        },
        encoding="utf-8-sig",
    ),
}


@dataclasses.dataclass(frozen=True)
class MemberList:
    """One generated file.

    Attributes:
        network: slug of the BIN.
        rows: the rows as fields, good ones and bad ones, in the file's order.
        without_email: how many of the good ones have no e-mail.
    """

    network: str
    file_name: str
    content: bytes
    rows: tuple[Row, ...]
    without_email: int


def make_lists(seed: int = SEED) -> list[MemberList]:
    """The six lists; the same seed gives the same rows."""
    chance = random.Random(seed)
    numbers = iter(range(100, 10_000))
    lists = []
    for index, place in enumerate(PLACES):
        good = list(people(place, chance, numbers))
        rows = list(good)
        for bad in BAD_ROWS[BAD * index : BAD * (index + 1)]:
            rows.insert(chance.randrange(1, len(rows)), bad)
        layout = LAYOUTS[place.slug]
        lists.append(
            MemberList(
                network=place.slug,
                file_name=layout.file_name,
                content=_file(rows, layout),
                rows=tuple(rows),
                without_email=sum(not row.get("email") for row in good),
            )
        )
    return lists


def write_lists(folder: Path) -> list[MemberList]:
    """Make the lists and put the files in a folder, for a look and another try."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = make_lists()
    for one in lists:
        (folder / one.file_name).write_bytes(one.content)
    return lists


def _file(rows: list[Row], layout: Layout) -> bytes:
    if layout.file_name.endswith(".xlsx"):
        return _workbook(rows, layout)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=layout.delimiter)
    writer.writerow(layout.columns)
    writer.writerows(_cells(row, layout) for row in rows)
    return text.getvalue().encode(layout.encoding)


def _workbook(rows: list[Row], layout: Layout) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.properties.created = workbook.properties.modified = dt.datetime(2026, 1, 5)  # noqa: DTZ001 -- openpyxl takes naive times
    sheet = workbook.active
    if layout.title:
        sheet.append([layout.title])
        sheet.append([])
    sheet.append(list(layout.columns))
    for row in rows:
        sheet.append([_excel(cell) for cell in _cells(row, layout)])
    for cell in (cell for line in sheet.iter_rows() for cell in line):
        # What looks like a formula was typed as text by somebody.
        if cell.data_type == "f":
            cell.data_type = "s"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _excel(cell: str) -> str | int:
    """Excel takes digits for a number, and so loses the zero in front."""
    return int(cell) if cell.isascii() and cell.isdigit() else cell


def _cells(row: Row, layout: Layout) -> list[str]:
    return [_cell(row, field) for field in layout.columns.values()]


def _cell(row: Row, field: str) -> str:
    if field == "full_name":
        return f"{row.get('last_name', '')} {row.get('first_name', '')}".strip()
    if field == "address":
        box = f" bus {row['box']}" if row.get("box") else ""
        return f"{row.get('street', '')} {row.get('number', '')}{box}".strip()
    return row.get(field, "")
