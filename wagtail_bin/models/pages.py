"""Pages. All behaviour is in mixins, for projects with a base page of their own.

A project that sets ``WAGTAIL_PAGE_MODEL`` cannot use the concrete pages below,
since they derive from Wagtail's own Page; it combines the mixins with its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page

from wagtail_bin.models.blocks import RICH_TEXT_FEATURES, TipBodyBlock
from wagtail_bin.models.dispatches import Dispatch
from wagtail_bin.models.members import Purpose
from wagtail_bin.models.networks import Network
from wagtail_bin.models.themes import Theme


class SentPageMixin(models.Model):
    """A page that can be sent to members.

    Dispatches are kept with the page that was sent; its translations show
    them too.
    """

    # What members must have agreed to; also decides how urgent it is.
    purpose = Purpose.TIPS

    class Meta:
        abstract = True

    def dispatches(self) -> models.QuerySet[Dispatch]:
        """Dispatches of this page or of a translation of it, newest first."""
        family = type(self)._default_manager.filter(  # type: ignore[misc]
            translation_key=self.translation_key  # type: ignore[attr-defined]
        )
        return Dispatch.objects.filter(page__in=family.values("pk")).prefetch_related(
            "networks"
        )


class BINIndexPageMixin(models.Model):
    """All BINs of a site."""

    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )

    bin_panels = ["introduction"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``bin_pages``: the live pages of BINs below this one.

        They are in the order of their municipality, which each has the name of
        in ``municipality_name``, and then of their title.
        """
        context: dict[str, Any] = super().get_context(  # type: ignore[misc]
            request, *args, **kwargs
        )
        pages = list(
            BINPage.objects.live()
            .child_of(self)
            .select_related("network__municipality")
            .prefetch_related("network__streets")
        )
        for page in pages:
            page.municipality_name = str(page.network.municipality)
        pages.sort(key=lambda page: (page.municipality_name, page.title))
        context["bin_pages"] = pages
        return context


class BINPageMixin(models.Model):
    """One BIN's public page: what, where, who to turn to, how to join."""

    LATEST_TIPS = 5

    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )
    how_to_join = RichTextField(
        _("how to join"), blank=True, features=RICH_TEXT_FEATURES
    )

    bin_panels = ["network", "introduction", "how_to_join"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``network``, its ``streets``, and ``tips``: the latest sent to it."""
        context: dict[str, Any] = super().get_context(  # type: ignore[misc]
            request, *args, **kwargs
        )
        context["network"] = Network.objects.select_related(
            "municipality", "police_zone"
        ).get(pk=self.network_id)
        context["streets"] = context["network"].streets.all()
        sent = Dispatch.objects.filter(networks=self.network_id, page__isnull=False)
        context["tips"] = (
            TipPage.objects.live()
            .filter(
                locale=self.locale,  # type: ignore[attr-defined]
                translation_key__in=sent.values("page__translation_key"),
            )
            .order_by("-first_published_at", "-pk")[: self.LATEST_TIPS]
        )
        return context


class TipIndexPageMixin(models.Model):
    """The public library of tips."""

    TIPS_PER_PAGE = 20

    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )

    tip_panels = ["introduction"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``themes``, the chosen ``theme`` (or None) and a page of ``tips``.

        Query parameters: ``theme`` (a slug), ``page`` (a number).
        """
        context: dict[str, Any] = super().get_context(  # type: ignore[misc]
            request, *args, **kwargs
        )
        themes = list(Theme.objects.filter(locale=self.locale))  # type: ignore[attr-defined]
        slug = request.GET.get("theme", "")
        theme = next((theme for theme in themes if theme.slug == slug), None)
        tips = (
            TipPage.objects.live()
            .child_of(self)
            .prefetch_related("themes")
            .order_by("-first_published_at", "-pk")
        )
        if theme:
            tips = tips.filter(themes__translation_key=theme.translation_key).distinct()
        page = Paginator(tips, self.TIPS_PER_PAGE).get_page(request.GET.get("page"))
        for tip in page.object_list:
            tip.theme_names = tip.theme_names_among(themes)
        context["themes"] = themes
        context["theme"] = theme
        context["tips"] = page
        return context


class TipPageMixin(SentPageMixin):
    """One prevention tip."""

    class Season(models.TextChoices):
        """When a tip is of use."""

        ALL_YEAR = "all_year", _("all year")
        DARK_MONTHS = "dark_months", _("dark months")
        SUMMER = "summer", _("summer and holidays")

    introduction = models.TextField(
        _("in short"),
        max_length=400,
        help_text=_("One or two sentences: in lists, on top of the tip and the mail."),
    )
    body = StreamField(TipBodyBlock(), verbose_name=_("text"), blank=True)
    themes = ParentalManyToManyField(Theme, verbose_name=_("themes"), blank=True)
    season = models.CharField(
        _("season"), max_length=11, choices=Season.choices, default=Season.ALL_YEAR
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    source = models.URLField(_("source"), blank=True)

    tip_panels = [
        "introduction",
        "body",
        "themes",
        "season",
        "valid_from",
        "valid_until",
        "source",
    ]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``theme_names``, the ``library`` above it, and ``dispatches``: when
        and for which BINs the tip was sent.
        """
        context: dict[str, Any] = super().get_context(  # type: ignore[misc]
            request, *args, **kwargs
        )
        locale = self.locale  # type: ignore[attr-defined]
        context["theme_names"] = self.theme_names_among(
            Theme.objects.filter(locale=locale)
        )
        context["library"] = self.get_parent()  # type: ignore[attr-defined]
        context["dispatches"] = self.dispatches()
        return context

    def theme_names_among(self, themes: Iterable[Theme]) -> list[str]:
        """Names of the tip's themes, taken from themes in the reader's language.

        A translated tip may still point at the themes of its source.
        """
        keys = {theme.translation_key for theme in self.themes.all()}
        return [theme.name for theme in themes if theme.translation_key in keys]


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
    parent_page_types = ["wagtail_bin.TipIndexPage"]
    subpage_types: list[str] = []
    template = "wagtail_bin/pages/tip_page.html"

    class Meta:
        verbose_name = _("prevention tip")
        verbose_name_plural = _("prevention tips")
