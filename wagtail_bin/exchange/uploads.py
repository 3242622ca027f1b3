"""Uploaded lists that wait for confirmation."""

from __future__ import annotations

from typing import Any

from wagtail_bin.exchange.apply import BASES
from wagtail_bin.exchange.formats import open_list
from wagtail_bin.models import MemberImport, Network
from wagtail_bin.permissions import Capability, require


def store_upload(
    *, network: Network, user: Any, source: bytes, file_name: str, basis: str
) -> MemberImport:
    """Keep a list until it is confirmed, when it can be read at all.

    Args:
        network: into which one it would go.
        user: who uploads.
        source: the file.
        file_name: what it was called.
        basis: one of :data:`~.apply.BASES`, or empty.

    Raises:
        NotAllowed: the user may not import here.
        ImportRejected: the file cannot be read. Nothing was stored.
        ValueError: another basis.
    """
    require(user, Capability.IMPORT_MEMBERS, network)
    if basis and basis not in BASES:
        raise ValueError(basis)
    mapping = open_list(source).mapping
    return MemberImport.objects.create(
        network=network,
        user=user,
        file_name=file_name[:255],
        content=source,
        basis=basis,
        mapping={"header": mapping.header, "fields": mapping.fields},
    )


def cancel_upload(*, member_import: MemberImport, user: Any) -> None:
    """Erase an upload that will not be imported; an applied import stays.

    Raises:
        NotAllowed: the user may not import here.
    """
    require(user, Capability.IMPORT_MEMBERS, member_import.network)
    MemberImport.objects.filter(
        pk=member_import.pk, state=MemberImport.State.UPLOADED
    ).delete()
