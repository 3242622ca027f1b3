"""Refused rows as a workbook that can be opened, corrected and sent again."""

from __future__ import annotations

import io

import openpyxl
from django.utils import translation

from wagtail_bin.exchange.formats import open_list
from wagtail_bin.exchange.problems import Problem
from wagtail_bin.exchange.rejects import refused_workbook

EVIL = [
    "=1+1",
    "==1",
    "+1",
    "-1",
    "@SUM(1)",
    '=HYPERLINK("http://x")',
    "\uff1d1",
    "\t=1",
]
HEADER = ["Naam", "GSM", "=cmd|' /C calc'!A0"]
PROBLEM = Problem("mobile", "phone").as_json()


def test_s15_every_cell_is_text_whatever_it_holds() -> None:
    rows = [(n, [cell, "0473", cell], [PROBLEM]) for n, cell in enumerate(EVIL, 2)]
    source = refused_workbook(header=HEADER, rows=rows)
    sheet = openpyxl.load_workbook(io.BytesIO(source)).active
    kinds = {(cell.data_type, cell.number_format) for row in sheet for cell in row}
    assert kinds == {("s", "@")}
    assert [row[2].value for row in sheet.iter_rows(min_row=2)] == EVIL


def test_the_reason_is_in_the_language_of_the_reader() -> None:
    with translation.override("en"):
        source = refused_workbook(header=HEADER[:2], rows=[(7, ["An", "1"], [PROBLEM])])
    sheet = openpyxl.load_workbook(io.BytesIO(source)).active
    assert [cell.value for cell in sheet[2]] == [
        "7",
        "mobile: This is not a telephone number.",
        "An",
        "1",
    ]


def test_a_corrected_file_is_a_list_again() -> None:
    source = refused_workbook(
        header=["Naam", "GSM"], rows=[(7, ["An", "0473865387"], [PROBLEM])]
    )
    members = open_list(source)
    assert members.mapping.fields == ("", "", "full_name", "mobile")
    assert members.mapping.ignored == []
    (line,) = members.lines()
    assert line.cells[2:] == ["An", "0473865387"]


def test_what_excel_cannot_hold_is_marked_not_dropped() -> None:
    source = refused_workbook(
        header=["Naam", "GSM"], rows=[(2, ["A\0n\x07", "x" * 40_000], [PROBLEM])]
    )
    (line,) = open_list(source).lines()
    assert line.cells[2] == "A\ufffdn\ufffd"
    assert len(line.cells[3]) == 32767
