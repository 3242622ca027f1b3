"""Rows of a plan in words: by kind, a few on the plan, a page at a time by themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from wagtail_bin.admin.imports.one_import import OneImportView, State, Step
from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.exchange.mapping import FIELD_LABELS
from wagtail_bin.exchange.preview import (
    PlanRow,
    missing_members,
    not_undone,
    plan_rows,
)
from wagtail_bin.exchange.problems import describe
from wagtail_bin.models import ImportRow, Member, MemberImport
from wagtail_bin.validators import display_phone

Kind = ImportRow.Kind
PER_PAGE = 100
MISSING, NOT_UNDONE = "missing", "not_undone"


@dataclasses.dataclass(frozen=True)
class About:
    """What the rows of a kind are called, what that means, and how many there are.

    Attributes:
        count: the field of the import that counts them.
    """

    title: Any
    meaning: Any
    count: str


KINDS: Mapping[str, About] = {
    Kind.REFUSED: About(
        gettext_lazy("Refused rows"),
        gettext_lazy(
            "These rows are not imported; all others are. Download them, correct them"
            " in your spreadsheet program and upload that file: its two extra columns"
            " are ignored."
        ),
        "refused",
    ),
    Kind.NEW: About(
        gettext_lazy("New members"),
        gettext_lazy("They are not on the list yet."),
        "created",
    ),
    Kind.CHANGED: About(
        gettext_lazy("Changed members"),
        gettext_lazy("They are on the list, and the file says something new of them."),
        "updated",
    ),
    Kind.SAME: About(
        gettext_lazy("Already there, nothing to change"),
        gettext_lazy("They stay as they are."),
        "unchanged",
    ),
    Kind.KEPT_OUT: About(
        gettext_lazy("Not brought back"),
        gettext_lazy(
            "They left, were excluded, or asked never to be written to again. A list"
            " never brings anybody back: who wants to return says so in person."
        ),
        "kept_out",
    ),
    MISSING: About(
        gettext_lazy("On the list, but missing from the file"),
        gettext_lazy(
            "Nothing happens to them. If somebody moved away or left, open the member"
            " and say so."
        ),
        "missing",
    ),
    NOT_UNDONE: About(
        gettext_lazy("Could not be undone"),
        gettext_lazy(
            "Something happened to these members since: they stay as they are."
        ),
        "not_restored",
    ),
}


@dataclasses.dataclass(frozen=True)
class Section:
    """Some rows of one kind, in words.

    Attributes:
        number: how many there are in all.
        rows: of the kind's own shape, for its table.
        next_after: what to ask the next page with; None: there is none.
    """

    kind: str
    title: str
    meaning: str
    number: int
    rows: Sequence[Mapping[str, Any]]
    next_after: int | None

    @property
    def has_more(self) -> bool:
        """Whether there are rows that are not shown here."""
        return len(self.rows) < self.number


def section_of(
    kind: str,
    *,
    member_import: MemberImport,
    user: Any,
    after: int = 0,
    limit: int = PER_PAGE,
) -> Section:
    """A page of the rows of a kind.

    Args:
        kind: one of :data:`KINDS`.
        after: where the page before ended.
        limit: how many.

    Raises:
        NotAllowed: the user may not import here.
    """
    asked: dict[str, Any] = {
        "member_import": member_import,
        "user": user,
        "after": after,
        "limit": limit,
    }
    ends: list[int]
    if kind == MISSING:
        members = missing_members(**asked)
        rows, ends = list(map(_member, members)), [member.pk for member in members]
    else:
        found = (
            not_undone(**asked)
            if kind == NOT_UNDONE
            else plan_rows(kind=Kind(kind), **asked)
        )
        rows, ends = list(map(_SHAPES[kind], found)), [row.line for row in found]
    about = KINDS[kind]
    return Section(
        kind=kind,
        title=str(about.title),
        meaning=str(about.meaning),
        number=getattr(member_import, about.count),
        rows=rows,
        next_after=ends[-1] if len(ends) == limit else None,
    )


def _new(row: PlanRow) -> dict[str, Any]:
    values = row.values
    street = f"{values.street} {values.number} {values.box}".strip()
    town = f"{values.postcode} {values.locality}".strip()
    return {
        "line": row.line,
        "name": row.name,
        "email": values.email,
        "phones": [display_phone(one) for one in (values.mobile, values.phone) if one],
        "address": ", ".join(filter(None, (street, town))),
        "language": capfirst(layout_label(values.language)) if values.language else "",
        "note": note_words(row),
    }


def _changed(row: PlanRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "name": row.name,
        "member": row.member_id,
        "changes": [
            (FIELD_LABELS[field], _shown(field, old), _shown(field, new))
            for field, (old, new) in row.differences.items()
        ],
        "note": note_words(row),
    }


def _named(row: PlanRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "name": row.name,
        "member": row.member_id,
        "note": note_words(row),
    }


def _refused(row: PlanRow) -> dict[str, Any]:
    return {"line": row.line, "problems": [describe(one) for one in row.problems]}


def _kept(row: PlanRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "name": row.name,
        "member": row.member_id,
        "note": ImportRow.Kept(row.kept).label,
        "fields": [FIELD_LABELS[field] for field in row.differences],
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "member": member.pk,
        "name": member.full_name,
        "email": member.email,
        "phones": [display_phone(one) for one in (member.mobile, member.phone) if one],
        "note": member.get_state_display(),
    }


_SHAPES: dict[str, Callable[[PlanRow], dict[str, Any]]] = {
    Kind.NEW: _new,
    Kind.CHANGED: _changed,
    Kind.SAME: _named,
    Kind.KEPT_OUT: _named,
    Kind.REFUSED: _refused,
    NOT_UNDONE: _kept,
}


def note_words(row: PlanRow) -> str:
    """What else there is to say of a row."""
    if row.outcome == ImportRow.Outcome.OVERTAKEN:
        return str(ImportRow.Outcome.OVERTAKEN.label)
    return str(ImportRow.Note(row.note).label) if row.note else ""


def _shown(field: str, value: str) -> str:
    """A value as people write it."""
    if value and field in {"mobile", "phone"}:
        return display_phone(value)
    if value and field == "language":
        return layout_label(value)
    return value


class RowsView(OneImportView):
    """All rows of one kind, a page at a time."""

    template_name = "wagtail_bin/admin/imports/rows.html"
    states = frozenset(State) - {State.UPLOADED, State.PLANNING}

    @cached_property
    def step(self) -> Step:  # type: ignore[override]
        """Before or after."""
        is_planned = self.member_import.state == State.PLANNED
        return Step.CHECK if is_planned else Step.DONE

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The page that was asked for: ``?kind=new&after=120``."""
        kind, after = request.GET.get("kind", Kind.NEW), request.GET.get("after", "0")
        if kind not in KINDS or not (after.isascii() and after.isdigit()):
            raise Http404
        section = section_of(
            kind,
            member_import=self.member_import,
            user=request.user,
            after=min(int(after), 2**31 - 1),
        )
        return self.show(section=section, is_first=after == "0")
