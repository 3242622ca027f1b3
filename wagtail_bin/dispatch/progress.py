"""How far a dispatch is."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping

from django.db.models import Count

from wagtail_bin.models import Delivery, Dispatch


@dataclasses.dataclass(frozen=True)
class Progress:
    """The ledger of one dispatch, counted.

    Attributes:
        states: state to number of deliveries.
    """

    states: Mapping[str, int]

    @property
    def total(self) -> int:
        """Number of recipients."""
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """Number of recipients about whom nothing is known yet."""
        return sum(self.states.get(state, 0) for state in Delivery.OPEN_STATES)

    @property
    def settled(self) -> int:
        """Number of recipients about whom something is known."""
        return self.total - self.waiting

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.waiting == 0

    @property
    def rows(self) -> list[tuple[str, str, int]]:
        """State, its name in words, number; without the empty ones."""
        return [
            (state.value, str(state.label), self.states[state])
            for state in Delivery.State
            if self.states.get(state)
        ]


def progress_of(dispatch: Dispatch) -> Progress:
    """Count one dispatch's ledger."""
    return progress_of_all([dispatch])[dispatch.pk]


def progress_of_all(dispatches: Iterable[Dispatch]) -> dict[uuid.UUID, Progress]:
    """Count the ledgers of several dispatches, in one query.

    Returns:
        Primary key of the dispatch to its progress.
    """
    states: dict[uuid.UUID, dict[str, int]] = {d.pk: {} for d in dispatches}
    counts = (
        Delivery.objects.filter(dispatch__in=list(states))
        .order_by()
        .values_list("dispatch", "state")
        .annotate(Count("pk"))
    )
    for dispatch, state, count in counts:
        states[dispatch][state] = count
    return {pk: Progress(counted) for pk, counted in states.items()}
