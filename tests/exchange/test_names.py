"""Names with salutations, and names of which the cell tells the parts."""

from __future__ import annotations

import pytest

from wagtail_bin.exchange.names import clean_name, split_name


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Dhr. en Mevr. Peeters", "Peeters"),
        ("Dhr. & Mevr. Peeters-Janssens", "Peeters-Janssens"),
        ("de heer en mevrouw Peeters", "Peeters"),
        ("Dhr. Jan Peeters", "Jan Peeters"),
        ("De heer Jan Peeters", "Jan Peeters"),
        ("Mevr.Peeters", "Peeters"),
        ("mw Peeters", "Peeters"),
        ("M. et Mme Dupont", "Dupont"),
        ("Mr et Mme Dupont", "Dupont"),
        ("Monsieur et Madame Dupont", "Dupont"),
        ("Mme Hélène Dupont", "Hélène Dupont"),
        ("Herr und Frau Groß", "Groß"),
        ("Frau Käthe Müller", "Käthe Müller"),
        ("Mr. and Mrs. Smith", "Smith"),
        # No salutation, or nothing else.
        ("M. Dupont", "M. Dupont"),
        ("De Heer Jan", "De Heer Jan"),
        ("De Heer", "De Heer"),
        ("Familie Peeters", "Familie Peeters"),
        ("Mertens An", "Mertens An"),
        ("Mrazek", "Mrazek"),
        ("Herrmann", "Herrmann"),
        ("Mevr.", "Mevr."),
        ("Mevr. 12", "Mevr. 12"),
        ("", ""),
    ],
)
def test_salutations_are_left_out(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Peeters, Jan", "Jan", "Peeters"),
        ("Van den Broeck, Jan", "Jan", "Van den Broeck"),
        ("Peeters, dhr. Jan", "Jan", "Peeters"),
        ("Peeters,", "", "Peeters"),
        ("PEETERS Jan", "Jan", "PEETERS"),
        ("Jan PEETERS", "Jan", "PEETERS"),
        ("DE SMET Anne Marie", "Anne Marie", "DE SMET"),
        ("Jan van den BROECK", "Jan", "van den BROECK"),
        # The cell does not tell.
        ("Peeters Jan", "", "Peeters Jan"),
        ("PEETERS JAN", "", "PEETERS JAN"),
        ("Jan PEETERS Piet", "", "Jan PEETERS Piet"),
        ("KBC Bank", "", "KBC Bank"),
        ("BVBA PEETERS Jan", "", "BVBA PEETERS Jan"),
        ("J. Peeters", "", "J. Peeters"),
        ("", "", ""),
    ],
)
def test_first_and_last_name_are_told_apart_where_the_cell_tells(
    name: str, first: str, last: str
) -> None:
    assert split_name(name) == (first, last)
