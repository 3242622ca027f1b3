"""Words in cells: languages, nothing, yes and no."""

from __future__ import annotations

import pytest

from wagtail_bin.exchange.words import is_answer, language_of, says_no, says_none


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("N", "nl"),
        ("Nederlands", "nl"),
        ("néerlandais", "nl"),
        ("nl-BE", "nl"),
        ("FR", "fr"),
        ("francophone", "fr"),
        ("Deutsch", "de"),
        ("Engels", "en"),
        ("NL/FR", "nl"),
        ("Frans en Nederlands", "fr"),
        ("NL/Klingon", ""),
        ("Klingon", ""),
        ("", ""),
    ],
)
def test_languages(cell: str, code: str) -> None:
    assert language_of(cell) == code


def test_yes_no_and_nothing() -> None:
    assert all(map(says_none, ["geen", "Néant", "n.v.t.", "N/A", "keine"]))
    assert not any(map(says_none, ["", "Geens", "ja"]))
    assert all(map(says_no, ["Nee", "non", "NEIN", "niet akkoord", "FALSE"]))
    assert not any(map(says_no, ["ja", "", "12/03/2024"]))
    assert all(map(is_answer, ["x", "Ja", "non", "\u2713", "OK"]))
    assert not any(map(is_answer, ["Jan", "12", "an@example.org"]))
