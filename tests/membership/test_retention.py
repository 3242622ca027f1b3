"""What is forgotten by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import NetworkFactory
from wagtail_bin.membership.retention import forget_lists
from wagtail_bin.models import MemberImport, RefusedRow

pytestmark = pytest.mark.django_db
State = MemberImport.State


def ago(**lapse: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(**lapse)


def test_p09_uploads_that_nobody_confirmed_lose_their_file(settings: Any) -> None:
    settings.WAGTAIL_BIN_IMPORT_KEEP_HOURS = 2
    network = NetworkFactory()
    young, old, applied = (
        MemberImport.objects.create(
            network=network, content=b"x", uploaded_at=uploaded_at, state=state
        )
        for uploaded_at, state in [
            (ago(hours=1), State.UPLOADED),
            (ago(hours=3), State.UPLOADED),
            (ago(hours=3), State.APPLIED),
        ]
    )
    assert forget_lists().files == 1
    for one in (young, old, applied):
        one.refresh_from_db()
    assert old.content is None
    assert young.content is not None
    assert applied.content is not None
    assert forget_lists().files == 0


def test_p09_refused_rows_are_erased_with_time_and_the_counts_stay(
    settings: Any,
) -> None:
    settings.WAGTAIL_BIN_IMPORT_KEEP_REFUSED_DAYS = 10
    network = NetworkFactory()
    for days in (9, 11):
        done = MemberImport.objects.create(
            network=network, state=State.APPLIED, applied_at=ago(days=days), refused=1
        )
        RefusedRow.objects.create(member_import=done, line=days, cells=["Jan"])
    assert forget_lists().rows == 1
    assert RefusedRow.objects.get().line == 9
    assert list(MemberImport.objects.values_list("refused", flat=True)) == [1, 1]


def test_forgetting_takes_a_constant_number_of_queries(
    django_assert_max_num_queries: Any,
) -> None:
    network = NetworkFactory()
    for _upload in range(5):
        done = MemberImport.objects.create(
            network=network, state=State.APPLIED, applied_at=ago(days=99)
        )
        RefusedRow.objects.create(member_import=done, line=1)
    with django_assert_max_num_queries(2):
        forget_lists()
