"""How far a list is that is being looked through, imported or undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from wagtail_bin.admin.imports.one_import import IMPORT, OneImportView, Step
from wagtail_bin.dispatch.worker import workers_alive
from wagtail_bin.exchange.control import progress_of
from wagtail_bin.models import MemberImport

# Seconds between two looks.
REFRESH = 2


class ProgressView(OneImportView):
    """A bar that renews itself, and leads on when the work is done."""

    template_name = "wagtail_bin/admin/imports/progress.html"
    states = MemberImport.WORKING
    step = Step.CHECK

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The screen; with ``?part=1`` only what renews itself."""
        context: dict[str, Any] = {
            "member_import": self.member_import,
            "progress": progress_of(
                member_import=self.member_import, user=request.user
            ),
            "refresh": REFRESH,
            "is_alone": not workers_alive(),
            "follow": reverse(IMPORT, args=[pk]),
        }
        if "part" in request.GET:
            return render(request, "wagtail_bin/admin/imports/_progress.html", context)
        del context["member_import"]
        return self.show(**context)
