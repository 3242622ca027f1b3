"""Telephone numbers in cells: one, or several with words between."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from wagtail_bin.exchange.phones import looks_like_phone, read_phone, read_phones
from wagtail_bin.validators import is_mobile, parse_phone


def slow(raw: str) -> tuple[str, bool] | None:
    try:
        number = parse_phone(raw)
    except ValidationError:
        return None
    return number, is_mobile(number)


def fast(raw: str) -> tuple[str, bool] | None:
    try:
        return read_phone(raw)
    except ValidationError:
        return None


@given(
    st.one_of(
        st.text("0123456789 +./-()", max_size=18),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["", "0", "+32", "+32 (0)", "0032", "32", "+320", "00320"]),
            st.sampled_from(["", " ", "/"]),
            st.from_regex(r"[1-9][0-9 ./-]{6,11}", fullmatch=True),
        ),
        st.from_regex(r"(0|\+32|0032|32|)(4[5-9]|78|80|90|70|2|14)[0-9]{6,7}(\.0)?"),
    )
)
@example("\t0473865387\n")
@example("(0)473865387")
@example("0473865387(0)")
@example("٠٤٧٣٨٦٥٣٨٧")
@example("+32473865387.0")
def test_the_short_way_of_reading_a_number_gives_what_the_long_way_gives(
    raw: str,
) -> None:
    assert fast(raw) == slow(raw)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0470 00 00 01 / 03 600 00 01", "+32470000001 +3236000001"),
        ("0470/00.00.01 - 0470/00.00.02", "+32470000001 +32470000002"),
        ("0470000001,036000001", "+32470000001 +3236000001"),
        ("0470 00 00 01 0470 00 00 02", "+32470000001 +32470000002"),
        ("0470 00 00 01 (An) of 0470 00 00 02 (Jan)", "+32470000001 +32470000002"),
        ("thuis: 03/600.00.01  gsm: 470/00.00.01", "+3236000001 +32470000001"),
        ("+32 470 00 00 01;+31 6 12345678", "+32470000001 +31612345678"),
        ("04 200 00 01/04 200 00 02", "+3242000001 +3242000002"),
        ("0470000001,00", "+32470000001"),
        ("T. 0470 00 00 01", "+32470000001"),
    ],
)
def test_several_numbers_in_one_cell(cell: str, numbers: str) -> None:
    assert [number for number, _is_mobile in read_phones(cell)] == numbers.split()
    assert [mobile for _number, mobile in read_phones(cell)] == [
        is_mobile(number) for number in numbers.split()
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "0470 00 00 01/02",
        "0470 00 00 01 tst. 5",
        "0470 00 00 01 / 0470 00",
        "2: 0470 00 00 01",
        "gsm van An",
        "0470 00 00 01 / " * 9,
        "",
    ],
)
def test_a_digit_that_belongs_to_no_number_is_never_left_out(cell: str) -> None:
    with pytest.raises(ValidationError):
        read_phones(cell)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0470 00 00 01", True),
        ("470/00.00.01", True),
        ("(0470) 00 00 01", True),
        ("0470 00 00 01 / 03 600 00 01", True),
        ("+31 6 12345678", True),
        ("014000001", True),
        ("14000001", False),
        ("20190301", False),
        ("01/02/2019", False),
        ("0470 00 00", False),
        ("2920", False),
        ("Dorpsstraat 12", False),
        ("", False),
    ],
)
def test_what_everybody_takes_for_a_number(cell: str, expected: bool) -> None:
    assert looks_like_phone(cell) is expected
