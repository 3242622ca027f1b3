"""Words for the screens of the admin."""

from __future__ import annotations

from typing import Any

from django import template

from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.models import ChannelName

register = template.Library()

register.filter("layout_label", layout_label)


@register.filter
def channel_label(channel: str) -> str:
    """A channel's name in words."""
    return str(ChannelName(channel).label)


@register.filter
def person(user: Any) -> str:
    """A user's name, or a dash where there is no user any more."""
    return str(user.get_full_name() or user.get_username()) if user else "–"
