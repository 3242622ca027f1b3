"""Uploaded bytes: what is read, and what is refused with which words."""

from __future__ import annotations

import codecs
import random
import time
from collections import Counter
from typing import Any

import pytest
from django.utils import translation

from tests.exchange.files import HEADER, ROW, ods, xlsx
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import inspect_list, open_list
from wagtail_bin.exchange.mapping import Grounds
from wagtail_bin.exchange.rows import parse_row


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def read(source: bytes) -> list[tuple[int, list[str]]]:
    return [(line.number, line.cells) for line in open_list(source).lines()]


def rejected(source: bytes) -> str:
    with pytest.raises(ImportRejected) as caught:
        for _line in open_list(source).lines():
            pass
    return str(caught.value)


def csv_text(delimiter: str = ";") -> str:
    rows = [HEADER, ["Zoë", "Müller", "zoe@example.org", "0473/865.387"]]
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


EXPECTED = [(2, ["Zoë", "Müller", "zoe@example.org", "0473/865.387"])]


@pytest.mark.parametrize("delimiter", list(",;\t"))
@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("cp1252", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_csv_in_every_usual_encoding(delimiter: str, encoding: str, bom: bytes) -> None:
    assert read(bom + csv_text(delimiter).encode(encoding)) == EXPECTED


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_every_kind_of_line_end(newline: str) -> None:
    assert read(csv_text().replace("\r\n", newline).encode()) == EXPECTED


def test_excels_line_with_the_separator_is_no_row() -> None:
    assert read(("sep=;\r\n" + csv_text()).encode()) == [(3, EXPECTED[0][1])]
    assert read(("sep=,\r\n" + csv_text(",")).encode()) == [(3, EXPECTED[0][1])]


def test_a_title_and_empty_rows_may_stand_above_the_header() -> None:
    title = "Ledenlijst BIN Heide;;;\r\n\r\n;;;\r\n"
    assert read((title + csv_text()).encode()) == [(5, EXPECTED[0][1])]


def test_commas_in_names_do_not_hide_the_semicolons() -> None:
    text = "Naam;GSM\nPeeters, An;0473865387\nWouters, Bob, jr, mr;0476719342\n"
    assert read(text.encode())[0] == (2, ["Peeters, An", "0473865387"])


def test_line_numbers_count_physical_lines() -> None:
    text = 'Naam;GSM\n"An\nMaria";0473865387\n\n;;\nBob;0476719342\n'
    assert read(text.encode()) == [
        (2, ["An\nMaria", "0473865387"]),
        (6, ["Bob", "0476719342"]),
    ]


def test_a_quotation_mark_that_is_never_closed_costs_one_row() -> None:
    text = 'Naam;GSM\nAn;1\n"Bob;2\nCis;3\n' + "".join(f"N{n};4\n" for n in range(40))
    lines = list(open_list(text.encode()).lines())
    assert len(lines) == 43
    assert [line.number for line in lines if line.is_damaged] == [3]
    assert lines[1].cells == ["Bob", "2"]
    assert [line.number for line in lines] == list(range(2, 45))


def test_a_quotation_mark_left_open_on_the_last_line() -> None:
    lines = list(open_list(b'Naam;GSM\nAn;1\nBob;"2\n').lines())
    assert [(line.number, line.is_damaged) for line in lines] == [(2, False), (3, True)]


def test_reading_again_starts_from_the_top() -> None:
    members = open_list(csv_text().encode())
    assert list(members.lines()) == list(members.lines())


@pytest.mark.parametrize("make", [xlsx, ods])
def test_workbooks_are_known_by_their_bytes(make: Any) -> None:
    assert read(make(HEADER, ROW)) == [(2, ROW)]


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "This file is empty"),
        (b"\n\n;;\n", "No column with names"),
        (codecs.BOM_UTF8, "No column with names"),
        (b"\x89PNG\r\n\x1a\n" + noise(900), "not a list but a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + noise(900), "not a list but a picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"text " * 900, "not a list but"),
        (b"MZ\x90\x00" + noise(9000), "not a list but"),
        (codecs.BOM_UTF16_LE + noise(9000), "No column with names|not a list"),
        (OLE + noise(900), "protected with a password, or is of the old Excel"),
        (b"PK\x03\x04" + noise(900), "This workbook is damaged"),
        (b"<html><table><tr><td>Naam</td></tr></table></html>", "No column with names"),
        (b'{"naam": "Jan"}', "No column with names"),
        (b"Kleur;Vorm\nrood;rond\n", "No column with names"),
        (b"Naam;Straat\nJan;Dorp\n", "No column with e-mail addresses"),
        (b"E-mail\njan@example.org\n", "No column with names"),
        (b"jan@example.org\npiet@example.org\n", "No column with names"),
        (b"Naam;GSM" + b";x" * 60 + b"\n", "more than 50 columns"),
        (b"Naam;GSM\n" + b"Jan;1\n" * 100_002, "more than 100000 rows"),
        (b"x" * (10 * 1024 * 1024 + 1), "at most 10.0"),
    ],
)
def test_s25_what_is_no_list_is_refused_with_the_way_out(
    source: bytes, message: str
) -> None:
    with pytest.raises(ImportRejected, match=message):
        open_list(source)


def test_thirty_columns_of_junk() -> None:
    rows = [",".join(noise(4).hex() for _column in range(30)) for _row in range(30)]
    assert "No column with names" in rejected("\n".join(rows).encode())


def test_limits_are_settings(settings: Any) -> None:
    settings.WAGTAIL_BIN_IMPORT_MAX_ROWS = 2
    assert "more than 2 rows" in rejected(b"Naam;GSM\na;1\nb;2\nc;3\n")
    settings.WAGTAIL_BIN_IMPORT_MAX_BYTES = 10
    assert "at most 10" in rejected(b"Naam;GSM\na;1\nb;2\nc;3\n")


def test_s24_a_hundred_columns_are_refused_before_they_are_judged() -> None:
    row = ";".join(["0470 00 00 01"] * 100) + "\n"
    assert "more than 50 columns" in rejected(f"Naam;{row}{row * 50}".encode())
    started = time.process_time()
    assert "more than 50 columns" in rejected(b"x;" * 1_000_000)
    assert time.process_time() - started < 3


@pytest.mark.parametrize("character", ["x", "x@", '"', "0 ", "a 1, ", "é"])
def test_s24_one_cell_as_long_as_the_file(character: str) -> None:
    cell = (character * 2_000_000)[:2_000_000].encode("cp1252")
    started = time.process_time()
    for line in open_list(b"Naam;GSM\nAn;0470000001\nBob;" + cell).lines():
        if line.number > 2 and not line.is_damaged:
            _values, problems = parse_row(line.cells, ("full_name", "mobile"))
            assert problems
    with pytest.raises(ImportRejected):
        open_list(cell + b";" + cell[:1000])
    assert time.process_time() - started < 3


def test_columns_are_what_somebody_says() -> None:
    source = b"Naam;Wat;GSM\nAn;an@example.org;0470000001\n"
    assert open_list(source).mapping.fields == ("full_name", "email", "mobile")
    chosen = open_list(source, fields=("last_name", "", "phone")).mapping
    assert chosen.fields == ("last_name", "", "phone")
    with pytest.raises(ImportRejected, match="which column holds the names"):
        open_list(source, fields=("", "email", "mobile"))


def test_a_person_can_be_asked_what_the_columns_hold() -> None:
    source = b"Wie;Kleur\nAn;rood\n"
    with pytest.raises(ImportRejected, match="No column with names"):
        open_list(source)
    found = inspect_list(source)
    assert found.mapping.fields == ("", "")
    samples = [column.samples for column in found.mapping.columns]
    assert samples == [("Wie", "An"), ("Kleur", "rood")]
    assert open_list(source, fields=("full_name", "phone")).mapping.read


def test_a_list_without_header_begins_on_its_first_line() -> None:
    members = open_list(b"jan@example.org;Jan Peeters\nan@example.org;An Maes\n")
    assert members.mapping.line == 0
    assert [line.number for line in members.lines()] == [1, 2]
    assert {column.grounds for column in members.mapping.columns} == {Grounds.VALUES}


def test_a_header_with_nobody_below_it() -> None:
    for source in (b"Naam;GSM\n", b"Naam;GSM\n;\n ; \n", xlsx(HEADER, [])):
        assert "nobody below it" in rejected(source)
        assert not inspect_list(source).has_rows


def test_rows_that_are_about_nobody_are_counted() -> None:
    text = """Naam;GSM
An;0470000001
;
 ;\u00a0
Naam;GSM
Total Station;0470000002
Totaal: 12 leden;
Totaal Jan Peeters;0470000003
Algemeen totaal;12
Nombre de membres;4
Totaalbeeld;
"""
    skipped: Counter[str] = Counter()
    lines = list(open_list(text.encode()).lines(skipped))
    assert [line.number for line in lines] == [2, 6, 8, 11]
    assert skipped == {"empty": 2, "header": 1, "total": 3}


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize(
    "name", ["Zoë", "Großmüller", "Hélène", "Müller", "François", "Maïté"]
)
def test_letters_tell_which_program_wrote_a_list(encoding: str, name: str) -> None:
    assert read(f"Naam;GSM\n{name};0470000001\n".encode(encoding))[0][1][0] == name


def test_a_list_with_letters_that_do_not_tell_is_of_windows() -> None:
    text = "Naam;GSM\nD\u2019Hondt \u2013 Tomás;1\n"
    assert read(text.encode("cp1252"))[0][1][0] == "D\u2019Hondt \u2013 Tomás"


def test_empty_cells_at_the_end_are_no_columns() -> None:
    assert read(b"Naam;GSM" + b";" * 99 + b"\nAn;1" + b";" * 99 + b"\n") == [
        (2, ["An", "1"])
    ]


def test_any_bytes_are_a_list_or_a_refusal() -> None:
    dice = random.Random(2)
    seeds = [csv_text().encode(), xlsx(HEADER, ROW), ods(HEADER, ROW)]
    outcomes = set()
    for turn in range(300):
        source = bytearray(seeds[turn % 3])
        for _hit in range(dice.randint(1, 8)):
            source[dice.randrange(len(source))] = dice.randrange(256)
        if turn % 5 == 0:
            del source[dice.randrange(len(source)) :]
        try:
            outcomes.add(len(read(bytes(source))))
        except ImportRejected:
            outcomes.add("refused")
    assert {1, "refused"} <= outcomes
