"""Applying a plan: the one way in which a list changes the members of a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange.formats import MemberList, open_list
from wagtail_bin.exchange.plan import Batch, Changed, New, plan_batches
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Member,
    MemberImport,
    Network,
    Purpose,
    RefusedRow,
)
from wagtail_bin.permissions import Capability, require

LONGEST_KEPT = 32_767
# On what ground the members of a list may be written to. Without one they are
# asked first: nobody is made an active member by a file alone.
BASES = (Consent.Basis.ENROLMENT, Consent.Basis.TRANSFER)


@dataclasses.dataclass(frozen=True)
class ImportResult:
    """What an import did, in rows. The five add up to the rows of the file."""

    member_import: MemberImport
    created: int
    updated: int
    unchanged: int
    kept_out: int
    refused: int

    @property
    def is_without_effect(self) -> bool:
        """Whether the list of members is as it was before."""
        return not self.created and not self.updated

    @classmethod
    def of(cls, done: MemberImport) -> ImportResult:
        """The result that an applied import has kept."""
        return cls(
            member_import=done,
            created=done.created,
            updated=done.updated,
            unchanged=done.unchanged,
            kept_out=done.kept_out,
            refused=done.refused,
        )


def import_members(
    *,
    network: Network,
    user: Any,
    source: bytes,
    file_name: str,
    basis: str,
    member_import: MemberImport | None = None,
) -> ImportResult:
    """Bring the members of a list into a network.

    All or nothing as far as the file goes; a row that cannot be imported is
    kept aside with its reasons and stops no other. Constant memory and a
    constant number of queries per batch.

    Args:
        network: into which one.
        user: who imports; None for the command line, which is trusted.
        source: the file (CSV, XLSX, ODS).
        file_name: what it was called.
        basis: one of :data:`BASES`, which makes new members active with
            consent to tips by e-mail; or empty, which leaves them unconfirmed.
        member_import: the upload that this confirms. Confirmed before, it is
            left alone and its result returned.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the file cannot be read, or its upload was cancelled.
            Nothing was written.
        ValueError: another basis.
    """
    if user is not None:
        require(user, Capability.IMPORT_MEMBERS, network)
    if basis and basis not in BASES:
        raise ValueError(basis)
    with transaction.atomic():
        # One import per network at a time: two of one file would not see each
        # other's members.
        Network.objects.select_for_update(no_key=True).get(pk=network.pk)
        if member_import is None:
            member_import = MemberImport(network=network, user=user)
        else:
            rows = MemberImport.objects.select_for_update().filter(network=network)
            stored = rows.filter(pk=member_import.pk).first()
            if stored is None:
                raise ImportRejected(_("This list was erased. Upload it again."))
            if stored.state == MemberImport.State.APPLIED:
                return ImportResult.of(stored)
            member_import = stored
        members = open_list(source)
        member_import.file_name = file_name[:255]
        member_import.basis = basis
        member_import.save()
        _apply(members, network, member_import)
        log(instance=member_import, action=audit.IMPORT, user=user)
    return ImportResult.of(member_import)


def _apply(members: MemberList, network: Network, done: MemberImport) -> None:
    for batch in plan_batches(members=members, network=network):
        _create(batch.new, network, done.basis)
        _update(batch.changed, done.basis)
        _keep_refused(batch, done)
        done.created += len(batch.new)
        done.updated += len(batch.changed)
        done.unchanged += len(batch.same)
        done.kept_out += len(batch.kept_out)
        done.refused += len(batch.refused)
    done.mapping = {
        "header": members.mapping.header,
        "fields": members.mapping.fields,
    }
    done.state = MemberImport.State.APPLIED
    done.applied_at = timezone.now()
    done.content = None
    done.save()


def _create(rows: list[New], network: Network, basis: str) -> None:
    state = Member.State.ACTIVE if basis else Member.State.UNCONFIRMED
    created = [
        Member(
            network=network,
            state=state,
            source=Member.Source.IMPORT,
            **row.values._asdict(),
        )
        for row in rows
    ]
    for member in created:
        member.compute_keys()
    Member.objects.bulk_create(created)
    if basis:
        _consent((member for member in created if member.email), basis)


def _update(rows: list[Changed], basis: str) -> None:
    fields: set[str] = set()
    reachable: list[Member] = []
    for row in rows:
        for name, (old, new) in row.differences.items():
            setattr(row.member, name, new)
            if name == "email" and not old:
                reachable.append(row.member)
        fields.update(row.differences)
        row.member.compute_keys()
    if not fields:
        return
    changed = [row.member for row in rows]
    Member.objects.bulk_update(changed, sorted(fields.union(Member.COMPUTED)))
    if basis and reachable:
        # An address where there was none; who ever said yes or no is not asked.
        said = set(
            Consent.objects.filter(
                member__in=reachable, purpose=Purpose.TIPS, channel=ChannelName.EMAIL
            ).values_list("member_id", flat=True)
        )
        _consent((member for member in reachable if member.pk not in said), basis)


def _consent(members: Iterable[Member], basis: str) -> None:
    Consent.objects.bulk_create(
        Consent(
            member=member,
            purpose=Purpose.TIPS,
            channel=ChannelName.EMAIL,
            is_given=True,
            basis=basis,
        )
        for member in members
    )


def _keep_refused(batch: Batch, done: MemberImport) -> None:
    RefusedRow.objects.bulk_create(
        RefusedRow(
            member_import=done,
            line=row.line,
            # PostgreSQL's JSON holds no NUL, and Excel's cells no more than this.
            cells=[cell[:LONGEST_KEPT].replace("\0", "\ufffd") for cell in row.cells],
            problems=[problem.as_json() for problem in row.problems],
        )
        for row in batch.refused
    )
