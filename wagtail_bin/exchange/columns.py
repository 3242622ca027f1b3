"""What the columns of a list mean: guessed, corrected by a person, remembered."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import MemberList, inspect_list
from wagtail_bin.exchange.headers import fold
from wagtail_bin.exchange.mapping import Mapping
from wagtail_bin.exchange.planning import stored_file
from wagtail_bin.models import ColumnMapping, MemberImport, Network
from wagtail_bin.permissions import Capability, require


@dataclasses.dataclass(frozen=True)
class Columns:
    """The columns of an upload, and what they are read as so far.

    Attributes:
        mapping: the columns, from left to right, with two samples of each.
        sheet: of the workbook, that is read; empty: it is no workbook.
        other_sheets: that may be read instead.
        is_remembered: whether a person said so before, of such a header.
    """

    mapping: Mapping
    sheet: str
    other_sheets: tuple[str, ...]
    is_remembered: bool


def columns_of(
    *, member_import: MemberImport, user: Any, sheet: str | None = None
) -> Columns:
    """What an upload's columns are read as, with values to judge by.

    Args:
        member_import: the upload.
        user: who asks.
        sheet: another sheet of the workbook.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the file was erased meanwhile, or there is no such sheet.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    stored = member_import.mapping
    members = inspect_list(stored_file(member_import), sheet or stored["sheet"] or None)
    is_same = members.sheet == stored["sheet"]
    fields = remembered(member_import.network, members.mapping)
    if is_same:
        members = as_chosen(members, stored["fields"])
    elif fields is not None:
        members = as_chosen(members, fields)
    return Columns(
        mapping=members.mapping,
        sheet=members.sheet,
        other_sheets=members.other_sheets,
        is_remembered=fields is not None and fields == members.mapping.fields,
    )


def look_at(network: Network, source: bytes) -> MemberList:
    """An uploaded file with its columns as remembered, or else as guessed.

    Raises:
        ImportRejected: it cannot be read, or nobody is on it.
    """
    members = inspect_list(source)
    members.check_rows()
    fields = remembered(network, members.mapping)
    return members if fields is None else as_chosen(members, fields)


def as_chosen(members: MemberList, fields: Sequence[str]) -> MemberList:
    """The list with other columns, where these can be read as that."""
    with contextlib.suppress(ImportRejected):
        mapping = members.mapping.choose(fields)
        return dataclasses.replace(members, mapping=mapping)
    return members


def as_json(members: MemberList) -> dict[str, Any]:
    """The columns in the form in which ``MemberImport.mapping`` keeps them.

    With all that it takes to read the file again without another look at it.
    """
    return {
        "line": members.mapping.line,
        "header": list(members.mapping.header),
        "fields": list(members.mapping.fields),
        "encoding": members.encoding,
        "delimiter": members.delimiter,
        "sheet": members.sheet,
        "other_sheets": list(members.other_sheets),
    }


def remembered(network: Network, mapping: Mapping) -> tuple[str, ...] | None:
    """What a person said of such a header before, in this network."""
    found = ColumnMapping.objects.filter(
        network=network, signature=signature(mapping.header)
    ).first()
    return None if found is None else tuple(found.fields)


def remember(*, network: Network, mapping: Mapping, user: Any) -> None:
    """Keep what a person said of a header, for the next list of this network."""
    if not any(mapping.header):
        # Without headers every list looks like the next.
        return
    with transaction.atomic():
        ColumnMapping.objects.update_or_create(
            network=network,
            signature=signature(mapping.header),
            defaults={
                "fields": list(mapping.fields),
                "chosen_by": user,
                "chosen_at": timezone.now(),
            },
        )


def signature(header: Sequence[str]) -> str:
    """What two headers share that differ in case, accents and punctuation only."""
    text = "\n".join(map(fold, header))
    return hashlib.sha256(text.encode()).hexdigest()
