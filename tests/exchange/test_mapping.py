"""What columns are read as, guessed or chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.guess import find_columns
from wagtail_bin.exchange.mapping import Column, Grounds, Mapping


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def mapping(*header: str) -> Mapping:
    return find_columns([(1, header)])


def test_a_list_names_a_person_and_a_way_to_reach_one() -> None:
    mapping("Firma", "Tel.").check()
    assert mapping("Firma", "Tel.").is_complete
    for header, message in {
        ("Straat", "GSM"): "No column with names",
        ("Naam", "Straat"): "No column with e-mail",
        (): "No column with names",
    }.items():
        assert not mapping(*header).is_complete
        with pytest.raises(ImportRejected, match=message):
            mapping(*header).check()


def test_what_is_read_and_what_is_not() -> None:
    found = mapping("Naam", "GSM", "Geboren", "", "\u2751 reden")
    assert found.read == [("Naam", "full_name"), ("GSM", "mobile")]
    assert found.ignored == ["Geboren"]


def test_a_person_may_choose_otherwise() -> None:
    found = mapping("Naam", "Contact", "GSM", "GSM partner")
    chosen = found.choose(("last_name", "email", "mobile", "mobile"))
    assert chosen.line == found.line
    assert chosen.header == found.header
    assert chosen.fields == ("last_name", "email", "mobile", "mobile")
    assert [column.grounds for column in chosen.columns] == [
        Grounds.CHOSEN,
        Grounds.CHOSEN,
        Grounds.HEADER,
        Grounds.CHOSEN,
    ]
    unread = found.choose(("full_name", "", "mobile", ""))
    assert unread.columns[3] == Column("GSM partner", "", Grounds.NONE)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("full_name", "email"), "not the ones that were chosen"),
        (("full_name", "email", "shoe_size"), "not the ones that were chosen"),
        (("name", "email", ""), "not the ones that were chosen"),
        (("full_name", "email", "email"), "Two columns are chosen as “e-mail”"),
        (("", "email", "mobile"), "Choose which column holds the names"),
        (("full_name", "street", ""), "Choose which column holds e-mail"),
    ],
)
def test_a_choice_that_cannot_be_read_is_refused(
    fields: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ImportRejected, match=message):
        mapping("Naam", "Contact", "GSM").choose(fields)
