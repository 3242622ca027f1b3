"""Starting, watching, stopping and undoing an import."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import ImportBusy, ImportRejected, PlanOutdated
from wagtail_bin.exchange.undo import written_rows
from wagtail_bin.exchange.uploads import (
    cancel_upload,
    get_going,
    is_small_file,
    let_work,
    locked,
)
from wagtail_bin.exchange.verdicts import judge
from wagtail_bin.exchange.write import finish
from wagtail_bin.models import ImportRow, MemberImport
from wagtail_bin.permissions import Capability, require

State = MemberImport.State
# So many rows are written, or undone, while whoever asked waits.
SMALL = 1000


@dataclasses.dataclass(frozen=True)
class ImportProgress:
    """How far an import is, in rows of the step that it is at.

    Attributes:
        total: None while nobody knows yet.
        is_working: whether it goes on without a person.
    """

    state: State
    done: int
    total: int | None
    is_working: bool

    @property
    def percent(self) -> int | None:
        """The part that is done; None while nobody knows."""
        if not self.is_working:
            return 100
        return self.done * 100 // self.total if self.total else None


@dataclasses.dataclass(frozen=True)
class Cancelled:
    """What cancelling came to.

    Attributes:
        member_import: None: the upload was erased, nothing had been written.
    """

    member_import: MemberImport | None


@dataclasses.dataclass(frozen=True)
class UndoPreview:
    """What undoing an import would do, in rows.

    Attributes:
        removed: members who would leave the list, since they came with it.
        restored: members who would be as they were.
        kept: what cannot be undone, or not all of it, by reason.
        until: when what is needed for it is erased (aware).
    """

    removed: int
    restored: int
    kept: dict[ImportRow.Kept, int]
    until: dt.datetime


def start_import(*, member_import: MemberImport, user: Any) -> MemberImport:
    """Write what was planned: in the background, unless it is little.

    Started before, it is left alone. Rows that the list has overtaken since the
    plan was made are not written; they are counted.

    Args:
        member_import: an upload that is planned.
        user: who confirms the plan; None for the command line.

    Returns:
        The import, ``applying`` or ``applied``.

    Raises:
        NotAllowed: the user may not import here.
        PlanOutdated: another list was imported since. The plan is being made anew.
        ImportBusy: another list is being written just now.
        ImportRejected: there is no plan, or no upload any more.
    """
    _allow(member_import, user)
    stored = begin(member_import, user)
    if stored.state != State.APPLYING:
        return stored
    return get_going(stored, is_small=stored.created + stored.updated <= SMALL)


def begin(member_import: MemberImport, user: Any) -> MemberImport:
    """As :func:`start_import`, for whoever is allowed, and writes nothing yet."""
    with transaction.atomic():
        stored: MemberImport = locked(member_import)
        if stored.state == State.APPLYING or stored.applied_at is not None:
            return stored
        if stored.state != State.PLANNED:
            raise ImportRejected(_("This list was not looked through yet."))
        is_outdated = _is_outdated(stored)
        stored.user = user
        _hand_over(stored, State.PLANNING if is_outdated else State.APPLYING)
    if is_outdated:
        get_going(stored, is_small=is_small_file(stored))
        raise PlanOutdated(
            _(
                "Another list was imported into this BIN meanwhile. Look again at what"
                " would change."
            )
        )
    return stored


def progress_of(*, member_import: MemberImport, user: Any) -> ImportProgress:
    """How far an import is just now.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the upload was erased.
    """
    _allow(member_import, user)
    now = MemberImport.objects.defer("content").filter(pk=member_import.pk).first()
    if now is None:
        raise ImportRejected(_("This list was erased. Upload it again."))
    total = now.total
    if now.state in {State.APPLYING, State.UNDOING}:
        total = now.created + now.updated
    elif now.state == State.PLANNING:
        total = None
    return ImportProgress(
        state=State(now.state),
        done=now.done,
        total=total,
        is_working=now.state in MemberImport.WORKING,
    )


def cancel_import(*, member_import: MemberImport, user: Any) -> Cancelled:
    """Stop an import. What was written stays, and can be undone.

    Before anything was written the upload is erased. While a chunk is being written
    this waits for its end, a second at most.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the upload was erased already.
    """
    _allow(member_import, user)
    with transaction.atomic():
        stored = locked(member_import)
        if stored.state in MemberImport.WAITING:
            cancel_upload(member_import=stored, user=user)
            return Cancelled(None)
        if stored.state == State.APPLYING:
            finish(stored, State.CANCELLED, stored.now, cancelled_by=user)
    return Cancelled(stored)


def preview_undo(*, member_import: MemberImport, user: Any) -> UndoPreview:
    """What undoing an import would do just now. Constant queries per batch.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: there is nothing to undo, or it is too late.
    """
    _allow(member_import, user)
    _check_undoable(member_import)
    removed = restored = line = 0
    kept: Counter[ImportRow.Kept] = Counter()
    while rows := written_rows(member_import, line):
        line = rows[-1].line
        for verdict in judge(member_import, rows):
            if verdict.kept is not None:
                kept[verdict.kept] += 1
            elif verdict.row.kind == ImportRow.Kind.NEW:
                removed += 1
            else:
                restored += 1
    return UndoPreview(removed, restored, dict(kept), undo_until(member_import))


def undo_import(*, member_import: MemberImport, user: Any) -> MemberImport:
    """Take an import back, as far as nothing happened to its rows since.

    Members who came with it leave the list, unless they were changed since, got
    messages, or said something. Fields get their former values where they still are
    what the import wrote. What cannot be undone keeps its row, with the reason.

    Returns:
        The import, ``undoing`` or ``undone``.

    Raises:
        NotAllowed: the user may not import here.
        ImportBusy: another list is being written just now.
        ImportRejected: there is nothing to undo, or it is too late.
    """
    _allow(member_import, user)
    with transaction.atomic():
        stored: MemberImport = locked(member_import)
        if stored.state in {State.UNDOING, State.UNDONE}:
            return stored
        _check_undoable(stored)
        stored.undone_by = user
        _hand_over(stored, State.UNDOING)
    return get_going(stored, is_small=stored.created + stored.updated <= SMALL)


def undo_until(member_import: MemberImport) -> dt.datetime:
    """When what is needed to undo an import is erased (aware)."""
    ended = member_import.applied_at or timezone.now()
    return ended + dt.timedelta(days=conf.IMPORT_UNDO_DAYS)


def _allow(member_import: MemberImport, user: Any) -> None:
    if user is not None:
        require(user, Capability.IMPORT_MEMBERS, member_import.network)


def _hand_over(stored: MemberImport, state: State) -> None:
    try:
        with transaction.atomic():
            let_work(stored, state)
    except IntegrityError as error:
        raise ImportBusy(
            _("Another list of this BIN is being imported. Wait until it is done.")
        ) from error


def _is_outdated(stored: MemberImport) -> bool:
    """Whether another list changed the members after this one was planned."""
    since = Q(applied_at__gt=stored.planned_at) | Q(undone_at__gt=stored.planned_at)
    others = MemberImport.objects.filter(since, network=stored.network_id)
    return others.exclude(pk=stored.pk).exists()


def _check_undoable(done: MemberImport) -> None:
    if done.state not in MemberImport.ENDED or done.applied_at is None:
        raise ImportRejected(_("Nothing of this list was imported."))
    if undo_until(done) < timezone.now():
        raise ImportRejected(
            _("This list was imported too long ago to be undone by itself.")
        )
