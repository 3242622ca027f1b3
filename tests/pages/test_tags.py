"""Template tags of the public pages."""

from __future__ import annotations

import pytest
from django.utils import translation

from wagtail_bin.models import Municipality, NetworkStreet
from wagtail_bin.templatetags.wagtail_bin_tags import (
    dialled,
    house_numbers,
    in_language,
)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "all numbers"),
        ({"parity": "even"}, "even numbers"),
        ({"parity": "odd", "number_from": 47}, "odd numbers from 47"),
        ({"parity": "even", "number_to": 40}, "even numbers up to 40"),
        ({"number_from": 2, "number_to": 148}, "all numbers from 2 to 148"),
    ],
)
def test_house_numbers_are_told_in_words(fields: dict[str, object], text: str) -> None:
    with translation.override("en"):
        assert house_numbers(NetworkStreet(name_nl="Kerkstraat", **fields)) == text


def test_names_are_in_the_visitors_language_or_else_the_places_own() -> None:
    town = Municipality(name_nl="Lindedal", name_fr="Val-Tilleul", languages="fr,nl")
    street = NetworkStreet(name_fr="Rue du Moulin")
    with translation.override("nl-be"):
        assert in_language(town) == "Lindedal"
        assert in_language(street) == "Rue du Moulin"
    with translation.override("de"):
        assert in_language(town) == "Val-Tilleul"


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("014/00.01.02", "014000102"),
        ("+32 (0)14 00 01 02", "+3214000102"),
        ("112", "112"),
    ],
)
def test_a_number_becomes_what_a_telephone_dials(written: str, link: str) -> None:
    assert dialled(written) == link
