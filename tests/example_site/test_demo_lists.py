"""The member lists of the demo: invented, the same each time, and as varied as real ones."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from example_site.demo.invented import BAD_ROWS
from example_site.demo.lists import MemberList, make_lists, write_lists
from wagtail_bin.validators import parse_phone

RESERVED = re.compile(r"(.+\.)?example(\.(com|net|org))?")


@pytest.fixture(scope="module")
def lists() -> list[MemberList]:
    return make_lists()


def test_the_lists_are_the_same_each_time(lists: list[MemberList]) -> None:
    again = make_lists()
    assert [one.rows for one in again] == [one.rows for one in lists]
    assert [one.content for one in again if not one.file_name.endswith("xlsx")] == [
        one.content for one in lists if not one.file_name.endswith("xlsx")
    ]
    assert [one.rows for one in make_lists(seed=1)] != [one.rows for one in lists]


def test_there_are_1200_good_rows_and_12_bad_ones(lists: list[MemberList]) -> None:
    rows = [row for one in lists for row in one.rows]
    assert len(rows) == 1212
    assert sum(row in BAD_ROWS for row in rows) == 12


def test_all_addresses_are_in_domains_reserved_for_examples(
    lists: list[MemberList],
) -> None:
    texts = [value for one in lists for row in one.rows for value in row.values()]
    domains = {d for text in texts for d in re.findall(r"@([\w.-]*[a-z])", text)}
    domains -= {"x"}  # of "formule@x@example.org", which is no address
    assert domains
    assert all(RESERVED.fullmatch(domain) for domain in domains), domains


def test_all_telephone_numbers_are_in_blocks_that_nobody_has(
    lists: list[MemberList],
) -> None:
    numbers = {
        parse_phone(row[field])
        for one in lists
        for row in one.rows
        for field in ("mobile", "phone")
        if row not in BAD_ROWS and row.get(field)
    }
    assert len(numbers) > 1000
    block = re.compile(r"\+32(47000|1400|4220|8700)\d{4}")
    assert all(block.fullmatch(number) for number in numbers)


def test_nobody_is_in_a_list_twice(lists: list[MemberList]) -> None:
    for one in lists:
        names = [
            (r["first_name"], r["last_name"]) for r in one.rows if r not in BAD_ROWS
        ]
        assert len(set(names)) == len(names)


def test_there_are_couples_and_members_without_email(lists: list[MemberList]) -> None:
    rows = [row for one in lists for row in one.rows if row not in BAD_ROWS]
    emails = [row["email"] for row in rows if row["email"]]
    assert len(emails) - len(set(emails)) > 40
    without = [row for row in rows if not row["email"]]
    assert len(without) == sum(one.without_email for one in lists) > 40
    assert all(row["mobile"] or row["phone"] for row in without)


def test_the_files_are_as_different_as_those_of_municipalities(
    lists: list[MemberList],
) -> None:
    content = {one.network: one.content for one in lists}
    semicolons = content["heidebeek-centrum"]
    assert semicolons.startswith(b"Naam;Voornaam")
    with pytest.raises(UnicodeDecodeError):
        semicolons.decode("utf-8")
    assert "é" in semicolons.decode("cp1252")
    assert content["heidebeek-bin-z"].startswith(b"Company\tFirst name")
    assert content["val-tilleul"].decode("utf-8").startswith("Nom,Prénom")
    assert content["lindental"].startswith(b"\xef\xbb\xbfNachname;")


def test_excel_has_a_title_and_numbers_without_their_zero(
    tmp_path: Path,
) -> None:
    written = write_lists(tmp_path / "lists")
    files = {path.name for path in (tmp_path / "lists").iterdir()}
    assert files == {one.file_name for one in written}
    path = tmp_path / "lists" / "Ledenlijst Bosrand.xlsx"
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "Ledenlijst BIN Bosrand"
    mobile = rows[2].index("GSM-nummer")
    assert any(isinstance(row[mobile], float) and row[mobile] < 1e9 for row in rows)


def test_a_formula_in_excel_is_text_as_somebody_typed_it(
    lists: list[MemberList],
) -> None:
    (workbook,) = (one for one in lists if one.network == "val-tilleul-plp-i")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(workbook.content))
    cells = [cell for row in rows.get_sheet_by_index(0).to_python() for cell in row]
    assert "=1+1" in cells
    assert "+cmd|' /C calc'!A0" in cells
