"""What each column of a member list is read as."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wagtail_bin.exceptions import ImportRejected

LONGEST_HEADER = 200

# What a column can be read as, in the order in which it is offered.
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
    "consent": gettext_lazy("agreement"),
}
FIELDS = tuple(field for field in FIELD_LABELS if field not in {"", "name"})
NAMES = frozenset({"first_name", "last_name", "full_name", "organisation"})
REACHES = frozenset({"email", "mobile", "phone"})
# Numbers are told apart by what they are, so any number of columns may hold some.
REPEATABLE = frozenset({"mobile", "phone"})

# Columns that :mod:`wagtail_bin.exchange.rejects` adds, in every language, are
# recognised by this mark when a corrected file comes back.
OWN_COLUMN = "\u2751"


class Grounds(enum.StrEnum):
    """Why a column is read as it is."""

    HEADER = "header"
    VALUES = "values"
    CHOSEN = "chosen"
    NONE = "none"


@dataclass(frozen=True)
class Column:
    """One column: its header as it stands, and what it is read as.

    ``name`` is empty for a column without header, ``field`` for one that is not
    read. ``samples`` are the first two cells below the header that hold something.
    """

    name: str
    field: str
    grounds: Grounds
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """What the columns of a list are read as.

    ``line`` is where the header stands. In a list without one it is the line
    above the first row, and the columns have no names.
    """

    line: int
    columns: tuple[Column, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The headers as they stand."""
        return tuple(column.name for column in self.columns)

    @property
    def fields(self) -> tuple[str, ...]:
        """The field of each column, empty for one that is not read."""
        return tuple(column.field for column in self.columns)

    @property
    def read(self) -> list[tuple[str, str]]:
        """Header and field of each column that is read."""
        return [(column.name, column.field) for column in self.columns if column.field]

    @property
    def ignored(self) -> list[str]:
        """Headers of columns that hold something we do not know."""
        return [
            column.name
            for column in self.columns
            if column.name and not column.field and not is_own(column.name)
        ]

    @property
    def is_complete(self) -> bool:
        """Whether it names a person and a way to reach one."""
        known = set(self.fields)
        return bool(known & NAMES and known & REACHES)

    def check(self) -> None:
        """Refuse to read a list without names, or without a way to reach anybody.

        Raises:
            ImportRejected: with the headers that would help.
        """
        known = set(self.fields)
        if not known & NAMES:
            raise ImportRejected(
                _(
                    "No column with names was found. The first rows must hold a header"
                    " such as “Voornaam”, “Nom” or “Name”. Add one and upload the file"
                    " again."
                )
            )
        if not known & REACHES:
            raise ImportRejected(
                _(
                    "No column with e-mail addresses or telephone numbers was found."
                    " Give one a header such as “E-mail”, “GSM” or “Telefoon” and"
                    " upload the file again."
                )
            )

    def choose(self, fields: Sequence[str]) -> Mapping:
        """The same columns, read as somebody says.

        Args:
            fields: one of :data:`FIELDS` for each column, empty for one that is
                not to be read.

        Raises:
            ImportRejected: other columns, one field twice (but for numbers), no
                name, or no way to reach anybody.
        """
        if len(fields) != len(self.columns) or not {*fields} <= {"", *FIELDS}:
            raise ImportRejected(
                _(
                    "The columns of this list are not the ones that were chosen."
                    " Choose again what each of them holds."
                )
            )
        chosen = [field for field in fields if field]
        for field in chosen:
            if field not in REPEATABLE and chosen.count(field) > 1:
                raise ImportRejected(
                    _(
                        "Two columns are chosen as “%(field)s”. Choose one, and leave"
                        " the other unread."
                    )
                    % {"field": FIELD_LABELS[field]}
                )
        if not NAMES.intersection(chosen):
            raise ImportRejected(_("Choose which column holds the names."))
        if not REACHES.intersection(chosen):
            raise ImportRejected(
                _("Choose which column holds e-mail addresses or telephone numbers.")
            )
        columns = (
            column
            if field == column.field
            else replace(
                column,
                field=field,
                grounds=Grounds.CHOSEN if field else Grounds.NONE,
            )
            for column, field in zip(self.columns, fields, strict=True)
        )
        return replace(self, columns=tuple(columns))


def is_own(header: str) -> bool:
    """Whether a column was added to a file of refused rows."""
    return header.startswith(OWN_COLUMN)
