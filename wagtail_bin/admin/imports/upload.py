"""The first screen: which list, into which BIN; and the lists of before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from wagtail_bin.admin.imports.one_import import ImportView, Step, screen_of
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import check_size
from wagtail_bin.exchange.uploads import store_upload
from wagtail_bin.membership.retention import forget_lists
from wagtail_bin.models import MemberImport, Network
from wagtail_bin.permissions import Capability, networks_for

# So many lists of before are shown.
BEFORE = 20


class UploadForm(forms.Form):
    """Which list, into which BIN."""

    network = forms.ModelChoiceField(
        label=gettext_lazy("BIN"), queryset=Network.objects.none()
    )
    file = forms.FileField(
        label=gettext_lazy("List"),
        allow_empty_file=True,
        help_text=gettext_lazy(
            "CSV, Excel (.xlsx) or OpenDocument (.ods): names, with an e-mail address"
            " or a telephone number beside them."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,.xlsm,.ods"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        networks = networks_for(user, Capability.IMPORT_MEMBERS)
        field = self.fields["network"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the types
        field.queryset = networks
        if len(networks[:2]) == 1:
            self.initial["network"] = networks.get()

    def clean_file(self) -> Any:
        """Refuse by size before anything is read into memory."""
        upload = self.cleaned_data["file"]
        try:
            check_size(upload.size)
        except ImportRejected as error:
            raise forms.ValidationError(str(error)) from error
        return upload


class UploadView(ImportView):
    """Choose a list and the BIN it is of."""

    template_name = "wagtail_bin/admin/imports/upload.html"
    step = Step.UPLOAD

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form. Opening it erases what others left lying."""
        forget_lists()
        return self._show(UploadForm(user=request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the list, and go on to its columns."""
        form = UploadForm(request.POST, request.FILES, user=request.user)
        if not form.is_valid():
            return self._show(form)
        upload = form.cleaned_data["file"]
        try:
            member_import = store_upload(
                network=form.cleaned_data["network"],
                user=request.user,
                source=upload.read(),
                file_name=upload.name,
            )
        except ImportRejected as error:
            form.add_error("file", str(error))
            return self._show(form)
        return redirect(screen_of(member_import))

    def _show(self, form: UploadForm) -> HttpResponse:
        return self.show(form=form, before=_imports_of(self.request.user)[:BEFORE])


def _imports_of(user: Any) -> QuerySet[MemberImport]:
    """Lists of the user's BINs, the newest first; not those that were given up."""
    networks = networks_for(user, Capability.IMPORT_MEMBERS)
    is_given_up = Q(content=None, state__in=MemberImport.WAITING)
    found = MemberImport.objects.filter(network__in=networks).exclude(is_given_up)
    return found.select_related("network", "user").defer("content")
