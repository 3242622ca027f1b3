"""Approving: all or nothing, once, and exactly to those who were shown."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.signing import SignedPackage
from wagtail.models import GroupPagePermission, Site

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.exceptions import (
    AlreadyDispatched,
    AudienceChanged,
    DispatchError,
    NotAllowed,
)
from wagtail_bin.models import Consent, Delivery, Dispatch, Member, Role, Suppression
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def network() -> Any:
    return NetworkFactory()


@pytest.fixture
def editor(network: Any) -> Any:
    user = UserFactory(is_superuser=True)
    return user


def approve(page: Any, network: Any, user: Any, expected: int, **kwargs: Any) -> Any:
    return approve_dispatch(
        page=page, networks=[network], user=user, expected_recipients=expected, **kwargs
    )


def test_i02_publishes_and_fills_the_ledger_together(
    tip: Any, network: Any, editor: Any
) -> None:
    members = MemberFactory.create_batch(3, network=network)
    result = approve(tip, network, editor, 3)
    tip.refresh_from_db()
    assert tip.live
    assert result.recipients == 3
    rows = Delivery.objects.filter(dispatch=result.dispatch)
    assert set(rows.values_list("member", flat=True)) == {m.pk for m in members}
    assert set(rows.values_list("state", "language", "attempt", "address")) == {
        ("queued", "nl", 0, "")
    }
    assert result.dispatch.messages.get().subject == "Donkere maanden"


def test_f01_a_failure_leaves_draft_and_ledger_as_they_were(
    tip: Any, network: Any, editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    MemberFactory(network=network)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("wagtail_bin.dispatch.ledger_fill.fill", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        approve(tip, network, editor, 1)
    tip.refresh_from_db()
    assert not tip.live
    assert not Dispatch.objects.exists()
    assert not Delivery.objects.exists()


def test_the_queue_is_rung_after_the_commit_with_an_id_only(
    tip: Any,
    network: Any,
    editor: Any,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    MemberFactory(network=network)
    broker = get_broker()
    broker.purge_queue()
    with django_capture_on_commit_callbacks(execute=True):
        result = approve(tip, network, editor, 1)
        assert broker.queue_size() == 0
    # One ring for each worker of a cluster.
    assert broker.queue_size() == settings.Q_CLUSTER["workers"]
    ((_id, package),) = broker.dequeue()
    task = SignedPackage.loads(package)
    broker.purge_queue()
    assert task["func"] == "wagtail_bin.dispatch.tasks.drain"
    assert task["args"] == (str(result.dispatch.pk),)


def test_f27_a_second_confirmation_is_refused(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory(network=network)
    approve(tip, network, editor, 1)
    with pytest.raises(AlreadyDispatched):
        approve(tip, network, editor, 1)
    assert Dispatch.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_the_same_revision_goes_to_a_second_bin_on_purpose(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory(network=network)
    first = approve(tip, network, editor, 1).dispatch
    other = NetworkFactory()
    MemberFactory(network=other)
    approve(tip, other, editor, 1, seen_dispatch=first.pk)
    assert Dispatch.objects.count() == 2
    assert set(Delivery.objects.values_list("network", flat=True)) == {
        network.pk,
        other.pk,
    }


def test_a_changed_audience_is_shown_before_anything_happens(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory.create_batch(2, network=network)
    with pytest.raises(AudienceChanged, match=r"3.*2"):
        approve(tip, network, editor, 3)
    assert not Dispatch.objects.exists()


def test_nobody_to_reach_is_an_error(tip: Any, network: Any, editor: Any) -> None:
    MemberFactory(network=network, consent=False)
    with pytest.raises(DispatchError):
        approve(tip, network, editor, 0)


def test_a_page_that_goes_live_later_cannot_be_sent_now(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory(network=network)
    tip.go_live_at = timezone.now() + dt.timedelta(days=1)
    tip.save_revision()
    with pytest.raises(DispatchError):
        approve(tip, network, editor, 1)
    assert not Delivery.objects.exists()


def test_s09_no_mandate_no_sending(tip: Any, network: Any) -> None:
    MemberFactory(network=network)
    stranger = MandateFactory(role=Role.WEB_EDITOR).user
    with pytest.raises(NotAllowed):
        approve(tip, network, stranger, 1)


def test_s09_a_mandate_without_the_right_to_publish_does_not_send(
    tip: Any, network: Any
) -> None:
    MemberFactory(network=network)
    user = MandateFactory(role=Role.WEB_EDITOR, network=network).user
    with pytest.raises(NotAllowed):
        approve(tip, network, user, 1)
    assert not GroupPagePermission.objects.filter(group__user=user).exists()


def test_only_those_who_can_be_reached_are_in_the_ledger(
    tip: Any, network: Any, editor: Any
) -> None:
    reached = MemberFactory(network=network)
    back = MemberFactory(
        network=network,
        state=Member.State.SUSPENDED,
        suspended_until=timezone.localdate() - dt.timedelta(days=1),
    )
    MemberFactory(network=network, email="", mobile="+32473865387")
    MemberFactory(network=network, state=Member.State.LEFT)
    MemberFactory(network=network, state=Member.State.UNCONFIRMED)
    MemberFactory(network=network, state=Member.State.SUSPENDED)
    MemberFactory(network=network, away_from=timezone.localdate())
    MemberFactory(network=network, consent=False)
    MemberFactory()
    suppressed = MemberFactory(network=network)
    Suppression.objects.create(
        digest=address_digest(suppressed.email.upper()), reason="bounce"
    )
    gone = MemberFactory(network=network)
    Consent.objects.create(
        member=gone, purpose="tips", channel="email", is_given=False, basis="link"
    )
    result = approve(tip, network, editor, 2)
    rows = Delivery.objects.filter(dispatch=result.dispatch)
    assert set(rows.values_list("member", flat=True)) == {reached.pk, back.pk}
    assert result.dispatch.unreachable == {
        "no_consent": 2,
        "no_address": 1,
        "gone": 1,
        "unconfirmed": 1,
        "suspended": 1,
        "away": 1,
        "suppressed": 1,
    }


def test_m6_the_number_of_statements_does_not_grow_with_the_members(
    tip: Any, editor: Any
) -> None:
    def statements(members: int) -> int:
        network = NetworkFactory(municipality=MunicipalityFactory())
        MemberFactory.create_batch(members, network=network)
        page = type(tip).objects.get(pk=tip.pk)
        page.save_revision()
        newest = Dispatch.objects.order_by("-approved_at").first()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            approve(page, network, editor, members, seen_dispatch=newest and newest.pk)
        return len(queries)

    statements(1)  # the first publication sets more in motion
    assert statements(3) == statements(30)


def test_a_page_without_a_website_is_not_sent(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory(network=network)
    Site.objects.all().delete()
    Site.clear_site_root_paths_cache()
    with pytest.raises(DispatchError):
        approve(tip, network, editor, 1)
    assert not Delivery.objects.exists()


def test_a_locked_page_is_not_sent(tip: Any, network: Any, editor: Any) -> None:
    MemberFactory(network=network)
    tip.locked = True
    tip.locked_by = UserFactory()
    tip.save()
    with pytest.raises(DispatchError):
        approve(tip, network, editor, 1)
    assert not Dispatch.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_f27_parallel_confirmations_make_one_dispatch(
    tip: Any, network: Any, editor: Any
) -> None:
    MemberFactory.create_batch(5, network=network)
    # SQLite lets one in after the other, and makes the rest wait.
    clicks = 50 if connection.vendor == "postgresql" else 8
    start = threading.Barrier(clicks)

    def confirm() -> str:
        start.wait()
        try:
            approve(tip, network, editor, 5)
        except AlreadyDispatched:
            return "refused"
        finally:
            connection.close()
        return "sent"

    with ThreadPoolExecutor(clicks) as pool:
        futures = [pool.submit(confirm) for _click in range(clicks)]
        results = [future.result() for future in futures]
    assert sorted(results) == ["refused"] * (clicks - 1) + ["sent"]
    assert Dispatch.objects.count() == 1
    assert Delivery.objects.count() == 5
