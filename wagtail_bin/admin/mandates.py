"""Mandates, by Django's model permissions: who gives one decides who sees members."""

from __future__ import annotations

from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.models import Mandate


class MandateForm(WagtailAdminModelForm):
    """A mandate."""

    public_email = EmailField(label=_("Public e-mail"))
    public_phone = PhoneField(label=_("Public telephone"))


class MandateIndexView(generic.IndexView):
    """The list."""

    def get_base_queryset(self) -> Any:
        """Mandates with what they are for."""
        return Mandate.objects.select_related(
            "network", "municipality", "police_zone", "user"
        )


class MandateViewSet(ModelViewSet):
    """Offices and their holders."""

    model = Mandate
    name = "bin-mandates"
    icon = "key"
    menu_label = _("Mandates")
    index_view_class = MandateIndexView
    copy_view_enabled = False
    search_fields = ["name"]
    search_backend_name = None
    list_filter = ["role", "network", "municipality", "police_zone"]
    list_display = [
        "name",
        Column("role", label=_("Office"), accessor="get_role_display", sort_key="role"),
        Column("scope", label=_("For"), accessor=lambda mandate: scope_of(mandate)),
        DateColumn("starts_on", label=_("From"), sort_key="starts_on"),
        DateColumn("ends_on", label=_("Until"), sort_key="ends_on"),
        Column("user", label=_("User account")),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                MultiFieldPanel(
                    [
                        "role",
                        "name",
                        FieldPanel(
                            "user",
                            help_text=_(
                                "Whoever logs in with this account may do what the "
                                "office allows, as long as the mandate runs."
                            ),
                        ),
                    ],
                    heading=_("Office"),
                ),
                MultiFieldPanel(
                    ["network", "municipality", "police_zone"],
                    heading=_("For"),
                    help_text=_(
                        "Choose one. A mandate for a municipality or a police zone "
                        "holds for all its BINs."
                    ),
                ),
                MultiFieldPanel(
                    [FieldRowPanel(["starts_on", "ends_on"]), "screened_on"],
                    heading=_("Term"),
                ),
                MultiFieldPanel(
                    [FieldRowPanel(["public_email", "public_phone"])],
                    heading=_("Public contact"),
                ),
            ],
            base_form_class=MandateForm,
        )


def scope_of(mandate: Mandate) -> str:
    """The BIN, municipality or police zone of a mandate."""
    return str(mandate.network or mandate.municipality or mandate.police_zone)
