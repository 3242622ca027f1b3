"""Members as a file: which columns, in which format."""

from __future__ import annotations

import contextlib
import tempfile
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.admin.member_filters import MemberFilterSet
from wagtail_bin.admin.member_list import LIST, listed_members
from wagtail_bin.admin.member_search import matching
from wagtail_bin.admin.private import PrivateMixin, keep_private
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.exchange.export import (
    COLUMNS,
    ExportFormat,
    export_members,
    exportable,
)
from wagtail_bin.models import Member
from wagtail_bin.permissions import Capability, networks_for

USUAL = (
    "last_name",
    "first_name",
    "organisation",
    "street",
    "number",
    "box",
    "postcode",
    "locality",
    "email",
    "mobile",
    "phone",
    "language",
)


class ExportForm(forms.Form):
    """Which columns, in which format."""

    columns = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"),
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [(key, capfirst(c.label)) for key, c in COLUMNS.items()],
        initial=USUAL,
        help_text=gettext_lazy("Take no more than you need."),
    )
    file_format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        widget=forms.RadioSelect,
        choices=[
            (ExportFormat.XLSX.value, gettext_lazy("Excel (.xlsx)")),
            (
                ExportFormat.CSV.value,
                gettext_lazy("CSV (UTF-8, semicolons), which Excel opens as well"),
            ),
        ],
        initial=ExportFormat.XLSX.value,
    )


def file_of(members: QuerySet[Member], form: ExportForm, user: Any) -> HttpResponseBase:
    """The file, written to the disk one row at a time and sent from there.

    Raises:
        Http404: the user may export none of the members.
    """
    file_format = ExportFormat(form.cleaned_data["file_format"])
    with contextlib.ExitStack() as until_written:
        # Erased as soon as it is closed, which the response does.
        target = until_written.enter_context(tempfile.TemporaryFile())
        try:
            export_members(
                members=members,
                columns=form.cleaned_data["columns"],
                file_format=file_format,
                target=target,
                user=user,
            )
        except NotAllowed:
            raise Http404 from None
        target.seek(0)
        until_written.pop_all()
    name = _("members")
    return keep_private(
        FileResponse(
            target,
            as_attachment=True,
            filename=f"{name}-{timezone.localdate()}.{file_format.value}",
            content_type=file_format.content_type,
        )
    )


class MembersExportView(PrivateMixin, WagtailAdminTemplateMixin, View):
    """The list as it is filtered and searched, as a file."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Export members")
    header_icon = "download"
    template_name = "wagtail_bin/admin/members/export.html"
    request: HttpRequest

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Refuse whoever may export nothing."""
        if not networks_for(request.user, Capability.EXPORT_MEMBERS).exists():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def members(self) -> QuerySet[Member]:
        """What the list shows, as far as the user may export it.

        Raises:
            Http404: a filter that the list does not know.
        """
        filters = MemberFilterSet(
            self.request.GET,
            queryset=listed_members(self.request.user),
            request=self.request,
        )
        if not filters.is_valid():
            raise Http404
        found = filters.qs
        if query := self.request.GET.get("q", "").strip():
            found = found.filter(matching(query))
        # Without the annotations that only the filters need.
        members = Member.objects.filter(pk__in=found.order_by().values("pk"))
        return exportable(members, self.request.user)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Ask what is wanted."""
        return self.show(ExportForm())

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """The file."""
        form = ExportForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        return file_of(self.members, form, request.user)

    def show(self, form: ExportForm) -> HttpResponseBase:
        """The screen."""
        query = self.request.GET.urlencode()
        return self.render_to_response(
            self.get_context_data(
                form=form,
                found=self.members.count(),
                query=f"?{query}" if query else "",
            )
        )

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(LIST), "label": _("Members")},
            {"url": "", "label": self.get_page_title()},
        ]


urlpatterns = [
    path("members/export/", MembersExportView.as_view(), name="members_export"),
]
