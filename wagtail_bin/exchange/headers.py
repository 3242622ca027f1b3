"""The words above the columns of Belgian member lists, in four languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Header, folded by :func:`fold`, per field. ``name`` is a header that means the
# last name beside a column of first names, and the whole name without one;
# ``full_name`` and ``address`` are cells with several parts.
_SYNONYMS: dict[str, str] = {
    "first_name": """voornaam, voornamen, voorn, roepnaam, prenom, prenoms, vorname,
        vornamen, rufname, first name, firstname, given name, forename""",
    "last_name": """familienaam, achternaam, fam naam, nom de famille, nachname,
        familienname, zuname, last name, lastname, surname, family name""",
    "name": "naam, nom, name",
    "full_name": """naam en voornaam, naam voornaam, voornaam en naam,
        voornaam naam, volledige naam, naam lid, naam van het lid, naam leden, lid,
        leden, bewoner, contactpersoon, nom et prenom, nom prenom, prenom et nom,
        prenom nom, nom complet, nom du membre, membre, membres, habitant, riverain,
        personne de contact, name und vorname, name vorname, vorname und name,
        vorname name, vorname und nachname, vollstandiger name, mitglied,
        mitglieder, ansprechpartner, full name, fullname, complete name, member,
        contact, contact person""",
    "organisation": """organisatie, bedrijf, bedrijfsnaam, firma, firmanaam,
        onderneming, zaak, handelszaak, naam bedrijf, naam zaak, vereniging,
        organisation, entreprise, societe, firme, commerce, raison sociale,
        nom de l entreprise, nom de la societe, association, unternehmen,
        betrieb, geschaft, gesellschaft, verein, firmenname, company,
        company name, business, organization""",
    "email": """e mail, email, mail, e mailadres, emailadres, mailadres,
        e mail adres, email adres, mail adres, emailadressen, e mails, emails,
        adresse e mail, adresse email, adresse mail, adresse electronique, courriel,
        courrier electronique, adel, e mail adresse, email adresse, mailadresse,
        e mailadresse, emailadresse, mail adresse, e mail address,
        email address, elektronische post""",
    "mobile": """gsm, gsm nummer, gsmnummer, gsm nr, gsmnr, nr gsm, n gsm,
        no gsm, no de gsm, n de gsm, numero de gsm, numero gsm, mobiel,
        mobiele telefoon, mobiel nummer, mobiele nummer, mobiel telefoonnummer,
        portable, telephone portable, tel portable, numero de portable,
        mobile, telephone mobile, tel mobile, numero mobile, handy, handynummer,
        handy nr, mobiltelefon, mobilnummer, mobil, mobile phone, mobile number,
        cell, cell phone, cellphone, smartphone""",
    "phone": """telefoon, telefoonnummer, telefoon nr, telefoonnr, tel, tel nr,
        telnr, tel nummer, telef, tlf, vaste telefoon, vast nummer, vaste lijn, vast,
        telefoon thuis, tel thuis, telefoon vast, tel vast, telephone,
        no de telephone, n de telephone, numero de telephone, numero telephone,
        no tel, n tel, telephone fixe, tel fixe, fixe, ligne fixe, telefon,
        telefonnummer, telefon nr, festnetz, festnetznummer, rufnummer, phone,
        phone number, telephone number, landline, home phone""",
    "address": """adres, adr, woonadres, volledig adres, straat en nummer,
        straat en huisnummer, straat nr, straat nummer, straat huisnummer,
        straat huisnr, adresse, adresse complete, adresse postale, rue et numero,
        rue et n, rue et no, rue numero, rue n, domicile, anschrift, wohnadresse,
        strasse und hausnummer, strasse hausnummer, strasse nr, strasse und nr,
        address, home address, street and number, street address,
        street and house number""",
    "street": """straat, straatnaam, rue, nom de rue, nom de la rue, strasse, str,
        strassenname, street, street name""",
    "number": """nummer, huisnummer, huisnr, huis nr, nr, n, no, num, numero,
        numero de maison, n de maison, no de maison, n maison, hausnummer,
        hausnr, haus nr, number, house number, house no""",
    "box": """bus, busnummer, bus nr, busnr, boite, bte, boite postale,
        numero de boite, n de boite, n boite, briefkasten, postfach, bfk, box,
        box number, apartment, flat""",
    "postcode": """postcode, post code, pc, postnr, postnummer, code postal, cp,
        codepostal, c p, plz, postleitzahl, zip, zip code, zipcode, postal code""",
    "locality": """gemeente, gem, woonplaats, woonpl, plaats, stad, deelgemeente, dorp,
        commune, localite, loc, ville, village, lieu, gemeinde, ort, wohnort,
        ortschaft, stadt, town, city, municipality, locality, place""",
    "language": """taal, taalcode, moedertaal, voorkeurtaal, voorkeurstaal, taalrol,
        langue, code langue, langue preferee, sprache, muttersprache, language,
        lang""",
    "consent": """toestemming, toestemming gdpr, toestemming avg, toestemming mail,
        akkoord, akkoord reglement, akkoord gdpr, gaat akkoord, ik ga akkoord, gdpr,
        avg, rgpd, dsgvo, consentement, consentement rgpd, accord, accord rgpd,
        d accord, autorisation, einverstanden, einverstandnis, einwilligung,
        zustimmung, consent, agreement, opt in, optin""",
}
# Words that say which of several, and nothing of what: «Tel. privé», «GSM 1».
_WHICH = frozenset(
    [
        "1",
        "2",
        "3",
        "i",
        "ii",
        "prive",
        "privee",
        "privat",
        "prives",
        "private",
        "perso",
        "personnel",
        "werk",
        "bureau",
        "travail",
        "professionnel",
        "arbeit",
        "dienst",
        "thuis",
        "maison",
        "haus",
        "lid",
        "membre",
        "mitglied",
        "leden",
        "het",
        "van",
        "verplicht",
        "obligatoire",
        "pflichtfeld",
        "value",
        "hoofd",
        "principal",
        "officieel",
    ]
)
# What a header is that names several fields: «Naam / Nom / Name» is one of them
# thrice, «Straat + nr» both in one cell.
_TOGETHER = {
    frozenset(parts.split()): field
    for parts, field in {
        "name first_name": "full_name",
        "last_name first_name": "full_name",
        "name full_name": "full_name",
        "name organisation": "full_name",
        "mobile phone": "mobile",
        "street number": "address",
        "street number box": "address",
        "street number postcode locality": "address",
        "address postcode locality": "address",
        "address locality": "address",
        "number box": "number",
        "postcode locality": "locality",
    }.items()
}
_PARTS = re.compile(
    r"\s*[/|\n,+&]\s*|\s+[-\u2013]\s+|\s+(?:en|et|und|and)\s+", re.IGNORECASE
)


def fold(header: str) -> str:
    """A header without case, accents, punctuation and hints in brackets."""
    text = re.sub(r"\(.*?\)", " ", header).casefold().replace("ß", "ss")
    text = unicodedata.normalize("NFKD", text.replace("°", " ").replace("º", " "))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", text))


_FIELD_OF = {
    fold(word): field for field, words in _SYNONYMS.items() for word in words.split(",")
}


def field_of(header: str) -> str:
    """The field that a header names; empty when it names none.

    ``name`` is the last name or the whole one, which other columns decide.

    >>> field_of("Tel. privé"), field_of("Straße / Hausnummer")
    ('phone', 'address')
    """
    field = _one_field(fold(header))
    if field:
        return field
    parts = {_one_field(fold(part)) for part in _PARTS.split(header)}
    if len(parts) == 1:
        return parts.pop()
    return _TOGETHER.get(frozenset(parts), "")


def recognise(cells: Sequence[str]) -> tuple[str, ...]:
    """The field of each header cell; empty where it names none.

    Two columns may have the same.

    >>> recognise(["Naam", "Voornaam", "GSM-nummer", "Hobby"])
    ('last_name', 'first_name', 'mobile', '')
    """
    found = [field_of(cell) for cell in cells]
    whole = "last_name" if "first_name" in found else "full_name"
    return tuple(whole if field == "name" else field for field in found)


def _one_field(folded: str) -> str:
    field = _FIELD_OF.get(folded, "")
    if field or not folded:
        return field
    words = [word for word in folded.split() if word not in _WHICH]
    field = _FIELD_OF.get(" ".join(words), "")
    # «Nr. lid» is no house number.
    return "" if field == "number" else field
