"""What an import would do, or did, to be read by people: from the stored plan."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction
from django.db.models import Count

from wagtail_bin.exchange import jobs
from wagtail_bin.exchange.formats import MemberList
from wagtail_bin.exchange.match import Differences
from wagtail_bin.exchange.planning import read_list
from wagtail_bin.exchange.rows import Values
from wagtail_bin.exchange.staging import COUNTS, missing_from
from wagtail_bin.exchange.uploads import let_work, store_upload
from wagtail_bin.exchange.verdicts import values_in
from wagtail_bin.models import ImportRow, Member, MemberImport, Network
from wagtail_bin.permissions import Capability, require

Kind = ImportRow.Kind
Outcome = ImportRow.Outcome


@dataclasses.dataclass(frozen=True)
class PlanSummary:
    """A plan in numbers of rows.

    The first five add up to the rows of the file.

    Attributes:
        missing: members of whom no row speaks; nothing is done to them.
        notes: what else there is to say of rows, and of how many.
    """

    created: int
    updated: int
    unchanged: int
    kept_out: int
    refused: int
    missing: int
    notes: dict[ImportRow.Note, int]

    @property
    def effect(self) -> int:
        """Members who are added or changed."""
        return self.created + self.updated


@dataclasses.dataclass(frozen=True)
class PlanRow:
    """One row of a plan.

    Attributes:
        name: of the person; empty where the row is refused.
        values: what a new member is made of.
        differences: field to what it is and what it becomes; of a row that could
            not be undone, the fields that stay.
        cells: as they stand in the file, of a row that is not imported.
        problems: as :func:`~.problems.describe` takes them.
    """

    line: int
    kind: Kind
    note: str
    outcome: str
    kept: str
    member_id: int | None
    name: str
    values: Values
    differences: Differences
    cells: tuple[str, ...]
    problems: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, row: ImportRow) -> PlanRow:
        """A stored row, with its member loaded."""
        after = row.after or {}
        values = values_in(after)
        before, fields = row.before or {}, row.fields or ()
        source = row.member or (Member(**values._asdict()) if row.after else None)
        return cls(
            line=row.line,
            kind=Kind(row.kind),
            note=row.note,
            outcome=row.outcome,
            kept=row.kept,
            member_id=row.member_id,
            name=source.full_name if source else "",
            values=values,
            differences={f: (before.get(f, ""), after.get(f, "")) for f in fields},
            cells=tuple(row.cells or ()),
            problems=tuple(row.problems or ()),
        )


def plan_of(*, member_import: MemberImport, user: Any) -> PlanSummary:
    """A plan in numbers. Two queries.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    notes = member_import.rows.exclude(note="").order_by()
    return PlanSummary(
        **{name: getattr(member_import, name) for name in COUNTS.values()},
        missing=member_import.missing,
        notes={
            ImportRow.Note(note): number
            for note, number in notes.values_list("note").annotate(Count("pk"))
        },
    )


def plan_rows(
    *,
    member_import: MemberImport,
    user: Any,
    kind: Kind,
    after: int = 0,
    limit: int = 50,
) -> tuple[PlanRow, ...]:
    """A page of the rows of one kind, in their order. One query, besides the right.

    Args:
        member_import: planned, or more.
        user: who asks.
        kind: which rows.
        after: the last line of the page before.
        limit: how many.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    return _page(member_import, {"kind": kind}, after, limit)


def not_undone(
    *, member_import: MemberImport, user: Any, after: int = 0, limit: int = 50
) -> tuple[PlanRow, ...]:
    """A page of the rows that could not be undone. Arguments as :func:`plan_rows`."""
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    return _page(member_import, {"outcome": Outcome.KEPT}, after, limit)


def missing_members(
    *, member_import: MemberImport, user: Any, after: int = 0, limit: int = 50
) -> tuple[Member, ...]:
    """A page of the members of whom no row speaks.

    Args:
        member_import: planned, or more.
        user: who asks.
        after: primary key of the last member of the page before.
        limit: how many.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    members = missing_from(member_import).filter(pk__gt=after)
    return tuple(members.order_by("pk")[:limit])


def _page(
    member_import: MemberImport,
    which: dict[str, Any],
    after: int = 0,
    limit: int | None = None,
) -> tuple[PlanRow, ...]:
    rows = member_import.rows.filter(**which, line__gt=after).order_by("line")
    return tuple(map(PlanRow.of, rows.select_related("member")[:limit]))


@dataclasses.dataclass(frozen=True)
class Preview:
    """What importing a file would do: counts in rows, and the first of each kind."""

    members: MemberList
    created: int
    updated: int
    unchanged: int
    kept_out: int
    refused: int
    missing: int
    first_new: tuple[PlanRow, ...]
    first_changed: tuple[PlanRow, ...]
    first_refused: tuple[PlanRow, ...]

    @property
    def effect(self) -> int:
        """Members who are added or changed."""
        return self.created + self.updated


def preview_import(
    *,
    network: Network,
    source: bytes,
    policy: str = MemberImport.Policy.UPDATE,
    sample: int | None = 50,
) -> Preview:
    """Plan an import and leave no trace: what it stores is rolled back.

    Args:
        network: into which the list would go.
        source: the file.
        policy: what becomes of members who are on the list.
        sample: how many rows of each kind to give; None: all.

    Raises:
        ImportRejected: the file cannot be read.
    """
    with transaction.atomic():
        stored = store_upload(
            network=network, user=None, source=source, file_name="", policy=policy
        )
        let_work(stored, MemberImport.State.PLANNING)
        jobs.work_on(stored.pk)
        stored.refresh_from_db()
        preview = Preview(
            members=read_list(stored),
            **{name: getattr(stored, name) for name in (*COUNTS.values(), "missing")},
            first_new=_page(stored, {"kind": Kind.NEW}, limit=sample),
            first_changed=_page(stored, {"kind": Kind.CHANGED}, limit=sample),
            first_refused=_page(stored, {"kind": Kind.REFUSED}, limit=sample),
        )
        transaction.set_rollback(True)
    return preview
