"""The messages of one dispatch by one channel, for whoever is marked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from wagtail_bin.channels.base import Content, Outcome, OutgoingMessage, Receipt
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.compose import (
    Sender,
    as_repeat,
    content_of,
    personalise,
    sender_of,
)
from wagtail_bin.dispatch.ledger import Marked
from wagtail_bin.models import Dispatch, DispatchMessage, Network

logger = logging.getLogger(__name__)


class Messages:
    """Content per language and sender per network, each loaded once."""

    def __init__(self, dispatch: Dispatch, channel: str) -> None:
        self._dispatch = dispatch
        self._channel = channel
        self._contents = {
            message.language: content_of(message)
            for message in DispatchMessage.objects.filter(
                dispatch=dispatch, channel=channel
            )
        }
        self._repeats: dict[str, Content] = {}
        self._senders: dict[int | None, Sender] = {}

    def compose(
        self, marked: Sequence[Marked]
    ) -> tuple[
        list[tuple[Marked, OutgoingMessage]],
        list[tuple[Marked, Receipt]],
    ]:
        """The messages, and a receipt for each that cannot be made."""
        self._load_senders({row.network_id for row in marked if row.network_id})
        instead = conf.OVERRIDE_RECIPIENTS
        test_addresses = instead.get(self._channel, []) if instead else None
        ready: list[tuple[Marked, OutgoingMessage]] = []
        failed: list[tuple[Marked, Receipt]] = []
        for row in marked:
            try:
                to = _address(row, test_addresses)
                ready.append((row, self._message(row, to)))
            except Exception as error:  # noqa: BLE001 -- one bad row must not stop the rest
                # The kind of error only: its text may quote the member's data.
                logger.error("Delivery %s: %s", row.pk, type(error).__name__)  # noqa: TRY400
                code = "no_test_address" if isinstance(error, _NoTestAddress) else ""
                failed.append(
                    (
                        row,
                        Receipt(
                            Outcome.REJECTED,
                            code=code or "cannot_compose",
                            source="worker",
                        ),
                    )
                )
        return ready, failed

    def _load_senders(self, ids: set[int]) -> None:
        missing = ids - self._senders.keys()
        if not missing:
            return
        found = Network.objects.filter(pk__in=missing).select_related(
            "police_zone", "municipality__site"
        )
        for network in found:
            self._senders[network.pk] = sender_of(network, self._dispatch.purpose)

    def _message(self, row: Marked, to: str) -> OutgoingMessage:
        content = self._content(row)
        reference = f"{row.pk}.{row.attempt}.{self._dispatch.pk}"
        if row.member is None:
            return OutgoingMessage(reference=reference, to=to, content=content)
        return personalise(
            content=content,
            member=row.member,
            sender=self._senders[row.network_id],
            to=to,
            reference=reference,
            channel=self._channel,
        )

    def _content(self, row: Marked) -> Content:
        if not row.is_repeat:
            return self._contents[row.language]
        if row.language not in self._repeats:
            self._repeats[row.language] = as_repeat(self._contents[row.language])
        return self._repeats[row.language]


def _address(row: Marked, test_addresses: Sequence[str] | None) -> str:
    """The recipient's, or a test address where this is not production."""
    if test_addresses is None:
        return row.to
    if not test_addresses:
        raise _NoTestAddress
    return str(test_addresses[row.pk % len(test_addresses)])


class _NoTestAddress(Exception):  # noqa: N818
    """Everything goes to test addresses, and this channel has none."""
