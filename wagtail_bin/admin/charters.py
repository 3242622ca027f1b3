"""Charters in the admin: seen by whoever holds an office, kept by those who may."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column

from wagtail_bin.admin.scope import (
    ScopedModelForm,
    ScopedSnippetIndexView,
    ScopedSnippetViewSet,
)
from wagtail_bin.models import Charter
from wagtail_bin.permissions import Capability


class CharterForm(ScopedModelForm):
    """A charter of a BIN whose charters the user keeps."""

    capability = Capability.MANAGE_CHARTERS


class CharterIndexView(ScopedSnippetIndexView):
    """The list."""

    def get_base_queryset(self) -> QuerySet[Any]:
        """The charters that the user may see, with their BINs."""
        return super().get_base_queryset().select_related("network")


class CharterViewSet(ScopedSnippetViewSet):
    """Charters."""

    model = Charter
    icon = "doc-full"
    menu_label = _("Charters")
    menu_name = "bin-charters"
    index_view_class = CharterIndexView
    search_fields = ["network__name", "reference"]
    list_display = [
        Column("network", label=_("BIN"), sort_key="network__name"),
        Column("version", label=_("Version"), sort_key="version"),
        Column("state", label=_("State")),
        Column("signed_on", label=_("Signed on"), sort_key="signed_on"),
        Column("approved_on", label=_("Approved on"), sort_key="approved_on"),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                FieldRowPanel(["network", "version"]),
                FieldPanel("text"),
                MultiFieldPanel(
                    [
                        FieldRowPanel(["signed_on", "ends_on"]),
                        FieldRowPanel(["approved_on", "reference"]),
                    ],
                    heading=_("Signed and approved"),
                ),
            ],
            base_form_class=CharterForm,
        )
