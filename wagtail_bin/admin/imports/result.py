"""The last screen: what was done, what was refused, and the way to undo it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from wagtail_bin.admin.imports.one_import import OneImportView, State, Step, screen_of
from wagtail_bin.admin.imports.plan import SAMPLE, counts_of
from wagtail_bin.admin.imports.rows import MISSING, NOT_UNDONE, Kind, section_of
from wagtail_bin.admin.member_list import LIST
from wagtail_bin.exchange.apply import ImportResult
from wagtail_bin.exchange.control import preview_undo, undo_import, undo_until
from wagtail_bin.exchange.rejects import refused_file
from wagtail_bin.models import Member, MemberImport

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = (Kind.REFUSED, MISSING)


class ResultView(OneImportView):
    """What the import did."""

    template_name = "wagtail_bin/admin/imports/result.html"
    states = (*MemberImport.ENDED, State.UNDONE)
    step = Step.DONE

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Numbers, and the rows that need a person."""
        member_import = self.member_import
        is_undone = member_import.state == State.UNDONE
        sections = [
            section_of(
                kind, member_import=member_import, user=request.user, limit=SAMPLE
            )
            for kind in ((NOT_UNDONE,) if is_undone else SHOWN)
        ]
        return self.show(
            result=ImportResult.of(member_import),
            counts=counts_of(member_import),
            sections=[section for section in sections if section.rows],
            undo_until=undo_until(member_import) if _is_undoable(member_import) else "",
            to_invite=_to_invite(member_import),
        )


class RefusedView(OneImportView):
    """The refused rows as a workbook, before or after importing."""

    states = frozenset(State) - {State.UPLOADED, State.PLANNING}

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The file, to be corrected and uploaded."""
        name = slugify(_("refused rows"))
        return HttpResponse(
            refused_file(member_import=self.member_import, user=request.user),
            content_type=XLSX,
            headers={
                "Content-Disposition": f'attachment; filename="{name}.xlsx"',
                "Cache-Control": "no-store, private",
            },
        )


class UndoView(OneImportView):
    """What undoing would do; then, on the button, undone."""

    template_name = "wagtail_bin/admin/imports/undo.html"
    states = MemberImport.ENDED
    step = Step.DONE

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask. Changes nothing."""
        undo = preview_undo(member_import=self.member_import, user=request.user)
        kept = [(reason.label, number) for reason, number in undo.kept.items()]
        return self.show(undo=undo, kept=kept)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Undo it."""
        done = undo_import(member_import=self.member_import, user=request.user)
        return redirect(screen_of(done))


def _is_undoable(member_import: MemberImport) -> bool:
    return (
        member_import.state in MemberImport.ENDED
        and member_import.created + member_import.updated > 0
        and member_import.applied_at is not None
        and undo_until(member_import) > timezone.now()
    )


def _to_invite(member_import: MemberImport) -> Any:
    """Where the new members are who were not asked yet; None: there are none."""
    if member_import.basis or not member_import.created:
        return None
    if member_import.state == State.UNDONE:
        return None
    asked = {"state": Member.State.UNCONFIRMED, "network": member_import.network_id}
    return f"{reverse(LIST)}?{urlencode(asked)}"
