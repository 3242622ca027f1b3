"""What of an import can be taken back, row by row, and why not the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from wagtail_bin.exchange.rows import Values
from wagtail_bin.models import (
    Consent,
    Delivery,
    ImportRow,
    Member,
    MemberImport,
)

Kind = ImportRow.Kind
Kept = ImportRow.Kept

REACHES = ("email", "mobile", "phone")
NAMES = ("first_name", "last_name", "organisation")
# Reasons of their own; anything else that hangs on a member is the last one.
KNOWN_RELATIONS = (Consent, Delivery, ImportRow)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What becomes of one row when its import is undone.

    Attributes:
        member: as it is now; None: no longer on this list.
        kept: why the row cannot be undone, or not all of it.
        restored: names of the fields that get their former value.
        edited: names of those that were changed since, and stay.
    """

    row: ImportRow
    member: Member | None
    kept: Kept | None = None
    restored: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


def judge(done: MemberImport, rows: Sequence[ImportRow]) -> list[Verdict]:
    """What can be undone of some written rows. Constant queries.

    Args:
        done: their import.
        rows: with outcome ``written``.
    """
    written = span(done, rows)
    members = {
        member.pk: member
        for member in Member.objects.filter(
            network=done.network_id, pk__in=written.values("member")
        )
    }
    hanging = _hanging(written.filter(kind=Kind.NEW), [row.consent_id for row in rows])
    as_new = _columns(as_written(done, {}))
    verdicts = []
    for row in rows:
        member = members.get(row.member_id or 0)
        if member is None:
            verdict = Verdict(row, None, Kept.GONE)
        elif row.kind == Kind.CHANGED:
            verdict = _judge_changed(row, member)
        elif _is_edited(as_new, row, member):
            verdict = Verdict(row, member, Kept.EDITED)
        else:
            verdict = Verdict(row, member, hanging.get(member.pk))
        verdicts.append(verdict)
    return verdicts


def span(
    done: MemberImport,
    rows: Sequence[ImportRow],
    outcome: ImportRow.Outcome = ImportRow.Outcome.WRITTEN,
) -> QuerySet[ImportRow]:
    """Rows that follow each other, for the database to look at: no list of numbers."""
    lines = (rows[0].line, rows[-1].line)
    return done.rows.filter(outcome=outcome, line__range=lines).order_by()


def as_written(done: MemberImport, values: dict[str, str]) -> Member:
    """A new member as an import makes one, not saved."""
    return Member(
        network_id=done.network_id,
        state=Member.State.ACTIVE if done.basis else Member.State.UNCONFIRMED,
        source=Member.Source.IMPORT,
        **values,
    )


def values_in(after: dict[str, str]) -> Values:
    """What a stored row says of a new member."""
    return Values(*(after.get(name, "") for name in Values._fields))


def _columns(member: Member) -> dict[str, Any]:
    """All that an import decides of a new member."""
    return {
        field.attname: getattr(member, field.attname)
        for field in Member._meta.concrete_fields
        if field.name not in {"id", "joined_at"}
    }


def _is_edited(as_new: dict[str, Any], row: ImportRow, member: Member) -> bool:
    now = member.__dict__
    return any(now[name] != value for name, value in (as_new | row.after).items())


def _judge_changed(row: ImportRow, member: Member) -> Verdict:
    """Each field by itself: what an editor changed since stays as it is."""
    restored: list[str] = []
    edited: list[str] = []
    for name in row.fields:
        is_ours = getattr(member, name) == row.after[name]
        (restored if is_ours else edited).append(name)
    now = {name: getattr(member, name) for name in Values._fields}
    then = now | {name: row.before[name] for name in restored}
    if not all(any(then[name] for name in group) for group in (REACHES, NAMES)):
        # With what was removed since, nothing would be left to reach the member by.
        return Verdict(row, member, Kept.EDITED, (), tuple(row.fields))
    kept = Kept.EDITED if edited else None
    return Verdict(row, member, kept, tuple(restored), tuple(edited))


def _hanging(
    created: QuerySet[ImportRow], consents: Iterable[int | None]
) -> dict[int, Kept]:
    """Members who cannot be removed because of what happened since, and of what.

    Args:
        created: the rows that made them.
        consents: what they agreed to by these rows.
    """
    own = created.values("member")
    came_along = set(consents)
    found: dict[int, Kept] = {}
    for relation in Member._meta.related_objects:
        if relation.related_model not in KNOWN_RELATIONS:
            name = relation.field.name
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": own})
            found |= dict.fromkeys(rows.values_list(name, flat=True), Kept.RELATED)
    said = Consent.objects.filter(member__in=own).values_list("pk", "member")
    found |= {member: Kept.CONSENT for pk, member in said if pk not in came_along}
    told = Delivery.objects.filter(member__in=own)
    found |= dict.fromkeys(told.values_list("member", flat=True), Kept.MESSAGES)
    return found
