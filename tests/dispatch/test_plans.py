"""What PostgreSQL makes of the engine's queries when the ledger is large."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from tests.dispatch.conftest import Send
from tests.dispatch.doubles import Script
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import ledger, ledger_write, sweep
from wagtail_bin.models import Delivery, Dispatch, Member

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="is about PostgreSQL's planner"
    ),
]

# A dispatch of long ago has most of them; half of today's are sent.
FILL = """
    INSERT INTO wagtail_bin_delivery (
        dispatch_id, member_id, network_id, channel, language, state, attempt,
        repeats, due_at, target, claimed_by, address, provider_id, code, report,
        settled_at
    )
    SELECT %s, NULL, %s, 'email', 'nl',
        CASE WHEN number %% 2 = 0 OR %s THEN 'accepted' ELSE 'queued' END,
        1, 0, now() - interval '1 hour', '', '', '', 'x', '', '',
        CASE WHEN number %% 2 = 0 OR %s THEN now() END
    FROM generate_series(1, %s) AS number
"""


@pytest.fixture
def dispatch(scripts: dict[str, Script], send: Send, network: Any) -> Dispatch:
    """A dispatch with 100,000 rows, among 200,000."""
    old, new = send(1), send(list(Member.objects.all()))
    with connection.cursor() as cursor:
        for dispatch, is_old in ((old, True), (new, False)):
            cursor.execute(FILL, [dispatch.pk, network.pk, is_old, is_old, 100_000])
        cursor.execute("ANALYZE wagtail_bin_delivery")
    return new


def plans_of(captured: CaptureQueriesContext) -> list[str]:
    """The plans of the statements on the ledger."""
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if re.match(r"\s*(SELECT|UPDATE|WITH)", query["sql"]):
                cursor.execute(f"EXPLAIN {query['sql']}")
                found.append("\n".join(line for (line,) in cursor.fetchall()))
    return [plan for plan in found if "wagtail_bin_delivery" in plan]


def test_m5_no_step_of_the_protocol_reads_the_whole_ledger(dispatch: Dispatch) -> None:
    with CaptureQueriesContext(connection) as captured:
        ids = ledger.claim(
            owner="x", dispatch_id=dispatch.pk, channel="email", limit=200
        )
    [claim] = plans_of(captured)
    assert "Index Scan using wagtail_bin_delivery_due" in claim
    assert "Seq Scan" not in claim
    assert len(ids) == 200

    with CaptureQueriesContext(connection) as captured:
        ledger.mark_sending(owner="x", ids=ids, dispatch=dispatch, channel="email")
        # These have no member any more; they are put aside.
        Delivery.objects.filter(pk__in=ids).update(
            state="sending", claimed_by="x", lease_until=Now()
        )
        marked = [ledger.Marked(pk, 1, "nl", None, False, None, "") for pk in ids]
        accepted = Receipt(Outcome.ACCEPTED, "id", "250", "double")
        ledger.record(owner="x", results=[(row, accepted) for row in marked])
        sweep.settle_leases()
        ledger.release(owner="x")
    plans = plans_of(captured)
    assert len(plans) >= 5
    for plan in plans:
        assert "Seq Scan on wagtail_bin_delivery" not in plan, plan


def test_m3_a_batch_is_found_by_its_keys_whatever_is_known_of_its_owner(
    dispatch: Dispatch,
) -> None:
    # As it is when statistics are taken while one worker has thousands.
    queued = Delivery.objects.filter(dispatch=dispatch, state="queued")
    ids = list(queued.order_by("pk").values_list("pk", flat=True)[:4000])
    Delivery.objects.filter(pk__in=ids).update(
        state="sending", claimed_by="y", lease_until=Now()
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE wagtail_bin_delivery")
    marked = [ledger.Marked(pk, 1, "nl", None, False, None, "") for pk in ids[:2000]]
    accepted = Receipt(Outcome.ACCEPTED, "id", "250", "double")
    with CaptureQueriesContext(connection) as captured:
        ledger.record(owner="x", results=[(row, accepted) for row in marked])
        ledger_write.mark("x", marked)
    record, mark = plans_of(captured)
    for plan in (record, mark):
        assert "Index Scan using wagtail_bin_delivery_pkey" in plan, plan
