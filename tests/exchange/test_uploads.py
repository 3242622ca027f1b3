"""Lists that wait for confirmation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import MandateFactory, NetworkFactory
from wagtail_bin.exceptions import ImportRejected, NotAllowed
from wagtail_bin.exchange.uploads import cancel_upload, store_upload
from wagtail_bin.models import MemberImport, Network

LIST = b"Naam;GSM\nAn;0473865387\n"


@pytest.fixture
def network(db: Any) -> Network:
    return NetworkFactory()


@pytest.fixture
def user(network: Network) -> Any:
    return MandateFactory(network=network).user


def store(network: Network, user: Any, source: bytes = LIST, basis: str = "") -> Any:
    return store_upload(
        network=network, user=user, source=source, file_name="x" * 300, basis=basis
    )


def test_a_list_is_kept_with_its_columns(network: Network, user: Any) -> None:
    one = store(network, user)
    one.refresh_from_db()
    assert bytes(one.content) == LIST
    assert one.mapping == {
        "line": 1,
        "header": ["Naam", "GSM"],
        "fields": ["full_name", "mobile"],
        "encoding": "utf-8-sig",
        "delimiter": ";",
        "sheet": "",
        "other_sheets": [],
    }
    assert one.state == MemberImport.State.UPLOADED
    assert len(one.file_name) == 255


def test_what_cannot_be_read_or_is_not_allowed_is_not_kept(
    network: Network, user: Any
) -> None:
    with pytest.raises(ImportRejected):
        store(network, user, source=b"")
    with pytest.raises(NotAllowed):
        store(NetworkFactory(), user)
    with pytest.raises(ValueError, match="office"):
        store(network, user, basis="office")
    assert not MemberImport.objects.exists()


def test_only_who_may_import_cancels(network: Network, user: Any) -> None:
    one = store(network, user)
    with pytest.raises(NotAllowed):
        cancel_upload(member_import=one, user=MandateFactory().user)
    assert MemberImport.objects.exists()
    cancel_upload(member_import=one, user=user)
    assert not MemberImport.objects.exists()
