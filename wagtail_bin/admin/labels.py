"""Names of channels, and moments, as people say them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from wagtail_bin.models import ChannelName


def channel_label(channel: str) -> str:
    """A channel's name in words."""
    return str(ChannelName(channel).label)


def moment(when: Any) -> str:
    """A moment in local time, in words."""
    return date_format(timezone.localtime(when), "j F Y, H:i")
