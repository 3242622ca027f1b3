"""Workbooks: cells as text, and the ways to make a small file ask for gigabytes."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import struct
import time
import zipfile
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from tests.exchange.files import (
    HEADER,
    ROW,
    SHEET,
    ods,
    rewrite,
    sheet_xml,
    with_shared_strings,
    xlsx,
)
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import open_list


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def refusal(source: bytes) -> str:
    """What the user reads, within a second of a processor's time."""
    started = time.process_time()
    with pytest.raises(ImportRejected) as caught:
        open_list(source)
    assert time.process_time() - started < 2
    return str(caught.value)


def test_cells_become_the_text_that_the_sheet_shows() -> None:
    row = [
        "An",
        None,
        479123456,
        32479123456.0,
        1.5,
        True,
        dt.date(2020, 1, 2),
        dt.datetime(2020, 1, 2, 3, 4),  # noqa: DTZ001 -- as Excel has them
        "0473865387",
    ]
    header = ["Voornaam", "Naam", "GSM", *"abcdef"]
    (line,) = open_list(xlsx(header, row)).lines()
    assert line.cells == [
        "An",
        "",
        "479123456",
        "32479123456",
        "1.5",
        "TRUE",
        "02/01/2020",
        "02/01/2020 03:04",
        "0473865387",
    ]


def test_rows_have_the_numbers_of_the_sheet() -> None:
    members = open_list(xlsx([], ["Leden van de BIN"], [], HEADER, ROW, [], ROW))
    assert members.mapping.line == 4
    assert [line.number for line in members.lines()] == [5, 7]


def test_the_first_sheet_with_a_header_is_read_and_the_others_are_named() -> None:
    source = xlsx(["uitleg"], sheets={"Lijst": [HEADER, ROW], "Oud": [HEADER, ROW]})
    members = open_list(source)
    assert members.sheet == "Lijst"
    assert members.other_sheets == ("Leden", "Oud")


def test_the_sheet_with_the_members_is_found() -> None:
    notes = [["Naam", "verplicht"], ["Vragen?", "Jan", "0470 00 00 99"]]
    source = xlsx(*notes, sheets={"Leeg": [HEADER], "Lijst": [HEADER, ROW], "Z": notes})
    members = open_list(source)
    assert (members.sheet, members.other_sheets) == ("Lijst", ("Leden", "Leeg", "Z"))
    assert open_list(source, sheet="Lijst") == members
    with pytest.raises(ImportRejected, match="nobody below it"):
        open_list(source, sheet="Leeg")
    with pytest.raises(ImportRejected, match="no visible sheet of the name “Nee”"):
        open_list(source, sheet="Nee")


def test_s24_members_are_looked_for_in_the_first_sheets_only() -> None:
    sheets = {f"Blad {n}": [["x", "y"]] for n in range(200)}
    source = xlsx(["x"], sheets=sheets | {"Ver weg": [HEADER, ROW]})
    assert "No column with names" in refusal(source)
    assert open_list(source, sheet="Ver weg").sheet == "Ver weg"


def test_a_hidden_sheet_is_not_read() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx(HEADER, ROW)))
    book["Leden"].sheet_state = "hidden"
    book.create_sheet("Leeg")
    target = io.BytesIO()
    book.save(target)
    assert "No column with names" in refusal(target.getvalue())


def test_a_workbook_of_hidden_sheets() -> None:
    source = xlsx(HEADER, ROW)
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        index = archive.read("xl/workbook.xml")
    hidden = index.replace(b'state="visible"', b'state="hidden"')
    assert hidden != index
    assert "no visible sheet" in refusal(rewrite(source, {"xl/workbook.xml": hidden}))


def test_styled_but_empty_rows_far_below_do_not_count() -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Naam</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>GSM</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>An</t></is></c><c r="B2"><v>1</v></c></row>'
        '<row r="1048576"><c r="A1048576" s="0"/><c r="XFD1048576" s="0"/></row>'
    )
    source = rewrite(xlsx(HEADER), {SHEET: sheet_xml(rows)})
    assert [line.cells for line in open_list(source).lines()] == [["An", "1"]]


def cell(reference: str) -> str:
    return f'<row><c r="{reference}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (cell("E1048576"), "more than 100000 rows"),
        (cell("XFD1"), "more than 50 columns"),
        ('<row r="100002"><c><v>1</v></c></row>', "more than 100000 rows"),
        ("<row>" + "<c><v>1</v></c>" * 60 + "</row>", "more than 50 columns"),
        ("<row/>" * 100_002 + "<row><c><v>1</v></c></row>", "more than 100000 rows"),
        ("<row><c><v>1</v></c></row>" * 200_000, "more than 100000 rows"),
        (cell("&#69;1048576"), "more than 100000 rows"),
        (cell("a1"), "damaged"),
        ("<row><c>", "damaged"),
    ],
)
def test_s24_sheets_that_would_fill_the_memory(rows: str, message: str) -> None:
    assert message in refusal(rewrite(xlsx(HEADER), {SHEET: sheet_xml(rows)}))


def test_s24_a_bomb_of_zeros() -> None:
    source = rewrite(xlsx(HEADER, ROW), {}, {"xl/bomb.xml": b" " * (160 << 20)})
    assert len(source) < 1 << 20
    assert "holds too much" in refusal(source)


def test_s24_a_bomb_that_lies_about_its_size() -> None:
    source = rewrite(xlsx(HEADER, ROW), {}, {"xl/bomb.bin": b"\0" * (160 << 20)})
    forged = source.replace(struct.pack("<L", 160 << 20), struct.pack("<L", 10))
    assert forged != source
    assert "holds too much" in refusal(forged)


def test_s24_an_archive_of_very_many_parts() -> None:
    parts = {f"xl/media/{n}": b"" for n in range(6_000)}
    assert "holds too much" in refusal(rewrite(xlsx(HEADER, ROW), {}, parts))


def test_s24_cells_within_cells() -> None:
    depth = 100_000
    rows = "<row>" + "<c>" * depth + "</c>" * depth + "</row>"
    assert "damaged" in refusal(rewrite(xlsx(HEADER), {SHEET: sheet_xml(rows)}))


def test_texts_that_cells_share() -> None:
    rows = "".join(
        "<row>" + "".join(f'<c t="s"><v>{n}</v></c>' for n in numbers) + "</row>"
        for numbers in ([0, 1], [2, 3])
    )
    source = with_shared_strings(rows, ["Naam", "GSM", "An", "0473865387"])
    assert [line.cells for line in open_list(source).lines()] == [["An", "0473865387"]]


def test_s24_one_long_text_in_every_cell() -> None:
    rows = "".join('<row><c t="s"><v>0</v></c></row>' for _row in range(90_000))
    source = with_shared_strings(rows, ["x" * 30_000])
    assert len(source) < 1 << 20
    assert "holds too much" in refusal(source)


def test_s24_repeated_cells_of_an_opendocument_sheet() -> None:
    def content(row: str) -> bytes:
        return (
            '<office:document-content xmlns:office="urn:o" xmlns:table="urn:t"'
            ' xmlns:text="urn:x"><office:body><office:spreadsheet>'
            f'<table:table table:name="L">{row}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>"
        ).encode()

    value = 'office:value-type="float" office:value="1"'
    text = f"<text:p>{'x' * 30_000}</text:p>"
    for row, message in {
        f'<table:table-row table:number-rows-repeated="1048576"><table:table-cell {value}/>'
        "</table:table-row>": "more than 100000 rows",
        f'<table:table-row><table:table-cell table:number-columns-repeated="16384" {value}/>'
        "</table:table-row>": "more than 50 columns",
        '<table:table-row><table:table-cell table:number-columns-repeated="9999999999999"'
        f" {value}/></table:table-row>": "more than 50 columns",
        '<table:table-row table:number-rows-repeated="90000"><table:table-cell>'
        f"{text}</table:table-cell></table:table-row>": "holds too much",
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/>'
        f"</table:table-row><table:table-row><table:table-cell {value}/>"
        "</table:table-row>": "more than 100000 rows",
    }.items():
        assert message in refusal(rewrite(ods(HEADER), {"content.xml": content(row)}))


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
    ids=["xxe", "laughs"],
)
def test_s25_entities_are_refused(prolog: str) -> None:
    xml = sheet_xml("").replace(b"<worksheet", prolog.encode() + b"<worksheet", 1)
    assert "damaged" in refusal(rewrite(xlsx(HEADER), {SHEET: xml}))


@pytest.mark.parametrize(
    "part", ["[Content_Types].xml", "xl/styles.xml", "content.xml"]
)
def test_s25_entities_are_refused_in_every_part(part: str) -> None:
    names = "abcdefghi"
    bomb = f"<!ENTITY a '{'x' * 1000}'>" + "".join(
        f"<!ENTITY {outer} '{f'&{inner};' * 10}'>"
        for inner, outer in itertools.pairwise(names)
    )
    xml = f"<?xml version='1.0'?><!DOCTYPE x [{bomb}]><x>&i;</x>".encode()
    source = ods(HEADER, ROW) if part == "content.xml" else xlsx(HEADER, ROW)
    assert "damaged" in refusal(rewrite(source, {part: xml}))


def test_s25_a_sheet_hidden_in_a_part_that_is_not_measured() -> None:
    source = xlsx(HEADER, ROW)
    rels = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Type="x/worksheet" Target="media/image1.png"/>'
        b"</Relationships>"
    )
    source = rewrite(
        source,
        {"xl/_rels/workbook.xml.rels": rels},
        {"xl/media/image1.png": sheet_xml(cell("E1048576"))},
    )
    assert "damaged" in refusal(source)


def test_s25_an_encrypted_archive_and_one_that_is_no_workbook() -> None:
    source = bytearray(xlsx(HEADER, ROW))
    at = source.index(b"PK\x01\x02")
    source[at + 8] |= 1
    assert "protected with a password" in refusal(bytes(source))
    assert "ZIP archive or a document" in refusal(
        rewrite(b"PK\x05\x06" + b"\0" * 18, {}, {"a.txt": b"x"})
    )


def test_s25_an_opendocument_sheet_with_a_password() -> None:
    manifest = (
        b'<m:manifest xmlns:m="urn:m"><m:file-entry m:full-path="content.xml">'
        b"<m:encryption-data/></m:file-entry></m:manifest>"
    )
    source = rewrite(
        ods(HEADER), {"content.xml": b"\x8f\x11", "META-INF/manifest.xml": manifest}
    )
    assert "protected with a password" in refusal(source)


def test_s25_whatever_the_parser_stumbles_over_is_damage() -> None:
    shared = with_shared_strings('<row><c t="s"><v>7</v></c></row>', ["Naam"])
    assert "damaged" in refusal(shared)


def test_text_beside_the_cells_of_an_opendocument_sheet() -> None:
    source = ods(HEADER, ROW, trailing=False)
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        content = archive.read("content.xml")
    content = content.replace(
        b"<table:table-row", b"<text:p>Nota</text:p><table:table-row", 1
    )
    assert b"Nota" in content
    members = open_list(rewrite(source, {"content.xml": content}))
    assert [line.cells for line in members.lines()] == [ROW]


def test_an_opendocument_sheet_as_libreoffice_pads_it() -> None:
    assert [line.cells for line in open_list(ods(HEADER, ROW)).lines()] == [ROW]
