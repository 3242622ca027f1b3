"""Making the plan of an upload: reading the file once, storing row after row."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections import Counter
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import MemberList
from wagtail_bin.exchange.lease import Held
from wagtail_bin.exchange.mapping import Column, Grounds, Mapping
from wagtail_bin.exchange.plan import Planner, contradicting
from wagtail_bin.exchange.staging import counted, look_over, missing_from, stage
from wagtail_bin.models import Member, MemberImport

State = MemberImport.State
Failure = MemberImport.Failure


def stored_file(member_import: MemberImport) -> bytes:
    """What was uploaded.

    Raises:
        ImportRejected: it was erased.
    """
    if member_import.content is None:
        raise ImportRejected(
            _(
                "This list was erased, since nobody confirmed it in time. Upload it"
                " again."
            )
        )
    return bytes(member_import.content)


def read_list(member_import: MemberImport) -> MemberList:
    """The uploaded file, with the columns that were chosen.

    It was checked when it was uploaded, and is not checked again.

    Raises:
        ImportRejected: it was erased.
    """
    stored = member_import.mapping
    columns = tuple(
        Column(name, field, Grounds.CHOSEN if field else Grounds.NONE)
        for name, field in zip(stored["header"], stored["fields"], strict=True)
    )
    return MemberList(
        source=stored_file(member_import),
        mapping=Mapping(stored["line"], columns),
        encoding=stored["encoding"],
        delimiter=stored["delimiter"],
        other_sheets=tuple(stored["other_sheets"]),
        sheet=stored["sheet"],
    )


def make_plan(held: Held) -> bool:
    """Plan an upload from its first row to its last; begun anew after a kill.

    Args:
        held: an import in state ``planning``.

    Returns:
        False: there is nothing more to do.

    Raises:
        Lost: it was cancelled, or is somebody else's.
        ImportRejected: the file cannot be read. That is noted.
    """
    try:
        with _undisturbed():
            _stage_all(held)
    except ImportRejected:
        is_erased = held.member_import.content is None
        with transaction.atomic():
            held.lock()
            held.settle(
                State.FAILED,
                failure=Failure.ERASED if is_erased else Failure.UNREADABLE,
            )
        raise
    return False


def _stage_all(held: Held) -> None:
    members = read_list(held.member_import)
    network = held.member_import.network
    newest = Member.objects.filter(network=network).aggregate(pk=Max("pk"))["pk"]
    with transaction.atomic():
        held.advance(done=0)
        held.member_import.rows.all().delete()
    planner = Planner(network, held.member_import.policy)
    skipped: Counter[str] = Counter()
    for batch in planner.batches(members.lines(skipped), members.mapping.fields):
        with transaction.atomic():
            held.advance(done=held.member_import.done + len(batch))
            stage(held.member_import, batch)
        batch.clear()
        gc.collect(0)
    with transaction.atomic():
        now = held.lock()
        planned = held.member_import
        _refuse(planned, members, planner.contradictions)
        look_over(planned)
        held.settle(
            State.PLANNED,
            planned_at=now,
            last_member=newest or 0,
            total=planned.done,
            done=0,
            position=0,
            mapping=planned.mapping | {"skipped": skipped},
            missing=missing_from(planned).count(),
            **counted(planned),
        )


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Garbage is collected when the block asks, of what came since: generation 0.

    Left alone, Python would look through everything the process holds, again and
    again. Not at all would not do: Django's ``ValidationError`` lists itself, and
    its traceback holds the batch.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse(
    planned: MemberImport, members: MemberList, contradictions: dict[int, int]
) -> None:
    """Plan lines anew of which the rest of the file showed that they cannot stay."""
    if not contradictions:
        return
    lines = (line for line in members.lines() if line.number in contradictions)
    while chunk := list(itertools.islice(lines, conf.IMPORT_BATCH)):
        rows = planned.rows.filter(line__in=[line.number for line in chunk])
        member_of = dict(rows.values_list("line", "member"))
        rows.delete()
        stage(
            planned,
            [
                contradicting(line, contradictions[line.number], member_of[line.number])
                for line in chunk
            ],
        )
