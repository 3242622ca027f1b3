"""One row: values or reasons."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_bin.exchange.problems import MESSAGES, Problem, describe
from wagtail_bin.exchange.rows import LIMITS, Values, parse_row
from wagtail_bin.models import Member


def parse(**cells: str) -> tuple[Values, list[Problem]]:
    return parse_row(list(cells.values()), tuple(cells))


def values(**cells: str) -> Values:
    found, problems = parse(**cells)
    assert problems == []
    return found


def codes(**cells: str) -> list[tuple[str, str]]:
    found, problems = parse(**cells)
    assert found == Values()
    return [(problem.field, problem.code) for problem in problems]


GOOD = {"last_name": "Peeters", "email": "an@example.org"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0473/865.387", "+32473865387"),
        ("0476 71 93 42", "+32476719342"),
        ("+32 (0)476 71 93 42", "+32476719342"),
        ("0032476719342", "+32476719342"),
        ("476719342", "+32476719342"),
        ("476719342.0", "+32476719342"),
        ("32476719342", "+32476719342"),
        ("\u202a+32476719342\u202c", "+32476719342"),
        ("+31 6 12345678", "+31612345678"),
    ],
)
def test_mobiles_in_any_notation(raw: str, expected: str) -> None:
    assert values(**GOOD, mobile=raw).mobile == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("054 31 35 01", "+3254313501"),
        ("053/65 00 65", "+3253650065"),
        ("02/412.12.12", "+3224121212"),
        ("015 464 464", "+3215464464"),
        ("+32 (0)14 46 22 01", "+3214462201"),
        ("04 225 57 84", "+3242255784"),
        ("14462201", "+3214462201"),
    ],
)
def test_landlines_in_any_notation(raw: str, expected: str) -> None:
    assert values(**GOOD, phone=raw).phone == expected


@pytest.mark.parametrize(
    ("cells", "mobile", "phone"),
    [
        ({"mobile": "014 46 22 01"}, "", "+3214462201"),
        ({"phone": "0473865387"}, "+32473865387", ""),
        (
            {"mobile": "014 46 22 01", "phone": "0473865387"},
            "+32473865387",
            "+3214462201",
        ),
        (
            {"mobile": "0473865387", "phone": "0476719342"},
            "+32473865387",
            "+32476719342",
        ),
        ({"mobile": "0473865387", "phone": "473865387"}, "+32473865387", ""),
        ({"mobile": "-", "phone": "/"}, "", ""),
    ],
)
def test_a_number_goes_where_it_belongs(
    cells: dict[str, str], mobile: str, phone: str
) -> None:
    found = values(**GOOD, **cells)
    assert (found.mobile, found.phone) == (mobile, phone)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"mobile": "0473 86 53"}, ("mobile", "phone")),
        ({"mobile": "gsm van An"}, ("mobile", "phone")),
        ({"mobile": "4,73865E+08"}, ("mobile", "phone_rounded")),
        ({"mobile": "014462201", "phone": "015464464"}, ("phone", "landlines")),
        ({"email": "thuis"}, ("email", "email")),
        ({"email": "a@example.org; b@example.org"}, ("email", "email_several")),
        ({"email": "an peeters@example.org"}, ("email", "email")),
        ({"email": "An <a@example.org\n>"}, ("email", "email_control")),
        ({"email": "An <a@example.org>\r\nBcc: x@x.be"}, ("email", "email_control")),
        ({"email": "<a@example.org> <b@example.org>"}, ("email", "email_several")),
        ({"phone": "014462201 / 015464464"}, ("phone", "landlines")),
        ({"mobile": "0470000001/0470000002/014462201"}, ("mobile", "numbers")),
        ({"consent": "nee"}, ("consent", "consent")),
        ({"email": "café@example.org"}, ("email", "email_ascii")),
        ({"email": "an\u200b@example.org"}, ("email", "email_control")),
        ({"email": "c@d.be\r\nBcc: evil@x.be"}, ("email", "email_control")),
        ({"email": "c@d.be\nBcc: evil@x.be"}, ("email", "email_control")),
        ({"email": "c@d.be\0"}, ("email", "control")),
        ({"first_name": "A\0n"}, ("first_name", "control")),
        ({"first_name": "Ren\ufffd"}, ("first_name", "unreadable")),
        ({"first_name": '=HYPERLINK("http://x")'}, ("first_name", "formula")),
        ({"first_name": "+cmd|' /C calc'!A0"}, ("first_name", "formula")),
        ({"first_name": "@SUM(1)"}, ("first_name", "formula")),
        ({"first_name": "-1+1"}, ("first_name", "formula")),
        ({"first_name": "\uff1d1+1"}, ("first_name", "formula")),
        ({"first_name": "\t=1+1"}, ("first_name", "formula")),
        ({"street": "=1+1"}, ("street", "formula")),
        ({"language": "Klingon"}, ("language", "language")),
        ({"first_name": "x" * 101}, ("first_name", "too_long")),
        ({"number": "12345678901"}, ("number", "too_long")),
        ({"organisation": "x" * 1001}, ("organisation", "too_long")),
        ({"email": "a" * 250 + "@example.org"}, ("email", "too_long")),
    ],
)
def test_what_is_wrong_refuses_the_row(
    cells: dict[str, str], expected: tuple[str, str]
) -> None:
    assert codes(**(GOOD | cells)) == [expected]


def test_every_problem_of_a_row_is_told_at_once() -> None:
    found = codes(last_name="=1", email="x", mobile="1", language="?!")
    assert [field for field, _code in found] == [
        "last_name",
        "email",
        "mobile",
        "language",
    ]


def test_a_row_needs_a_name_and_a_way_to_reach_somebody() -> None:
    assert codes(last_name="", email="an@example.org") == [("", "nameless")]
    assert codes(last_name="Peeters", email="") == [("", "unreachable")]
    assert values(organisation="Bakkerij", phone="014462201").email == ""
    assert values(first_name="An", mobile="473865387").email == ""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("An\nMaria", "An Maria"),
        ("  An \r\n Maria ", "An Maria"),
        ("Ve\u0301ronique", "V\u00e9ronique"),
        ("\u202eAn\u200b", "An"),
        ("O'Neill-D\u2019Hondt", "O'Neill-D\u2019Hondt"),
    ],
)
def test_names_become_one_clean_line(raw: str, expected: str) -> None:
    assert values(**(GOOD | {"last_name": raw})).last_name == expected


def test_a_whole_name_stays_whole_unless_a_comma_divides_it() -> None:
    found = values(full_name="Van den Broeck Jan", email="j@example.org")
    assert (found.first_name, found.last_name) == ("", "Van den Broeck Jan")
    found = values(full_name="Van den Broeck, Jan", email="j@example.org")
    assert (found.first_name, found.last_name) == ("Jan", "Van den Broeck")


@pytest.mark.parametrize(
    ("raw", "street", "number", "box"),
    [
        ("Dorpsstraat 12", "Dorpsstraat", "12", ""),
        ("Dorpsstraat 12A bus 3", "Dorpsstraat", "12A", "3"),
        ("Rue Haute, 5 bte 2", "Rue Haute", "5", "2"),
        ("Rue Haute 5 boîte B", "Rue Haute", "5", "B"),
        ("12, Rue Haute", "Rue Haute", "12", ""),
        ("Hauptstraße 7-9", "Hauptstraße", "7-9", ""),
        ("Lange Lozanastraat 12/14", "Lange Lozanastraat", "12/14", ""),
        ("Plein", "Plein", "", ""),
        ("Plein 1940-1945 Zuid", "Plein 1940-1945 Zuid", "", ""),
    ],
)
def test_an_address_in_one_cell(raw: str, street: str, number: str, box: str) -> None:
    found = values(**GOOD, address=raw)
    assert (found.street, found.number, found.box) == (street, number, box)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  an@example.org\u00a0", "an@example.org"),
        ("mailto:An@Example.org", "an@example.org"),
        ("An Peeters <an@example.org>", "an@example.org"),
        ("Peeters, An <mailto:an@example.org>;", "an@example.org"),
        ("'an@example.org'", "an@example.org"),
        ("'an@example.org' <an@example.org>", "an@example.org"),
        ("an@example.org; AN@example.org", "an@example.org"),
        ("an@example.org (thuis).", "an@example.org"),
    ],
)
def test_an_address_as_mail_programs_write_it(raw: str, expected: str) -> None:
    assert values(last_name="Peeters", email=raw).email == expected


def test_a_word_for_nothing_is_nothing() -> None:
    found = values(last_name="Peeters", email="geen", mobile="0470000001", phone="nvt")
    assert (found.email, found.phone) == ("", "")
    assert codes(last_name="Peeters", email="geen") == [("", "unreachable")]


def test_numbers_in_several_columns_of_one_field() -> None:
    fields = ("last_name", "mobile", "mobile", "mobile")
    found, problems = parse_row(["Peeters", "0470000001", "", "014462201"], fields)
    assert (found.mobile, found.phone, problems) == ("+32470000001", "+3214462201", [])


def test_only_a_no_is_no_agreement() -> None:
    for answer in ("ja", "x", "", "12/03/2024", "OK"):
        assert values(**GOOD, consent=answer)


def test_salutations_go_from_every_name() -> None:
    found = values(
        first_name="Mevr. An", last_name="Mevr. Peeters", mobile="0470000001"
    )
    assert (found.first_name, found.last_name) == ("An", "Peeters")
    found = values(first_name="An", full_name="Peeters, Jan", mobile="0470000001")
    assert (found.first_name, found.last_name) == ("An", "Peeters, Jan")


def test_what_stands_in_its_own_column_is_not_overwritten() -> None:
    found = values(**GOOD, address="Dorp 12 bus 3", box="4", postcode="2920")
    assert found[6:11] == ("Dorp 12 bus 3", "", "4", "2920", "")
    found = values(**GOOD, address="Dorp 12, 2920 Heide", locality="heide")
    assert found[6:11] == ("Dorp", "12", "", "2920", "Heide")
    found = values(**GOOD, street="Dorp 12 bus 3", number="14")
    assert found[6:9] == ("Dorp 12 bus 3", "14", "")
    assert values(**GOOD, street="Dorp", number="12", box="bus 3").box == "3"


def test_parts_that_share_a_cell() -> None:
    found = values(**GOOD, street="Dorp", number="12 bus 3", locality="2920 Kalmthout")
    assert found[6:11] == ("Dorp", "12", "3", "2920", "Kalmthout")
    assert values(**GOOD, street="\u200b").street == ""
    assert values(**GOOD, postcode="2920")[9:11] == ("2920", "")
    assert values(**GOOD, postcode="B-2920 Kalmthout").locality == "Kalmthout"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Nederlands", "nl"),
        ("NL", "nl"),
        ("néerlandais", "nl"),
        ("nl-BE", "nl"),
        ("Frans", "fr"),
        ("français", "fr"),
        ("F", "fr"),
        ("Deutsch", "de"),
        ("Allemand", "de"),
        ("English", "en"),
        ("", ""),
    ],
)
def test_languages_in_words(word: str, code: str) -> None:
    assert values(**GOOD, language=word).language == code


def test_cells_beyond_the_row_and_columns_that_are_not_read_do_not_matter() -> None:
    found, problems = parse_row(["Peeters", "x"], ("last_name", "", "email"))
    assert problems == [Problem("", "unreachable")]
    found, problems = parse_row(
        ["Peeters", "=1", "an@example.org", "more"], ("last_name", "", "email")
    )
    assert not problems
    assert found.email == "an@example.org"


def test_each_problem_has_a_sentence_and_shows_no_cell() -> None:
    for code in MESSAGES:
        field, reason = describe(Problem("email", code, "7").as_json())
        assert field
        assert reason.endswith(".")
        assert "%(" not in reason
    for problem in parse(last_name="=geheim", email="geheim", mobile="geheim")[1]:
        assert "geheim" not in str(problem)


@given(
    st.dictionaries(
        st.sampled_from([*Values._fields, "full_name", "address"]),
        st.one_of(
            st.text(max_size=200),
            st.text("aé 1=+@-\0\r\n\u202e\ufffd,./", max_size=400),
            st.sampled_from(
                ["an@example.org", "0473865387", "Peeters", "nl", "x" * 180]
            ),
        ),
    )
)
def test_a_row_without_problems_can_always_be_saved(cells: dict[str, str]) -> None:
    found, problems = parse(**cells)
    if problems:
        return
    for field, text in found._asdict().items():
        assert len(text) <= LIMITS[field]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", text)
    Member(**found._asdict()).clean_fields(exclude=["network"])
    assert found.first_name or found.last_name or found.organisation
    assert found.email or found.mobile or found.phone


def test_no_cell_takes_long_to_read() -> None:
    started = time.perf_counter()
    for cell in ("a " * 500, "1 " * 500, "a1 " * 330, "," * 999, "b" + "1" * 998):
        for field in ("address", "number", "locality", "full_name", "email", "mobile"):
            parse(**{field: cell})
    assert time.perf_counter() - started < 2
