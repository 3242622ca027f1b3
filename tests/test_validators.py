"""Telephone numbers, addresses and names as people write them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from wagtail_bin.validators import (
    address_digest,
    clean_text,
    display_phone,
    is_mobile,
    name_key,
    normalise_email,
    parse_phone,
    validate_language_order,
)


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("054 31 35 01", "+3254313501"),
        ("053/65 00 65", "+3253650065"),
        ("02/412.12.12", "+3224121212"),
        ("0473/865.387", "+32473865387"),
        ("015 464 464", "+3215464464"),
        ("+32 (0)14 46 22 01", "+3214462201"),
        ("0476 71 93 42", "+32476719342"),
        ("04 225 57 84", "+3242255784"),
        ("0032 476 71 93 42", "+32476719342"),
        ("479123456", "+32479123456"),
        ("479123456.0", "+32479123456"),
        ("32479123456", "+32479123456"),
        ("14462201", "+3214462201"),
        ("0476\u201171\u201193\u201142", "+32476719342"),
        ("+49 241 413860", "+49241413860"),
        ("+31 20 624 1111", "+31206241111"),
    ],
)
def test_belgian_notations_become_e164(raw: str, e164: str) -> None:
    assert parse_phone(raw) == e164
    assert parse_phone(display_phone(e164)) == e164


@pytest.mark.parametrize("raw", ["", "112", "geen", "0479", "04791234567890", "=1+1"])
def test_what_is_no_number_is_refused(raw: str) -> None:
    with pytest.raises(ValidationError):
        parse_phone(raw)


def test_a_liege_landline_is_no_mobile() -> None:
    assert is_mobile("+32473865387")
    assert not is_mobile("+3242255784")


def test_addresses_are_compared_trimmed_and_in_lower_case() -> None:
    assert normalise_email(" Jan.Peeters@Example.ORG ") == "jan.peeters@example.org"
    assert address_digest("A@example.org") == address_digest(" a@EXAMPLE.org")
    assert address_digest("a@example.org") != address_digest("b@example.org")
    assert address_digest("") == ""


@pytest.mark.parametrize(
    "raw", ["c@d.be\r\nBcc: evil@x.be", "a b@example.org", "a@", "zoë@example.org"]
)
def test_s14_addresses_that_could_break_a_header_are_refused(raw: str) -> None:
    with pytest.raises(ValidationError):
        normalise_email(raw)


def test_names_match_whatever_their_order_case_and_accents() -> None:
    assert name_key("Zoë", "De Smet") == name_key("DE SMET", "zoe")
    assert name_key("Jan Peeters") != name_key("Jan Peters")
    assert clean_text(" Jan\r\n Peeters\t ") == "Jan Peeters"


@pytest.mark.parametrize("order", ["nl,nl", "nl,xx", "", "nl;fr"])
def test_an_odd_language_order_is_refused(order: str) -> None:
    with pytest.raises(ValidationError):
        validate_language_order(order)
