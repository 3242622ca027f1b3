"""One place in the menu for all that belongs to BINs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.snippets.views.snippets import SnippetViewSetGroup

from wagtail_bin.admin import dispatches, sanctions, switch, worklist
from wagtail_bin.admin.charters import CharterViewSet
from wagtail_bin.admin.imports import one_import
from wagtail_bin.admin.mandates import MandateViewSet
from wagtail_bin.admin.members import MemberViewSet
from wagtail_bin.admin.networks import NetworkViewSet
from wagtail_bin.admin.notices import SWITCH
from wagtail_bin.admin.one_dispatch import INDEX
from wagtail_bin.admin.organisation import MunicipalityViewSet, PoliceZoneViewSet
from wagtail_bin.admin.themes import ThemeViewSet

SUBMENU_HOOK = "register_bin_menu_item"


class ScreenMenuItem(MenuItem):
    """An entry for a screen that belongs to no viewset.

    Args:
        view: URL name of the screen.
        is_useful: tells for a user whether to show the entry.
    """

    def __init__(
        self, label: Any, view: str, is_useful: Callable[[Any], bool], **kwargs: Any
    ) -> None:
        super().__init__(label, "", **kwargs)
        self.view = view
        self.is_useful = is_useful

    @property
    def url(self) -> str:
        """The screen's address; known only once all URLs are."""
        return reverse(self.view)

    @url.setter
    def url(self, value: str) -> None:
        """Wagtail's constructor sets an address that is not known yet."""

    def is_shown(self, request: HttpRequest) -> bool:
        """Only to those who can use it."""
        return self.is_useful(request.user)


def import_item() -> MenuItem:
    """Import members."""
    return ScreenMenuItem(
        _("Import members"),
        one_import.UPLOAD,
        one_import.may_import,
        name="bin-import",
        icon_name="upload",
        order=20,
    )


def dispatches_item() -> MenuItem:
    """What was sent."""
    return ScreenMenuItem(
        _("Sent to members"),
        INDEX,
        dispatches.may_see_dispatches,
        name="bin-dispatches",
        icon_name="mail",
        order=25,
    )


def worklist_item() -> MenuItem:
    """Addresses to look after."""
    return ScreenMenuItem(
        _("Addresses to check"),
        worklist.WORKLIST,
        worklist.may_look_after,
        name="bin-worklist",
        icon_name="warning",
        order=15,
    )


def sanctions_item() -> MenuItem:
    """Sanctions."""
    return ScreenMenuItem(
        _("Sanctions"),
        sanctions.SANCTIONS,
        sanctions.may_see_some,
        name="bin-sanctions",
        icon_name="warning",
        order=35,
    )


def switch_item() -> MenuItem:
    """Pause all sending, among Wagtail's settings."""
    return ScreenMenuItem(
        _("Pause all sending"),
        SWITCH,
        switch.may_switch,
        name="bin-switch",
        icon_name="warning",
        order=900,
    )


class BINViewSetGroup(SnippetViewSetGroup):
    """Members, BINs and the organisation around them.

    Other screens join with Wagtail's hook ``register_bin_menu_item``; the order
    of the entries here is 10, 30, 40 …, and each shows to those who may use it.
    """

    menu_label = _("BIN")
    menu_name = "bin"
    menu_icon = "group"
    menu_order = 250
    submenu_hook = SUBMENU_HOOK
    items = (
        MemberViewSet(menu_order=10),
        NetworkViewSet(menu_order=30),
        CharterViewSet(menu_order=35),
        MandateViewSet(menu_order=40),
        MunicipalityViewSet(menu_order=50),
        PoliceZoneViewSet(menu_order=60),
        ThemeViewSet(menu_order=70),
    )
