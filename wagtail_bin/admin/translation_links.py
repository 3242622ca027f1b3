"""Where a translation is made or finished."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.urls import reverse


def translation_url(source: Any, translated: Any) -> str:
    """The screen on which a language of a page is seen to.

    Args:
        source: the page that is there.
        translated: the unfinished page in that language, or None.

    Returns:
        An address in the admin; without wagtail-localize the page's own editor.
    """
    if translated is None and apps.is_installed("wagtail_localize"):
        return reverse("wagtail_localize:submit_page_translation", args=[source.pk])
    return reverse("wagtailadmin_pages:edit", args=[(translated or source).pk])
