"""The third screen: what would happen, and the buttons to go on or to drop it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin import messages

from wagtail_bin.admin.imports.columns import BASES, NO_BASIS, POLICIES
from wagtail_bin.admin.imports.one_import import (
    UPLOAD,
    OneImportView,
    State,
    Step,
    screen_of,
)
from wagtail_bin.admin.imports.rows import KINDS, MISSING, Kind, section_of
from wagtail_bin.exchange.control import cancel_import, start_import
from wagtail_bin.exchange.preview import PlanSummary, plan_of
from wagtail_bin.models import ImportRow, MemberImport

# So many of each kind are shown below the numbers.
SAMPLE = 10
# In the order in which they deserve to be looked at.
SHOWN = (Kind.REFUSED, Kind.CHANGED, Kind.KEPT_OUT, MISSING, Kind.NEW)
Note = ImportRow.Note


class PlanView(OneImportView):
    """What the import would do."""

    template_name = "wagtail_bin/admin/imports/plan.html"
    states = (State.PLANNED,)
    step = Step.CHECK

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Numbers, and the first rows of each kind."""
        member_import, user = self.member_import, request.user
        plan = plan_of(member_import=member_import, user=user)
        sections = [
            section_of(kind, member_import=member_import, user=user, limit=SAMPLE)
            for kind in SHOWN
        ]
        return self.show(
            plan=plan,
            counts=counts_of(member_import),
            sections=[section for section in sections if section.rows],
            basis=dict(BASES)[member_import.basis or NO_BASIS],
            policy=dict(POLICIES)[MemberImport.Policy(member_import.policy)],
            remarks=remarks_on(member_import, plan),
        )


class StartView(OneImportView):
    """The button of the plan."""

    http_method_names = ["post"]
    states = (State.PLANNED,)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Import once, however often the button is pressed."""
        done = start_import(member_import=self.member_import, user=request.user)
        return redirect(screen_of(done))


class CancelView(OneImportView):
    """The button that erases an upload, or stops an import half-way."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Erase or stop it; what was imported stays."""
        left = cancel_import(
            member_import=self.member_import, user=request.user
        ).member_import
        if left is not None:
            return redirect(screen_of(left))
        messages.success(request, _("The list was erased. Nothing was imported."))
        return redirect(UPLOAD)


def counts_of(member_import: MemberImport) -> list[tuple[str, Any, int]]:
    """Kind, its name, and how many rows of it there are; missing members as well."""
    kinds = (Kind.NEW, Kind.CHANGED, Kind.SAME, Kind.KEPT_OUT, Kind.REFUSED, MISSING)
    return [
        (kind, KINDS[kind].title, getattr(member_import, KINDS[kind].count))
        for kind in kinds
    ]


def remarks_on(member_import: MemberImport, plan: PlanSummary) -> list[str]:
    """What else whoever decides should know."""
    texts = {
        Note.WITHDREW: lambda number: ngettext(
            "%(number)d person withdrew consent: that stays so, and nothing is sent.",
            "%(number)d people withdrew consent: that stays so, and nothing is sent.",
            number,
        ),
        Note.SUPPRESSED: lambda number: ngettext(
            "%(number)d address does not work: nothing is sent to it.",
            "%(number)d addresses do not work: nothing is sent to them.",
            number,
        ),
        Note.POLICY: lambda number: ngettext(
            "%(number)d row differs from the list, which stays as it is: you chose so.",
            "%(number)d rows differ from the list, which stays as it is: you chose so.",
            number,
        ),
    }
    found = [
        text(plan.notes[note]) % {"number": plan.notes[note]}
        for note, text in texts.items()
        if plan.notes.get(note)
    ]
    skipped = sum(member_import.mapping.get("skipped", {}).values())
    if skipped:
        found.append(
            ngettext(
                "%(number)d row is not about anybody (empty, a total, or the header"
                " again) and was passed over.",
                "%(number)d rows are not about anybody (empty, a total, or the header"
                " again) and were passed over.",
                skipped,
            )
            % {"number": skipped}
        )
    return found
