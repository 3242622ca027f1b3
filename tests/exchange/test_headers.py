"""Headers in four languages."""

from __future__ import annotations

import pytest

from wagtail_bin.exchange import headers
from wagtail_bin.exchange.headers import fold, recognise
from wagtail_bin.exchange.mapping import FIELD_LABELS, FIELDS
from wagtail_bin.exchange.rows import Values


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
        ("Akkoord", "consent"),
        ("Toestemming (GDPR)", "consent"),
        ("Tel. privé", "phone"),
        ("GSM 2", "mobile"),
        ("E-mailadres lid (verplicht)", "email"),
        ("E-mail 1 - Value", "email"),
        ("Naam / Nom / Name", "full_name"),
        ("Straße / Rue / Straat", "street"),
        ("Naam + voornaam", "full_name"),
        ("Nom et\nprénom", "full_name"),
        ("Postcode en gemeente", "locality"),
        ("Nr/bus", "number"),
        ("Tel./GSM", "mobile"),
        ("PC", "postcode"),
        ("GSM partner", ""),
        ("Nr. lid", ""),
        ("E-mail 1 - Label", ""),
        ("Naam en kleur", ""),
        ("privé", ""),
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


def test_no_header_means_two_things_and_every_field_has_a_label() -> None:
    words = [
        fold(word) for words in headers._SYNONYMS.values() for word in words.split(",")
    ]
    doubles = {word for word in words if words.count(word) > 1}
    assert doubles == set()
    assert set(headers._SYNONYMS) | set(Values._fields) <= set(FIELD_LABELS)
    assert set(headers._SYNONYMS) - {"name"} == set(FIELDS)
