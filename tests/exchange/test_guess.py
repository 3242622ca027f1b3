"""What columns hold: from their headers, and from their values."""

from __future__ import annotations

import time

import pytest

from wagtail_bin.exchange.guess import find_columns, guess_columns
from wagtail_bin.exchange.mapping import Column, Grounds

PHONE = "0470 00 00 01"
MAIL = "an@example.org"


def fields(header: list[str], *rows: list[str]) -> list[str]:
    return [column.field for column in guess_columns(header, rows)]


def values(*cells: str) -> str:
    """The field of a column without header that stands alone."""
    (column,) = guess_columns([""], [[cell] for cell in cells])
    assert column.grounds == (Grounds.VALUES if column.field else Grounds.NONE)
    return column.field


def test_a_column_has_its_name_its_grounds_and_two_samples() -> None:
    rows = [["Peeters An", "", MAIL], ["Maes\nKoen", PHONE, ""], ["x" * 99, "", ""]]
    assert guess_columns(["Naam", "Bereikbaar", "Mailtje"], rows) == (
        Column("Naam", "full_name", Grounds.HEADER, ("Peeters An", "Maes Koen")),
        Column("Bereikbaar", "mobile", Grounds.VALUES, (PHONE,)),
        Column("Mailtje", "email", Grounds.VALUES, (MAIL,)),
    )
    (column,) = guess_columns(["Hobby"], [["x" * 99], ["  "]])
    assert column == Column("Hobby", "", Grounds.NONE, ("x" * 79 + "…",))
    assert guess_columns([], []) == ()


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ((MAIL, "koen@example.org", "geen"), "email"),
        (("0470 00 00 01", "470/00.00.02", "+32470000003"), "mobile"),
        (("03 600 00 01", "014/00.00.02"), "phone"),
        (("0470 00 00 01 / 03 600 00 01",), "mobile"),
        (("2920", "2920", "2910", "2920"), "postcode"),
        (("B-1330", "B-1332"), "postcode"),
        (("2920 Kalmthout", "2910 Essen"), "locality"),
        (("NL", "FR", "NL"), "language"),
        (("N", "F", "N"), "language"),
        (("Dorpsstraat 12", "Heidelaan 7 bus 3"), "address"),
        (("Rue Haute", "Avenue du Lac"), "street"),
        # What looks like one of these and is not.
        (("1930", "1985", "2018", "1930"), ""),
        (("1001", "1005", "1017", "1020"), ""),
        (("N", "N", "N"), ""),
        (("01/02/2019", "12/11/2020"), ""),
        (("43525", "43890"), ""),
        (("60.05.01-000.01", "05.05.01-000.01"), ""),
        (("71111200002",), ""),
        (("20190301", "14000001"), ""),
        (("Dorpsstraat", "Kalmthout", "Heide"), ""),
        ((MAIL, "geen", "geen"), ""),
        ((), ""),
    ],
)
def test_values_that_tell_without_a_header(cells: tuple[str, ...], field: str) -> None:
    assert values(*cells) == field


@pytest.mark.parametrize("header", ["Naam", "Nom", "Name"])
def test_a_bare_name_is_the_last_name_beside_a_first_name(header: str) -> None:
    assert fields([header, "GSM"])[0] == "full_name"
    assert fields([header, "Voornaam"])[0] == "last_name"
    assert fields(["Prénom", header])[1] == "last_name"


def test_of_two_columns_for_one_field_the_one_that_holds_something() -> None:
    assert fields(["E-mail", "E-mail"]) == ["email", ""]
    assert fields(["E-mail", "E-mail"], ["", MAIL]) == ["", "email"]
    assert fields(["E-mail", "Mail"], [MAIL, MAIL]) == ["email", ""]


def test_a_second_column_of_numbers_is_read_when_there_is_room() -> None:
    assert fields(["Tel", "Tel"], [PHONE, PHONE]) == ["phone", "mobile"]
    assert fields(["GSM 1", "GSM 2"], [PHONE, ""]) == ["mobile", "phone"]
    assert fields(["Tel", "GSM", "GSM 2"], ["", PHONE, PHONE]) == [
        "phone",
        "mobile",
        "",
    ]
    # Whose is it? A person says.
    assert fields(["GSM", "GSM partner"], [PHONE, "0470 00 00 02"]) == ["mobile", ""]


def test_a_header_is_not_believed_when_its_values_are_something_else() -> None:
    assert fields(["Contact", "Naam"], [MAIL, "An"]) == ["email", "full_name"]
    assert fields(["Nr", "Naam"], [PHONE, "An"]) == ["mobile", "full_name"]
    assert fields(["Lid", "Naam", "GSM"], ["x", "An", PHONE])[:2] == ["", "full_name"]
    assert fields(["Mail", "E-mail"], ["ja", MAIL], ["nee", ""]) == ["", "email"]
    # Swapped columns are told row by row.
    assert fields(["Naam", "E-mail"], [MAIL, "An"]) == ["full_name", "email"]


def test_a_number_that_counts_the_rows_is_no_house_number() -> None:
    counted = ["1", "An", "Heide", "7"], ["2", "Koen", "Heide", "9"]
    assert fields(["Nr", "Naam", "Straat", "Nr"], *counted)[::3] == ["", "number"]
    assert fields(["Nr", "Naam"], ["1", "An"], ["2", "Koen"])[0] == ""
    assert fields(["Straat", "Nr"], ["Heide", "1"], ["Heide", "2"])[1] == "number"
    assert fields(["N°", "Rue"], ["5", "Haute"], ["9", "Haute"])[0] == "number"


def test_names_without_header() -> None:
    def named(*rows: list[str]) -> list[str]:
        return fields([], *([*row, PHONE] for row in rows))[:-1]

    assert named(["Peeters", "An"], ["Maes", "Koen"]) == ["last_name", "first_name"]
    assert named(["An", "Peeters"], ["Koen", "Maes"]) == ["first_name", "last_name"]
    assert named(["Zorgvliet", "Oda"]) == ["last_name", "first_name"]
    assert named(["Peeters An", "Kalmthout"], ["Maes Koen", "Essen"])[0] == "full_name"
    assert named(["Peeters An"]) == ["full_name"]
    assert named(["x"], ["x"]) == [""]
    assert named(["12"], ["14"]) == [""]
    # Nobody to reach: then words are only words.
    assert fields([], ["Peeters", "An"]) == ["", ""]


def test_neighbours_tell_house_numbers_and_towns() -> None:
    assert fields([], ["Rue Haute", "5"]) == ["street", "number"]
    assert fields([], ["Rue Haute", "vers 5"]) == ["street", ""]
    assert fields([], ["2920", "Kalmthout"]) == ["postcode", "locality"]
    assert fields([], ["Kalmthout", "2920"]) == ["locality", "postcode"]
    assert fields(["", "Huisdier"], ["Rue Haute", "5"]) == ["street", ""]


def test_the_header_is_the_line_that_names_most() -> None:
    found = find_columns(
        [
            (1, ["Lid", "van BIN Heide"]),
            (2, []),
            (3, ["Naam", "Straat", "GSM"]),
            (4, ["Bus", "Nom", "Jan"]),
        ]
    )
    assert found.line == 3
    assert found.fields == ("full_name", "street", "mobile")


def test_a_line_with_words_above_the_numbers_is_a_header() -> None:
    row = ["An", MAIL, PHONE]
    assert find_columns([(1, ["Nombre", "Correo", "Telf"]), (2, row)]).line == 1
    assert find_columns([(1, ["Leden"]), (2, ["A", "B", "C"]), (3, row)]).line == 2
    # A member without an address above one who has one is no header.
    assert find_columns([(1, ["An", "", ""]), (2, row)]).line == 1
    assert find_columns([(1, ["An", "", "Heide"]), (2, row)]).line == 0
    assert find_columns([(1, ["An", "geen", "geen"]), (2, row)]).line == 0
    assert find_columns([(1, row), (2, ["Bus", "", "Jan"])]).line == 0
    assert find_columns([(1, ["Leden"]), (2, ["BIN"]), (3, row)]).line == 2
    assert find_columns([]).columns == ()


def test_own_columns_mark_the_header() -> None:
    lines = [
        (1, ["\u2751 regel", "\u2751 reden", "", ""]),
        (2, ["3", MAIL, "An", MAIL]),
    ]
    found = find_columns(lines)
    assert found.line == 1
    assert found.fields == ("", "", "full_name", "email")


def test_headers_are_kept_as_short_clean_lines() -> None:
    found = find_columns([(1, ["Naam", "G\nS\0M", "GSM", "x" * 5000])])
    assert found.header == ("Naam", "G S M", "GSM", "x" * 200)
    assert found.fields == ("full_name", "", "mobile", "")


def test_s24_no_cell_takes_long_to_judge() -> None:
    started = time.process_time()
    for cell in ("x" * 999_999, "x@" * 99_999, "0 " * 99_999, "a 1, " * 99_999):
        fields([cell] * 50, *[[cell] * 50] * 10)
    assert time.process_time() - started < 2
