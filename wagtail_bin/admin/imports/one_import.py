"""What all screens of one import share: whose it is, and where it stands."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.auth import permission_denied
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.exceptions import ImportBusy, ImportRejected, PlanOutdated
from wagtail_bin.models import MemberImport
from wagtail_bin.permissions import Capability, networks_for

State = MemberImport.State

# For whoever builds the menu: the view behind the menu item.
UPLOAD = "wagtail_bin_admin:import_upload"
IMPORT = "wagtail_bin_admin:import"


class Step(enum.IntEnum):
    """Where in the wizard a screen stands."""

    UPLOAD = 1
    COLUMNS = 2
    CHECK = 3
    DONE = 4


STEPS = (
    (Step.UPLOAD, gettext_lazy("Choose the list")),
    (Step.COLUMNS, gettext_lazy("Say what its columns hold")),
    (Step.CHECK, gettext_lazy("See what would happen")),
    (Step.DONE, gettext_lazy("Imported")),
)

# The screen of each state.
SCREENS = {
    State.UPLOADED: "import_columns",
    State.PLANNING: "import_progress",
    State.PLANNED: "import_plan",
    State.APPLYING: "import_progress",
    State.UNDOING: "import_progress",
    State.APPLIED: "import_result",
    State.CANCELLED: "import_result",
    State.FAILED: "import_result",
    State.UNDONE: "import_result",
}


def may_import(user: Any) -> bool:
    """Whether the menu item is of use to a user."""
    return networks_for(user, Capability.IMPORT_MEMBERS).exists()


def screen_of(member_import: MemberImport) -> str:
    """The address of the screen for the state that an import is in."""
    name = SCREENS[State(member_import.state)]
    return reverse(f"wagtail_bin_admin:{name}", args=[member_import.pk])


class ImportView(WagtailAdminTemplateMixin, View):
    """What the screens of the wizard have in common."""

    page_title = gettext_lazy("Import members")
    header_icon = "upload"
    step = Step.UPLOAD
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for users who may import somewhere."""
        if not may_import(request.user):
            return permission_denied(request)
        return super().dispatch(request, *args, **kwargs)

    def show(self, **context: Any) -> HttpResponse:
        """The screen."""
        response: HttpResponse = self.render_to_response(
            self.get_context_data(steps=STEPS, step=self.step, **context)
        )
        # It may hold particulars of people.
        response["Cache-Control"] = "no-store, private"
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Home, then the first screen."""
        here = {"url": reverse(UPLOAD), "label": self.get_page_title()}
        return [*self.breadcrumbs_items, here]


class OneImportView(ImportView):
    """A screen of one import, for those who may import in its network.

    Attributes:
        states: in which it is of use. In another one it leads to the right screen.
    """

    states: Collection[State] = frozenset(State)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Lead to where the import stands; what cannot be read is uploaded again."""
        if not may_import(request.user):
            return permission_denied(request)
        if self.member_import.state not in self.states:
            return redirect(screen_of(self.member_import))
        try:
            return super().dispatch(request, *args, **kwargs)
        except (ImportBusy, PlanOutdated) as error:
            messages.warning(request, str(error))
            return redirect(IMPORT, self.member_import.pk)
        except ImportRejected as error:
            messages.error(request, str(error))
            return redirect(UPLOAD)

    @cached_property
    def member_import(self) -> MemberImport:
        """The import, without its file; another network's does not exist."""
        allowed = networks_for(self.request.user, Capability.IMPORT_MEMBERS)
        return get_object_or_404(
            MemberImport.objects.select_related("network", "user").defer("content"),
            pk=self.kwargs["pk"],
            network__in=allowed,
        )

    def show(self, **context: Any) -> HttpResponse:
        """The screen, about the import."""
        return super().show(member_import=self.member_import, **context)

    def get_page_subtitle(self) -> str:
        """The BIN."""
        return str(self.member_import.network)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the first screen."""
        here = {"url": "", "label": self.member_import.file_name}
        return [*super().get_breadcrumbs_items(), here]


class ImportNowView(OneImportView):
    """The import, whatever its state: for links that should not go stale."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Lead to the screen of its state."""
        return redirect(screen_of(self.member_import))
