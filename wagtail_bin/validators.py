"""Values that come from people: telephone numbers, addresses, header text."""

from __future__ import annotations

import functools
import hmac
import re
import unicodedata
from collections.abc import Callable

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf

REGION = "BE"
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# Those that the four languages write; there are others.
_ACCENTS = re.compile("[\u0300-\u0345]+")
_NO_LETTERS = re.compile("[^a-z0-9]+")

# What nearly every address looks like; the validator takes ten times as long.
_PLAIN_EMAIL = re.compile(
    r"(?=.{1,254}$)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
)
_validate_email = EmailValidator(message=_("This is not an e-mail address."))


def parse_phone(raw: str) -> str:
    """A Belgian or international telephone number in E.164.

    Knows the notations found on Belgian forms (``0473/865.387``,
    ``+32 (0)14 46 22 01``, ``0032…``) and the zero that a spreadsheet drops:
    nine digits that start with 4 are a mobile, eight digits a landline.

    Args:
        raw: what was typed or read from a cell.

    Returns:
        E.164, for example ``+32473865387``.

    Raises:
        ValidationError: not a number that can exist.
    """
    text = raw.strip().removesuffix(".0").replace("(0)", "")
    digits = re.sub(r"[\s./\-\u2011\u2013()]", "", text)
    if re.fullmatch(r"4\d{8}|[1-9]\d{7}", digits):
        digits = "0" + digits
    elif re.fullmatch(r"32[1-9]\d{7,8}", digits):
        digits = "+" + digits
    try:
        number = phonenumbers.parse(digits, REGION)
    except phonenumbers.NumberParseException as error:
        raise ValidationError(
            _("This is not a telephone number."), code="phone"
        ) from error
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(_("This is not a telephone number."), code="phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_mobile(e164: str) -> bool:
    """Whether an E.164 number is a mobile, which can take an SMS."""
    kind = phonenumbers.number_type(phonenumbers.parse(e164))
    return bool(
        kind
        in (
            phonenumbers.PhoneNumberType.MOBILE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        )
    )


def display_phone(e164: str) -> str:
    """An E.164 number as people write it: national for Belgium, else international."""
    if not e164:
        return ""
    number = phonenumbers.parse(e164, REGION)
    form = (
        phonenumbers.PhoneNumberFormat.NATIONAL
        if number.country_code == 32
        else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return str(phonenumbers.format_number(number, form))


def validate_phone(value: str) -> None:
    """Accept E.164 only; forms and imports call :func:`parse_phone` first."""
    if parse_phone(value) != value:
        raise ValidationError(
            _("Write this number internationally, such as +32 473 86 53 87."),
            code="phone",
        )


def normalise_email(raw: str) -> str:
    """An e-mail address as it is stored and compared: trimmed, in lower case.

    Raises:
        ValidationError: not an address, or one that would break a header.
    """
    address = raw.strip().lower()
    if _PLAIN_EMAIL.fullmatch(address):
        return address
    if CONTROL_CHARACTERS.search(address):
        raise ValidationError(
            _("This address holds a line break or another hidden character."),
            code="email_control",
        )
    if not address.isascii():
        raise ValidationError(
            _("Only addresses without accents can be written to."), code="email_ascii"
        )
    _validate_email(address)
    return address


def clean_text(raw: str) -> str:
    """One line of text: Unicode NFC, no control characters, single spaces."""
    text = unicodedata.normalize("NFC", raw)
    return " ".join(CONTROL_CHARACTERS.sub(" ", text).split())


def validate_single_line(value: str) -> None:
    """Refuse what could end a header line."""
    if CONTROL_CHARACTERS.search(value):
        raise ValidationError(
            _("Line breaks and hidden characters cannot be used here."),
            code="control_characters",
        )


def validate_language_order(value: str) -> None:
    """``nl``, ``nl,fr`` …: known languages, each once."""
    codes = value.split(",")
    if len(set(codes)) != len(codes) or not set(codes) <= {"nl", "fr", "de", "en"}:
        raise ValidationError(
            _("Give languages as nl, fr, de or en, most important first: nl,fr."),
            code="language_order",
        )


def address_digest(address: str) -> str:
    """Keyed hash of an address, which can be compared but not read back.

    Args:
        address: e-mail (any case) or E.164 number.

    Returns:
        HMAC-SHA-256 as 64 hexadecimal digits; empty for no address.
    """
    return address_digester()(address) if address else ""


def address_digester() -> Callable[[str], str]:
    """:func:`address_digest` for whoever makes many: the key is taken in once."""
    keyed = hmac.new(conf.suppression_key, digestmod="sha256")

    def digest(address: str) -> str:
        if not address:
            return ""
        copy = keyed.copy()
        copy.update(address.strip().lower().encode())
        return copy.hexdigest()

    return digest


def name_key(*names: str) -> str:
    """What two writings of one person's name share.

    Case, accents, punctuation and the order of the words do not count, so that
    ``Peeters Jan`` of one spreadsheet meets ``Jan Peeters`` of the next.
    """
    text = " ".join(names)
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(sorted(text.lower().split()))
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    kept = _ACCENTS.sub("", text.casefold())
    if not kept.isascii():
        kept = "".join(c for c in kept if not unicodedata.combining(c))
    return " ".join(sorted(re.findall(r"\w+", kept)))


def household_key(street: str, number: str, box: str) -> str:
    """What two writings of one front door share: case, accents and dots do not count.

    The postcode is left out: it is often missing, and within one network a street
    name is one street.

    Returns:
        Empty where street or number is missing: that is no household.
    """
    parts = [_words(part) for part in (street, number, box)]
    return "|".join(parts) if parts[0] and parts[1] else ""


# As people shorten the kinds of streets.
_SHORT_STREETS = (
    (re.compile(r"str\.?$"), "straat"),
    (re.compile(r"stw\.?$"), "steenweg"),
    (re.compile(r"(?<=\w)ln\.?$"), "laan"),
    (re.compile(r"^av\.?\s"), "avenue "),
    (re.compile(r"^(?:bd|bld|boul)\.?\s"), "boulevard "),
    (re.compile(r"^(?:ch|chée|chee)\.?\s"), "chaussee "),
    (re.compile(r"^pl\.?\s"), "place "),
    (re.compile(r"^(?:st|ste)\.?\s"), "sint "),
)


def street_key(name: str) -> str:
    """What two writings of one street share, abbreviated or not.

    ``Dorpsstr.`` meets ``Dorpsstraat``, ``Av. de l'Église`` meets
    ``avenue de l'eglise``, ``Strassenweg`` meets ``Straßenweg``.
    """
    text = name.strip().lower()
    for short, whole in _SHORT_STREETS:
        text = short.sub(whole, text)
    return _words(text)


def validate_boundary(value: object) -> None:
    """Accept a GeoJSON Polygon or MultiPolygon (RFC 7946) of at most 2,000 points."""
    kind = value.get("type") if isinstance(value, dict) else None
    areas = value.get("coordinates") if isinstance(value, dict) else None
    if kind == "Polygon":
        areas = [areas]
    try:
        if kind not in {"Polygon", "MultiPolygon"}:
            raise ValueError
        points = 0
        for ring in (ring for area in areas for ring in area):  # type: ignore[union-attr]
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise ValueError
            for longitude, latitude, *_height in ring:
                points += 1
                if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
                    raise ValueError
        if not 0 < points <= 2000:
            raise ValueError
    except (TypeError, ValueError):
        raise ValidationError(
            _(
                "This is not a boundary. Give a GeoJSON Polygon or MultiPolygon with at"
                " most 2000 points, whose first point is also the last."
            ),
            code="boundary",
        ) from None


# Within one list streets and numbers come again and again.
@functools.lru_cache(1024)
def _words(text: str) -> str:
    if text.isascii():
        return _NO_LETTERS.sub("", text.lower())
    kept = unicodedata.normalize("NFKD", text).casefold()
    return "".join(filter(str.isalnum, kept))
