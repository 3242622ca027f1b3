"""What an editor is told about a text before it goes out."""

from __future__ import annotations

from typing import Any

import pytest
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from tests.factories import MunicipalityFactory
from wagtail_bin.dispatch.content_checks import (
    LONG_TEXT,
    check_number_plates,
    check_page,
    check_phones,
    missing_languages,
)

pytestmark = pytest.mark.django_db


def codes(tip: Any) -> list[str]:
    return [remark.code for remark in check_page(tip)]


def test_a_plain_tip_has_no_remarks(tip: Any) -> None:
    assert codes(tip) == []


def test_an_empty_page_has_no_remarks(tip: Any) -> None:
    tip.introduction, tip.body = "", []
    assert codes(tip) == []


def test_an_image_needs_a_description(tip: Any, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    image = get_image_model().objects.create(
        title="deur", file=get_test_image_file("deur.png")
    )
    for block, expected in [
        ({"image": image, "alt_text": "", "decorative": False}, ["image"]),
        ({"image": image, "alt_text": "Een slot", "decorative": False}, []),
        ({"image": image, "alt_text": "", "decorative": True}, []),
    ]:
        tip.body = [("image", block)]
        assert codes(tip) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://www.politie.be/5350", []),
        ("http://www.politie.be", ["http"]),
        ("www.politie.be", ["link"]),
        ("https://politie", ["link"]),
        ("https:// politie.be", ["link"]),
        ("mailto:buurt@city.example", []),
        ("/tips/", []),
    ],
)
def test_links_work_and_are_secure(tip: Any, address: str, expected: list[str]) -> None:
    tip.body = [("paragraph", f'<p><a href="{address}">hier</a></p>')]
    assert codes(tip) == expected


def test_every_place_of_a_link_is_looked_at_and_each_is_told_once(tip: Any) -> None:
    tip.introduction = "Kijk op http://a.example."
    tip.source = "http://b.example"
    tip.body = [
        ("video", {"title": "Slot", "url": "http://c.example/v"}),
        ("contact", {"name": "Lijn", "url": "http://d.example"}),
        ("paragraph", '<p><a linktype="page" id="1">pagina</a></p>'),
        ("steps", {"heading": "", "steps": ["Lees http://a.example", "Sluit af"]}),
    ]
    remarks = check_page(tip)
    assert [remark.code for remark in remarks] == ["http"] * 4
    for letter in "abcd":
        assert sum(f"http://{letter}.example" in one.text for one in remarks) == 1


def test_long_texts_are_told_with_their_length(tip: Any) -> None:
    tip.introduction = "woord " * 50
    tip.body = [("paragraph", f"<p>{'woord ' * LONG_TEXT}</p>")]
    remarks = check_page(tip)
    assert [remark.code for remark in remarks] == ["long_text", "long_introduction"]
    assert "552" in remarks[0].text
    assert "3" in remarks[0].text


@pytest.mark.parametrize(
    "text",
    [
        "Een grijze auto, 1-ABC-123, reed weg.",
        "een grijze auto (2-xyz-987)",
        "nummerplaat 1 ABC 123",
        "1ABC123",
        "de oude plaat ABC-123",
        "de oude plaat 123-ABC",
    ],
)
def test_what_looks_like_a_number_plate(text: str) -> None:
    assert [remark.code for remark in check_number_plates([text])] == ["plate"]


@pytest.mark.parametrize(
    "text",
    ["BIN 112", "Bel 112 of 101", "Postbus 1-2", "2920 Kalmthout", "bin 200", "HTML5"],
)
def test_what_is_no_number_plate(text: str) -> None:
    assert list(check_number_plates([text])) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bel Jan op 0473 99 00 11.", ["phone"]),
        ("+32 473 99 00 11", ["phone"]),
        ("03 620 29 29", ["phone"]),
        ("Bel 112, altijd.", []),
        ("Gratis: 0800 12 345", []),
        ("1789 of 105", []),
        ("van 2025 tot 2026", []),
    ],
)
def test_telephone_numbers_of_people(text: str, expected: list[str]) -> None:
    assert [remark.code for remark in check_phones([text])] == expected


def test_a_number_on_a_contact_card_is_where_it_belongs(tip: Any) -> None:
    card = {"name": "Wijkagent", "phone": "0473 99 00 11"}
    tip.body = [("contact", card)]
    assert codes(tip) == []
    tip.body = [("contact", card), ("heading", "Of 0473 99 00 11")]
    assert codes(tip) == ["phone"]


def test_languages_of_the_municipalities_that_are_missing() -> None:
    places = [
        MunicipalityFactory.build(languages="nl,fr", police_zone=None),
        MunicipalityFactory.build(languages="fr,de", police_zone=None),
    ]
    assert missing_languages(places, ["nl"]) == ["fr", "de"]
    assert missing_languages(places, ["fr", "nl", "de"]) == []
    assert missing_languages([], ["nl"]) == []
