"""What coordinators have still to be told: noted at once, told by the sweep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import F
from django.db.models.functions import Coalesce, Now

from wagtail_bin.models import NetworkNotice

# Coordinators are told of their network at most once in so long.
PAUSE = dt.timedelta(days=1)


def note(networks: Iterable[int | None]) -> None:
    """Let the coordinators of networks be told, once a day at most.

    Args:
        networks: primary keys; None, of a broadcast, is nobody's.
    """
    ids = sorted({pk for pk in networks if pk is not None})
    if not ids:
        return
    NetworkNotice.objects.bulk_create(
        [NetworkNotice(network_id=pk) for pk in ids], ignore_conflicts=True
    )
    NetworkNotice.objects.filter(network__in=ids, due_at=None).update(
        due_at=Coalesce(F("told_at") + PAUSE, Now())
    )
