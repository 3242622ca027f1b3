"""Headers of Belgian member lists, in four languages, to the fields of a member."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.validators import clean_text

LONGEST_HEADER = 200

# Header, folded by :func:`fold`, per field. ``name`` is a header that means the
# last name beside a column of first names, and the whole name without one;
# ``full_name`` and ``address`` are cells with several parts.
_SYNONYMS: dict[str, str] = {
    "first_name": """voornaam, voornamen, roepnaam, prenom, prenoms, vorname,
        vornamen, rufname, first name, firstname, given name, forename""",
    "last_name": """familienaam, achternaam, nom de famille, nachname,
        familienname, last name, lastname, surname, family name""",
    "name": "naam, nom, name",
    "full_name": """naam en voornaam, naam voornaam, voornaam en naam,
        voornaam naam, volledige naam, naam lid, naam van het lid, lid, bewoner,
        contactpersoon, nom et prenom, nom prenom, prenom et nom, prenom nom,
        nom complet, membre, habitant, personne de contact, name und vorname,
        name vorname, vorname und name, vorname name, vorname und nachname,
        vollstandiger name, mitglied, ansprechpartner, full name, fullname,
        complete name, member, contact, contact person""",
    "organisation": """organisatie, bedrijf, bedrijfsnaam, firma, firmanaam,
        onderneming, zaak, handelszaak, naam bedrijf, naam zaak, vereniging,
        organisation, entreprise, societe, firme, commerce, raison sociale,
        nom de l entreprise, nom de la societe, association, unternehmen,
        betrieb, geschaft, gesellschaft, verein, firmenname, company,
        company name, business, organization""",
    "email": """e mail, email, mail, e mailadres, emailadres, mailadres,
        e mail adres, email adres, mail adres, emailadressen, adresse e mail,
        adresse email, adresse mail, adresse electronique, courriel,
        courrier electronique, e mail adresse, email adresse, mailadresse,
        e mailadresse, emailadresse, mail adresse, e mail address,
        email address, elektronische post""",
    "mobile": """gsm, gsm nummer, gsmnummer, gsm nr, gsmnr, nr gsm, n gsm,
        no gsm, no de gsm, n de gsm, numero de gsm, numero gsm, mobiel,
        mobiele telefoon, mobiel nummer, mobiele nummer, mobiel telefoonnummer,
        portable, telephone portable, tel portable, numero de portable,
        mobile, telephone mobile, numero mobile, handy, handynummer, handy nr,
        mobiltelefon, mobilnummer, mobil, mobile phone, mobile number,
        cell, cell phone, cellphone, smartphone""",
    "phone": """telefoon, telefoonnummer, telefoon nr, telefoonnr, tel, tel nr,
        telnr, tel nummer, vaste telefoon, vast nummer, vaste lijn, vast,
        telefoon thuis, tel thuis, telefoon vast, telephone, no de telephone,
        n de telephone, numero de telephone, numero telephone, no tel, n tel,
        telephone fixe, tel fixe, fixe, ligne fixe, telefon, telefonnummer,
        telefon nr, festnetz, festnetznummer, rufnummer, phone, phone number,
        telephone number, landline, home phone""",
    "address": """adres, woonadres, volledig adres, straat en nummer,
        straat en huisnummer, straat nr, straat nummer, straat huisnummer,
        straat huisnr, adresse, adresse complete, rue et numero, rue et n,
        rue et no, rue numero, rue n, domicile, anschrift, wohnadresse,
        strasse und hausnummer, strasse hausnummer, strasse nr, strasse und nr,
        address, home address, street and number, street address,
        street and house number""",
    "street": """straat, straatnaam, rue, nom de rue, nom de la rue, strasse,
        strassenname, street, street name""",
    "number": """nummer, huisnummer, huisnr, huis nr, nr, n, no, numero,
        numero de maison, n de maison, no de maison, n maison, hausnummer,
        hausnr, haus nr, number, house number, house no""",
    "box": """bus, busnummer, bus nr, busnr, boite, bte, boite postale,
        numero de boite, n de boite, n boite, briefkasten, postfach, bfk, box,
        box number, apartment, flat""",
    "postcode": """postcode, post code, postnummer, code postal, cp, codepostal,
        plz, postleitzahl, zip, zip code, zipcode, postal code""",
    "locality": """gemeente, woonplaats, plaats, stad, deelgemeente, dorp,
        commune, localite, ville, village, lieu, gemeinde, ort, wohnort,
        ortschaft, stadt, town, city, municipality, locality, place""",
    "language": """taal, taalcode, moedertaal, voorkeurtaal, langue,
        code langue, sprache, language, lang""",
}

FIELD_LABELS = {
    "": gettext_lazy("whole row"),
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "name": gettext_lazy("name"),
    "full_name": gettext_lazy("name"),
    "organisation": gettext_lazy("organisation"),
    "email": gettext_lazy("e-mail"),
    "mobile": gettext_lazy("mobile"),
    "phone": gettext_lazy("landline"),
    "address": gettext_lazy("address"),
    "street": gettext_lazy("street"),
    "number": gettext_lazy("number"),
    "box": gettext_lazy("box"),
    "postcode": gettext_lazy("postcode"),
    "locality": gettext_lazy("town"),
    "language": gettext_lazy("language"),
}
_NAMES = {"first_name", "last_name", "full_name", "organisation"}
_ADDRESSES = {"email", "mobile", "phone"}

# Columns that :mod:`wagtail_bin.exchange.rejects` adds, in every language, are
# recognised by this mark when a corrected file comes back.
OWN_COLUMN = "\u2751"


def fold(header: str) -> str:
    """A header without case, accents, punctuation and hints in brackets."""
    text = re.sub(r"\(.*?\)", " ", header).casefold().replace("ß", "ss")
    text = unicodedata.normalize("NFKD", text.replace("°", " ").replace("º", " "))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", text))


_FIELD_OF = {
    fold(word): field for field, words in _SYNONYMS.items() for word in words.split(",")
}


@dataclass(frozen=True)
class Mapping:
    """What each column of a list means.

    ``header`` holds the headers as they stand, ``fields`` the field of each
    column, empty for one that is not read; ``line`` is where the header stood.
    """

    line: int
    header: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def read(self) -> list[tuple[str, str]]:
        """Header and field of each column that is read."""
        return [
            (name, field)
            for name, field in zip(self.header, self.fields, strict=True)
            if field
        ]

    @property
    def ignored(self) -> list[str]:
        """Headers of columns that hold something we do not know."""
        return [
            name
            for name, field in zip(self.header, self.fields, strict=True)
            if name and not field and not name.startswith(OWN_COLUMN)
        ]


def recognise(cells: Sequence[str]) -> tuple[str, ...]:
    """The field of each header cell; empty where unknown or taken already.

    >>> recognise(["Naam", "Voornaam", "GSM-nummer", "Hobby"])
    ('last_name', 'first_name', 'mobile', '')
    """
    found = [_FIELD_OF.get(fold(cell), "") for cell in cells]
    whole = "last_name" if "first_name" in found else "full_name"
    fields: list[str] = []
    for field in found:
        resolved = whole if field == "name" else field
        fields.append("" if resolved in fields else resolved)
    return tuple(fields)


def find_header(lines: Sequence[tuple[int, Sequence[str]]]) -> Mapping:
    """The line, among the first of a file, that names most columns.

    Args:
        lines: line number and cells; a title or empty lines may stand above
            the header.

    Raises:
        ImportRejected: none of them names a person and a way to reach one.
    """
    best = Mapping(0, (), ())
    for number, cells in lines:
        header = tuple(clean_text(cell[:LONGEST_HEADER]) for cell in cells)
        mapping = Mapping(number, header, recognise(header))
        if len(mapping.read) > len(best.read):
            best = mapping
    known = {field for _header, field in best.read}
    if not known & _NAMES:
        raise ImportRejected(
            _(
                "No column with names was found. The first rows must hold a header"
                " such as “Voornaam”, “Nom” or “Name”. Add one and upload the file"
                " again."
            )
        )
    if not known & _ADDRESSES:
        raise ImportRejected(
            _(
                "No column with e-mail addresses or telephone numbers was found. Give"
                " one a header such as “E-mail”, “GSM” or “Telefoon” and upload the"
                " file again."
            )
        )
    return best
