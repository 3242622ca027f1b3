"""Refused rows as a workbook, to be corrected and sent again.

openpyxl writes it directly: tablib's XLSX turns ``=…`` into a live formula, and
import-export's escaping changes what the cell says. Here every cell is text,
formatted as text, so that a formula stays dead and a leading zero stays.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from wagtail_bin.exchange.mapping import OWN_COLUMN
from wagtail_bin.exchange.problems import describe


def refused_workbook(
    *,
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str], Sequence[dict[str, str]]]],
) -> bytes:
    """An XLSX file with the line and the reasons before the original cells.

    Args:
        header: headers of the original file.
        rows: line, cells and problems (:meth:`~.problems.Problem.as_json`).

    Returns:
        A file that can be imported itself: the two added columns are ignored.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Refused rows"))
    sheet.freeze_panes = "C2"
    sheet.column_dimensions["B"].width = 60

    def text(value: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
        cell.data_type = "s"
        cell.number_format = "@"
        return cell

    own = [f"{OWN_COLUMN} {_('line')}", f"{OWN_COLUMN} {_('reason')}"]
    sheet.append([text(name) for name in (*own, *header)])
    for line, cells, problems in rows:
        reasons = []
        for problem in problems:
            field, reason = describe(problem)
            reasons.append(f"{field}: {reason}")
        sheet.append([text(cell) for cell in (str(line), " ".join(reasons), *cells)])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
