"""Themes of tips: a plain snippet, by Django's model permissions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import LocaleColumn
from wagtail.snippets.views.snippets import SnippetViewSet

from wagtail_bin.models import Theme


class ThemeViewSet(SnippetViewSet):
    """Themes."""

    model = Theme
    icon = "tag"
    menu_label = _("Themes")
    menu_name = "bin-themes"
    copy_view_enabled = False
    search_fields = ["name", "slug"]
    search_backend_name = None
    list_display = ["name", "slug", LocaleColumn()]
