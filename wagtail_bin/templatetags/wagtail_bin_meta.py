"""What search engines and other websites read of a page, and links to share it.

``{% load wagtail_bin_meta %}``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import to_locale
from wagtail.images.shortcuts import get_rendition_or_not_found
from wagtail.models import Site

from wagtail_bin.models import (
    BINIndexPageMixin,
    BINPageMixin,
    Network,
    TipPageMixin,
    lead_of,
)

register = template.Library()

# Large enough for any website that shows it, small enough for a telephone.
IMAGE_FILTER = "max-1200x1200"

# What could end the element, or begin another one.
UNSAFE_IN_SCRIPT = str.maketrans({"<": "\\u003C", ">": "\\u003E", "&": "\\u0026"})


@register.inclusion_tag("wagtail_bin/pages/includes/meta.html", takes_context=True)
def bin_meta(context: Any, page: Any) -> dict[str, Any]:
    """Canonical address, Open Graph and feeds of a page. Belongs in ``<head>``."""
    site, address = _site(context, page), _address(context, page)
    language = page.locale.language_code
    feed = reverse("wagtail_bin:feed", args=["rss"])
    queries = [{"lang": language}]
    if isinstance(page, BINPageMixin):
        queries.insert(0, {"lang": language, "bin": _network(context, page).slug})
    return {
        "page": page,
        "url": address,
        "type": "article" if isinstance(page, TipPageMixin) else "website",
        "description": _description(page),
        "locale": _territorial(language),
        "site_name": _name(site),
        "image": _image(page, address),
        "feeds": [f"{feed}?{urlencode(query)}" for query in queries],
    }


@register.simple_tag(takes_context=True)
def bin_schema(context: Any, page: Any) -> SafeString:
    """A page in the words of schema.org, as JSON-LD. Data, of which nothing runs."""
    about = {
        "@context": "https://schema.org",
        **_schema(context, page),
        "url": _address(context, page),
        "description": _description(page),
    }
    text = json.dumps({name: value for name, value in about.items() if value})
    return format_html(
        '<script type="application/ld+json">{}</script>',
        SafeString(text.translate(UNSAFE_IN_SCRIPT)),
    )


@register.inclusion_tag("wagtail_bin/pages/includes/share.html", takes_context=True)
def bin_share(context: Any, page: Any) -> dict[str, Any]:
    """Links to share a page with. Nobody is told of anything before one is followed."""
    address = _address(context, page)
    text = f"{page.title}\r\n{address}"
    poster = getattr(page, "has_poster", False)
    return {
        "mail": f"mailto:?subject={quote(page.title, '')}&body={quote(text, '')}",
        "whatsapp": f"https://wa.me/?text={quote(text, '')}",
        "facebook": f"https://www.facebook.com/sharer/sharer.php?u={quote(address, '')}",
        "poster": reverse("wagtail_bin:poster", args=[page.pk]) if poster else "",
    }


def _schema(context: Any, page: Any) -> dict[str, Any]:
    """What is particular to a kind of page."""
    language = page.locale.language_code
    kind = type(page)
    if issubclass(kind, TipPageMixin):
        site = _site(context, page)
        return {
            "@type": "Article",
            "headline": page.title,
            "inLanguage": language,
            "datePublished": _moment(page.first_published_at),
            "dateModified": _moment(page.last_published_at),
            "publisher": {
                "@type": "Organization",
                "name": _name(site),
                "url": f"{site.root_url}/" if site else "",
            },
        }
    if issubclass(kind, BINPageMixin):
        place = _network(context, page).municipality.name_in(language)
        return {
            "@type": "Organization",
            "name": page.title,
            "areaServed": {"@type": "AdministrativeArea", "name": place},
        }
    is_list = issubclass(kind, BINIndexPageMixin)
    return {
        "@type": "CollectionPage" if is_list else "WebPage",
        "name": page.title,
        "inLanguage": language,
    }


def _site(context: Any, page: Any) -> Site | None:
    request = context.get("request")
    site: Site | None = Site.find_for_request(request) if request else page.get_site()
    return site


def _name(site: Site | None) -> str:
    return str(site.site_name or site.hostname) if site else ""


def _address(context: Any, page: Any) -> str:
    """The address that a page is known by: an alias is known by that of its source."""
    known = page.alias_of if page.alias_of_id else page
    return str(known.get_full_url(context.get("request")) or "")


def _network(context: Any, page: Any) -> Network:
    """The BIN of a page, which its own context mostly holds already."""
    found = context.get("network")
    if isinstance(found, Network) and found.pk == page.network_id:
        return found
    network: Network = page.network
    return network


def _description(page: Any) -> str:
    # A base page of the project may have no such field.
    return getattr(page, "search_description", "") or lead_of(page)


def _territorial(language: str) -> str:
    """A language as Open Graph writes it, ``nl_BE``; without a region that of Belgium."""
    locale = to_locale(language)
    return locale if "_" in locale else f"{locale}_BE"


def _moment(moment: Any) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _image(page: Any, address: str) -> dict[str, Any] | None:
    """The first image of the body, at a limited size; None where there is none."""
    body = getattr(page, "body", None)
    block = body.first_block_by_name("image") if body else None
    image = block and block.value
    if not image:
        return None
    rendition = get_rendition_or_not_found(image, IMAGE_FILTER)
    # No file behind it any more.
    if not rendition.width:
        return None
    alt = getattr(image, "contextual_alt_text", None)
    return {
        "url": urljoin(address, rendition.url),
        "width": rendition.width,
        "height": rendition.height,
        "alt": image.default_alt_text if alt is None else alt,
    }
