"""The lists of ``tests/data/lists``: what comes out of each file."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.utils import translation

from tests.data.lists import make
from tests.data.lists.expected import EXPECTED, Expected, Rejected
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import MemberList, open_list
from wagtail_bin.exchange.mapping import Grounds
from wagtail_bin.exchange.rows import parse_row
from wagtail_bin.models import Member

LISTS = {name: at for name, at in EXPECTED.items() if isinstance(at, Expected)}
REJECTED = {name: at for name, at in EXPECTED.items() if isinstance(at, Rejected)}


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def opened(name: str) -> MemberList:
    return open_list((make.HERE / name).read_bytes())


def test_every_file_has_its_expectation() -> None:
    stored = {path.name for path in make.HERE.glob("[a-z]*") if path.suffix != ".py"}
    assert stored == set(EXPECTED)
    assert len(stored) >= 25


def test_the_files_are_those_that_are_made() -> None:
    made = make.files()
    assert set(made) == set(EXPECTED)
    for name, content in made.items():
        if name.endswith((".csv", ".txt")):
            assert content == (make.HERE / name).read_bytes(), name
        elif name in LISTS:
            lines = list(open_list(content).lines())
            assert lines == list(opened(name).lines()), name


@pytest.mark.parametrize(("name", "expected"), LISTS.items(), ids=list(LISTS))
def test_columns_are_recognised(name: str, expected: Expected) -> None:
    members = opened(name)
    assert (members.mapping.line, members.sheet, members.other_sheets) == (
        expected.header,
        expected.sheet,
        expected.others,
    )
    columns = members.mapping.columns
    assert expected.fields.split() == [
        f"{column.field}?" if column.grounds == Grounds.VALUES else column.field or "-"
        for column in columns
    ]
    for column in columns:
        assert (column.grounds == Grounds.NONE) == (not column.field)


@pytest.mark.parametrize(("name", "expected"), LISTS.items(), ids=list(LISTS))
def test_members_come_out_and_the_rest_with_its_reason(
    name: str, expected: Expected
) -> None:
    members = opened(name)
    skipped: Counter[str] = Counter()
    read, refused = {}, {}
    for line in members.lines(skipped):
        values, problems = parse_row(line.cells, members.mapping.fields)
        if problems:
            refused[line.number] = " ".join(
                f"{problem.field}:{problem.code}".lstrip(":") for problem in problems
            )
        else:
            Member(**values._asdict()).clean_fields(exclude=["network"])
            known = values._asdict().items()
            read[line.number] = {field: value for field, value in known if value}
    assert read == expected.values
    assert refused == expected.refused
    assert skipped == expected.skipped


@pytest.mark.parametrize(("name", "expected"), REJECTED.items(), ids=list(REJECTED))
def test_a_file_without_members_is_refused(name: str, expected: Rejected) -> None:
    with pytest.raises(ImportRejected, match=expected.message):
        opened(name)
