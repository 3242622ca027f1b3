"""Our concrete pages, for projects that keep Wagtail's own base page.

Where ``WAGTAIL_PAGE_MODEL`` names another one nothing may derive from Wagtail's, so
this module is not imported: such a project makes its pages with the mixins.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from wagtail_bin.models.bin_pages import BINIndexPageMixin, BINPageMixin
from wagtail_bin.models.plain_pages import (
    ContactPageMixin,
    FoundingPageMixin,
    PlainPageMixin,
)
from wagtail_bin.models.tip_pages import TipIndexPageMixin, TipPageMixin


class TipIndexPage(TipIndexPageMixin, Page):
    """The public library of tips."""

    content_panels = [*Page.content_panels, *TipIndexPageMixin.tip_panels]
    subpage_types = ["wagtail_bin.TipPage"]
    template = "wagtail_bin/pages/tip_index_page.html"

    class Meta:
        verbose_name = _("library of tips")
        verbose_name_plural = _("libraries of tips")


class TipPage(TipPageMixin, Page):
    """One prevention tip."""

    content_panels = [*Page.content_panels, *TipPageMixin.tip_panels]
    search_fields = [*Page.search_fields, *TipPageMixin.tip_search_fields]
    parent_page_types = ["wagtail_bin.TipIndexPage"]
    subpage_types: list[str] = []
    template = "wagtail_bin/pages/tip_page.html"

    class Meta:
        verbose_name = _("prevention tip")
        verbose_name_plural = _("prevention tips")


class BINIndexPage(BINIndexPageMixin, Page):
    """All BINs of a site."""

    content_panels = [*Page.content_panels, *BINIndexPageMixin.bin_panels]
    subpage_types = ["wagtail_bin.BINPage"]
    template = "wagtail_bin/pages/bin_index_page.html"

    class Meta:
        verbose_name = _("page of all BINs")
        verbose_name_plural = _("pages of all BINs")


class BINPage(BINPageMixin, Page):
    """One BIN's public page."""

    content_panels = [*Page.content_panels, *BINPageMixin.bin_panels]
    parent_page_types = ["wagtail_bin.BINIndexPage"]
    subpage_types: list[str] = []
    template = "wagtail_bin/pages/bin_page.html"

    class Meta:
        verbose_name = _("page of a BIN")
        verbose_name_plural = _("pages of BINs")


class FoundingPage(FoundingPageMixin, Page):
    """How a BIN is founded."""

    content_panels = [*Page.content_panels, *PlainPageMixin.plain_panels]
    subpage_types: list[str] = []
    template = "wagtail_bin/pages/founding_page.html"

    class Meta:
        verbose_name = _("page on founding a BIN")
        verbose_name_plural = _("pages on founding a BIN")


class ContactPage(ContactPageMixin, Page):
    """How the police are reached."""

    content_panels = [*Page.content_panels, *PlainPageMixin.plain_panels]
    subpage_types: list[str] = []
    template = "wagtail_bin/pages/contact_page.html"

    class Meta:
        verbose_name = _("page on reaching the police")
        verbose_name_plural = _("pages on reaching the police")
