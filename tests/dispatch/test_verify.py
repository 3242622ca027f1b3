"""``bin_verify`` finds what breaks a promise, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from tests.dispatch.conftest import Send
from tests.dispatch.doubles import Script
from tests.factories import NetworkFactory, UserFactory
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.dispatch import control, deliver, gates, sweep, tasks, verify
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Dispatch,
    DispatchMessage,
    Member,
    Purpose,
    SendingSwitch,
    Suppression,
)

pytestmark = pytest.mark.django_db
State = Delivery.State
HOUR = dt.timedelta(hours=1)


def now() -> dt.datetime:
    return timezone.now()


def rows() -> Any:
    """The one row that a plant changes, past save() and every rule."""
    return Delivery.objects.filter(pk=Delivery.objects.order_by("pk").first().pk)


def owned(state: State, **values: Any) -> int:
    held = {"claimed_by": "x", "lease_until": now() + HOUR, "settled_at": None}
    return rows().update(state=state, **held | values)


def forget_constraint() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX wagtail_bin_event_once")


def withdraw_before() -> None:
    row = rows().get()
    Consent.objects.create(
        member=row.member,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        is_given=False,
        basis=Consent.Basis.LINK,
        at=row.tried_at - dt.timedelta(seconds=1),
    )


def suppress_before() -> None:
    row = rows().get()
    Suppression.objects.create(
        digest=row.member.email_digest,
        reason=Suppression.Reason.BOUNCE,
        at=row.tried_at - HOUR,
    )


def gossip() -> None:
    # As django-q2 stores it, whatever broker the suite runs on.
    task = {"func": "wagtail_bin.dispatch.tasks.drain", "args": ("m@example.org",)}
    OrmQ.objects.create(key="x", payload=SignedPackage.dumps(task))


PLANTS: dict[str, Callable[[], object]] = {
    "_miscounted": lambda: Dispatch.objects.update(recipients=4),
    "_missing_constraints": forget_constraint,
    "_in_no_state": lambda: rows().update(state="lost"),
    "_without_content": lambda: (
        DispatchMessage.objects.all().delete(),
        rows().update(state=State.QUEUED, settled_at=None, attempt=2),
    ),
    "_sent_unmarked": lambda: owned(State.SENDING, attempt=2, tried_at=None),
    "_settled_unmarked": lambda: rows().update(state=State.REJECTED, attempt=0),
    "_claimed_by_nobody": lambda: owned(State.CLAIMED, attempt=2, claimed_by=""),
    "_held_for_nothing": lambda: rows().update(lease_until=now() + HOUR),
    "_accepted_without_id": lambda: rows().update(provider_id=""),
    "_settled_at_no_time": lambda: rows().update(settled_at=None),
    "_finished_too_soon": lambda: (
        rows().update(state=State.QUEUED, settled_at=None, attempt=2),
        Dispatch.objects.update(settled_at=now() - HOUR),
    ),
    "_answer_forgotten": lambda: rows().update(state=State.UNKNOWN),
    "_accepted_by_hearsay": lambda: DeliveryEvent.objects.filter(
        delivery__in=rows()
    ).delete(),
    "_to_several": lambda: rows().update(address="a@b.example,c@d.example"),
    "_after_withdrawal": withdraw_before,
    "_after_suppression": suppress_before,
    "_to_strangers": lambda: rows().update(network=NetworkFactory()),
    "_talkative_tasks": gossip,
    "_held_back": lambda: SendingSwitch.objects.update(fingerprint="another's"),
    "_lease_over": lambda: owned(State.SENDING, attempt=2, lease_until=now() - HOUR),
    "_expired_and_waiting": lambda: (
        rows().update(state=State.QUEUED, settled_at=None, attempt=2),
        Dispatch.objects.update(expires_at=now() - HOUR),
    ),
}


def found() -> dict[str, int]:
    """Name of a check to number of mistakes, without the clean ones."""
    names = [check.find.__name__ for check in verify.CHECKS]
    counts = [finding.count for finding in verify.verify()]
    return {name: count for name, count in zip(names, counts, strict=True) if count}


@pytest.fixture
def delivered(scripts: dict[str, Script], send: Send) -> Dispatch:
    """A dispatch of which all went well."""
    OrmQ.objects.all().delete()
    dispatch = send(3)
    deliver.deliver_due(seconds=10)
    return dispatch


@pytest.mark.parametrize("name", [check.find.__name__ for check in verify.CHECKS])
def test_o07_each_promise_that_is_broken_is_found(
    delivered: Dispatch, name: str
) -> None:
    assert found() == {}
    PLANTS[name]()
    assert found() == {name: 1}


def test_o07_nothing_is_found_after_everything_that_may_happen(
    scripts: dict[str, Script], send: Send, network: Any
) -> None:
    OrmQ.objects.all().delete()
    user = UserFactory(is_superuser=True)
    outcomes = iter([Outcome.REJECTED, Outcome.RETRY, Outcome.UNKNOWN] * 10)
    scripts["email"].answer = lambda message: Receipt(
        next(outcomes), code="x", source="double"
    )
    dispatch = send(12, purpose=Purpose.ALERTS)
    tasks.ring_all_for(str(dispatch.pk))
    deliver.deliver_due(seconds=10)
    assert found() == {}
    sweep.settle()
    scripts["email"].answer = lambda message: None
    control.retry_failed(dispatch=dispatch, user=user)
    control.resolve_unknown(
        dispatch=dispatch,
        user=user,
        resolution=control.Resolution.RESEND,
        reason="x",
        deliveries=list(
            dispatch.deliveries.filter(state=State.UNKNOWN).values_list("pk", flat=True)
        )[:2],
    )
    control.resolve_unknown(
        dispatch=dispatch, user=user, resolution=control.Resolution.SENT, reason="x"
    )
    assert found() == {}
    gone, away, *_others = Member.objects.filter(network=network).order_by("pk")
    withdraw_consent(
        member_id=gone.pk,
        purpose=Purpose.ALERTS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.LINK,
    )
    deliver.deliver_due(seconds=10)
    assert found() == {}
    control.cancel_dispatch(dispatch=dispatch, user=user)
    sweep.settle()
    away.delete()
    assert found() == {}

    gates.switch()
    second = send(list(Member.objects.filter(network=network)), channels=("email",))
    SendingSwitch.objects.update(fingerprint="another's")
    assert found() == {"_held_back": 1}
    control.resume_all(user=user)
    sweep.settle()
    control.resolve_unknown(
        dispatch=second, user=user, resolution=control.Resolution.SENT, reason="x"
    )
    assert found() == {}


def test_i01_a_row_that_is_gone_is_missed(delivered: Dispatch) -> None:
    rows().delete()
    assert found() == {"_miscounted": 1}


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nBcc: c@d.example", "a@b@c", "nobody", "a b@c", "a@b\n", "<a@b>"],
)
def test_i07_an_address_that_is_not_one_is_found(
    delivered: Dispatch, address: str
) -> None:
    rows().update(address=address)
    assert found() == {"_to_several": 1}


def test_i07_a_number_that_is_not_one_is_found(delivered: Dispatch) -> None:
    rows().update(channel="sms", address="+32470000000")
    assert found() == {}
    rows().update(channel="sms", address="0470,0471")
    assert found() == {"_to_several": 1}


def test_i08_who_said_no_after_the_call_was_not_wronged(delivered: Dispatch) -> None:
    row = rows().get()
    withdraw_consent(
        member_id=row.member_id,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.LINK,
    )
    Suppression.objects.create(
        digest=row.member.email_digest, reason=Suppression.Reason.BOUNCE
    )
    assert found() == {}


def test_i11_a_forged_task_is_found_and_never_unpickled(delivered: Dispatch) -> None:
    OrmQ.objects.create(key="x", payload=SignedPackage.dumps({"func": "os.system"}))
    assert found() == {}
    OrmQ.objects.create(key="x", payload="gASVCQAAAAAAAACMBHRlc3SULg:x:y")
    assert found() == {"_talkative_tasks": 1}


def test_o07_the_number_of_queries_does_not_grow(delivered: Dispatch) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(verify.verify())
        return len(captured)

    first = queries()
    for number in range(20):
        row = rows().get()
        row.pk, row.member, row.channel = None, None, f"x{number}"
        row.save()
    assert found() != {}
    # Two more for what was found: which rows.
    assert queries() <= first + 2 * len(found())


def run(*arguments: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("bin_verify", *arguments, stdout=output)
    except SystemExit as error:
        return int(error.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_o07_the_command_prints_a_line_per_check_and_fails_on_a_mistake(
    delivered: Dispatch,
) -> None:
    status, output = run()
    assert status == 0
    assert len(output.splitlines()) == len(verify.CHECKS)
    row = rows().get()
    rows().update(provider_id="")
    status, output = run()
    assert status == 1
    assert f"I4         1  rows accepted without a provider's id: {row.pk}\n" in output
    assert row.address not in output

    status, output = run("--json")
    assert status == 1
    (found,) = [finding for finding in json.loads(output) if finding["count"]]
    assert found["promise"] == "I4"
    assert found["rows"] == [str(row.pk)]
