"""Views that say the same to everybody, and which pages of a site they may name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, set_response_etag
from django.views.decorators.http import require_safe
from wagtail.models import Page, Site

from wagtail_bin.conf import conf


def public_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that is read only, and that caches may keep (``PUBLIC_CACHE_CONTROL``).

    It must not look at who asks, and must say its ``Content-Language``. Whoever has
    the answer already gets a 304.
    """

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        language = response["Content-Language"]
        response["Cache-Control"] = conf.PUBLIC_CACHE_CONTROL
        set_response_etag(response)
        tag = response["ETag"]
        answered = get_conditional_response(request, tag, response=response) or response
        # A cache takes over the headers of a 304, and LocaleMiddleware would put
        # the visitor's language there.
        answered["Content-Language"] = language
        return answered

    return login_not_required(require_safe(answer))


def site_of(request: HttpRequest) -> Site:
    """The site that is asked.

    Raises:
        Http404: there is none.
    """
    site = Site.find_for_request(request)
    if site is None:
        raise Http404
    return site


def home_pages(site: Site) -> QuerySet[Page]:
    """A site's home page in each of its languages, with their ``locale``.

    Wagtail keeps the translations beside the home page, not below it.
    """
    pages: QuerySet[Page] = site.root_page.get_translations(inclusive=True)
    return pages.select_related("locale").order_by("path")


def is_below(homes: list[Page]) -> Q:
    """Pages that are, or stand below, one of these."""
    below = Q(pk__in=[])
    for home in homes:
        below |= Q(path__startswith=home.path)
    return below


def site_name(site: Site) -> str:
    """What a site is called, or else its host."""
    return str(site.site_name or site.hostname)
