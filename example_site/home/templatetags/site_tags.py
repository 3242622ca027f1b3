"""Tags of the municipality's own site."""

from typing import Any

from django import template
from wagtail.models import Site

register = template.Library()


@register.simple_tag(takes_context=True)
def site_home(context: Any) -> Any:
    """The home page in the visitor's language, or None before there is a site."""
    request = context.get("request")
    site = Site.find_for_request(request) if request else None
    return site.root_page.localized if site else None


@register.simple_tag
def site_menu(home: Any) -> list[Any]:
    """The live pages below the home page that are to be in the menu."""
    return list(home.get_children().live().in_menu()) if home else []
