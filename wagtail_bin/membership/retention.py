"""What is forgotten by itself, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from wagtail_bin.conf import conf
from wagtail_bin.models import (
    Delivery,
    DeliveryEvent,
    Handover,
    ImportRow,
    Member,
    MemberImport,
    Sanction,
)

# Events erased at a time: little beside what a sweep does otherwise.
AT_ONCE = 10_000


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """How many files and rows of member lists were erased."""

    files: int
    rows: int


def forget_lists() -> Forgotten:
    """Erase uploads that nobody confirmed, and what rows of old imports held.

    The settings ``IMPORT_KEEP_HOURS``, ``IMPORT_KEEP_REFUSED_DAYS`` and
    ``IMPORT_UNDO_DAYS`` say when. The import itself stays, with its counts.
    """
    now = timezone.now()
    state = MemberImport.State
    unconfirmed = MemberImport.objects.filter(
        state__in=[*MemberImport.WAITING, state.FAILED],
        applied_at=None,
        uploaded_at__lt=now - dt.timedelta(hours=conf.IMPORT_KEEP_HOURS),
    )
    ended = ImportRow.objects.exclude(member_import__state=state.UNDOING)
    refused_until = now - dt.timedelta(days=conf.IMPORT_KEEP_REFUSED_DAYS)
    undone_until = now - dt.timedelta(days=conf.IMPORT_UNDO_DAYS)
    rows, _by_model = ended.filter(
        Q(member_import__in=unconfirmed)
        | Q(cells__isnull=False, member_import__applied_at__lt=refused_until)
        | Q(cells__isnull=True, member_import__applied_at__lt=undone_until)
    ).delete()
    files = unconfirmed.filter(content__isnull=False).update(
        content=None,
        state=Case(
            When(state=state.FAILED, then=Value(state.FAILED)),
            default=Value(state.UPLOADED),
        ),
        owner="",
        lease_until=None,
    )
    return Forgotten(files, rows)


def forget_handovers() -> int:
    """Erase files for other platforms after ``HANDOVER_KEEP_HOURS``.

    That they were made, by whom and for how many stays.

    Returns:
        Number of files erased.
    """
    return Handover.objects.filter(
        content__isnull=False,
        made_at__lt=timezone.now() - dt.timedelta(hours=conf.HANDOVER_KEEP_HOURS),
    ).update(content=None)


def forget_sanctions() -> int:
    """Erase sanctions so many days (``SANCTION_KEEP_DAYS``) after they were over.

    A reprimand is over when it is given. A permanent suspension stays until it is
    lifted, or the member is erased.

    Returns:
        Number of sanctions erased.
    """
    then = timezone.now() - dt.timedelta(days=conf.SANCTION_KEEP_DAYS)
    kind = Sanction.Kind
    over = Sanction.objects.filter(
        Q(lift__at__lt=then)
        | Q(kind=kind.REPRIMAND, at__lt=then)
        | Q(kind=kind.TEMPORARY, until__lt=timezone.localdate(then))
    )
    return over.delete()[1].get(Sanction._meta.label, 0)


def forget_events() -> int:
    """Erase what was said of messages ``EVENT_KEEP_DAYS`` ago, a part at a time.

    What it came to stays with the delivery.

    Returns:
        Number of events erased.
    """
    # In the order in which they came. Nobody tells of tomorrow: behind one that
    # is still kept nothing came earlier.
    oldest = DeliveryEvent.objects.order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        oldest = oldest.select_for_update(skip_locked=True)
    with transaction.atomic():
        erased, _by_model = DeliveryEvent.objects.filter(
            pk__in=oldest.values("pk")[:AT_ONCE],
            at__lt=timezone.now() - dt.timedelta(days=conf.EVENT_KEEP_DAYS),
        ).delete()
    return erased


def forget_addresses(*, instance: Member, **kwargs: Any) -> None:
    """Take an erased member out of the ledger and of files. For ``pre_delete``."""
    # First the member, as when a delivery is marked: nobody waits in a circle.
    list(Member.objects.select_for_update().filter(pk=instance.pk).values_list("pk"))
    deliveries = Delivery.objects.filter(member=instance)
    deliveries.update(address="", provider_id="")
    Handover.objects.filter(
        content__isnull=False, dispatch__in=deliveries.values("dispatch")
    ).update(content=None)
