"""Feeds of tips: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1.

A site's newest tips, narrowed by the parameters that
:func:`wagtail_bin.web.tips.choose_tips` knows.
"""

from __future__ import annotations

import html
import json
import re
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.feedgenerator import (
    Atom1Feed,
    Rss201rev2Feed,
    SyndicationFeed,
    rfc3339_date,
)
from django.utils.translation import gettext as _

from wagtail_bin.web.public import public_view, site_name
from wagtail_bin.web.tips import TipChoice, choose_tips

MOST_TIPS = 50

# XML 1.0 cannot hold these; a word processor leaves some behind.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class AtomFeed(Atom1Feed):
    """Atom that says in which language each entry is."""

    def item_attributes(self, item: dict[str, Any]) -> dict[str, Any]:
        """``xml:lang`` of an entry."""
        return {"xml:lang": item["language"]}


class JSONFeed(SyndicationFeed):
    """JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/."""

    content_type = "application/feed+json; charset=utf-8"

    def write(self, outfile: Any, encoding: str) -> None:
        """Write the feed; its text is ASCII, whatever the encoding."""
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "description": self.feed["description"],
            "language": self.feed["language"],
            "authors": [{"name": self.feed["author_name"]}],
            "items": [_json_item(item) for item in self.items],
        }
        if not feed["language"]:
            del feed["language"]
        outfile.write(json.dumps(feed))


def _json_item(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": item["unique_id"],
        "url": item["link"],
        "title": item["title"],
        # Text here, where the others hold HTML.
        "content_text": item["text"],
        "date_published": rfc3339_date(item["pubdate"]),
        "date_modified": rfc3339_date(item["updateddate"]),
        "language": item["language"],
        "tags": list(item["categories"]),
    }


FEEDS: dict[str, Any] = {
    "rss": Rss201rev2Feed,
    "atom": AtomFeed,
    "json": JSONFeed,
}


@public_view
def feed(request: HttpRequest, kind: str) -> HttpResponse:
    """The newest tips; ``kind`` is one of ``FEEDS``.

    Raises:
        Http404: of another kind, or nothing that is known was asked for.
    """
    if kind not in FEEDS:
        raise Http404
    choice = choose_tips(request)
    with translation.override(choice.words_in):
        generator = _describe(choice, kind)
        for tip in choice.tips(MOST_TIPS):
            _add(generator, tip, request)
        text = generator.writeString("utf-8")
    return HttpResponse(
        text,
        content_type=FEEDS[kind].content_type,
        headers={"Content-Language": choice.words_in},
    )


def title_of(choice: TipChoice) -> str:
    """What a choice of tips is called, in the language that is active."""
    values = {
        "site": site_name(choice.site),
        "theme": choice.theme and choice.theme.name,
        "network": choice.network and choice.network.name,
    }
    if choice.theme and choice.network:
        return _("Prevention tips of %(site)s for %(network)s: %(theme)s") % values
    if choice.network:
        return _("Prevention tips of %(site)s for %(network)s") % values
    if choice.theme:
        return _("Prevention tips of %(site)s: %(theme)s") % values
    return _("Prevention tips of %(site)s") % values


def _describe(choice: TipChoice, kind: str) -> Any:
    address = reverse("wagtail_bin:feed", args=[kind]) + choice.query
    return FEEDS[kind](
        title=_printable(title_of(choice)),
        link=choice.library_url(),
        description=_("The newest tips to prevent burglary, theft and fraud."),
        # A feed in all languages is in none.
        language=choice.language or None,
        author_name=_printable(site_name(choice.site)),
        feed_url=f"{choice.site.root_url}{address}",
        feed_guid=f"{choice.site.root_url}{address}",
    )


def _add(generator: Any, tip: Any, request: HttpRequest) -> None:
    text = _printable(tip.introduction)
    language = tip.locale.language_code
    generator.add_item(
        title=_printable(tip.title),
        link=tip.get_full_url(request),
        # Readers take a description for HTML.
        description=html.escape(text),
        text=text,
        language=language,
        # The same wherever the tip is moved to, and whatever it is renamed to.
        unique_id=uuid.uuid5(tip.translation_key, language).urn,
        unique_id_is_permalink=False,
        pubdate=tip.first_published_at,
        updateddate=max(
            tip.first_published_at, tip.last_published_at or tip.first_published_at
        ),
        categories=[_printable(name) for name in tip.theme_names],
    )


def _printable(text: str) -> str:
    return CONTROL_CHARACTERS.sub("", text)
