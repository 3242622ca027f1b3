"""Taking an import back, as far as nothing has happened to its rows since."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Max
from wagtail.log_actions import log

from wagtail_bin import audit, faults
from wagtail_bin.conf import conf
from wagtail_bin.exchange.lease import Held
from wagtail_bin.exchange.rows import Values
from wagtail_bin.exchange.verdicts import Verdict, judge
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    ImportRow,
    Member,
    MemberImport,
    MemberLogEntry,
    Purpose,
)

Kind = ImportRow.Kind
Outcome = ImportRow.Outcome
State = MemberImport.State

RESTORED = (*Values._fields, *Member.COMPUTED)
# Rows as one parameter: their number does not change the SQL.
VALUES = {
    "postgresql": "SELECT * FROM json_to_recordset(%s::json) AS value ({columns})",
    "sqlite": "SELECT {columns} FROM json_each(%s)",
}
COLUMN = {"postgresql": "{name} {kind}", "sqlite": "value ->> '{name}' AS {name}"}
RESTORE = """
    WITH former AS ({values})
    UPDATE {member} AS member SET {assignments}
    FROM former WHERE member.id = former.id
"""


def undo_chunk(held: Held) -> bool:
    """Take the next rows of an import back, or settle that there are none.

    Args:
        held: an import in state ``undoing``.

    Returns:
        Whether there may be more.

    Raises:
        Lost: the import is somebody else's. Nothing was written.
    """
    with transaction.atomic():
        now = held.lock()
        done = held.member_import
        rows = written_rows(done, done.position)
        if not rows:
            held.settle(State.UNDONE, undone_at=now)
            log(
                instance=done,
                action=audit.UNDO_IMPORT,
                user=done.undone_by,
                data={"restored": done.restored, "not_restored": done.not_restored},
            )
            return False
        # As deliveries lock them: nobody waits in a circle, nobody comes between.
        members = Member.objects.filter(pk__in=[row.member_id for row in rows])
        list(members.order_by("pk").select_for_update().values_list("pk"))
        verdicts = judge(done, rows)
        _write_history(done, verdicts, now)
        _restore(verdicts)
        _take_back_consents([v for v in verdicts if v.restored and not v.edited], now)
        _remove([v for v in verdicts if v.row.kind == Kind.NEW and v.kept is None])
        undone = _mark(verdicts)
        faults.point("K13")
        held.advance(
            position=rows[-1].line,
            done=done.done + len(rows),
            restored=done.restored + undone,
            not_restored=done.not_restored + len(rows) - undone,
            attempts=0,
        )
    faults.point("K14")
    return True


def written_rows(done: MemberImport, after: int) -> list[ImportRow]:
    """The next rows that an import wrote, below a line."""
    rows = done.rows.filter(outcome=Outcome.WRITTEN, line__gt=after)
    return list(rows.order_by("line")[: conf.IMPORT_BATCH])


def _restore(verdicts: Iterable[Verdict]) -> None:
    """Give fields their former values: one statement."""
    former = []
    for verdict in verdicts:
        member = verdict.member
        if member is None or not verdict.restored:
            continue
        for name in verdict.restored:
            setattr(member, name, verdict.row.before[name])
        member.compute_keys()
        former.append(
            {"id": member.pk} | {name: getattr(member, name) for name in RESTORED}
        )
    if not former:
        return
    kinds = {"id": "bigint"} | dict.fromkeys(RESTORED, "text")
    column = COLUMN[connection.vendor]
    columns = (column.format(name=name, kind=kind) for name, kind in kinds.items())
    sql = RESTORE.format(
        member=Member._meta.db_table,
        values=VALUES[connection.vendor].format(columns=", ".join(columns)),
        assignments=", ".join(f"{name} = former.{name}" for name in RESTORED),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(former)])


def _take_back_consents(verdicts: Iterable[Verdict], now: dt.datetime) -> None:
    """The consent that came with an address goes with it.

    As if it had never been given, when nothing was sent on the strength of it;
    else the record of why it was sent stays, and a withdrawal follows. What the
    member said since counts.
    """
    given = {
        verdict.row.consent_id: verdict.row.member_id
        for verdict in verdicts
        if verdict.row.consent_id
    }
    if not given:
        return
    of_tips = {"purpose": Purpose.TIPS, "channel": ChannelName.EMAIL}
    newest = (
        Consent.objects.filter(member__in=given.values(), **of_tips)
        .values("member")
        .annotate(newest=Max("pk"))
        .values_list("newest", flat=True)
    )
    ours = {pk: given[pk] for pk in newest if pk in given}
    told = set(
        Delivery.objects.filter(
            member__in=ours.values(), channel=ChannelName.EMAIL
        ).values_list("member", flat=True)
    )
    unused = [pk for pk, member in ours.items() if member not in told]
    Consent.objects.filter(pk__in=unused).delete()
    Consent.objects.bulk_create(
        Consent(
            member_id=member,
            is_given=False,
            basis=Consent.Basis.UNDONE,
            at=now,
            **of_tips,
        )
        for member in ours.values()
        if member in told
    )


def _remove(verdicts: Sequence[Verdict]) -> None:
    """Take members off the list who came with it, and on whom nothing hangs."""
    members = [v.member.pk for v in verdicts if v.member is not None]
    if not members:
        return
    # Also of other lists that found them here.
    ImportRow.objects.filter(member__in=members).update(member=None, consent_id=None)
    Consent.objects.filter(member__in=members).delete()
    # There are no deliveries whose addresses retention would have to erase.
    Member.objects.filter(pk__in=members)._raw_delete(connection.alias)


def _mark(verdicts: Iterable[Verdict]) -> int:
    """Note what became of the rows; forget what is no longer needed of them.

    Returns:
        How many were undone as a whole.
    """
    undone: list[int] = []
    partly: list[ImportRow] = []
    kept: dict[str, list[int]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.kept is None:
            undone.append(verdict.row.pk)
            continue
        kept[verdict.kept.value].append(verdict.row.pk)
        if verdict.restored:
            verdict.row.fields = list(verdict.edited)
            partly.append(verdict.row)
    rows = ImportRow.objects
    rows.filter(pk__in=undone).update(
        outcome=Outcome.UNDONE, before=None, after=None, fields=None
    )
    for reason, pks in kept.items():
        rows.filter(pk__in=pks).update(outcome=Outcome.KEPT, kept=reason)
    rows.bulk_update(partly, ["fields"])
    return len(undone)


def _write_history(
    done: MemberImport, verdicts: Iterable[Verdict], now: dt.datetime
) -> None:
    """An entry per member, with names of fields only."""
    content_type = ContentType.objects.get_for_model(Member)
    MemberLogEntry.objects.bulk_create(
        MemberLogEntry(
            content_type=content_type,
            object_id=str(verdict.row.member_id),
            network_id=done.network_id,
            label=f"{Member._meta.verbose_name} {verdict.row.member_id}",
            action=audit.IMPORT_UNDONE,
            data={"import": str(done.pk), "fields": list(verdict.restored) or None},
            timestamp=now,
            user=done.undone_by,
            content_changed=True,
            deleted=verdict.row.kind == Kind.NEW,
        )
        for verdict in verdicts
        if verdict.kept is None or verdict.restored
    )
