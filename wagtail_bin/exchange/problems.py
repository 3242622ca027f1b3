"""What can be wrong with a row: stored as codes, told in the reader's language."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from wagtail_bin.exchange.mapping import FIELD_LABELS


class Problem(NamedTuple):
    """One reason to refuse a row.

    ``field`` is empty when it is about the row as a whole; ``value`` is what
    the message shows: the cell, a limit or a line number.
    """

    field: str
    code: str
    value: str = ""

    def as_json(self) -> dict[str, str]:
        """The form in which ``ImportRow.problems`` keeps it."""
        return self._asdict()


MESSAGES = {
    "consent": _(
        "This person does not agree. Leave this row out, or do not read this column."
    ),
    "contradiction": _(
        "Line %(value)s is about the same member of the list. Keep one of the two rows,"
        " with everything that is right."
    ),
    "control": _("This cell holds a hidden character. Type it again."),
    "damaged": _("A quotation mark in this row is never closed. Remove it."),
    "duplicate": _(
        "This person stands on line %(value)s already. Keep one of the two rows."
    ),
    "email": _("This is not an e-mail address."),
    "email_ascii": _("Only e-mail addresses without accents can be written to."),
    "email_control": _(
        "This address holds a line break or another hidden character. Type it again."
    ),
    "email_several": _("Give one e-mail address only."),
    "formula": _(
        "A text cannot begin with = + - or @, for a spreadsheet would take it for a"
        " formula. Remove that sign."
    ),
    "language": _("Give the language as nl, fr, de or en."),
    "landlines": _("Only one landline can be kept. Empty one of the two cells."),
    "nameless": _("Give a name or an organisation."),
    "numbers": _(
        "A mobile and a landline can be kept, or two mobiles. Remove the other numbers."
    ),
    "phone": _("This is not a telephone number."),
    "phone_rounded": _(
        "The spreadsheet shortened this number. Format the column as text and type"
        " the number again."
    ),
    "too_long": _("This is longer than %(value)s characters. Shorten it."),
    "unreachable": _("Give an e-mail address or a telephone number."),
    "unreadable": _("A character in this cell cannot be read. Type it again."),
}


def describe(problem: dict[str, str]) -> tuple[str, str]:
    """Field and reason in the active language.

    Args:
        problem: as :meth:`Problem.as_json` made it.
    """
    field = FIELD_LABELS.get(problem["field"], problem["field"])
    message = MESSAGES.get(problem["code"], MESSAGES["unreadable"])
    return str(field), str(message) % {"value": problem["value"]}
