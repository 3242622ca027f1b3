"""What was sent, and how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.admin.sending import layout_label
from wagtail_bin.dispatch.progress import progress_of, progress_of_all
from wagtail_bin.membership.reach import Unreachable
from wagtail_bin.models import Dispatch
from wagtail_bin.permissions import Capability, networks_for

PER_PAGE = 20
# Seconds between two looks at a dispatch that is still going out.
REFRESH = 2

INDEX = "wagtail_bin_admin:dispatch_index"


def visible_dispatches(user: Any) -> Any:
    """Dispatches to a BIN in which the user has any office."""
    return Dispatch.objects.visible_to(user)


class DispatchView(WagtailAdminTemplateMixin, View):
    """One dispatch: when, to whom in numbers, how far."""

    template_name = "wagtail_bin/admin/sending/dispatch.html"
    page_title = gettext_lazy("Sent to members")
    header_icon = "mail"
    dispatch_object: Dispatch

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show it; while it goes out the page renews itself."""
        self.dispatch_object = get_object_or_404(
            visible_dispatches(request.user).select_related("page", "approved_by"),
            pk=pk,
        )
        context = progress_context(self.dispatch_object)
        if "part" in request.GET:
            return render(request, "wagtail_bin/admin/sending/_progress.html", context)
        own = networks_for(request.user, Capability.SEND)
        context["networks"] = self.dispatch_object.networks.all()
        context["may_edit"] = own.exists()
        response: HttpResponse = self.render_to_response(
            self.get_context_data(**context)
        )
        return response

    def get_page_subtitle(self) -> str:
        """The title that was sent."""
        return self.dispatch_object.title

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(INDEX), "label": self.get_page_title()},
            {"url": "", "label": self.dispatch_object.title},
        ]


def progress_context(dispatch: Dispatch) -> dict[str, Any]:
    """What the progress part shows."""
    layouts = dispatch.deliveries.order_by().values_list("language").distinct()
    return {
        "dispatch": dispatch,
        "progress": progress_of(dispatch),
        "layouts": sorted(layout_label(layout) for (layout,) in layouts),
        "unreachable": [
            (Unreachable(reason).label, count)
            for reason, count in dispatch.unreachable.items()
        ],
        "refresh": REFRESH,
    }


class DispatchIndexView(WagtailAdminTemplateMixin, View):
    """All dispatches that concern the user's BINs, newest first."""

    template_name = "wagtail_bin/admin/sending/index.html"
    page_title = gettext_lazy("Sent to members")
    header_icon = "mail"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        if not may_see_dispatches(request.user):
            raise PermissionDenied
        dispatches = (
            visible_dispatches(request.user)
            .select_related("approved_by")
            .prefetch_related("networks")
        )
        page = Paginator(dispatches, PER_PAGE).get_page(request.GET.get("p"))
        progress = progress_of_all(page)
        rows = [(dispatch, progress[dispatch.pk]) for dispatch in page]
        response: HttpResponse = self.render_to_response(
            self.get_context_data(rows=rows, page_obj=page)
        )
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Home, then here."""
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]


def may_see_dispatches(user: Any) -> bool:
    """Whether the menu item is of use to a user."""
    return networks_for(user, Capability.SEND).exists() or bool(
        networks_for(user, Capability.VIEW_MEMBERS).exists()
    )


urlpatterns = [
    path("dispatches/", DispatchIndexView.as_view(), name="dispatch_index"),
    path("dispatches/<uuid:pk>/", DispatchView.as_view(), name="dispatch"),
]
