"""``OPTIONS`` of a channel, and the packages that only some channels need."""

from __future__ import annotations

import importlib.util
import keyword
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


def read_options(kind: type[T], options: Mapping[str, Any]) -> T:
    """Options as a dataclass, so that a misspelt one is found at once.

    Args:
        kind: a dataclass; its field ``account_sid`` is the option
            ``ACCOUNT_SID``, and ``from_`` is ``FROM``.
        options: as they stand in ``WAGTAIL_BIN_CHANNELS``.

    Raises:
        ImproperlyConfigured: an unknown option, or one that is missing. Its
            text names options and never quotes a value: some are secrets.
    """
    values = {
        name + "_" * keyword.iskeyword(name): value
        for name, value in ((key.lower(), value) for key, value in options.items())
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise ImproperlyConfigured(
            f"OPTIONS of a channel in WAGTAIL_BIN_CHANNELS: {error}"
        ) from error


def require(package: str) -> None:
    """Make sure of an optional package whose extra has the same name.

    Raises:
        ImproperlyConfigured: not installed; says how to install it.
    """
    if importlib.util.find_spec(package) is None:
        raise ImproperlyConfigured(
            f"This channel needs {package}: pip install wagtail-bin[{package}]"
        )
