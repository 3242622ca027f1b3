"""Whom the coordinator has to look after, and what the coordinator may do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import MandateFactory, MemberFactory, NetworkFactory, UserFactory
from wagtail_bin import audit
from wagtail_bin.exceptions import NotAllowed, SuppressionStays
from wagtail_bin.membership.consent import Withdrawal, give_consent, withdraw_all
from wagtail_bin.membership.worklist import Problem, lift_suppression, worklist
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Member,
    MemberLogEntry,
    Purpose,
    Role,
    Suppression,
)
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db
Reason = Suppression.Reason


def bar(address: str, reason: Reason = Reason.BOUNCE, **values: Any) -> Suppression:
    return Suppression.objects.create(
        digest=address_digest(address), reason=reason, **values
    )


@pytest.fixture
def network() -> Any:
    return NetworkFactory()


@pytest.fixture
def coordinator(network: Any) -> Any:
    return MandateFactory(network=network).user


def found(user: Any) -> list[tuple[int, str, str]]:
    rows = worklist(user).values_list("pk", "problem", "problem_field")
    return sorted(rows)


def test_each_problem_is_listed_with_the_address_and_the_moment(
    network: Any, coordinator: Any
) -> None:
    MemberFactory(network=network)
    gone = MemberFactory(network=network)
    full = MemberFactory(network=network)
    bad_mobile = MemberFactory(network=network, mobile="+32473865387")
    at = timezone.now() - dt.timedelta(days=3)
    bar(gone.email, at=at)
    bar(full.email, Reason.SOFT_BOUNCES, at=at + dt.timedelta(days=1))
    bar(bad_mobile.mobile, Reason.BOUNCE, at=at + dt.timedelta(days=2))
    assert found(coordinator) == [
        (gone.pk, "bounce", "email"),
        (full.pk, "soft", "email"),
        (bad_mobile.pk, "bounce", "mobile"),
    ]
    newest = list(worklist(coordinator))
    assert [m.pk for m in newest] == [bad_mobile.pk, full.pk, gone.pk]
    assert newest[2].problem_since == at
    assert Problem(newest[2].problem).label


def test_a_complaint_is_listed_until_the_member_says_yes_or_a_month_is_over(
    network: Any, coordinator: Any
) -> None:
    members = MemberFactory.create_batch(3, network=network)
    now = timezone.now()
    withdraw_all(
        [
            Withdrawal(
                member.pk,
                Purpose.TIPS,
                ChannelName.EMAIL,
                Consent.Basis.COMPLAINT,
                now,
            )
            for member in members
        ]
    )
    old = members[2].consents.filter(basis=Consent.Basis.COMPLAINT)
    old.update(at=now - dt.timedelta(days=31))
    give_consent(
        member_id=members[1].pk,
        purpose=Purpose.TIPS,
        channel=ChannelName.EMAIL,
        basis=Consent.Basis.OFFICE,
    )
    assert found(coordinator) == [(members[0].pk, "complaint", "")]


def test_whoever_cannot_be_reached_by_any_channel_in_use_is_listed_last(
    network: Any, coordinator: Any
) -> None:
    only_phone = MemberFactory(network=network, email="", phone="+3214462201")
    erased = MemberFactory(network=network)
    gone = MemberFactory(network=network)
    bar(erased.email, Reason.ERASED)
    bar(gone.email)
    assert [(m.pk, m.problem) for m in worklist(coordinator)] == [
        (gone.pk, "bounce"),
        (only_phone.pk, "no_address"),
        (erased.pk, "no_address"),
    ]


def test_s01_i09_only_members_in_sight_are_listed(coordinator: Any) -> None:
    foreign = MemberFactory()
    bar(foreign.email)
    assert found(coordinator) == []
    assert found(MandateFactory(role=Role.MAYOR, network=foreign.network).user) == []
    assert found(UserFactory()) == []
    assert len(found(MandateFactory(network=foreign.network).user)) == 1


@pytest.mark.parametrize("state", [Member.State.LEFT, Member.State.EXCLUDED])
def test_whoever_has_gone_is_nobodys_work(
    state: str, network: Any, coordinator: Any
) -> None:
    bar(MemberFactory(network=network, state=state).email)
    assert found(coordinator) == []


def test_another_address_takes_the_member_off_the_list(
    network: Any, coordinator: Any
) -> None:
    member = MemberFactory(network=network)
    bar(member.email)
    assert len(found(coordinator)) == 1
    member.email = "new@example.org"
    member.save()
    assert found(coordinator) == []


@pytest.mark.parametrize("reason", [Reason.BOUNCE, Reason.SOFT_BOUNCES])
def test_a_person_who_knows_better_releases_the_address(
    reason: Reason, network: Any, coordinator: Any
) -> None:
    member = MemberFactory(network=network)
    bar(member.email, reason)
    lifted = lift_suppression(member=member, user=coordinator, reason=" It works. ")
    assert lifted.addresses == 1
    assert not Suppression.objects.exists()
    assert found(coordinator) == []
    entry = MemberLogEntry.objects.get(action=audit.LIFT_SUPPRESSION)
    assert entry.user == coordinator
    assert entry.data == {"was": [reason.value], "reason": "It works."}
    assert member.email not in f"{entry.label} {entry.data}"


@pytest.mark.parametrize("reason", [Reason.ERASED, Reason.COMPLAINT, Reason.MANUAL])
def test_what_was_erased_or_called_unwanted_stays(
    reason: Reason, network: Any, coordinator: Any
) -> None:
    member = MemberFactory(network=network)
    bar(member.email, reason)
    with pytest.raises(SuppressionStays):
        lift_suppression(member=member, user=coordinator, reason="Please.")
    assert Suppression.objects.exists()
    assert not MemberLogEntry.objects.exists()


def test_only_what_may_be_released_of_a_members_addresses_is(
    network: Any, coordinator: Any
) -> None:
    member = MemberFactory(network=network, mobile="+32473865387")
    bar(member.email, Reason.ERASED)
    bar(member.mobile, Reason.BOUNCE)
    assert (
        lift_suppression(member=member, user=coordinator, reason="New SIM.").addresses
        == 1
    )
    assert Suppression.objects.get().reason == Reason.ERASED


def test_s09_nobody_releases_in_a_network_of_others(network: Any) -> None:
    member = MemberFactory(network=network)
    bar(member.email)
    outsiders = [
        MandateFactory().user,
        MandateFactory(role=Role.WEB_EDITOR, network=network).user,
        UserFactory(),
    ]
    for user in outsiders:
        with pytest.raises(NotAllowed):
            lift_suppression(member=member, user=user, reason="Please.")
    assert Suppression.objects.exists()


def test_the_list_takes_one_query(
    network: Any, coordinator: Any, django_assert_num_queries: Any
) -> None:
    for member in MemberFactory.create_batch(5, network=network):
        bar(member.email)
    with django_assert_num_queries(1):
        assert len(list(worklist(coordinator))) == 5
