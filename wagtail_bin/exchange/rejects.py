"""Refused rows as a workbook, to be corrected and sent again."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from wagtail_bin.exchange.mapping import OWN_COLUMN
from wagtail_bin.exchange.problems import describe
from wagtail_bin.exchange.staging import refused_rows
from wagtail_bin.models import MemberImport
from wagtail_bin.permissions import Capability, require
from wagtail_bin.spreadsheets import write_workbook


def refused_file(*, member_import: MemberImport, user: Any) -> bytes:
    """The refused rows of an import that is planned, or more, as a workbook.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    return refused_workbook(
        header=member_import.mapping["header"], rows=refused_rows(member_import)
    )


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

    def lines() -> Iterator[Sequence[str]]:
        yield (f"{OWN_COLUMN} {_('line')}", f"{OWN_COLUMN} {_('reason')}", *header)
        for line, cells, problems in rows:
            reasons = []
            for problem in problems:
                field, reason = describe(problem)
                reasons.append(f"{field}: {reason}")
            yield (str(line), " ".join(reasons), *cells)

    target = io.BytesIO()
    write_workbook(
        target, lines(), title=_("Refused rows"), freeze="C2", widths={"B": 60}
    )
    return target.getvalue()
