"""What an import would do, to be seen before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from wagtail_bin.exchange.formats import MemberList, open_list
from wagtail_bin.exchange.plan import Changed, New, Refused, plan_batches
from wagtail_bin.models import Network

Row = TypeVar("Row")


@dataclass(frozen=True)
class Preview:
    """Counts in rows, and the first rows of each kind."""

    members: MemberList
    created: int
    updated: int
    unchanged: int
    kept_out: int
    refused: int
    first_new: tuple[New, ...]
    first_changed: tuple[Changed, ...]
    first_refused: tuple[Refused, ...]

    @property
    def effect(self) -> int:
        """Members who are added or changed."""
        return self.created + self.updated


def preview_import(
    *, network: Network, source: bytes, sample: int | None = 50
) -> Preview:
    """Plan an import without writing anything.

    Args:
        network: into which the list would go.
        source: the file.
        sample: how many rows of each kind to keep; None: all.

    Raises:
        ImportRejected: the file cannot be read.
    """
    members = open_list(source)
    created = updated = unchanged = kept_out = refused = 0
    new: list[New] = []
    changed: list[Changed] = []
    refusals: list[Refused] = []
    for batch in plan_batches(members=members, network=network):
        created += len(batch.new)
        updated += len(batch.changed)
        unchanged += len(batch.same)
        kept_out += len(batch.kept_out)
        refused += len(batch.refused)
        _keep(new, batch.new, sample)
        _keep(changed, batch.changed, sample)
        _keep(refusals, batch.refused, sample)
    return Preview(
        members=members,
        created=created,
        updated=updated,
        unchanged=unchanged,
        kept_out=kept_out,
        refused=refused,
        first_new=tuple(new),
        first_changed=tuple(changed),
        first_refused=tuple(refusals),
    )


def refused_in(*, network: Network, members: MemberList) -> Iterator[Refused]:
    """Every row of a list that would be refused, one after the other."""
    for batch in plan_batches(members=members, network=network):
        yield from batch.refused


def _keep(kept: list[Row], rows: list[Row], sample: int | None) -> None:
    room = None if sample is None else sample - len(kept)
    kept += rows[:room]
