"""What is forgotten by itself, and when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.utils import timezone

from wagtail_bin.conf import conf
from wagtail_bin.models import (
    Delivery,
    Handover,
    Member,
    MemberImport,
    RefusedRow,
)


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """How many files and rows of member lists were erased."""

    files: int
    rows: int


def forget_lists() -> Forgotten:
    """Erase uploads that nobody confirmed, and refused rows grown old.

    The settings ``IMPORT_KEEP_HOURS`` and ``IMPORT_KEEP_REFUSED_DAYS`` say
    when. The import itself stays, with its counts.
    """
    now = timezone.now()
    files = MemberImport.objects.filter(
        state=MemberImport.State.UPLOADED,
        uploaded_at__lt=now - dt.timedelta(hours=conf.IMPORT_KEEP_HOURS),
        content__isnull=False,
    ).update(content=None)
    rows, _by_model = RefusedRow.objects.filter(
        member_import__applied_at__lt=now
        - dt.timedelta(days=conf.IMPORT_KEEP_REFUSED_DAYS)
    ).delete()
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


def forget_addresses(*, instance: Member, **kwargs: Any) -> None:
    """Take an erased member out of the ledger and of files. For ``pre_delete``."""
    # First the member, as when a delivery is marked: nobody waits in a circle.
    list(Member.objects.select_for_update().filter(pk=instance.pk).values_list("pk"))
    deliveries = Delivery.objects.filter(member=instance)
    deliveries.update(address="", provider_id="")
    Handover.objects.filter(
        content__isnull=False, dispatch__in=deliveries.values("dispatch")
    ).update(content=None)
