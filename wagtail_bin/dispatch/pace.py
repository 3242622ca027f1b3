"""How fast a lot goes: spread over connections, and what its outcome teaches.

A mail domain gets a few connections at first and more as it takes mail, as
Postfix does; one that says "later" gets half as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import gates
from wagtail_bin.dispatch.ledger import Marked, domain_of
from wagtail_bin.dispatch.ledger_write import NOT_TRIED
from wagtail_bin.models import ChannelName

FIRST_LIMIT = 5
LARGEST_LIMIT = 20


class Pace:
    """The pace of one lot.

    Args:
        channel: its name.
        is_shaky: whether the channel had failures before.
        is_probe: whether the lot is to show if the channel works again.
        is_batched: whether a provider takes several messages in a call, and so
            sees to the domains itself.
    """

    # Learnt by this process, for as long as it lives: domain -> connections.
    limits: ClassVar[dict[str, float]] = {}

    def __init__(
        self, channel: str, *, is_shaky: bool, is_probe: bool, is_batched: bool
    ) -> None:
        self._channel = channel
        self._is_shaky = is_shaky
        self._is_probe = is_probe
        self._by_domain = channel == ChannelName.EMAIL and not is_batched
        self._limping = gates.limping_domains() if self._by_domain else set()

    def shares(
        self, ready: Sequence[tuple[Marked, Any]], connections: int
    ) -> list[list[int]]:
        """Spread messages over connections.

        Args:
            ready: marked deliveries with their messages.

        Returns:
            For each connection that gets something, indexes into ``ready``.
        """
        shares: list[list[int]] = [[] for _connection in range(connections)]
        if self._by_domain:
            self._spread_by_domain(ready, shares)
        else:
            order = sorted(range(len(ready)), key=lambda i: id(ready[i][1].content))
            size = -(-len(order) // connections)
            for position, index in enumerate(order):
                shares[position // size].append(index)
        return [share for share in shares if share]

    def _spread_by_domain(
        self, ready: Sequence[tuple[Marked, Any]], shares: list[list[int]]
    ) -> None:
        domains: dict[str, list[int]] = {}
        for index, (_marked, message) in enumerate(ready):
            domains.setdefault(domain_of(message.to), []).append(index)
        connections = len(shares)
        start = 0
        for domain, indexes in domains.items():
            limit = int(self.limits.get(domain, FIRST_LIMIT))
            lanes = min(limit, connections, len(indexes))
            for position, index in enumerate(indexes):
                shares[(start + position % lanes) % connections].append(index)
            start += lanes

    def note(self, results: Sequence[tuple[Marked, Receipt]]) -> bool:
        """Learn from what became of some messages.

        Returns:
            Whether the channel is in trouble, so that nothing more should be tried.
        """
        receipts = [receipt for _marked, receipt in results]
        wide = [receipt for receipt in receipts if receipt.is_channel_wide]
        is_working = any(_shows_life(receipt) for receipt in receipts)
        if self._by_domain:
            self._learn_domains(results)
        wait = max((receipt.retry_after for receipt in wide), default=0)
        if wide and (wait or not is_working):
            gates.note_failures(
                self._channel,
                count=1 if is_working else len(wide),
                code=wide[-1].code,
                wait=wait,
                is_probe=self._is_probe,
            )
            self._is_shaky, self._is_probe = True, False
        elif is_working and not wide and self._is_shaky:
            gates.note_success(self._channel, is_probe=self._is_probe)
            self._is_shaky, self._is_probe = False, False
        return bool(wide)

    def close(self) -> None:
        """Let others look whether the channel works, if this lot did not find out."""
        if self._is_probe:
            gates.drop_probe(self._channel)

    def _learn_domains(self, results: Sequence[tuple[Marked, Receipt]]) -> None:
        fine: set[str] = set()
        slow: set[str] = set()
        for marked, receipt in results:
            if receipt.is_channel_wide or receipt.source == NOT_TRIED:
                continue
            if receipt.outcome is Outcome.RETRY:
                slow.add(domain_of(marked.to))
            elif receipt.outcome is Outcome.ACCEPTED:
                fine.add(domain_of(marked.to))
        for domain in fine - slow:
            limit = self.limits.get(domain, FIRST_LIMIT)
            self.limits[domain] = min(limit + 1, LARGEST_LIMIT)
        for domain in slow:
            limit = self.limits.get(domain, FIRST_LIMIT)
            self.limits[domain] = max(limit / 2, 1)
        if slow or fine & self._limping:
            gates.note_domains(slow=slow, fine=fine & self._limping)
            self._limping |= slow


def _shows_life(receipt: Receipt) -> bool:
    """Whether somebody at the other end has answered about a message."""
    return (
        receipt.outcome is not Outcome.UNKNOWN
        and not receipt.is_channel_wide
        and receipt.source not in {NOT_TRIED, "guard"}
    )
