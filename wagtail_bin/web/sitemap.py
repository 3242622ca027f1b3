"""A sitemap in all languages of a site.

Wagtail's own knows only what stands below the home page in the site's first
language. Use this one in its place::

    path("sitemap.xml", sitemap, {"sitemaps": {"pages": PublicSitemap}})
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from wagtail.contrib.sitemaps import Sitemap
from wagtail.models import Locale

from wagtail_bin.models import base_page_model
from wagtail_bin.web.public import home_pages, is_below


class PublicSitemap(Sitemap):  # type: ignore[misc]
    """Live public pages of a site, each with its translations (``hreflang``)."""

    def items(self) -> Any:
        """Pages in all languages, without aliases: those say nothing of their own."""
        homes = list(home_pages(self.get_wagtail_site()))
        return (
            base_page_model()
            .objects.live()
            .public()
            .filter(is_below(homes), alias_of__isnull=True)
            .order_by("path")
            .defer_streamfields()
            .specific()
        )

    def _urls(self, page: int, protocol: str, domain: str) -> list[dict[str, Any]]:
        # Where Wagtail's own builds them too; its get_urls() leads here.
        languages = dict(Locale.objects.values_list("pk", "language_code"))
        urls: list[dict[str, Any]] = []
        families: defaultdict[Any, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for item in self.paginator.page(page).object_list:
            # The first is the page's own; it may add others.
            own = item.get_sitemap_urls(self.request)
            urls += own
            if own:
                language = languages[item.locale_id]
                families[item.translation_key].append((language, own[0]))
        for family in families.values():
            if len(family) > 1:
                alternates = [
                    {"lang_code": language, "location": url["location"]}
                    for language, url in family
                ]
                for _language, url in family:
                    url["alternates"] = alternates
        moments = [url.get("lastmod") for url in urls]
        if moments and all(moments):
            self.latest_lastmod = max(moments)  # type: ignore[type-var]
        return urls
