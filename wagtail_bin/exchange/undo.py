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

from wagtail_bin import audit
from wagtail_bin.conf import conf
from wagtail_bin.exchange.lease import Held
from wagtail_bin.exchange.rows import Values
from wagtail_bin.exchange.verdicts import Verdict, judge, span
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
COLUMN = {
    "postgresql": "{name} {kind}",
    "sqlite": "value {arrow} '{name}' AS {name}",
}
RESTORE = """
    WITH former AS ({values})
    UPDATE {member} AS member SET {assignments}
    FROM former WHERE member.id = former.id
"""
# Names of fields only, as when they were written.
INSERT_HISTORY = """
    WITH undone AS ({values})
    INSERT INTO {log} (content_type_id, label, action, data, timestamp, user_id,
        content_changed, deleted, object_id, network_id)
    SELECT %s, %s || CAST(undone.member AS text), %s, undone.data, %s, %s, %s,
        undone.is_gone, CAST(undone.member AS text), %s
    FROM undone
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
        members = Member.objects.filter(pk__in=span(done, rows).values("member"))
        list(members.order_by("pk").select_for_update().values_list("pk"))
        verdicts = judge(done, rows)
        _write_history(done, verdicts, now)
        _restore(verdicts)
        _take_back_consents([v for v in verdicts if v.restored and not v.edited], now)
        undone = _mark(done, verdicts)
        _remove(done, rows)
        held.advance(
            position=rows[-1].line,
            done=done.done + len(rows),
            restored=done.restored + undone,
            not_restored=done.not_restored + len(rows) - undone,
            attempts=0,
        )
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
    sql = RESTORE.format(
        member=Member._meta.db_table,
        values=_values(id="bigint", **dict.fromkeys(RESTORED, "text")),
        assignments=", ".join(f"{name} = former.{name}" for name in RESTORED),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(former)])


def _values(**kinds: str) -> str:
    """A table of one JSON parameter, with columns of these kinds."""
    columns = (
        COLUMN[connection.vendor].format(
            name=name, kind=kind, arrow="->" if kind == "jsonb" else "->>"
        )
        for name, kind in kinds.items()
    )
    return VALUES[connection.vendor].format(columns=", ".join(columns))


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


def _remove(done: MemberImport, rows: Sequence[ImportRow]) -> None:
    """Take members off the list who came with it, and on whom nothing hangs."""
    members = span(done, rows, Outcome.UNDONE).filter(kind=Kind.NEW).values("member")
    Consent.objects.filter(member__in=members).delete()
    # There are no deliveries whose addresses retention would have to erase.
    Member.objects.filter(pk__in=members)._raw_delete(connection.alias)
    # Also of other lists that found them here.
    ImportRow.objects.filter(member__in=members).update(member=None, consent_id=None)


def _mark(done: MemberImport, verdicts: Sequence[Verdict]) -> int:
    """Note what became of the rows; forget what is no longer needed of them.

    Returns:
        How many were undone as a whole.
    """
    partly: list[ImportRow] = []
    kept: dict[str, list[int]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.kept is None:
            continue
        kept[verdict.kept.value].append(verdict.row.pk)
        if verdict.restored:
            verdict.row.fields = list(verdict.edited)
            partly.append(verdict.row)
    for reason, pks in kept.items():
        ImportRow.objects.filter(pk__in=pks).update(outcome=Outcome.KEPT, kept=reason)
    ImportRow.objects.bulk_update(partly, ["fields"])
    others = span(done, [verdict.row for verdict in verdicts])
    return others.update(outcome=Outcome.UNDONE, before=None, after=None, fields=None)


def _write_history(
    done: MemberImport, verdicts: Iterable[Verdict], now: dt.datetime
) -> None:
    """An entry per member: one statement."""
    entries = [
        {
            "member": verdict.row.member_id,
            "data": {"import": str(done.pk), "fields": verdict.restored or None},
            "is_gone": verdict.row.kind == Kind.NEW,
        }
        for verdict in verdicts
        if verdict.kept is None or verdict.restored
    ]
    if not entries:
        return
    at = MemberLogEntry._meta.get_field("timestamp")
    sql = INSERT_HISTORY.format(
        log=MemberLogEntry._meta.db_table,
        values=_values(member="bigint", data="jsonb", is_gone="boolean"),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [
                json.dumps(entries),
                ContentType.objects.get_for_model(Member).pk,
                f"{Member._meta.verbose_name} ",
                audit.IMPORT_UNDONE,
                at.get_db_prep_save(now, connection),
                done.undone_by_id,
                True,
                done.network_id,
            ],
        )
