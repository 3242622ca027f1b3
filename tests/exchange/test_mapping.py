"""Headers in four languages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import mapping
from wagtail_bin.exchange.mapping import FIELD_LABELS, find_header, fold, recognise
from wagtail_bin.exchange.rows import Values


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Voornaam", "first_name"),
        ("PRÉNOM", "first_name"),
        ("Vorname", "first_name"),
        ("First name", "first_name"),
        ("Familienaam", "last_name"),
        ("Achternaam:", "last_name"),
        ("Nom de famille", "last_name"),
        ("Nachname", "last_name"),
        ("Naam en voornaam", "full_name"),
        ("Nom, prénom", "full_name"),
        ("Name und Vorname", "full_name"),
        ("Full name", "full_name"),
        ("Firma", "organisation"),
        ("Société", "organisation"),
        ("Geschäft", "organisation"),
        ("E-mail", "email"),
        ("e-mailadres", "email"),
        ("E-mail adres *", "email"),
        ("Adresse e-mail", "email"),
        ("Courriel", "email"),
        ("E-Mail-Adresse", "email"),
        ("GSM", "mobile"),
        ("GSM-nummer", "mobile"),
        ("GSM nr.", "mobile"),
        ("N° de GSM", "mobile"),
        ("Nº GSM", "mobile"),
        ("Numéro de GSM", "mobile"),
        ("Handynummer", "mobile"),
        ("Mobile", "mobile"),
        ("Telefoon (thuis)", "phone"),
        ("Tél.", "phone"),
        ("N° de téléphone", "phone"),
        ("Festnetz", "phone"),
        ("Adres", "address"),
        ("Straat + nr", "address"),
        ("Rue et numéro", "address"),
        ("Straße und Hausnummer", "address"),
        ("Straat", "street"),
        ("Rue", "street"),
        ("Straße", "street"),
        ("Strasse", "street"),
        ("Huisnummer", "number"),
        ("Huisnr.", "number"),
        ("N°", "number"),
        ("Hausnr.", "number"),
        ("Bus", "box"),
        ("Boîte", "box"),
        ("Bte", "box"),
        ("Postcode", "postcode"),
        ("Code postal", "postcode"),
        ("CP", "postcode"),
        ("PLZ", "postcode"),
        ("Gemeente", "locality"),
        ("Commune", "locality"),
        ("Localité", "locality"),
        ("Wohnort", "locality"),
        ("Taal", "language"),
        ("Langue", "language"),
        ("Sprache", "language"),
        ("Language", "language"),
        ("Geboortedatum", ""),
        ("", ""),
    ],
)
def test_a_header_and_its_field(header: str, field: str) -> None:
    assert recognise([header]) == (field,)


@pytest.mark.parametrize("header", ["Naam", "Nom", "Name"])
def test_a_bare_name_is_the_last_name_beside_a_first_name(header: str) -> None:
    assert recognise([header, "GSM"])[0] == "full_name"
    assert recognise([header, "Voornaam"])[0] == "last_name"
    assert recognise(["Prénom", header])[1] == "last_name"


def test_the_first_of_two_columns_for_one_field_is_read() -> None:
    found = find_header([(1, ["Naam", "GSM", "GSM nr", "Geboren", "", "\u2751 reden"])])
    assert found.fields == ("full_name", "mobile", "", "", "", "")
    assert found.read == [("Naam", "full_name"), ("GSM", "mobile")]
    assert found.ignored == ["GSM nr", "Geboren"]


def test_the_header_is_the_line_that_names_most() -> None:
    found = find_header(
        [
            (1, ["Lid", "van BIN Heide"]),
            (2, []),
            (3, ["Naam", "Straat", "GSM"]),
            (4, ["Bus", "Nom", "Jan"]),
        ]
    )
    assert found.line == 3


def test_headers_are_kept_as_short_clean_lines() -> None:
    found = find_header([(1, ["Naam", "G\nS\0M", "GSM", "x" * 5000])])
    assert found.header == ("Naam", "G S M", "GSM", "x" * 200)
    assert found.fields == ("full_name", "", "mobile", "")


def test_a_header_names_a_person_and_a_way_to_reach_one() -> None:
    assert find_header([(1, ["Firma", "Tel."])]).fields == ("organisation", "phone")
    with pytest.raises(ImportRejected, match="No column with names"):
        find_header([(1, ["Straat", "GSM"])])
    with pytest.raises(ImportRejected, match="No column with e-mail"):
        find_header([(1, ["Naam", "Straat"])])
    with pytest.raises(ImportRejected, match="No column with names"):
        find_header([])


def test_no_header_means_two_things_and_every_field_has_a_label() -> None:
    words = [
        fold(word) for words in mapping._SYNONYMS.values() for word in words.split(",")
    ]
    doubles = {word for word in words if words.count(word) > 1}
    assert doubles == set()
    assert set(mapping._SYNONYMS) | set(Values._fields) <= set(FIELD_LABELS)
