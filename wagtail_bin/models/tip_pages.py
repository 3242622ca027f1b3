"""The public library of tips, and a tip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.fields import RichTextField, StreamField
from wagtail.search import index

from wagtail_bin.models.blocks import RICH_TEXT_FEATURES, TipBodyBlock
from wagtail_bin.models.dispatches import Dispatch
from wagtail_bin.models.networks import Network
from wagtail_bin.models.public_pages import (
    PublicPageMixin,
    SentPageMixin,
    asked,
    keys_sent_to,
    model_of,
    valid_on_a_day,
)
from wagtail_bin.models.themes import Theme


class Season(models.TextChoices):
    """When a tip is of use."""

    ALL_YEAR = "all_year", _("all year")
    DARK_MONTHS = "dark_months", _("dark months")
    SUMMER = "summer", _("summer and holidays")

    @classmethod
    def now(cls) -> frozenset[str]:
        """The seasons it is today, besides all year."""
        month = timezone.localdate().month
        return frozenset(one for one, months in MONTHS.items() if month in months)


MONTHS: dict[str, frozenset[int]] = {
    Season.DARK_MONTHS: frozenset({10, 11, 12, 1, 2, 3}),
    Season.SUMMER: frozenset({6, 7, 8, 9}),
}


class TipIndexPageMixin(PublicPageMixin):
    """The public library of tips."""

    TIPS_PER_PAGE = 20
    # So many tips are looked through for words, the likeliest first.
    MOST_FOUND = 200

    introduction = RichTextField(
        _("introduction"), blank=True, features=RICH_TEXT_FEATURES
    )

    tip_panels = ["introduction"]

    class Meta:
        abstract = True

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add a page of ``tips``, and what they were chosen by.

        Query parameters: ``theme`` and ``bin`` (slugs), ``season``, ``q`` (words),
        ``page`` (a number). In the context ``themes``, ``networks`` and ``seasons`` are
        those to choose from, ``theme``, ``network`` and ``season`` the chosen one or
        None, ``words`` what is looked for, ``is_chosen`` whether anything is.
        What is in season comes first, but what is looked for by its likeness.
        """
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        themes = list(Theme.objects.filter(locale=self.locale_id))  # type: ignore[attr-defined]
        # Of this library: another municipality's BINs have no place on this site.
        sent = Dispatch.objects.filter(
            page__translation_key__in=self.live_tips().values("translation_key")
        )
        networks = list(Network.objects.filter(pk__in=sent.values("networks")))
        chosen = {
            "theme": _one_of(themes, request.GET.get("theme", "")),
            "network": _one_of(networks, request.GET.get("bin", "")),
            "season": next(
                (one for one in Season if one == request.GET.get("season")), None
            ),
            "words": asked(request, "q"),
        }
        found = self._found(**chosen)
        page = Paginator(found, self.TIPS_PER_PAGE).get_page(request.GET.get("page"))
        page.object_list = self._tips(list(page.object_list))
        for tip in page.object_list:
            tip.theme_names = tip.theme_names_among(themes)
        return (
            context
            | chosen
            | {
                "themes": themes,
                "networks": networks,
                "seasons": list(Season),
                "is_chosen": any(chosen.values()),
                "tips": page,
            }
        )

    def live_tips(self) -> Any:
        """Tips of this library that hold today, what is in season first."""
        is_now = models.Q(season__in=Season.now())
        return (
            model_of(TipPageMixin)
            .objects.live()
            .child_of(self)
            .filter(valid_on_a_day())
            .annotate(is_now=models.Case(models.When(is_now, then=0), default=1))
            .order_by("is_now", "-first_published_at", "-pk")
        )

    def _found(self, *, theme: Any, network: Any, season: Any, words: str) -> list[int]:
        """Primary keys of tips, in their order."""
        tips = self.live_tips()
        if theme:
            tips = tips.filter(themes__translation_key=theme.translation_key)
        if season:
            tips = tips.filter(season=season)
        if network:
            tips = tips.filter(translation_key__in=keys_sent_to(network))
        keys = list(dict.fromkeys(tips.values_list("pk", flat=True)))
        if not words:
            return keys
        among = model_of(TipPageMixin).objects.live().child_of(self)
        ranked = [tip.pk for tip in among.search(words)[: self.MOST_FOUND]]
        wanted = set(keys)
        return [pk for pk in ranked if pk in wanted]

    def _tips(self, keys: list[int]) -> list[Any]:
        tips = model_of(TipPageMixin).objects.prefetch_related("themes")
        found = tips.in_bulk(keys)
        in_season = Season.now()
        for tip in found.values():
            tip.is_in_season = tip.season in in_season
        return [found[pk] for pk in keys if pk in found]


def _one_of(things: Iterable[Any], slug: str) -> Any:
    return next((one for one in things if one.slug == slug), None)


class TipPageMixin(PublicPageMixin, SentPageMixin):
    """One prevention tip."""

    has_poster = True

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
    campaign = models.CharField(
        _("campaign"),
        max_length=60,
        blank=True,
        help_text=_("The action or week that this tip belongs to."),
    )
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(
        _("valid until"),
        null=True,
        blank=True,
        help_text=_("Afterwards the tip leaves the lists by itself."),
    )
    source = models.URLField(_("source"), blank=True)

    tip_panels = [
        "introduction",
        "body",
        "themes",
        "season",
        "campaign",
        "valid_from",
        "valid_until",
        "source",
    ]
    tip_search_fields = [
        index.SearchField("introduction"),
        index.SearchField("body"),
        index.SearchField("campaign"),
    ]

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Refuse what would be over before it begins."""
        super().clean()
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValidationError(
                {"valid_until": _("The last day is before the first.")}
            )

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add ``theme_names``, the ``library`` above it, and ``sent``: the days on which
        the tip was sent, the newest first, each with the names of the BINs.
        """
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        context["theme_names"] = self._theme_names()
        context["library"] = self.get_parent()  # type: ignore[attr-defined]
        context["sent"] = self.sent_to()
        return context

    def _theme_names(self) -> list[str]:
        locale = self.locale_id  # type: ignore[attr-defined]
        themes = list(self.themes.all())
        if all(theme.locale_id == locale for theme in themes):
            return [theme.name for theme in themes]
        # A translation that still points at the themes of its source.
        return self.theme_names_among(Theme.objects.filter(locale=locale))

    @property
    def is_over(self) -> bool:
        """Whether the last day of its validity has passed."""
        return bool(self.valid_until and self.valid_until < timezone.localdate())

    def theme_names_among(self, themes: Iterable[Theme]) -> list[str]:
        """Names of the tip's themes, taken from themes in the reader's language.

        A translated tip may still point at the themes of its source.
        """
        keys = {theme.translation_key for theme in self.themes.all()}
        return [theme.name for theme in themes if theme.translation_key in keys]
