"""Which BIN is mine?"""

from __future__ import annotations

import pytest

from wagtail_bin.models.finder import Outcome, find_network
from wagtail_bin.models.networks import NetworkStreet

HEIDE, BEEK, DORP = 1, 2, 3
STREETS = [
    NetworkStreet(network_id=HEIDE, name_nl="Kerkstraat", parity="odd", number_from=47),
    NetworkStreet(network_id=BEEK, name_nl="Kerkstraat", parity="even", number_to=40),
    NetworkStreet(network_id=HEIDE, name_nl="Molenweg", name_fr="Rue du Moulin"),
    NetworkStreet(network_id=DORP, name_fr="Avenue de l'Église", postcode="4700"),
    NetworkStreet(network_id=DORP, name_de="Straßenweg", number_from=2, number_to=8),
]


@pytest.mark.parametrize(
    ("street", "number", "network"),
    [
        ("Molenweg", "", HEIDE),
        ("molenweg", "12 bus 3", HEIDE),
        ("  MOLENWEG 12A ", "", HEIDE),
        ("rue du moulin", "1", HEIDE),
        ("Kerkstraat", "47", HEIDE),
        ("Kerkstr.", "49bis", HEIDE),
        ("Kerkstraat 40", "", BEEK),
        ("av. de l’eglise", "1", DORP),
        ("Strassenweg", "8", DORP),
    ],
)
def test_an_address_has_its_bin(street: str, number: str, network: int) -> None:
    answer = find_network(STREETS, street, number)
    assert answer.outcome == Outcome.FOUND
    assert answer.networks == {network}


def test_without_a_number_each_bin_of_the_street_is_named() -> None:
    answer = find_network(STREETS, "Kerkstraat")
    assert answer.outcome == Outcome.SEVERAL
    assert answer.networks == {HEIDE, BEEK}


@pytest.mark.parametrize("number", ["45", "42", "0", "9999999999999"])
def test_a_number_outside_is_told_who_is_nearest(number: str) -> None:
    answer = find_network(STREETS, "Kerkstraat", number)
    if number == "0":
        # Even, and before forty.
        assert answer.networks == {BEEK}
        return
    expected = Outcome.SEVERAL if len(number) > 6 else Outcome.OUTSIDE
    assert answer.outcome == expected
    assert answer.networks == {HEIDE, BEEK}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Kerkstrat", "Kerkstraat"), ("Moulenweg", "Molenweg"), ("Mole", "Molenweg")],
)
def test_a_slip_is_answered_with_what_was_meant(typed: str, meant: str) -> None:
    answer = find_network(STREETS, typed)
    assert answer.outcome == Outcome.UNKNOWN
    assert answer.similar[0] == meant


def test_an_unknown_street_is_like_none() -> None:
    answer = find_network(STREETS, "Zeedijk", "3")
    assert (answer.outcome, answer.similar, answer.streets) == (
        Outcome.UNKNOWN,
        (),
        (),
    )
