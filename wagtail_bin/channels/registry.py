"""From a channel's name to the channel that the project configured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from wagtail_bin.channels.base import Channel
from wagtail_bin.conf import conf


@dataclasses.dataclass(frozen=True)
class ChannelSettings:
    """One entry of ``WAGTAIL_BIN_CHANNELS``.

    Attributes:
        backend: dotted path of a :class:`~wagtail_bin.channels.base.Channel`.
        options: keyword arguments of that class.
        connections: calls that one worker process makes at the same time.
        batch: messages under way per connection, in two halves, and half of it
            at most in one call to a provider that takes several: so many per
            connection are unknown when a worker dies.
        rate: messages per second that all workers together may send; 0: no limit.
        price: of one part of an SMS or one minute of voice, in euros.
    """

    backend: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    connections: int = 1
    batch: int = 10
    rate: float = 0
    price: Decimal = Decimal(0)


def channel_names() -> list[str]:
    """The channels that the project configured, in the order of preference."""
    return list(conf.CHANNELS)


def channel_settings(name: str) -> ChannelSettings:
    """The settings of a channel.

    Args:
        name: a key of ``WAGTAIL_BIN_CHANNELS``; the value is a dotted path, or
            a mapping of the attributes of :class:`ChannelSettings` in capitals.

    Raises:
        ImproperlyConfigured: no such channel, or not understood.
    """
    entry = conf.CHANNELS.get(name)
    if not entry:
        raise ImproperlyConfigured(f"WAGTAIL_BIN_CHANNELS has no channel {name!r}.")
    if isinstance(entry, str):
        return ChannelSettings(entry)
    try:
        values = {key.lower(): value for key, value in entry.items()}
        options = values.get("options", {})
        values["options"] = {key.lower(): value for key, value in options.items()}
        values["price"] = Decimal(str(values.get("price", 0)))
        return ChannelSettings(**values)
    except (TypeError, ArithmeticError) as error:
        raise ImproperlyConfigured(
            f"WAGTAIL_BIN_CHANNELS[{name!r}]: {error}"
        ) from error


def get_channel(name: str) -> Channel:
    """A fresh channel.

    Args:
        name: a key of ``WAGTAIL_BIN_CHANNELS``.

    Raises:
        ImproperlyConfigured: no such channel, or not a channel.
    """
    settings = channel_settings(name)
    channel = import_string(settings.backend)(**settings.options)
    if not isinstance(channel, Channel):
        raise ImproperlyConfigured(f"{settings.backend} is not a wagtail_bin channel.")
    return channel
