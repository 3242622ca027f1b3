"""Which office may do what, where and when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from wagtail.permissions import policy_registry

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.models import OFFICER_BY_CHARTER, Member, Network, PoliceZone, Role
from wagtail_bin.permissions import (
    ROLES,
    Capability,
    holders,
    networks_for,
    require,
)

pytestmark = pytest.mark.django_db

MEMBERS = PoliceZone.OfficerAccess.MEMBERS
TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)


@pytest.fixture
def network() -> Network:
    return NetworkFactory()


def agree(network: Network) -> None:
    """The charters of the zone let its officers see members."""
    PoliceZone.objects.filter(pk=network.police_zone_id).update(officer_access=MEMBERS)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("capability", list(Capability))
@pytest.mark.parametrize("is_agreed", [False, True])
def test_an_office_may_do_what_the_table_says_in_its_own_networks(
    network: Network,
    role: Role,
    capability: Capability,
    is_agreed: bool,
) -> None:
    NetworkFactory()
    if is_agreed:
        agree(network)
    user = MandateFactory(role=role, network=network).user
    allowed = role in ROLES[capability] or (
        is_agreed
        and role == Role.MANDATED_OFFICER
        and OFFICER_BY_CHARTER in ROLES[capability]
    )
    assert list(networks_for(user, capability)) == [network] * allowed
    assert list(holders([network], capability)) == [user] * allowed


def test_a_charter_holds_in_its_own_zone_only(network: Network) -> None:
    elsewhere = NetworkFactory()
    agree(network)
    officer = UserFactory()
    for zone in (network.police_zone, elsewhere.police_zone):
        MandateFactory(
            role=Role.MANDATED_OFFICER, user=officer, network=None, police_zone=zone
        )
    assert list(networks_for(officer, Capability.VIEW_MEMBERS)) == [network]
    assert networks_for(officer, Capability.VIEW_COUNTS).count() == 2
    assert not holders([elsewhere], Capability.VIEW_MEMBERS).exists()


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "is_in_force"),
    [
        (TODAY, TODAY, True),
        (TODAY - DAY, None, True),
        (TODAY - 9 * DAY, TODAY - DAY, False),
        (TODAY + DAY, None, False),
    ],
    ids=["its one day", "open", "ended yesterday", "starts tomorrow"],
)
def test_a_mandate_holds_from_its_first_to_its_last_day(
    network: Network,
    starts_on: dt.date,
    ends_on: dt.date | None,
    is_in_force: bool,
) -> None:
    user = MandateFactory(network=network, starts_on=starts_on, ends_on=ends_on).user
    for capability in (Capability.VIEW_NETWORK, Capability.VIEW_MEMBERS):
        assert networks_for(user, capability).exists() is is_in_force
        assert holders([network], capability).exists() is is_in_force


@pytest.mark.parametrize("is_superuser", [False, True])
def test_an_inactive_user_may_nothing(
    network: Network,
    is_superuser: bool,
) -> None:
    user = UserFactory(is_active=False, is_superuser=is_superuser)
    MandateFactory(network=network, user=user)
    assert not networks_for(user, Capability.VIEW_NETWORK).exists()
    assert not holders([network], Capability.VIEW_NETWORK).exists()
    with pytest.raises(NotAllowed):
        require(user, Capability.VIEW_NETWORK, network)


def test_a_mandate_for_a_place_covers_its_networks(network: Network) -> None:
    neighbour = NetworkFactory(municipality=network.municipality)
    elsewhere = NetworkFactory(municipality=MunicipalityFactory())
    scope: dict[str, Any] = {"network": None, "municipality": network.municipality}
    user = MandateFactory(role=Role.PREVENTION_OFFICER, **scope).user
    require(user, Capability.EXPORT_MEMBERS, network, neighbour)
    with pytest.raises(NotAllowed):
        require(user, Capability.EXPORT_MEMBERS, network, elsewhere)


def test_the_policy_of_members_follows_the_charter(network: Network) -> None:
    policy = policy_registry.get_by_type(Member)
    member = MemberFactory(network=network)
    officer = MandateFactory(role=Role.MANDATED_OFFICER, network=network).user
    superuser = UserFactory(is_superuser=True)
    for is_agreed in (False, True):
        assert policy.user_has_permission(officer, "view") is is_agreed
        for_row = policy.user_has_permission_for_instance(officer, "view", member)
        assert for_row is is_agreed
        seers = set(policy.users_with_any_permission_for_instance(["view"], member))
        assert seers == {superuser} | ({officer} if is_agreed else set())
        assert set(policy.users_with_any_permission(["view"])) == seers
        agree(network)
    assert not policy.user_has_permission(officer, "change")
    assert not policy.instances_user_has_any_permission_for(
        officer, ["change", "delete"]
    ).exists()
