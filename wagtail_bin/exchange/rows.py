"""One row of cells to the values of a member, or to the reasons why not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from phonenumbers.phonemetadata import PhoneMetadata

from wagtail_bin.exchange.mapping import fold
from wagtail_bin.exchange.problems import Problem
from wagtail_bin.models import Member
from wagtail_bin.validators import (
    REGION,
    clean_text,
    is_mobile,
    normalise_email,
    parse_phone,
)

LONGEST_CELL = 1000
# Longer ones are not split: the patterns would take their time over them.
LONGEST_ADDRESS = 200


class Values(NamedTuple):
    """What a row says of a member; empty where it says nothing."""

    first_name: str = ""
    last_name: str = ""
    organisation: str = ""
    email: str = ""
    mobile: str = ""
    phone: str = ""
    street: str = ""
    number: str = ""
    box: str = ""
    postcode: str = ""
    locality: str = ""
    language: str = ""


LIMITS = {
    name: getattr(Member._meta.get_field(name), "max_length", None) or LONGEST_CELL
    for name in Values._fields
}
_LANGUAGES = {
    fold(word): code
    for code, words in {
        "nl": "nl, n, ned, nederlands, nederlandstalig, neerlandais, nld, dutch,"
        " niederlandisch, vlaams, flamand",
        "fr": "fr, f, fra, frans, franstalig, francais, francophone, franzosisch, french",
        "de": "de, d, deu, ger, duits, duitstalig, allemand, germanophone, deutsch, german",
        "en": "en, e, eng, engels, engelstalig, anglais, anglophone, englisch, english",
    }.items()
    for word in words.split(",")
} | {f"{language} be": language for language in ("nl", "fr", "de", "en")}
_NOTHING = re.compile(r"[\s\-\u2013\u2014/.]*")
_FORMULA = re.compile(r"[=+@\-\uff1d\uff0b\uff20\uff0d]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
_BOX = r"(?:bus|bte|bo[iî]te|box|bfk|b)"
_STREET_FIRST = re.compile(
    r"(?P<street>\D.*?\D),?\s+(?P<number>\d+\s?[a-z]?(?:[-/]\d+[a-z]?)?)"
    rf"(?:\s*,?\s*{_BOX}\.?\s*(?P<box>\S+))?",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    r"(?P<number>\d+\s?[a-z]?)(?:\s*,\s*|\s+)(?P<street>\D.*)", re.IGNORECASE
)
_NUMBER_AND_BOX = re.compile(
    rf"(?P<number>\d+\s?[a-z]?)\s*,?\s*{_BOX}\.?\s*(?P<box>\S+)", re.IGNORECASE
)
_POSTCODE_AND_TOWN = re.compile(
    r"(?:B[- ])?(?P<postcode>[1-9]\d{3})\s+(?P<locality>\D.*)"
)

# Plain Belgian numbers are judged by phonenumbers' own patterns, without the
# parser around them, which would take two thirds of the time of an import.
_BELGIUM: Any = PhoneMetadata.metadata_for_region(REGION)
_MOBILE = re.compile(_BELGIUM.mobile.national_number_pattern)
_VALID = re.compile(
    "|".join(
        f"(?:{kind.national_number_pattern})"
        for kind in (
            _BELGIUM.fixed_line,
            _BELGIUM.mobile,
            _BELGIUM.toll_free,
            _BELGIUM.premium_rate,
            _BELGIUM.shared_cost,
            _BELGIUM.uan,
        )
    )
)
_PLAIN = re.compile(r"\+?[0-9 ./\-()]+")
_SEPARATORS = str.maketrans("", "", " ./-()")
_NATIONAL = re.compile(
    r"(?:(?:0|\+32|0032)(?P<full>[1-9][0-9]{7,8})"
    r"|(?P<bare>4[0-9]{8}|[1-9][0-9]{7})"
    r"|32(?P<country>[1-9][0-9]{7,8}))"
)


def read_phone(raw: str) -> tuple[str, bool]:
    """E.164 and whether it is a mobile; exactly as ``parse_phone``, but faster.

    Raises:
        ValidationError: not a number that can exist.
    """
    text = raw.strip().removesuffix(".0").replace("(0)", "")
    if _PLAIN.fullmatch(text):
        found = _NATIONAL.fullmatch(text.translate(_SEPARATORS))
        national = found and (found["full"] or found["bare"] or found["country"])
        if national and _VALID.fullmatch(national):
            return "+32" + national, bool(_MOBILE.fullmatch(national))
    number = parse_phone(raw)
    return number, is_mobile(number)


def parse_row(
    cells: Sequence[str], fields: Iterable[str]
) -> tuple[Values, list[Problem]]:
    """What a row says, and what is wrong with it.

    Args:
        cells: as read; may be shorter than ``fields``.
        fields: the field of each column (:class:`~.mapping.Mapping`).

    Returns:
        Values that a member can be saved with when there is no problem.
    """
    return _Row(cells, fields).parse()


class _Row:
    def __init__(self, cells: Sequence[str], fields: Iterable[str]) -> None:
        self.problems: list[Problem] = []
        self.raw = {
            field: cell for field, cell in zip(fields, cells, strict=False) if field
        }
        self.values: dict[str, str] = {}

    def parse(self) -> tuple[Values, list[Problem]]:
        self._clean()
        self._name()
        self._email()
        self._phones()
        self._place()
        self._language()
        values = self.values
        for field, limit in LIMITS.items():
            if len(values.get(field, "")) > limit:
                self._problem(field, "too_long", str(limit))
        if not self.problems:
            self._complete()
        if self.problems:
            return Values(), self.problems
        return Values(**values), []

    def _problem(self, field: str, code: str, value: str = "") -> None:
        self.problems.append(Problem(field, code, value))

    def _clean(self) -> None:
        """Cells to single lines; e-mail and telephone are judged as they stand."""
        for field, cell in self.raw.items():
            if not cell or _NOTHING.fullmatch(cell):
                continue
            if len(cell) > LONGEST_CELL:
                self._problem(field, "too_long", str(LIMITS.get(field, LONGEST_CELL)))
            elif "\0" in cell:
                self._problem(field, "control")
            elif "\ufffd" in cell:
                self._problem(field, "unreadable")
            elif field == "email":
                self.values[field] = cell
            elif field in {"mobile", "phone"}:
                self.values[field] = _visible(cell)
            elif text := _one_line(cell):
                if _FORMULA.match(text):
                    self._problem(field, "formula")
                self.values[field] = text

    def _name(self) -> None:
        whole = self.values.pop("full_name", "")
        if whole and "last_name" not in self.values:
            last, comma, first = whole.partition(",")
            if comma and "first_name" not in self.values:
                self.values["first_name"] = first.strip()
                whole = last.strip()
            self.values["last_name"] = whole

    def _email(self) -> None:
        raw = self.values.get("email")
        if raw is None:
            return
        try:
            self.values["email"] = normalise_email(raw)
        except ValidationError as error:
            code = error.code or ""
            if _INVISIBLE.search(raw):
                code = "email_control"
            elif code not in {"email_control", "email_ascii"}:
                code = "email_several" if raw.count("@") > 1 else "email"
            self._problem("email", code)
            del self.values["email"]

    def _phones(self) -> None:
        """Mobiles among mobiles and landlines among landlines, wherever they stood."""
        mobiles: list[str] = []
        landlines: list[str] = []
        for field in ("mobile", "phone"):
            raw = self.values.pop(field, "")
            if not raw:
                continue
            try:
                number, is_a_mobile = read_phone(raw)
            except ValidationError:
                rounded = _ROUNDED.fullmatch(raw.strip())
                self._problem(field, "phone_rounded" if rounded else "phone")
                continue
            kind = mobiles if is_a_mobile else landlines
            if number not in kind:
                kind.append(number)
        if len(landlines) > 1:
            self._problem("phone", "landlines")
        # A second mobile has the place of the landline.
        for field, number in zip(("mobile", "phone"), mobiles, strict=False):
            self.values[field] = number
        if landlines:
            self.values["phone"] = landlines[0]

    def _place(self) -> None:
        address = self.values.pop("address", "")
        if address and "street" not in self.values:
            self.values["street"] = address
            part = address[:LONGEST_ADDRESS]
            found = _STREET_FIRST.fullmatch(part) or _NUMBER_FIRST.fullmatch(part)
            if found and part == address and not self.values.get("number"):
                self._take(found)
        elif found := _NUMBER_AND_BOX.fullmatch(self.values.get("number", "")):
            self._take(found)
        if "postcode" not in self.values or "locality" not in self.values:
            either = self.values.get("postcode") or self.values.get("locality", "")
            if found := _POSTCODE_AND_TOWN.fullmatch(either):
                self._take(found)

    def _take(self, found: re.Match[str]) -> None:
        self.values.update({k: v.strip() for k, v in found.groupdict().items() if v})

    def _language(self) -> None:
        word = self.values.pop("language", None)
        if word is None:
            return
        code = _LANGUAGES.get(word.lower()) or _LANGUAGES.get(fold(word))
        if code:
            self.values["language"] = code
        else:
            self._problem("language", "language")

    def _complete(self) -> None:
        values = self.values
        if not any(values.get(name) for name in Values._fields[:3]):
            self._problem("", "nameless")
        if not (values.get("email") or values.get("mobile") or values.get("phone")):
            self._problem("", "unreachable")


def _one_line(cell: str) -> str:
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split())
    return clean_text(_visible(cell))


def _visible(cell: str) -> str:
    """Without zero-width and direction marks, which come along when copying."""
    if cell.isascii():
        return cell
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", cell))
