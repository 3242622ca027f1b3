"""What a cache in front forgets when a page changes: the page, and what lists it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from wagtail.contrib.frontend_cache.utils import PurgeBatch

from wagtail_bin.models import (
    BINIndexPageMixin,
    BINPageMixin,
    Dispatch,
    PublicPageMixin,
    SentPageMixin,
    model_of,
)


def purge_on_commit(page: Any) -> None:
    """Purge a page and the pages that show it, once the change is committed.

    Through Wagtail's frontend cache (``WAGTAILFRONTENDCACHE``); nothing happens
    where none is set up. A front cache that does not answer costs a minute at
    most: pages are kept no longer (``PUBLIC_CACHE_CONTROL``).
    """
    if isinstance(page, PublicPageMixin):
        transaction.on_commit(lambda: _purge(page), robust=True)


def _purge(page: Any) -> None:
    batch = PurgeBatch()
    batch.add_pages(showing(page))
    batch.purge()


def showing(page: Any) -> list[Any]:
    """The live pages that say something of a page, itself among them.

    Its translations link to it, its parent and their parents list it; of a tip the
    pages of the BINs that it was sent to, of a BIN's page the finder.
    """
    translations = list(page.get_translations(inclusive=True).specific())
    parents = [one.get_parent().specific for one in translations]
    pages = [
        *translations,
        *(one for one in parents if isinstance(one, PublicPageMixin)),
    ]
    if isinstance(page, SentPageMixin):
        sent = Dispatch.objects.filter(page__in=translations)
        pages += (
            model_of(BINPageMixin)
            .objects.live()
            .filter(network__in=sent.values("networks"))
        )
    if isinstance(page, BINIndexPageMixin):
        children: Any = page
        pages += children.get_children().live().specific()
    return [one for one in {one.pk: one for one in pages}.values() if one.url]
