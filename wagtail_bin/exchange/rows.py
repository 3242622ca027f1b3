"""One row of cells to the values of a member, or to the reasons why not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.core.exceptions import ValidationError

from wagtail_bin.exchange.addresses import (
    Address,
    split_address,
    split_box,
    split_number,
    split_town,
)
from wagtail_bin.exchange.mapping import REPEATABLE
from wagtail_bin.exchange.names import clean_name, split_name
from wagtail_bin.exchange.phones import read_phones
from wagtail_bin.exchange.problems import Problem
from wagtail_bin.exchange.words import language_of, says_no, says_none
from wagtail_bin.models import Member
from wagtail_bin.validators import CONTROL_CHARACTERS, clean_text, normalise_email

LONGEST_CELL = 1000


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
# Judged as they stand in the file.
_JUDGED = {"email", *REPEATABLE}
_NOTHING = re.compile(r"[\s\-\u2013\u2014/.]*")
_FORMULA = re.compile(r"[=+@\-\uff1d\uff0b\uff20\uff0d]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
_PARTS = Address._fields
_DIGIT = re.compile(r"\d")
# As mail programs write an address: «An Peeters <an@…>», «mailto:an@…», «an@…;».
_WRAPPED_EMAIL = re.compile(
    r"(?:[^<>@]*<)?\s*(?:mailto:)?\s*"
    r"(?P<address>[^\s<>;,:\"()]+@[^\s<>;,:\"()@]*[^\W_])"
    r"\s*>?\s*(?:\([^()@]*\))?[\s;,.]*",
    re.IGNORECASE,
)
_BETWEEN_EMAILS = re.compile(r"[\s;,/|]+")


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
        self.raw: dict[str, str] = {}
        raw = self.raw
        for field, cell in zip(fields, cells, strict=False):
            if field and cell:
                if field in raw and field in REPEATABLE:
                    cell = f"{raw[field]}; {cell}"
                raw[field] = cell
        self.values: dict[str, str] = {}

    def parse(self) -> tuple[Values, list[Problem]]:
        self._clean()
        self._name()
        self._email()
        self._phones()
        self._place()
        self._words()
        values = self.values
        for field, value in values.items():
            if len(value) > LIMITS[field]:
                self._problem(field, "too_long", str(LIMITS[field]))
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
            if cell[0].isalnum():
                if cell.isascii() and cell.isprintable() and len(cell) <= LONGEST_CELL:
                    # As most are: nothing to refuse, nothing to leave out.
                    is_judged = field in _JUDGED
                    self.values[field] = cell if is_judged else " ".join(cell.split())
                else:
                    self._clean_cell(field, cell)
            elif not _NOTHING.fullmatch(cell):
                self._clean_cell(field, cell)

    def _clean_cell(self, field: str, cell: str) -> None:
        if len(cell) > LONGEST_CELL:
            self._problem(field, "too_long", str(LIMITS.get(field, LONGEST_CELL)))
        elif "\0" in cell:
            self._problem(field, "control")
        elif "\ufffd" in cell:
            self._problem(field, "unreadable")
        elif field == "email":
            self.values[field] = cell
        elif field in REPEATABLE:
            self.values[field] = _visible(cell)
        elif text := _one_line(cell):
            if _FORMULA.match(text):
                self._problem(field, "formula")
            self.values[field] = text

    def _name(self) -> None:
        values = self.values
        for field in ("first_name", "last_name"):
            if field in values:
                values[field] = clean_name(values[field])
        whole = values.pop("full_name", "")
        if whole and "last_name" not in values:
            whole = clean_name(whole)
            first, last = split_name(whole)
            if not first or "first_name" in values:
                values["last_name"] = whole
            else:
                values["first_name"], values["last_name"] = first, last

    def _email(self) -> None:
        raw = self.values.get("email")
        if raw is None:
            return
        try:
            self.values["email"] = _read_email(raw)
        except ValidationError as error:
            del self.values["email"]
            code = error.code or ""
            if _INVISIBLE.search(raw):
                code = "email_control"
            elif code not in {"email_control", "email_ascii"}:
                code = "email_several" if raw.count("@") > 1 else "email"
            if not says_none(raw):
                self._problem("email", code)

    def _phones(self) -> None:
        """Mobiles among mobiles and landlines among landlines, wherever they stood."""
        mobiles: list[str] = []
        landlines: list[str] = []
        for field in ("mobile", "phone"):
            for number, is_a_mobile in self._numbers(field):
                kind = mobiles if is_a_mobile else landlines
                if number not in kind:
                    kind.append(number)
        if len(landlines) > 1:
            self._problem("phone", "landlines")
        elif len(mobiles) + len(landlines) > len(REPEATABLE):
            self._problem("mobile", "numbers")
        # A second mobile has the place of the landline.
        for field, number in zip(("mobile", "phone"), mobiles, strict=False):
            self.values[field] = number
        if landlines:
            self.values["phone"] = landlines[0]

    def _numbers(self, field: str) -> list[tuple[str, bool]]:
        raw = self.values.pop(field, "")
        if not raw:
            return []
        try:
            return read_phones(raw)
        except ValidationError:
            if not says_none(raw):
                is_rounded = _ROUNDED.fullmatch(raw.strip())
                self._problem(field, "phone_rounded" if is_rounded else "phone")
            return []

    def _place(self) -> None:
        values = self.values
        postcode, locality = values.get("postcode", ""), values.get("locality", "")
        if postcode and not postcode.isdecimal():
            self._divide("postcode", split_town(postcode))
        if locality and _DIGIT.search(locality):
            self._divide("locality", split_town(locality))
        if "box" in values and not values["box"].isdecimal():
            self._divide("box", split_box(values["box"]))
        address = values.pop("address", "")
        street = values.get("street") or address
        number = values.get("number", "")
        if street:
            values["street"] = street
        if street and not number:
            self._divide("street", split_address(street))
        elif number and not number.isdecimal():
            self._divide("number", split_number(number))

    def _divide(self, field: str, parts: Address) -> None:
        """Put the parts of a cell where they belong, unless others stand there."""
        values = self.values
        found = {name: part for name, part in zip(_PARTS, parts, strict=True) if part}
        for name in found.keys() & values.keys():
            if name != field and values[name].casefold() != found[name].casefold():
                return
        values.update(found)

    def _words(self) -> None:
        word = self.values.pop("language", None)
        if word is not None:
            code = language_of(word)
            if code:
                self.values["language"] = code
            else:
                self._problem("language", "language")
        answer = self.values.pop("consent", None)
        if answer is not None and says_no(answer):
            self._problem("consent", "consent")

    def _complete(self) -> None:
        values = self.values
        if not any(values.get(name) for name in Values._fields[:3]):
            self._problem("", "nameless")
        if not (values.get("email") or values.get("mobile") or values.get("phone")):
            self._problem("", "unreachable")


def _read_email(raw: str) -> str:
    """The one address of a cell, also as mail programs write it.

    Raises:
        ValidationError: none, several, or one that cannot be written to.
    """
    try:
        return normalise_email(raw)
    except ValidationError:
        text = raw.strip(" '\"\t")
        if CONTROL_CHARACTERS.search(text):
            raise
        found = _WRAPPED_EMAIL.fullmatch(text)
        if found:
            return normalise_email(found["address"])
        pieces = {piece.strip("<>'\"").lower() for piece in _BETWEEN_EMAILS.split(text)}
        if len(pieces) > 1:
            raise
        return normalise_email(pieces.pop())


def _one_line(cell: str) -> str:
    if cell.isprintable():
        # Then there are no marks, no control characters, and no spaces but one kind.
        return " ".join(unicodedata.normalize("NFC", cell).split())
    return clean_text(_visible(cell))


def _visible(cell: str) -> str:
    """Without zero-width and direction marks, which come along when copying."""
    if cell.isascii():
        return cell
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", cell))
