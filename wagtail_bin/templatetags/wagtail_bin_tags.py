"""Tags and filters for public pages. ``{% load wagtail_bin_tags %}``."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.models import NetworkStreet, PublicPageMixin

register = template.Library()


@register.inclusion_tag("wagtail_bin/pages/includes/emergency.html")
def bin_emergency_line() -> dict[str, str]:
    """What to do when it is urgent. Belongs on every page of the site."""
    return {"number": conf.EMERGENCY_NUMBER}


@register.inclusion_tag("wagtail_bin/pages/includes/languages.html")
def bin_languages(page: Any) -> dict[str, Any]:
    """Links to the live translations of a page; nothing when there are none."""
    return {"page": page, "translations": bin_translations(page)}


@register.simple_tag
def bin_translations(page: Any) -> list[Any]:
    """The live pages that say the same (``PublicPageMixin.live_translations``)."""
    return page.live_translations if isinstance(page, PublicPageMixin) else []


@register.filter
def in_language(thing: Any) -> str:
    """A municipality's or street's name in the language of the visitor."""
    return str(thing.name_in(get_language() or ""))


@register.filter
def house_numbers(street: NetworkStreet) -> str:
    """The part of a street that belongs to a BIN, such as "odd numbers from 47"."""
    values = {
        "numbers": street.get_parity_display(),
        "first": street.number_from,
        "last": street.number_to,
    }
    if street.number_from and street.number_to:
        return _("%(numbers)s from %(first)s to %(last)s") % values
    if street.number_from:
        return _("%(numbers)s from %(first)s") % values
    if street.number_to:
        return _("%(numbers)s up to %(last)s") % values
    return str(values["numbers"])


@register.filter
def dialled(phone: str) -> str:
    """What a ``tel:`` link needs of a number that was written for people."""
    return "".join(c for c in phone.replace("(0)", "") if c.isdigit() or c == "+")
