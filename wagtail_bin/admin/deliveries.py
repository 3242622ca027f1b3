"""Who got it? The deliveries of one dispatch, for whoever may see its members."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Container, Iterator, Sequence
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column
from wagtail.admin.views.generic.base import BaseListingView
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.admin.delivery_words import explain
from wagtail_bin.admin.labels import channel_label, moment
from wagtail_bin.admin.member_search import listed_name, matching
from wagtail_bin.admin.one_dispatch import OneDispatchView
from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import ChannelName, Delivery, Member, Network
from wagtail_bin.permissions import Capability, networks_for
from wagtail_bin.spreadsheets import write_csv, write_workbook

PER_PAGE = 50
# Results of a search that are shown, and members found who are no recipients.
FOUND = 50
MISSED = 10

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class DeliveryFilterSet(WagtailFilterSet):
    """Filters above the list. None of them is about a person: they are in the URL."""

    state = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("State"),
        choices=Delivery.State.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    report = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Reported afterwards"),
        choices=[choice for choice in Delivery.Report.choices if choice[0]],
        widget=forms.CheckboxSelectMultiple,
    )
    channel = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Channel"),
        choices=ChannelName.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Delivery
        fields: list[str] = []


class NameColumn(BaseColumn):
    """The member, with a link to the member's page for who may follow it."""

    cell_template_name = "wagtail_bin/admin/deliveries/name_cell.html"

    def __init__(self, name: str, *, editable: Container[int], **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.editable = editable

    def get_cell_context_data(
        self, instance: Any, parent_context: Any
    ) -> dict[str, Any]:
        """Whether it is a link."""
        context: dict[str, Any] = super().get_cell_context_data(
            instance, parent_context
        )
        context["is_link"] = instance.network_id in self.editable
        return context


class StateColumn(BaseColumn):
    """What is known, since when, and what to do."""

    cell_template_name = "wagtail_bin/admin/deliveries/state_cell.html"

    def get_cell_context_data(
        self, instance: Any, parent_context: Any
    ) -> dict[str, Any]:
        """The delivery in words."""
        context: dict[str, Any] = super().get_cell_context_data(
            instance, parent_context
        )
        context["said"] = explain(instance)
        return context


class ListedDeliveriesView(OneDispatchView):
    """What the list and its export share: the rows that the user may see by name."""

    # What it takes to see the rows, in their BIN.
    capability = Capability.VIEW_MEMBERS

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for whoever may in one of the BINs."""
        if not self.listed_networks.exists():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def listed_networks(self) -> QuerySet[Network]:
        """BINs of the dispatch whose members the user may see."""
        return networks_for(self.request.user, self.capability).filter(
            dispatches=self.sending
        )

    @cached_property
    def editable(self) -> set[int]:
        """Keys of those of them whose members the user may also change."""
        own = networks_for(self.request.user, Capability.EDIT_MEMBERS)
        return set(own.filter(dispatches=self.sending).values_list("pk", flat=True))

    def listed(self) -> QuerySet[Delivery]:
        """The deliveries to their members."""
        rows: QuerySet[Delivery] = self.sending.deliveries.filter(
            network__in=self.listed_networks
        )
        return rows.select_related("member", "network").order_by(
            "network__name", "member__last_name", "member__first_name", "pk"
        )


class DeliveriesView(ListedDeliveriesView, BaseListingView):
    """The list. What is searched for is posted: no name stands in an address."""

    page_title = gettext_lazy("Who got it?")
    header_icon = "search"
    template_name = "wagtail_bin/admin/deliveries/list.html"
    results_template_name = "wagtail_bin/admin/deliveries/results.html"
    model = Delivery
    paginate_by = PER_PAGE
    filterset_class = DeliveryFilterSet

    @cached_property
    def columns(self) -> list[BaseColumn]:
        """Who, how, where to, and how it went."""
        return [
            NameColumn("member", label=gettext_lazy("Member"), editable=self.editable),
            Column("network", label=gettext_lazy("BIN")),
            Column(
                "channel",
                label=gettext_lazy("Channel"),
                accessor=lambda row: channel_label(row.channel),
            ),
            Column("address", label=gettext_lazy("Sent to")),
            StateColumn("state", label=gettext_lazy("How it went")),
        ]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list, as filtered."""
        response: HttpResponse = super().get(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Search. Changes nothing."""
        return self.get(request, *args, **kwargs)

    @cached_property
    def sought(self) -> str:
        """What is searched for."""
        return self.request.POST.get("who", "").strip()

    def get_base_queryset(self) -> QuerySet[Delivery]:
        """What the user may see, of whom is sought."""
        rows = self.listed()
        if self.sought:
            members = Member.objects.filter(
                matching(self.sought), network__in=self.listed_networks
            )
            rows = rows.filter(member__in=members) | rows.filter(
                address__icontains=self.sought
            )
        return rows

    def get_paginate_by(self, queryset: Any) -> int | None:
        """A search has one page: another one would have to repeat it."""
        return FOUND if self.sought else PER_PAGE

    def missed(self) -> list[tuple[Member, str]]:
        """Members who are sought and were not to get it, with the reason of today."""
        if not self.sought:
            return []
        members = Member.objects.filter(
            matching(self.sought), network__in=self.listed_networks
        ).exclude(deliveries__dispatch=self.sending)
        reached = with_reach(
            members.select_related("network"),
            purpose=self.sending.purpose,
            channels=[c for c in self.sending.channels if c != ChannelName.SOCIAL],
        )
        return [
            (
                member,
                str(Unreachable(member.unreachable).label)
                if member.unreachable
                else _("could not be reached, or was no member, when it was confirmed"),
            )
            for member in reached[:MISSED]
        ]

    def get_index_url(self) -> str:
        """This screen."""
        return reverse("wagtail_bin_admin:dispatch_deliveries", args=[self.sending.pk])

    def get_index_results_url(self) -> str:
        """Its list alone, for the filters."""
        return reverse(
            "wagtail_bin_admin:dispatch_deliveries_results", args=[self.sending.pk]
        )

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The search beside the list."""
        filters = self.request.GET.copy()
        for key in ("p", "_w_filter_fragment"):
            filters.pop(key, None)
        return super().get_context_data(
            *args,
            sending=self.sending,
            sought=self.sought,
            found=FOUND,
            missed=self.missed(),
            query=f"?{filters.urlencode()}" if filters else "",
            editable=self.editable,
            formats=list(FORMATS) if self.sight.may_export else [],
            **kwargs,
        )


class ExportView(ListedDeliveriesView):
    """The list as a file, filtered as on the screen. Logged."""

    http_method_names = ["post"]
    capability = Capability.EXPORT_MEMBERS

    def post(
        self, request: HttpRequest, pk: UUID, file_format: str
    ) -> HttpResponseBase:
        """Write it to the disk, one row at a time, and send it from there."""
        if file_format not in FORMATS:
            raise Http404
        filters = DeliveryFilterSet(
            request.GET, queryset=self.listed(), request=request
        )
        if not filters.is_valid():
            raise Http404
        rows = filters.qs
        log(
            instance=self.sending,
            action=audit.EXPORT_DELIVERIES,
            user=request.user,
            data={"rows": rows.count(), "format": file_format},
        )
        with contextlib.ExitStack() as until_written:
            # Erased as soon as it is closed, which the response does.
            target = until_written.enter_context(tempfile.TemporaryFile())
            _write(target, rows, file_format)
            target.seek(0)
            until_written.pop_all()
        name = f"{slugify(self.sending.title)[:60] or 'bin'}.{file_format}"
        return FileResponse(
            target,
            as_attachment=True,
            filename=name,
            content_type=FORMATS[file_format],
            headers={"Cache-Control": "no-store, private"},
        )


def _write(target: Any, rows: QuerySet[Delivery], file_format: str) -> None:
    if file_format == "xlsx":
        write_workbook(target, _lines(rows), title=_("Deliveries"))
        return
    # The mark tells Excel that it is UTF-8.
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    write_csv(text, _lines(rows))
    text.detach()


def _lines(rows: QuerySet[Delivery]) -> Iterator[Sequence[str]]:
    yield [
        _("Name"),
        _("BIN"),
        _("Channel"),
        _("Sent to"),
        _("Language"),
        _("How it went"),
        _("When"),
        _("State"),
        _("Reported afterwards"),
        _("Reply code"),
    ]
    for row in rows.iterator(chunk_size=1000):
        said = explain(row)
        yield [
            listed_name(row.member) if row.member else "",
            row.network.name if row.network else "",
            channel_label(row.channel),
            row.address,
            layout_label(row.language),
            said.label,
            moment(said.when) if said.when else "",
            str(row.get_state_display()),
            str(row.get_report_display()) if row.report else "",
            row.code,
        ]


urlpatterns = [
    path(
        "dispatches/<uuid:pk>/deliveries/",
        DeliveriesView.as_view(),
        name="dispatch_deliveries",
    ),
    path(
        "dispatches/<uuid:pk>/deliveries/results/",
        DeliveriesView.as_view(results_only=True),
        name="dispatch_deliveries_results",
    ),
    path(
        "dispatches/<uuid:pk>/deliveries/export/<str:file_format>/",
        ExportView.as_view(),
        name="dispatch_deliveries_export",
    ),
]
