"""From a channel's name to the channel that the project configured."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from wagtail_bin.channels.base import Channel
from wagtail_bin.conf import conf


def get_channel(name: str) -> Channel:
    """A fresh channel.

    Args:
        name: a key of ``WAGTAIL_BIN_CHANNELS``.

    Raises:
        ImproperlyConfigured: no such channel, or not a channel.
    """
    path = conf.CHANNELS.get(name)
    if not path:
        raise ImproperlyConfigured(f"WAGTAIL_BIN_CHANNELS has no channel {name!r}.")
    channel = import_string(path)()
    if not isinstance(channel, Channel):
        raise ImproperlyConfigured(f"{path} is not a wagtail_bin channel.")
    return channel
