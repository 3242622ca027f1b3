"""Writing a plan into the list: a chunk of rows is one transaction, set by set.

A chunk holds members, consents, history, undo data and how far the import is; so a
killed one has not happened. The number of statements does not depend on the rows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.conf import conf
from wagtail_bin.exchange.lease import FREE, Held
from wagtail_bin.exchange.match import KEPT_OUT, Identity
from wagtail_bin.exchange.rows import Values
from wagtail_bin.exchange.verdicts import as_written, values_in
from wagtail_bin.models import (
    ChannelName,
    Consent,
    ImportRow,
    Member,
    MemberImport,
    MemberLogEntry,
    Purpose,
)

Kind = ImportRow.Kind
Outcome = ImportRow.Outcome
State = MemberImport.State

# The columns of a member that a row writes.
WRITTEN = (*Values._fields, *Member.COMPUTED)
TABLES = {
    "row": ImportRow._meta.db_table,
    "member": Member._meta.db_table,
    "consent": Consent._meta.db_table,
    "log": MemberLogEntry._meta.db_table,
}
# The next number of a table, the n-th of this statement.
NEXT = {
    "postgresql": "nextval((SELECT pg_get_serial_sequence('{table}', 'id')::regclass))",
    "sqlite": "coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0)"
    " + {nth}",
}
JSON_OBJECT = {
    "postgresql": "jsonb_build_object('import', %s::text, 'fields', row.fields)",
    "sqlite": "json_object('import', %s, 'fields', json(row.fields))",
}
CHUNK = "row.member_import_id = %s AND row.line > %s AND row.line <= %s"
# Not as it was when the plan was made.
OVERTAKE = """
    UPDATE {row} AS row SET outcome = 'overtaken'
    WHERE {chunk} AND row.kind = 'changed' AND NOT EXISTS (
        SELECT 1 FROM {member} AS member
        WHERE member.id = row.member_id AND member.network_id = %s
            AND member.state NOT IN ({kept_out}) AND {as_before}
    )
"""
# Numbers are given beforehand, so that a row knows who it became. An address brings a
# consent where there was none; who ever said yes or no is not asked.
NUMBER = """
    WITH numbered AS (
        SELECT ordered.id, {next_consent} AS consent_id,
            CASE WHEN is_new THEN {next_member} ELSE member_id END AS member_id
        FROM (
            SELECT row.id, row.line, row.member_id, row.kind = 'new' AS is_new,
                {agrees} AS agrees
            FROM {row} AS row
            WHERE {chunk} AND row.kind IN ('new', 'changed') AND row.outcome = ''
            ORDER BY row.line
        ) AS ordered
    )
    UPDATE {row} AS row
    SET member_id = numbered.member_id,
        consent_id = numbered.consent_id,
        outcome = 'written'
    FROM numbered WHERE row.id = numbered.id AND {chunk}
"""
AGREES = """
    row.after ->> 'email' <> '' AND (row.kind = 'new' OR (
        row.before ->> 'email' = '' AND coalesce((
            SELECT said.basis FROM {consent} AS said
            WHERE said.member_id = row.member_id
                AND said.purpose = 'tips' AND said.channel = 'email'
            ORDER BY said.id DESC LIMIT 1
        ), 'undone') = 'undone'
    ))
"""
INSERT_MEMBERS = """
    INSERT INTO {member} (id, {columns})
    SELECT row.member_id, {values}
    FROM {row} AS row
    WHERE {chunk} AND row.kind = 'new' AND row.outcome = 'written'
    ORDER BY row.line
"""
UPDATE_MEMBERS = """
    UPDATE {member} AS member SET {assignments}
    FROM {row} AS row
    WHERE {chunk} AND row.kind = 'changed' AND row.outcome = 'written'
        AND member.id = row.member_id
"""
INSERT_CONSENTS = """
    INSERT INTO {consent}
        (id, member_id, purpose, channel, is_given, basis, text, at)
    SELECT row.consent_id, row.member_id, %s, %s, %s, %s, '', %s
    FROM {row} AS row
    WHERE {chunk} AND row.consent_id IS NOT NULL AND row.outcome = 'written'
    ORDER BY row.line
"""
# Names of fields only: what they held is in the rows, which retention erases.
INSERT_HISTORY = """
    INSERT INTO {log} (content_type_id, label, action, data, timestamp, user_id,
        content_changed, deleted, object_id, network_id)
    SELECT %s, %s || CAST(row.member_id AS text), %s, {data}, %s, %s, %s, %s,
        CAST(row.member_id AS text), %s
    FROM {row} AS row
    WHERE {chunk} AND row.outcome = 'written'
    ORDER BY row.line
"""


def write_chunk(held: Held, newcomers: Newcomers) -> bool:
    """Write the next rows of a plan, or settle that there are none.

    Args:
        held: an import in state ``applying``.
        newcomers: kept from chunk to chunk.

    Returns:
        Whether there may be more.

    Raises:
        Lost: the import was stopped, or is somebody else's. Nothing was written.
    """
    with transaction.atomic():
        now = held.lock()
        applied = held.member_import
        rows = _pending(applied).order_by("line")[: conf.IMPORT_BATCH]
        chunk = rows.aggregate(
            upto=Max("line"),
            number=Count("line"),
            changed=Count("line", filter=Q(kind=Kind.CHANGED)),
        )
        if not chunk["number"]:
            finish(applied, State.APPLIED, now)
            return False
        newcomers.keep_out(applied, chunk["upto"])
        _Chunk(applied, chunk["upto"], now).write(has_changed=bool(chunk["changed"]))
        held.advance(
            position=chunk["upto"], done=applied.done + chunk["number"], attempts=0
        )
    return True


def finish(
    applied: MemberImport, state: State, now: dt.datetime, **values: Any
) -> None:
    """Note what was done, and let go of the file. In the caller's transaction.

    Args:
        applied: locked.
        state: of which the import is from now on.
        now: when.
        values: more to note.
    """
    rows = applied.rows.order_by()
    counts = dict(
        rows.filter(outcome=Outcome.WRITTEN).values_list("kind").annotate(Count("pk"))
    )
    done = {
        "state": state,
        "created": counts.get(Kind.NEW.value, 0),
        "updated": counts.get(Kind.CHANGED.value, 0),
        "overtaken": rows.filter(outcome=Outcome.OVERTAKEN).count(),
        "applied_at": now,
        "content": None,
        **FREE,
        **values,
    }
    MemberImport.objects.filter(pk=applied.pk).update(**done)
    for name, value in done.items():
        setattr(applied, name, value)
    log(
        instance=applied,
        action=audit.IMPORT,
        user=applied.user,
        data={name: done[name] for name in ("created", "updated")},
    )


def _pending(applied: MemberImport) -> QuerySet[ImportRow]:
    return applied.rows.filter(
        kind__in=[Kind.NEW, Kind.CHANGED],
        outcome=Outcome.PENDING,
        line__gt=applied.position,
    )


class Newcomers:
    """Members who came onto the list after the plan was made, by other ways.

    A row about one of them would make the same person a second member. Looked for
    whenever somebody takes an import up, not with each chunk.
    """

    def __init__(self, applied: MemberImport) -> None:
        own = ImportRow.objects.filter(member_import=applied, member=OuterRef("pk"))
        found = Member.objects.filter(
            ~Exists(own), network=applied.network_id, pk__gt=applied.last_member
        )
        self._taken = {
            (identity.name, reach)
            for values in found.values_list(*Values._fields)
            for identity in [Identity.of(Values(*values))]
            for reach in identity.reaches()
        }

    def keep_out(self, applied: MemberImport, upto: int) -> None:
        """Mark the new rows of a chunk, up to this line, that are about one of them."""
        if not self._taken:
            return
        rows = _pending(applied).filter(kind=Kind.NEW, line__lte=upto)
        about = []
        for row in rows.only("after"):
            identity = Identity.of(values_in(row.after))
            reaches = identity.reaches()
            if any((identity.name, reach) in self._taken for reach in reaches):
                about.append(row.pk)
        ImportRow.objects.filter(pk__in=about).update(outcome=Outcome.OVERTAKEN)


class _Chunk:
    """The statements of one chunk: rows after ``position``, up to a line."""

    def __init__(self, applied: MemberImport, upto: int, now: dt.datetime) -> None:
        self._import = applied
        self._upto = upto
        pk = MemberImport._meta.pk.get_db_prep_value(applied.pk, connection)
        self._where = [pk, applied.position, upto]
        at = Consent._meta.get_field("at")
        self._now = at.get_db_prep_save(now, connection)

    def write(self, *, has_changed: bool) -> None:
        """Members first marked in the rows, then written from them.

        Args:
            has_changed: whether any row is about a member who is on the list.
        """
        network, basis = self._import.network_id, self._import.basis
        if has_changed:
            self._lock()
            self._run(OVERTAKE, self._where, [network, *sorted(KEPT_OUT)])
        self._run(NUMBER, self._where, self._where)
        self._insert_members()
        if has_changed:
            self._run(UPDATE_MEMBERS, self._where)
        if basis:
            said = [Purpose.TIPS.value, ChannelName.EMAIL.value]
            self._run(INSERT_CONSENTS, said, [True, basis, self._now], self._where)
        self._run(
            INSERT_HISTORY,
            [
                ContentType.objects.get_for_model(Member).pk,
                f"{Member._meta.verbose_name} ",
                audit.IMPORT_MEMBER,
                str(self._import.pk),
                self._now,
                self._import.user_id,
                True,
                False,
                network,
            ],
            self._where,
        )

    def _lock(self) -> None:
        """In the order in which deliveries lock members: nobody waits in a circle."""
        changed = _pending(self._import).filter(line__lte=self._upto, kind=Kind.CHANGED)
        members = Member.objects.filter(pk__in=changed.values("member"))
        list(members.order_by("pk").select_for_update(no_key=True).values_list("pk"))

    def _insert_members(self) -> None:
        fresh = as_written(self._import, {})
        columns: list[str] = []
        values: list[str] = []
        parameters: list[Any] = []
        for field in Member._meta.concrete_fields:
            if field.primary_key:
                continue
            columns.append(connection.ops.quote_name(str(field.column)))
            if field.name in WRITTEN:
                values.append(f"coalesce(row.after ->> '{field.name}', '')")
            else:
                value = (
                    self._now
                    if field.name == "joined_at"
                    else (
                        field.get_db_prep_save(
                            getattr(fresh, field.attname), connection
                        )
                    )
                )
                values.append("%s")
                parameters.append(value)
        self._run(
            INSERT_MEMBERS,
            parameters,
            self._where,
            columns=", ".join(columns),
            values=", ".join(values),
        )

    def _run(self, sql: str, *parameters: list[Any], **parts: str) -> None:
        """Names of tables and columns are ours; all values are parameters."""
        vendor = connection.vendor
        # The n-th of a statement, where the database does not count by itself.
        nth = "sum(CASE WHEN {} THEN 1 ELSE 0 END) OVER (ORDER BY line)"
        consent = NEXT[vendor].format(table=TABLES["consent"], nth=nth.format("agrees"))
        statement = sql.format(
            **TABLES,
            chunk=CHUNK,
            kept_out=", ".join(["%s"] * len(KEPT_OUT)),
            as_before=" AND ".join(
                f"coalesce(row.before ->> '{name}', member.{name}) = member.{name}"
                for name in Values._fields
            ),
            assignments=", ".join(
                f"{name} = coalesce(row.after ->> '{name}', member.{name})"
                for name in WRITTEN
            ),
            agrees=AGREES.format(**TABLES) if self._import.basis else "false",
            next_member=NEXT[vendor].format(
                table=TABLES["member"], nth=nth.format("is_new")
            ),
            next_consent=f"CASE WHEN agrees THEN {consent} END",
            data=JSON_OBJECT[vendor],
            **parts,
        )
        with connection.cursor() as cursor:
            cursor.execute(
                statement, [value for group in parameters for value in group]
            )
