"""BINs with their streets: seen by whoever holds a mandate, kept by superusers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import (
    FieldRowPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
)
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.admin.scope import ScopedIndexView, ScopedModelViewSet
from wagtail_bin.models import Mandate, Network


class NetworkForm(WagtailAdminModelForm):
    """A BIN with its streets."""

    contact_email = EmailField(label=_("Public e-mail"))
    contact_phone = PhoneField(label=_("Public telephone"))


class NetworkIndexView(ScopedIndexView):
    """The list."""

    def get_base_queryset(self) -> Any:
        """The BINs that the user may see, with their municipalities."""
        rows = super().get_base_queryset()
        return rows.select_related("municipality", "police_zone")


class NetworkInspectView(generic.InspectView):
    """A BIN as it is, with its streets and who holds which office today."""

    page_title = _("BIN")
    template_name = "wagtail_bin/admin/networks/inspect.html"

    def get_contact_phone_display_value(self) -> str:
        """The telephone as people write it."""
        return self.object.display_phone

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Streets and mandates beside the fields."""
        network: Network = self.object
        mandates = Mandate.objects.active().filter(
            Q(network=network)
            | Q(municipality=network.municipality_id)
            | Q(police_zone=network.police_zone_id)
        )
        return super().get_context_data(
            streets=network.streets.all(),
            mandates=mandates.select_related(
                "network", "municipality", "police_zone"
            ).order_by("role", "name"),
            **kwargs,
        )


class NetworkViewSet(ScopedModelViewSet):
    """BINs."""

    model = Network
    name = "bin-networks"
    icon = "site"
    menu_label = _("BINs")
    index_view_class = NetworkIndexView
    inspect_view_class = NetworkInspectView
    inspect_view_enabled = True
    inspect_view_fields = [
        "kind",
        "municipality",
        "police_zone",
        "contact_name",
        "contact_email",
        "contact_phone",
    ]
    search_fields = ["name"]
    search_backend_name = None
    list_display = [
        "name",
        Column("kind", label=_("Kind"), accessor="get_kind_display", sort_key="kind"),
        Column("municipality", label=_("Municipality")),
        Column("police_zone", label=_("Police zone"), sort_key="police_zone__name"),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                MultiFieldPanel(
                    [
                        "name",
                        "slug",
                        "kind",
                        FieldRowPanel(["municipality", "police_zone"]),
                    ],
                    heading=_("BIN"),
                ),
                MultiFieldPanel(
                    ["contact_name", FieldRowPanel(["contact_email", "contact_phone"])],
                    heading=_("Public contact"),
                ),
                InlinePanel(
                    "streets",
                    heading=_("Streets"),
                    label=_("Street"),
                    help_text=_(
                        "“Which BIN is mine?” is answered from this list. Give a "
                        "side and numbers only where a street belongs in part."
                    ),
                    panels=[
                        FieldRowPanel(["name_nl", "name_fr", "name_de"]),
                        FieldRowPanel(
                            ["postcode", "parity", "number_from", "number_to"]
                        ),
                    ],
                ),
            ],
            base_form_class=NetworkForm,
        )
