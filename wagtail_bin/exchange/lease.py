"""Who works on an import: one at a time, and nobody for longer than a lease.

The table is the truth. A worker that is killed leaves a lease behind, by the
database's clock; when it is over, the next one goes on where the last commit was.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from wagtail_bin.conf import conf
from wagtail_bin.models import MemberImport

State = MemberImport.State
# So often a worker may end on the same rows before the import is given up.
MOST_ATTEMPTS = 3


class Lost(Exception):  # noqa: N818 -- never leaves this package
    """Somebody stopped the import, or took it over."""


@dataclasses.dataclass
class Held:
    """An import that this process works on.

    Attributes:
        member_import: as it was read last.
        owner: what the lease is under.
    """

    member_import: MemberImport
    owner: str

    def lock(self) -> dt.datetime:
        """Lock the import until the caller's transaction ends, and read it anew.

        Returns:
            This moment, by the database's clock.

        Raises:
            Lost: it is somebody else's by now. Roll back.
        """
        before = self.member_import
        found = (
            MemberImport.objects.select_for_update(no_key=True)
            .select_related(None)
            .defer("content")
            .annotate(now=Now())
            .filter(pk=before.pk, owner=self.owner, state=before.state)
            .first()
        )
        if found is None:
            raise Lost
        found.network = before.network
        self.member_import = found
        moment: dt.datetime = found.now
        return moment

    def advance(self, **values: Any) -> None:
        """Note how far the work is, and keep the lease. Locks as :meth:`lock` does.

        Raises:
            Lost: it is somebody else's by now. Roll back.
        """
        now = self.member_import
        held = _one(now).filter(owner=self.owner, state=now.state)
        if not held.update(lease_until=_later(), **values):
            raise Lost
        for name, value in values.items():
            setattr(self.member_import, name, value)

    def settle(self, state: State, **values: Any) -> None:
        """Note that there is nothing more to do."""
        _one(self.member_import).update(state=state, **FREE, **values)
        self.member_import.state = state

    def release(self) -> None:
        """Let another worker go on."""
        _one(self.member_import).filter(owner=self.owner).update(
            owner="", lease_until=None, attempts=0
        )


FREE: dict[str, Any] = {"owner": "", "lease_until": None, "attempts": 0}


def due() -> QuerySet[MemberImport]:
    """Imports that wait for a worker, the oldest first."""
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    waiting = MemberImport.objects.filter(free, state__in=MemberImport.WORKING)
    return waiting.order_by("uploaded_at")


def claim(import_id: uuid.UUID) -> Held | None:
    """Take an import up, if it waits for somebody.

    Returns:
        None: it does not, or has just been given up.
    """
    owner = str(uuid.uuid4())
    taken = (
        due()
        .order_by()
        .filter(pk=import_id)
        .update(owner=owner, lease_until=_later(), attempts=F("attempts") + 1)
    )
    if not taken:
        return None
    found = MemberImport.objects.select_related("network").get(pk=import_id)
    return Held(found, owner)


def _one(member_import: MemberImport) -> QuerySet[MemberImport]:
    return MemberImport.objects.filter(pk=member_import.pk)


def _later() -> Combinable:
    return ExpressionWrapper(
        Now() + Value(dt.timedelta(seconds=conf.LEASE)), output_field=DateTimeField()
    )
