"""Municipalities and police zones, by Django's model permissions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet

from wagtail_bin.admin.fields import PhoneField
from wagtail_bin.models import Municipality, PoliceZone, Postcode


class PostcodesField(forms.CharField):
    """Postcodes as text, such as ``2920, 2910``; made when they are new."""

    def prepare_value(self, value: Any) -> Any:
        """The codes of rows, or what was typed."""
        if isinstance(value, (list, tuple)):
            return ", ".join(str(code) for code in value)
        return value

    def clean(self, value: Any) -> list[str]:
        """The codes, each once.

        Raises:
            ValidationError: one of them is no Belgian postcode.
        """
        codes = super().clean(value).replace(",", " ").split()
        for code in codes:
            if len(code) != 4 or not code.isdecimal() or code.startswith("0"):
                raise ValidationError(
                    gettext("“%(code)s” is not a Belgian postcode.") % {"code": code},
                    code="postcode",
                )
        return sorted(set(codes))


class MunicipalityForm(WagtailAdminModelForm):
    """A municipality with its postcodes as text."""

    postcode_list = PostcodesField(
        label=_("Postcodes"),
        required=False,
        help_text=_("All of them, such as 2920, 2910."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            codes = self.instance.postcodes.values_list("code", flat=True)
            self.initial["postcode_list"] = list(codes)

    def _save_m2m(self) -> None:
        super()._save_m2m()
        self.instance.postcodes.set(
            Postcode.objects.get_or_create(code=code)[0]
            for code in self.cleaned_data["postcode_list"]
        )


class MunicipalityIndexView(generic.IndexView):
    """The list."""

    def get_base_queryset(self) -> Any:
        """Municipalities with their police zones."""
        return Municipality.objects.select_related("police_zone")


class MunicipalityViewSet(ModelViewSet):
    """Municipalities."""

    model = Municipality
    name = "bin-municipalities"
    icon = "globe"
    menu_label = _("Municipalities")
    index_view_class = MunicipalityIndexView
    copy_view_enabled = False
    search_fields = ["nis_code", "name_nl", "name_fr", "name_de"]
    search_backend_name = None
    list_display = [
        "__str__",
        Column("nis_code", label=_("NIS code"), sort_key="nis_code"),
        Column("police_zone", label=_("Police zone"), sort_key="police_zone__name"),
        Column("languages", label=_("Languages")),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                MultiFieldPanel(
                    [
                        FieldRowPanel(["name_nl", "name_fr", "name_de"]),
                        "nis_code",
                        FieldPanel("postcode_list"),
                        "police_zone",
                    ],
                    heading=_("Municipality"),
                ),
                MultiFieldPanel(
                    ["languages", "message_language"], heading=_("Languages")
                ),
                MultiFieldPanel(["needs_four_eyes"], heading=_("Confirming messages")),
                MultiFieldPanel(["site"], heading=_("Website")),
            ],
            base_form_class=MunicipalityForm,
        )


class PoliceZoneForm(WagtailAdminModelForm):
    """A police zone."""

    phone = PhoneField(
        label=_("General telephone"),
        help_text=_("The number for what is not urgent."),
    )


class PoliceZoneViewSet(ModelViewSet):
    """Police zones."""

    model = PoliceZone
    name = "bin-police-zones"
    icon = "warning"
    menu_label = _("Police zones")
    copy_view_enabled = False
    search_fields = ["number", "name"]
    search_backend_name = None
    list_display = [
        "name",
        Column("number", label=_("Number"), sort_key="number"),
        Column("display_phone", label=_("General telephone")),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                "name",
                "number",
                "phone",
                FieldPanel("officer_access", widget=forms.RadioSelect),
            ],
            base_form_class=PoliceZoneForm,
        )
