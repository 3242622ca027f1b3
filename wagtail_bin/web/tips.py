"""Which tips of a site somebody asks for, by language, theme and BIN."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

from django.core.validators import slug_re
from django.db.models import F
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from wagtail.models import Page, Site

from wagtail_bin.models import (
    Network,
    Theme,
    TipIndexPageMixin,
    TipPageMixin,
    model_of,
    valid_on_a_day,
)
from wagtail_bin.models.public_pages import keys_sent_to
from wagtail_bin.web.public import home_pages, is_below, site_of


@dataclasses.dataclass(frozen=True)
class TipChoice:
    """Tips of a site, and what they were chosen by.

    Attributes:
        site: whose tips.
        homes: its home pages in the languages that are wanted.
        themes: every theme there is, in all languages.
        language: the code that was asked for; empty: all of them.
        theme: in that language where it has a name in it; None: any.
        network: that they were sent to; None: any.
    """

    site: Site
    homes: list[Page]
    themes: list[Theme]
    language: str
    theme: Theme | None
    network: Network | None

    @property
    def words_in(self) -> str:
        """The language of the words around the tips: never that of who asks."""
        home: Page = self.site.root_page
        return self.language or next(
            str(one.locale.language_code) for one in self.homes if one.pk == home.pk
        )

    @property
    def query(self) -> str:
        """The parameters that choose it, in one order, with ``?``; or empty."""
        chosen = {
            "lang": self.language,
            "theme": self.theme.slug if self.theme else "",
            "bin": self.network.slug if self.network else "",
        }
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"?{query}" if query else ""

    def tips(self, most: int) -> list[Any]:
        """The newest that hold today, with ``locale`` and ``theme_names``.

        An alias is left out: it stands in another language's tree without being
        in that language.
        """
        tips = (
            model_of(TipPageMixin)
            .objects.live()
            .public()
            .filter(is_below(self.homes), valid_on_a_day())
            # Atom needs a date; what has none was never published.
            .filter(alias_of__isnull=True, first_published_at__isnull=False)
        )
        if self.language:
            tips = tips.filter(locale__language_code=self.language)
        if self.theme:
            key = self.theme.translation_key
            tips = tips.filter(themes__translation_key=key).distinct()
        if self.network:
            tips = tips.filter(translation_key__in=keys_sent_to(self.network))
        newest = tips.order_by(F("first_published_at").desc(), "-pk")
        found = list(newest.select_related("locale").prefetch_related("themes")[:most])
        for tip in found:
            own = [theme for theme in self.themes if theme.locale_id == tip.locale_id]
            tip.theme_names = tip.theme_names_among(own)
        return found

    def library_url(self) -> str:
        """Address of the library of tips, or else of the site."""
        library = (
            model_of(TipIndexPageMixin)
            .objects.live()
            .public()
            .filter(is_below(self.homes), alias_of__isnull=True)
            .filter(locale__language_code=self.words_in)
            .order_by("path")
            .first()
        )
        return (library and library.full_url) or f"{self.site.root_url}/"


def choose_tips(request: HttpRequest) -> TipChoice:
    """What a request asks for: ``lang``, ``theme`` (slug) and ``bin`` (slug).

    Raises:
        Http404: the site has no such language, or there is no such theme or BIN.
    """
    site = site_of(request)
    language = request.GET.get("lang", "")
    homes = [
        home for home in home_pages(site) if language in {"", home.locale.language_code}
    ]
    if not homes:
        raise Http404
    themes = list(Theme.objects.select_related("locale"))
    choice = TipChoice(site, homes, themes, language, None, None)
    if slug := request.GET.get("theme"):
        choice = dataclasses.replace(choice, theme=_theme(choice, slug))
    if slug := request.GET.get("bin"):
        choice = dataclasses.replace(choice, network=_network(slug))
    return choice


def _network(slug: str) -> Network:
    # PostgreSQL refuses some characters, which no short name has.
    if not slug_re.match(slug):
        raise Http404
    network: Network = get_object_or_404(Network, slug=slug)
    return network


def _theme(choice: TipChoice, slug: str) -> Theme:
    """The theme with a short name, which may be one in another language."""
    named = [theme for theme in choice.themes if theme.slug == slug]
    if not named:
        raise Http404
    language = choice.words_in

    def is_foreign(theme: Theme) -> tuple[bool, int]:
        return theme.locale.language_code != language, theme.pk

    found = min(named, key=is_foreign)
    same = [t for t in choice.themes if t.translation_key == found.translation_key]
    return min(same, key=is_foreign)
