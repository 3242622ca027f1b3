"""Addresses of which several parts share a cell."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagtail_bin.exchange.addresses import (
    Address,
    split_address,
    split_box,
    split_number,
    split_town,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dorpsstraat 12", "Dorpsstraat|12|"),
        ("Dorpsstraat 12A", "Dorpsstraat|12A|"),
        ("Dorpsstraat 12 A", "Dorpsstraat|12 A|"),
        ("Dorpsstraat, 12", "Dorpsstraat|12|"),
        ("Dorpsstraat 12A bus 3", "Dorpsstraat|12A|3"),
        ("Dorpsstraat 12 bus A12", "Dorpsstraat|12|A12"),
        ("Dorpsstraat 12 bus 3.01", "Dorpsstraat|12|3.01"),
        ("Dorpsstraat 12bus3", "Dorpsstraat|12|3"),
        ("Dorpsstraat 12b3", "Dorpsstraat|12|3"),
        ("Dorpsstraat 12 b. 3", "Dorpsstraat|12|3"),
        ("Dorpsstraat 12 B", "Dorpsstraat|12 B|"),
        ("Dorpsstraat 12/3", "Dorpsstraat|12/3|"),
        ("Dorpsstraat 12 - 14", "Dorpsstraat|12 - 14|"),
        ("Dorpsstraat 12-14 bus 3", "Dorpsstraat|12-14|3"),
        ("Dorpsstraat nr. 12", "Dorpsstraat|12|"),
        ("Dorpsstraat 12 app. 4", "Dorpsstraat|12|app. 4"),
        ("Koning Albert I-laan 12", "Koning Albert I-laan|12|"),
        ("11 Novemberlaan 5", "11 Novemberlaan|5|"),
        ("1ste Reperstraat 12", "1ste Reperstraat|12|"),
        ("St.-Jansplein 3", "St.-Jansplein|3|"),
        ("Rue de l'Église 12 bte 3", "Rue de l'Église|12|3"),
        ("Rue Haute, 5 bte 2", "Rue Haute|5|2"),
        ("Rue Haute, 5, boîte B", "Rue Haute|5|B"),
        ("Rue Haute 12/bte 3", "Rue Haute|12|3"),
        ("Rue Haute n° 12", "Rue Haute|12|"),
        ("Rue Haute 12bis", "Rue Haute|12bis|"),
        ("12, rue Haute", "rue Haute|12|"),
        ("12 rue Haute", "rue Haute|12|"),
        ("12, rue Haute bte 3", "rue Haute|12|3"),
        ("12 bte 3, rue Haute", "rue Haute|12|3"),
        ("12, Rue du 1er Mai", "Rue du 1er Mai|12|"),
        ("Rue du 11 Novembre 5", "Rue du 11 Novembre|5|"),
        ("4 Place du 20 Août", "Place du 20 Août|4|"),
        ("Hauptstraße 7-9", "Hauptstraße|7-9|"),
        ("Hauptstr.7 Bfk. 2", "Hauptstr.|7|2"),
        ("Dorpsstraat 12, 2920 Kalmthout", "Dorpsstraat|12||2920|Kalmthout"),
        ("Dorpsstraat 12 bus 3 - B-2920 Heide", "Dorpsstraat|12|3|2920|Heide"),
        ("Dorpsstraat 12 2920 Kalmthout", "Dorpsstraat|12||2920|Kalmthout"),
        # What cannot be divided stays whole.
        ("Plein", "Plein||"),
        ("Dorpsstraat z/n", "Dorpsstraat z/n||"),
        ("Dorpsstraat bus 3", "Dorpsstraat bus 3||"),
        ("Dorpsstraat 12 bus", "Dorpsstraat 12 bus||"),
        ("Dorpsstraat 12 (achterbouw)", "Dorpsstraat 12 (achterbouw)||"),
        ("Dorpsstraat 12 bus 3 verdieping 2", "Dorpsstraat 12 bus 3 verdieping 2||"),
        ("Dorpsstraat 12345678901", "Dorpsstraat 12345678901||"),
        ("Place du 20 Août", "Place du 20 Août||"),
        ("Plein 1940-1945 Zuid", "Plein 1940-1945 Zuid||"),
        ("Plein 1940 Zuid", "Plein 1940 Zuid||"),
        ("Kalmthout, 2920 Heide", "Kalmthout, 2920 Heide||"),
        ("x" * 201 + " 12", "x" * 201 + " 12||"),
    ],
)
def test_an_address_in_one_cell(text: str, parts: str) -> None:
    assert split_address(text) == Address(*parts.split("|"))


@pytest.mark.parametrize(
    ("text", "number", "box"),
    [
        ("12", "12", ""),
        ("12 bus 3", "12", "3"),
        ("12bte3", "12", "3"),
        ("12A b 3", "12A", "3"),
        ("nr. 12", "12", ""),
        ("12/3", "12/3", ""),
        ("12 A 3", "12 A 3", ""),
        ("z/n", "z/n", ""),
        ("1" * 300, "1" * 300, ""),
    ],
)
def test_a_number_with_its_box(text: str, number: str, box: str) -> None:
    assert split_number(text) == Address(number=number, box=box)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("bus 3", "3"),
        ("Bte A2", "A2"),
        ("b3", "3"),
        ("A2", "A2"),
        ("b" * 300, "b" * 300),
    ],
)
def test_a_box_that_says_so(text: str, box: str) -> None:
    assert split_box(text) == Address(box=box)


@pytest.mark.parametrize(
    ("text", "postcode", "locality"),
    [
        ("2920 Kalmthout", "2920", "Kalmthout"),
        ("B-4700 Eupen", "4700", "Eupen"),
        ("Kalmthout (2920)", "2920", "Kalmthout"),
        ("Kalmthout 2920", "2920", "Kalmthout"),
        ("4000 Liège 1", "4000", "Liège 1"),
        ("B-2920", "2920", ""),
        ("Kalmthout", "", ""),
        ("Kalmthout 12", "", ""),
        ("0120 Nergens", "", ""),
        ("2920 " + "x" * 300, "", ""),
    ],
)
def test_a_postcode_with_its_town(text: str, postcode: str, locality: str) -> None:
    assert split_town(text) == Address(postcode=postcode, locality=locality)


# Words that only say what stands behind them.
MARKS = re.compile(
    r"bus|bte|bt|bo[iî]te|box|bfk|briefkasten|nummer|num[ée]ro|n[°ºro]|\bBE?\b|b", re.I
)
PIECES = st.sampled_from(
    [
        "Dorpsstraat",
        "Rue de l'Église",
        "Plein",
        "11",
        "12",
        "12A",
        "3",
        "b3",
        "bus",
        "bte",
        "Bfk.",
        "boîte",
        "n°",
        "nr.",
        "app. 4",
        "z/n",
        "1940",
        "2920",
        "B-2920",
        "Kalmthout",
        "du",
        "20",
        "Août",
        "(achter)",
        "1er",
        "bis",
        "/",
        "-",
        ",",
        "A",
    ]
)


@given(
    st.one_of(
        st.lists(PIECES, max_size=9).map(" ".join),
        st.lists(PIECES, max_size=9).map("".join),
        st.text("Ab1 2,./-bus", max_size=30),
        st.text(max_size=40),
    )
)
def test_nothing_is_lost_but_the_words_for_number_and_box(text: str) -> None:
    for split in (split_address, split_number, split_box):
        left = text
        parts = [part for part in split(text) if part]
        for part in sorted(parts, key=len, reverse=True):
            assert part in left
            left = left.replace(part, " ", 1)
        assert not re.search(r"\w", MARKS.sub("", left))


def test_no_address_takes_long() -> None:
    started = time.process_time()
    for piece in ("a ", "1 ", "a1 ", ",", "1,", "12 bus ", "a-", "1/1", "a 1 2920 "):
        text = (piece * 200)[:200]
        for split in (split_address, split_number, split_box, split_town):
            split(text)
    assert time.process_time() - started < 0.5
