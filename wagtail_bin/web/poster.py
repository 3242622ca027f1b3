"""A page as a poster for the notice board, with a code that leads to it."""

from __future__ import annotations

from typing import Any

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from wagtail.models import Site

from wagtail_bin.models import base_page_model, lead_of
from wagtail_bin.web.public import (
    home_pages,
    is_below,
    public_view,
    site_name,
    site_of,
)


@public_view
def poster(request: HttpRequest, pk: int) -> HttpResponse:
    """A live page with ``has_poster``, to be printed on A4.

    Raises:
        Http404: it is a draft, restricted, of another site or has no poster.
            Django's LocaleMiddleware may lead there through a redirect.
    """
    site = site_of(request)
    page = _page(site, pk)
    address = page.get_full_url(request)
    language = page.locale.language_code
    with translation.override(language):
        title = _("Code that leads to %(address)s") % {"address": address}
        # Without the request: nothing in it is of whoever asks.
        text = render_to_string(
            "wagtail_bin/poster/page.html",
            {
                "page": page,
                "language": language,
                "lead": lead_of(page),
                "url": address,
                "address": address.partition("://")[2].removesuffix("/"),
                "code": qr_code(address, title),
                "code_title": title,
                "site_name": site_name(site),
            },
        )
    return HttpResponse(text, headers={"Content-Language": language})


def qr_code(text: str, title: str) -> SafeString:
    """A QR code as SVG for HTML, with the quiet zone that readers need.

    Args:
        text: what it holds; a seventh of it may be damaged (level M).
        title: what is read out in its place.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False)
    drawing = code.svg_inline(
        border=4, omitsize=True, title=title, svgclass=None, lineclass=None
    )
    return SafeString(drawing)


def _page(site: Site, pk: int) -> Any:
    homes = list(home_pages(site))
    page = base_page_model().objects.live().filter(is_below(homes), pk=pk).first()
    page = page and page.specific
    if not getattr(page, "has_poster", False):
        raise Http404
    # Of an alias those of its source, which PageQuerySet.public() does not see.
    if page.get_view_restrictions().exists():
        raise Http404
    return page
