"""Doing what an import waits for, as a worker does it or right away."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable

from django.db import transaction

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.lease import MOST_ATTEMPTS, Held, Lost, claim, due
from wagtail_bin.exchange.planning import make_plan
from wagtail_bin.exchange.undo import undo_chunk
from wagtail_bin.exchange.write import Newcomers, finish, write_chunk
from wagtail_bin.models import MemberImport

State = MemberImport.State


def work_on(import_id: uuid.UUID, *, seconds: float = float("inf")) -> bool:
    """Plan, write or undo an import, if nobody else is at it.

    Args:
        import_id: which one.
        seconds: after so many no other chunk is begun. A plan is made in one go.

    Returns:
        Whether time was up before everything was done.

    Raises:
        ImportRejected: the file cannot be read. That is noted.
    """
    deadline = time.monotonic() + seconds
    held = claim(import_id)
    if held is None:
        return False
    try:
        if held.member_import.attempts > MOST_ATTEMPTS:
            _give_up(held)
            return False
        step = _step(held)
        while step():
            if time.monotonic() >= deadline:
                held.release()
                return True
    except Lost:
        return False
    return False


def work_on_all(*, seconds: float = float("inf")) -> int:
    """Do everything that imports wait for, one after the other.

    Returns:
        How many were taken up.
    """
    deadline = time.monotonic() + seconds
    taken = 0
    for pk in list(due().values_list("pk", flat=True)):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        with contextlib.suppress(ImportRejected):
            work_on(pk, seconds=left)
        taken += 1
    return taken


def _step(held: Held) -> Callable[[], bool]:
    state = held.member_import.state
    if state == State.PLANNING:
        return lambda: make_plan(held)
    if state == State.UNDOING:
        return lambda: undo_chunk(held)
    newcomers = Newcomers(held.member_import)
    return lambda: write_chunk(held, newcomers)


def _give_up(held: Held) -> None:
    """Workers ended on it time after time: let a person look."""
    failure = MemberImport.Failure.WORKER
    with transaction.atomic():
        now = held.lock()
        if held.member_import.state == State.APPLYING:
            finish(held.member_import, State.FAILED, now, failure=failure)
        else:
            held.settle(State.FAILED, failure=failure)
