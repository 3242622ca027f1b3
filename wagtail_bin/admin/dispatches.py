"""What was sent, and how far it is."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import HeaderButton
from wagtail.log_actions import registry as log_registry

from wagtail_bin.admin.dispatch_words import (
    acts_of,
    resting_notices,
    situation_notice,
)
from wagtail_bin.admin.labels import channel_label
from wagtail_bin.admin.notices import sending_notices
from wagtail_bin.admin.one_dispatch import (
    INDEX,
    OneDispatchView,
    visible_dispatches,
)
from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.dispatch.progress import (
    Situation,
    progress_of,
    progress_of_all,
    situation_of,
)
from wagtail_bin.membership.reach import Unreachable
from wagtail_bin.permissions import Capability, networks_for

PER_PAGE = 20
# Seconds between two looks at a dispatch that is still going out; counting a
# very large one takes its time.
REFRESH = 2
REFRESH_LARGE = 15
LARGE = 50_000
# A moment to be sent so soon after it was confirmed is the same one.
MOMENT = dt.timedelta(minutes=1)
# Entries of the log that are shown.
HISTORY = 20


class DispatchView(OneDispatchView):
    """One dispatch: when, to whom in numbers, how far, and what can be done."""

    template_name = "wagtail_bin/admin/sending/dispatch.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show it; while it goes out the page renews itself."""
        context = self.progress_context()
        if "part" in request.GET:
            return render(request, "wagtail_bin/admin/sending/_progress.html", context)
        sending = self.sending
        return self.show(
            **context,
            notices=sending_notices(request.user),
            may_edit=networks_for(request.user, Capability.SEND).exists(),
            channels=[channel_label(channel) for channel in sending.channels],
            layouts=sorted({layout_label(x.language) for x in context["lines"]}),
            history=self.history(),
            is_for_later=sending.not_before - sending.approved_at > MOMENT,
        )

    def progress_context(self) -> dict[str, Any]:
        """What the part that renews itself shows."""
        sending = self.sending
        progress = progress_of(sending, networks=self.counted_networks)
        situation = situation_of(sending, progress)
        is_moving = situation not in {Situation.FINISHED, Situation.CANCELLED}
        unreachable = {} if self.sight.has_others else sending.unreachable
        return {
            "dispatch": sending,
            "sight": self.sight,
            "progress": progress,
            "lines": progress.lines,
            "situation": [situation_notice(sending, progress, situation)],
            "resting": resting_notices(sending) if is_moving else [],
            "acts": acts_of(sending, progress, situation, self.sight),
            "unreachable": [
                (Unreachable(reason).label, count)
                for reason, count in unreachable.items()
            ],
            "refresh": REFRESH if progress.total < LARGE else REFRESH_LARGE,
        }

    def history(self) -> list[Any]:
        """What people did to it, newest first, for who may do so too."""
        if not self.sight.may_control:
            return []
        entries = log_registry.get_logs_for_instance(self.sending)
        return list(entries.select_related("user").order_by("-pk")[:HISTORY])

    def get_header_buttons(self) -> list[Any]:
        """The way to the deliveries."""
        if not self.sight.may_list:
            return []
        url = reverse("wagtail_bin_admin:dispatch_deliveries", args=[self.sending.pk])
        label = _("Who got it?")
        return [HeaderButton(label, url=url, icon_name="search")]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(INDEX), "label": self.get_page_title()},
            {"url": "", "label": self.sending.title},
        ]


class DispatchIndexView(WagtailAdminTemplateMixin, View):
    """All dispatches that concern the user's BINs, newest first."""

    template_name = "wagtail_bin/admin/sending/index.html"
    page_title = gettext_lazy("Sent to members")
    header_icon = "mail"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        if not may_see_dispatches(request.user):
            raise PermissionDenied
        dispatches = visible_dispatches(request.user).select_related("approved_by")
        paginator = Paginator(dispatches, PER_PAGE)
        page = paginator.get_page(request.GET.get("p"))
        own = networks_for(request.user, Capability.VIEW_COUNTS)
        progress = progress_of_all(page, networks=own)
        numbers = dict(
            dispatches.model.objects.filter(pk__in=[row.pk for row in page])
            .order_by()
            .values_list("pk")
            .annotate(Count("networks"))
        )
        rows = [
            {
                "dispatch": dispatch,
                "has_others": len(dispatch.own_networks) < numbers[dispatch.pk],
                "progress": progress[dispatch.pk],
                "situation": situation_of(dispatch, progress[dispatch.pk]).value,
            }
            for dispatch in page
        ]
        response: HttpResponse = self.render_to_response(
            self.get_context_data(
                rows=rows, page_obj=page, notices=sending_notices(request.user)
            )
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
