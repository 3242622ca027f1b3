"""Importing a member list: upload, see what it would do, import, see what it did."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.auth import permission_denied
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.apply import ImportResult, import_members
from wagtail_bin.exchange.formats import check_size, open_list
from wagtail_bin.exchange.mapping import FIELD_LABELS
from wagtail_bin.exchange.preview import PlanRow, Preview, preview_import
from wagtail_bin.exchange.problems import describe
from wagtail_bin.exchange.rejects import refused_workbook
from wagtail_bin.exchange.staging import refused_rows
from wagtail_bin.exchange.uploads import cancel_upload, store_upload
from wagtail_bin.membership.retention import forget_lists
from wagtail_bin.models import Consent, MemberImport, Network
from wagtail_bin.permissions import Capability, networks_for

SHOWN = 50
NO_BASIS = "none"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# For whoever builds the menu: the view behind the menu item, and who sees it.
MENU_VIEW = "wagtail_bin_admin:import_upload"


def may_import(user: Any) -> bool:
    """Whether the menu item is of use to a user."""
    return networks_for(user, Capability.IMPORT_MEMBERS).exists()


class UploadForm(forms.Form):
    """Which list, into which BIN, on what ground."""

    network = forms.ModelChoiceField(
        label=gettext_lazy("BIN"), queryset=Network.objects.none()
    )
    file = forms.FileField(label=gettext_lazy("List"), allow_empty_file=True)
    basis = forms.ChoiceField(
        label=gettext_lazy("May these people be written to?"),
        widget=forms.RadioSelect,
        choices=[
            (
                Consent.Basis.ENROLMENT,
                gettext_lazy(
                    "Yes: each of them signed an enrolment form. They become active"
                    " members and get tips from now on."
                ),
            ),
            (
                Consent.Basis.TRANSFER,
                gettext_lazy(
                    "Yes: this is the list of the coordinator, and its members were"
                    " told. They become active members and get tips from now on."
                ),
            ),
            (
                NO_BASIS,
                gettext_lazy(
                    "Not yet. They are put on the list, and get nothing until they"
                    " have confirmed."
                ),
            ),
        ],
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        networks = networks_for(user, Capability.IMPORT_MEMBERS)
        field = self.fields["network"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the types
        field.queryset = networks
        if networks.count() == 1:
            self.initial["network"] = networks.get()
        self.fields["file"].help_text = _(
            "CSV, Excel (.xlsx) or OpenDocument (.ods), with a row of headers on top:"
            " a name, and an e-mail address or a telephone number."
        )
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,.xlsx,.xlsm,.ods"

    def clean_file(self) -> Any:
        """Refuse by size before anything is read into memory."""
        upload = self.cleaned_data["file"]
        try:
            check_size(upload.size)
        except ImportRejected as error:
            raise forms.ValidationError(str(error)) from error
        return upload


class ImportView(WagtailAdminTemplateMixin, View):
    """What the screens of an import have in common."""

    page_title = gettext_lazy("Import members")
    header_icon = "upload"
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for users who may import somewhere."""
        if not may_import(request.user):
            return permission_denied(request)
        return super().dispatch(request, *args, **kwargs)

    def show(self, **context: Any) -> HttpResponse:
        """The screen."""
        response: HttpResponse = self.render_to_response(
            self.get_context_data(**context)
        )
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Home, then the upload page."""
        here = {"url": reverse(MENU_VIEW), "label": self.get_page_title()}
        return [*self.breadcrumbs_items, here]


class UploadView(ImportView):
    """Choose a list and the BIN it is of."""

    template_name = "wagtail_bin/admin/imports/upload.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form. Opening it erases what others left lying."""
        forget_lists()
        return self._show(UploadForm(user=request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the list, and go on to the preview."""
        form = UploadForm(request.POST, request.FILES, user=request.user)
        if not form.is_valid():
            return self._show(form)
        upload = form.cleaned_data["file"]
        source = upload.read()
        basis = form.cleaned_data["basis"]
        source = upload.read()
        try:
            # Nobody is asked what the columns hold: they must tell it themselves.
            open_list(source)
            member_import = store_upload(
                network=form.cleaned_data["network"],
                user=request.user,
                source=source,
                file_name=upload.name,
                basis="" if basis == NO_BASIS else basis,
            )
        except ImportRejected as error:
            form.add_error("file", str(error))
            return self._show(form)
        return redirect("wagtail_bin_admin:import_preview", member_import.pk)

    def _show(self, form: UploadForm) -> HttpResponse:
        return self.show(form=form)


class OneImportView(ImportView):
    """A screen of one import, for those who may import in its network."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask for another list when this one cannot be read, or no longer."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except ImportRejected as error:
            messages.error(request, str(error))
            return redirect(MENU_VIEW)

    @cached_property
    def member_import(self) -> MemberImport:
        """The import; another network's does not exist."""
        allowed = networks_for(self.request.user, Capability.IMPORT_MEMBERS)
        return get_object_or_404(
            MemberImport.objects.select_related("network"),
            pk=self.kwargs["pk"],
            network__in=allowed,
        )

    @property
    def is_applied(self) -> bool:
        """Whether it was confirmed."""
        return self.member_import.state not in MemberImport.WAITING

    def get_page_subtitle(self) -> str:
        """The BIN."""
        return str(self.member_import.network)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the upload page."""
        here = {"url": "", "label": self.get_page_subtitle()}
        return [*super().get_breadcrumbs_items(), here]

    @property
    def source(self) -> bytes:
        """The uploaded file.

        Raises:
            ImportRejected: it was erased, since nobody confirmed it in time.
        """
        if self.member_import.content is None:
            raise ImportRejected(
                _(
                    "This list was erased, since nobody confirmed it in time. Upload it"
                    " again."
                )
            )
        return bytes(self.member_import.content)


class PreviewView(OneImportView):
    """What the import would do."""

    template_name = "wagtail_bin/admin/imports/preview.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Plan the import and show it."""
        member_import = self.member_import
        if self.is_applied:
            return redirect("wagtail_bin_admin:import_result", member_import.pk)
        preview = preview_import(
            network=member_import.network, source=self.source, sample=SHOWN
        )
        return self.show(
            member_import=member_import,
            preview=preview,
            basis_label=_basis_label(member_import.basis),
            shown=SHOWN,
            **_samples(preview),
        )


class ConfirmView(OneImportView):
    """The button of the preview."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Import once, however often the button is pressed."""
        member_import = self.member_import
        if not self.is_applied:
            import_members(
                network=member_import.network,
                user=request.user,
                source=self.source,
                file_name=member_import.file_name,
                basis=member_import.basis,
                member_import=member_import,
            )
        return redirect("wagtail_bin_admin:import_result", pk)


class CancelView(OneImportView):
    """The other button of the preview."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Erase the upload; what was imported stays."""
        cancel_upload(member_import=self.member_import, user=request.user)
        if self.is_applied:
            return redirect("wagtail_bin_admin:import_result", pk)
        messages.success(request, _("The list was erased. Nothing was imported."))
        return redirect(MENU_VIEW)


class ResultView(OneImportView):
    """What the import did."""

    template_name = "wagtail_bin/admin/imports/result.html"

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Counts, and the rows that were refused."""
        member_import = self.member_import
        if not self.is_applied:
            return redirect("wagtail_bin_admin:import_preview", pk)
        rows = itertools.islice(refused_rows(member_import), SHOWN)
        return self.show(
            member_import=member_import,
            result=ImportResult.of(member_import),
            refused_rows=[
                (line, [describe(problem) for problem in problems])
                for line, _cells, problems in rows
            ],
            shown=SHOWN,
        )


class RefusedView(OneImportView):
    """The refused rows as a workbook, before or after importing."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The file, to be corrected and uploaded."""
        member_import = self.member_import
        rows: Any
        if self.is_applied:
            header = member_import.mapping["header"]
            rows = refused_rows(member_import)
        else:
            preview = preview_import(
                network=member_import.network, source=self.source, sample=None
            )
            header = preview.members.mapping.header
            rows = (
                (row.line, row.cells, row.problems) for row in preview.first_refused
            )
        name = slugify(_("refused rows"))
        return HttpResponse(
            refused_workbook(header=header, rows=rows),
            content_type=XLSX,
            headers={
                "Content-Disposition": f'attachment; filename="{name}.xlsx"',
                "Cache-Control": "private, no-store",
            },
        )


def _basis_label(basis: str) -> str:
    return str(dict(UploadForm.base_fields["basis"].choices)[basis or NO_BASIS])  # type: ignore[attr-defined]


def _samples(preview: Preview) -> dict[str, Any]:
    """The first rows of each kind, as the template shows them."""
    mapping = preview.members.mapping
    return {
        "columns": [(name, FIELD_LABELS[field]) for name, field in mapping.read],
        "ignored": mapping.ignored,
        "new_rows": [_new_row(row) for row in preview.first_new],
        "changed_rows": [_changed_row(row) for row in preview.first_changed],
        "refused_rows": [
            (row.line, [describe(problem) for problem in row.problems])
            for row in preview.first_refused
        ],
    }


def _new_row(row: PlanRow) -> dict[str, Any]:
    values = row.values
    street = f"{values.street} {values.number} {values.box}".strip()
    town = f"{values.postcode} {values.locality}".strip()
    return {
        "line": row.line,
        "name": row.name,
        "values": values,
        "address": ", ".join(filter(None, (street, town))),
    }


def _changed_row(row: PlanRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "name": row.name,
        "changes": [
            (FIELD_LABELS[field], old, new)
            for field, (old, new) in row.differences.items()
        ],
    }


urlpatterns = [
    path("import/", UploadView.as_view(), name="import_upload"),
    path("import/<uuid:pk>/", PreviewView.as_view(), name="import_preview"),
    path("import/<uuid:pk>/confirm/", ConfirmView.as_view(), name="import_confirm"),
    path("import/<uuid:pk>/cancel/", CancelView.as_view(), name="import_cancel"),
    path("import/<uuid:pk>/result/", ResultView.as_view(), name="import_result"),
    path("import/<uuid:pk>/refused/", RefusedView.as_view(), name="import_refused"),
]
