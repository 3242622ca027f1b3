"""Uploaded lists, from the file to a plan that waits for confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from wagtail_bin.exceptions import ImportRejected
from wagtail_bin.exchange import jobs, tasks
from wagtail_bin.exchange.columns import as_json, look_at, remember
from wagtail_bin.exchange.formats import open_list
from wagtail_bin.exchange.planning import stored_file
from wagtail_bin.models import Consent, MemberImport, Network
from wagtail_bin.permissions import Capability, require

State = MemberImport.State
Policy = MemberImport.Policy

# On what ground the members of a list may be written to. Without one they are
# asked first: nobody is made an active member by a file alone.
BASES = (Consent.Basis.ENROLMENT, Consent.Basis.TRANSFER)
# A file of so many bytes is planned while its uploader waits.
SMALL = 256 * 1024


def store_upload(
    *,
    network: Network,
    user: Any,
    source: bytes,
    file_name: str,
    basis: str = "",
    policy: str = Policy.UPDATE,
) -> MemberImport:
    """Keep a list until it is confirmed, when it can be read at all.

    Args:
        network: into which one it would go.
        user: who uploads; None for the command line, which is trusted.
        source: the file.
        file_name: what it was called.
        basis: one of :data:`BASES`, which makes new members active with consent to
            tips by e-mail; or empty, which leaves them unconfirmed.
        policy: what becomes of members who are on the list.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the file cannot be read. Nothing was stored.
        ValueError: another basis or policy.
    """
    check_terms(network, user, basis, policy)
    members = look_at(network, source)
    return MemberImport.objects.create(
        network=network,
        user=user,
        file_name=file_name[:255],
        content=source,
        basis=basis,
        policy=policy,
        mapping=as_json(members),
    )


def choose_columns(
    *,
    member_import: MemberImport,
    user: Any,
    fields: Sequence[str],
    basis: str,
    policy: str = Policy.UPDATE,
    sheet: str | None = None,
) -> MemberImport:
    """Say how a list is to be read, and have its plan made; remember the columns.

    A small file is planned before this returns, another one by a worker. Once it
    is planned it may be said anew.

    Args:
        member_import: an upload that is not being imported.
        user: who says so.
        fields: of each column, one of :data:`~.mapping.FIELDS` or empty.
        basis: as for :func:`store_upload`.
        policy: as for :func:`store_upload`.
        sheet: of a workbook, another one than was looked at before.

    Returns:
        The upload, ``planning`` or ``planned``.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: nobody could be imported like this; or the file is gone, or
            on its way in.
        ValueError: another basis or policy.
    """
    check_terms(member_import.network, user, basis, policy)
    with transaction.atomic():
        stored = locked(member_import)
        if stored.state not in MemberImport.WAITING:
            raise ImportRejected(_("This list is being imported already."))
        members = open_list(
            stored_file(stored), fields, sheet or stored.mapping["sheet"] or None
        )
        remember(network=stored.network, mapping=members.mapping, user=user)
        stored.mapping = as_json(members)
        stored.basis, stored.policy = basis, policy
        let_work(stored, State.PLANNING)
    return get_going(stored, is_small=is_small_file(stored))


def cancel_upload(*, member_import: MemberImport, user: Any) -> None:
    """Erase an upload that will not be imported; what was written stays.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    MemberImport.objects.filter(
        pk=member_import.pk, state__in=MemberImport.WAITING
    ).delete()


def check_terms(network: Network, user: Any, basis: str, policy: str) -> None:
    """Whether this user may import here, on such a basis, by such a policy.

    Raises:
        NotAllowed: the user may not.
        ValueError: there is no such basis, or policy.
    """
    if user is not None:
        require(user, Capability.IMPORT_MEMBERS, network)
    if basis and basis not in BASES:
        raise ValueError(basis)
    if policy not in Policy.values:
        raise ValueError(policy)


def locked(member_import: MemberImport) -> Any:
    """The import as it is now, until the caller's transaction ends.

    Returns:
        With ``now``, this moment by the database's clock.

    Raises:
        ImportRejected: it was erased.
    """
    rows = MemberImport.objects.select_for_update(of=("self",), no_key=True)
    stored = (
        rows.select_related("network")
        .annotate(now=Now())
        .filter(pk=member_import.pk, network=member_import.network_id)
        .first()
    )
    if stored is None:
        raise ImportRejected(_("This list was erased. Upload it again."))
    return stored


def is_small_file(stored: MemberImport) -> bool:
    """Whether it can be planned while whoever asked waits."""
    return len(stored.content or b"") <= SMALL


def let_work(stored: MemberImport, state: State) -> None:
    """Give a locked import to whoever takes it up first."""
    stored.state = state
    stored.owner, stored.lease_until, stored.attempts = "", None, 0
    stored.done = stored.position = 0
    fields = [field.name for field in stored._meta.concrete_fields]
    # The file is large, and the same.
    stored.save(
        update_fields=[name for name in fields if name not in {"id", "content"}]
    )


def get_going(stored: MemberImport, *, is_small: bool) -> MemberImport:
    """Do the work right away, or ring for a worker; the import as it is then."""
    if is_small:
        jobs.work_on(stored.pk)
    else:
        transaction.on_commit(lambda: tasks.ring_for(stored.pk))
    stored.refresh_from_db()
    return stored
