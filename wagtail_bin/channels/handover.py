"""Platforms without a public interface: a person uploads a file of ours there.

BE-Alert and BIN-net send SMS and voice messages to the numbers of a file. Their
column names are not published, so columns are a setting, and nothing here
claims to be compatible with either.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy

from wagtail_bin.channels.base import (
    Channel,
    ChannelUnavailable,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.options import read_options
from wagtail_bin.channels.registry import channel_names, channel_settings
from wagtail_bin.spreadsheets import write_csv, write_workbook

# Field of a row -> header, in the language that is active.
HEADERS = {
    "first_name": gettext_lazy("first name"),
    "last_name": gettext_lazy("last name"),
    "phone": gettext_lazy("landline"),
    "mobile": gettext_lazy("mobile"),
    "email": gettext_lazy("e-mail"),
    "street": gettext_lazy("street"),
    "number": gettext_lazy("number"),
    "box": gettext_lazy("box"),
    "postcode": gettext_lazy("postcode"),
    "locality": gettext_lazy("town"),
    "language": gettext_lazy("language"),
    "network": gettext_lazy("BIN"),
}
NUMBERS = {"phone", "mobile"}
FORMATS = ("csv", "xlsx")
BY_HAND = "by_hand"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRow:
    """One recipient, as text; numbers in E.164."""

    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    mobile: str = ""
    email: str = ""
    street: str = ""
    number: str = ""
    box: str = ""
    postcode: str = ""
    locality: str = ""
    language: str = ""
    network: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HandoverPlatform:
    """What one platform takes: ``OPTIONS`` of its channel.

    Attributes:
        name: of the channel in ``WAGTAIL_BIN_CHANNELS``.
        label: its name for people.
        columns: fields of :class:`HandoverRow`, in their order.
        format: ``csv`` or ``xlsx``.
        sms_parts: parts that an SMS may have there.
        voice_seconds: how long a voice message may take there.

    Raises:
        ImproperlyConfigured: an unknown column or format.
    """

    name: str = ""
    label: str
    columns: Sequence[str] = ("first_name", "last_name", "mobile", "phone", "language")
    format: str = "xlsx"
    sms_parts: int = 1
    voice_seconds: int = 60

    def __post_init__(self) -> None:
        _check(self.columns, self.format)


class HandoverChannel(Channel):
    """Never sends: its deliveries wait until a person has uploaded the file."""

    source = "handover"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.platform = read_options(HandoverPlatform, options)

    def open(self) -> None:
        """Always unavailable."""
        raise ChannelUnavailable(BY_HAND)

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Nothing was sent; for who does not open a channel first."""
        return Receipt(
            Outcome.RETRY, code=BY_HAND, source=self.source, is_channel_wide=True
        )


def handover_platforms() -> list[HandoverPlatform]:
    """The platforms that the project configured, in their order."""
    platforms = []
    for name in channel_names():
        settings = channel_settings(name)
        if issubclass(import_string(settings.backend), HandoverChannel):
            options = {**settings.options, "NAME": name}
            platforms.append(read_options(HandoverPlatform, options))
    return platforms


def handover_file(
    rows: Iterable[HandoverRow],
    columns: Sequence[str],
    format: str,  # noqa: A002
) -> bytes:
    """A file of recipients in memory; see :func:`write_handover`."""
    target = io.BytesIO()
    write_handover(target, rows, columns, format)
    return target.getvalue()


def write_handover(
    target: IO[bytes],
    rows: Iterable[HandoverRow],
    columns: Sequence[str],
    format: str,  # noqa: A002
) -> None:
    """Write a file of recipients, its headers in the language that is active.

    No cell can become a formula. Rows are taken one at a time and never held.

    Args:
        target: opened for writing.
        rows: recipients.
        columns: fields of :class:`HandoverRow`, in their order.
        format: ``csv`` (UTF-8 with a mark, semicolons) or ``xlsx``.

    Raises:
        ImproperlyConfigured: an unknown column or format.
    """
    _check(columns, format)
    lines = _lines(rows, columns)
    if format == "xlsx":
        write_workbook(target, lines, title=str(HEADERS["network"]))
        return
    # The mark tells Excel that it is UTF-8.
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
    try:
        write_csv(text, lines)
    finally:
        text.detach()


def _check(columns: Sequence[str], form: str) -> None:
    if unknown := set(columns) - set(HEADERS):
        raise ImproperlyConfigured(
            f"COLUMNS of a hand-over: {', '.join(sorted(unknown))}; "
            f"known are {', '.join(HEADERS)}."
        )
    if not columns or form not in FORMATS:
        raise ImproperlyConfigured(
            "A hand-over needs COLUMNS, and csv or xlsx for FORMAT."
        )


def _lines(
    rows: Iterable[HandoverRow], columns: Sequence[str]
) -> Iterator[Sequence[str]]:
    yield [str(HEADERS[column]) for column in columns]
    for row in rows:
        yield [
            _dialled(getattr(row, column))
            if column in NUMBERS
            else getattr(row, column)
            for column in columns
        ]


def _dialled(e164: str) -> str:
    """A number as it is dialled in Belgium, digits only: no plus can be a formula."""
    if e164.startswith("+32"):
        return "0" + e164[3:]
    return e164.replace("+", "00", 1)
