"""In which languages a page can be sent."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _


@dataclasses.dataclass(frozen=True)
class PageLanguages:
    """The languages of a page.

    Attributes:
        ready: language code to the page as it would be sent, own language first.
        unready: language code to (page, why it would not be sent).
    """

    ready: dict[str, Any]
    unready: dict[str, tuple[Any, Any]]


def page_languages(page: Any) -> PageLanguages:
    """Sort a page's translations into ready and not.

    A translation is ready when it is live and, where wagtail-localize keeps it,
    complete: an update of the source puts a half-translated page live.

    Args:
        page: the page being sent, in the state that would be sent.
    """
    ready = {page.locale.language_code: page}
    unready: dict[str, tuple[Any, Any]] = {}
    incomplete = _incomplete_locales(page)
    translations = (
        page.get_translations().filter(alias_of__isnull=True).select_related("locale")
    )
    for translation in translations.order_by("locale_id").specific():
        code = translation.locale.language_code
        if not translation.live:
            unready[code] = (translation, _("not published yet"))
        elif translation.locale_id in incomplete:
            unready[code] = (translation, _("not completely translated"))
        else:
            ready[code] = translation
    return PageLanguages(ready, unready)


def _incomplete_locales(page: Any) -> set[int]:
    # A project with a base page of its own cannot install it.
    if not apps.is_installed("wagtail_localize"):
        return set()
    found = set()
    translations = apps.get_model("wagtail_localize", "Translation")
    for translation in translations.objects.filter(
        source__object_id=page.translation_key, enabled=True
    ):
        total, translated = translation.get_progress()
        if translated < total:
            found.add(translation.target_locale_id)
    return found
