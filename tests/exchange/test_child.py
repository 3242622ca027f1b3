"""A workbook is parsed by a process that can neither grow nor last."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.files import HEADER, ROW, with_shared_strings, xlsx
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import child

ROWS = 5000


@pytest.fixture(scope="module")
def book() -> bytes:
    return xlsx(
        HEADER, *[ROW] * ROWS, sheets={"Zoë": [["Naam"], ["An", None, "", 3.0]]}
    )


def test_s24_names_and_rows_come_from_a_process_of_its_own(book: bytes) -> None:
    assert child.sheet_names(book) == ["Leden", "Zoë"]
    assert list(child.sheet_rows(book, "Zoë")) == [
        (1, ["Naam"]),
        (2, ["An", "", "", "3"]),
    ]
    rows = list(child.sheet_rows(book, "Leden"))
    assert len(rows) == ROWS + 1
    assert rows[-1] == (ROWS + 1, ROW)


def test_s24_it_ends_when_nobody_reads_on(book: bytes) -> None:
    def children() -> set[str]:
        tasks = Path("/proc/self/task").glob("*/children")
        return set("".join(each.read_text() for each in tasks).split())

    before = children()
    rows = child.sheet_rows(book, "Leden")
    assert next(rows) == (1, HEADER)
    assert len(children() - before) == 1
    rows.close()  # type: ignore[attr-defined]
    assert children() <= before


def test_s24_more_memory_than_it_may_have_refuses_the_file(settings: Any) -> None:
    # One text, which the parser copies into each cell: 200 MB.
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 50_001)
    )
    source = with_shared_strings(cells, ["x" * 4000])
    settings.WAGTAIL_BIN_IMPORT_CHILD_BYTES = 120 * 1024 * 1024
    with pytest.raises(ImportRejected, match="too much|te veel"):
        list(child.sheet_rows(source, "Leden"))


def test_s24_more_time_than_it_may_have_refuses_the_file(
    book: bytes, settings: Any
) -> None:
    settings.WAGTAIL_BIN_IMPORT_CHILD_SECONDS = 0
    with pytest.raises(ImportRejected, match="too much|te veel"):
        list(child.sheet_rows(book, "Leden"))


@pytest.mark.parametrize("source", [b"", b"PK\x03\x04...", b"Naam;E-mail\n"])
def test_s25_what_it_cannot_read_is_refused_without_a_word_of_the_parser(
    source: bytes,
) -> None:
    with pytest.raises(ImportRejected, match="damaged|beschadigd"):
        child.sheet_names(source)
    with pytest.raises(ImportRejected, match="damaged|beschadigd"):
        list(child.sheet_rows(source, "Leden"))


def test_a_sheet_that_is_not_there_is_refused(book: bytes) -> None:
    with pytest.raises(ImportRejected):
        list(child.sheet_rows(book, "Elders"))


def test_it_imports_nothing_of_django(book: bytes) -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import runpy, json, sys; runpy.run_path(sys.argv[1]);"
            "print(json.dumps(sorted(sys.modules)))",
            child.READER,
        ],
        capture_output=True,
        check=True,
    )
    modules = json.loads(loaded.stdout)
    assert not [name for name in modules if name.startswith(("django", "wagtail"))]


def test_the_interpreter_is_one_also_inside_a_server(
    book: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/sbin/uwsgi")
    assert child.sheet_names(book) == ["Leden", "Zoë"]
