"""A list all the way into a network, and what came of it."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import transaction

from wagtail_bin.exchange import jobs
from wagtail_bin.exchange.columns import as_json, look_at
from wagtail_bin.exchange.control import begin
from wagtail_bin.exchange.uploads import (
    check_terms,
    let_work,
    locked,
    store_upload,
)
from wagtail_bin.models import MemberImport, Network

State = MemberImport.State


@dataclasses.dataclass(frozen=True)
class ImportResult:
    """What an import did, in rows.

    The first six add up to the rows of the file, unless it was stopped half-way.

    Attributes:
        overtaken: not written, since the list was changed after the plan was made.
        missing: members of whom no row spoke; nothing was done to them.
    """

    member_import: MemberImport
    created: int
    updated: int
    unchanged: int
    kept_out: int
    refused: int
    overtaken: int
    missing: int

    @property
    def is_without_effect(self) -> bool:
        """Whether the list of members is as it was before."""
        return not self.created and not self.updated

    @classmethod
    def of(cls, done: MemberImport) -> ImportResult:
        """The result that an import has kept."""
        names = [field.name for field in dataclasses.fields(cls)][1:]
        return cls(member_import=done, **{name: getattr(done, name) for name in names})


def import_members(
    *,
    network: Network,
    user: Any,
    source: bytes,
    file_name: str,
    basis: str,
    policy: str = MemberImport.Policy.UPDATE,
    member_import: MemberImport | None = None,
) -> ImportResult:
    """Bring the members of a list into a network, before this returns.

    A row that cannot be imported is kept aside with its reasons and stops no other.
    What is written is written chunk by chunk: should the process end half-way, a
    worker or ``bin_deliver`` goes on.

    Args:
        network: into which one.
        user: who imports; None for the command line, which is trusted.
        source: the file (CSV, XLSX, ODS).
        file_name: what it was called.
        basis: one of :data:`~.uploads.BASES`, which makes new members active with
            consent to tips by e-mail; or empty, which leaves them unconfirmed.
        policy: what becomes of members who are on the list.
        member_import: the upload that this confirms. Confirmed before, it is left
            alone and its result returned.

    Raises:
        NotAllowed: the user may not import here.
        ImportBusy: another list is being written just now.
        ImportRejected: the file cannot be read, or its upload was cancelled.
            Nothing was written.
        ValueError: another basis or policy.
    """
    check_terms(network, user, basis, policy)
    with transaction.atomic():
        if member_import is None:
            stored = store_upload(
                network=network,
                user=user,
                source=source,
                file_name=file_name,
                basis=basis,
                policy=policy,
            )
        else:
            member_import.network = network
            stored = locked(member_import)
            if stored.state not in MemberImport.WAITING:
                return ImportResult.of(stored)
            if not stored.mapping:
                stored.mapping = as_json(look_at(network, source))
            stored.content, stored.basis, stored.policy = source, basis, policy
            stored.save(update_fields=["content"])
        let_work(stored, State.PLANNING)
    jobs.work_on(stored.pk)
    begin(stored, user)
    jobs.work_on(stored.pk)
    stored.refresh_from_db()
    return ImportResult.of(stored)
