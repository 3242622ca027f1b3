"""An office goes to somebody else, and nothing is lost."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from wagtail.log_actions import registry

from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    PoliceZoneFactory,
    UserFactory,
)
from wagtail_bin import audit
from wagtail_bin.dispatch.notices import coordinators_of
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.mandates.groups import sync_groups
from wagtail_bin.mandates.handover import (
    Successor,
    hand_over_mandate,
    plan_handover,
)
from wagtail_bin.membership.worklist import worklist
from wagtail_bin.models import Mandate, Member, Network, Role
from wagtail_bin.permissions import Capability, networks_for

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)


@pytest.fixture
def network() -> Network:
    return NetworkFactory(
        name="BIN Heide",
        contact_name="An Peeters",
        contact_email="heide@bin.example",
        contact_phone="+32473990011",
    )


@pytest.fixture
def mandate(network: Network) -> Mandate:
    """An Peeters', who gave her own mobile."""
    return MandateFactory(
        network=network,
        name="An Peeters",
        public_email="heide@bin.example",
        public_phone="+32473990011",
    )


@pytest.fixture
def admin() -> Any:
    return UserFactory(is_superuser=True)


@pytest.fixture
def bea() -> Any:
    """Takes over."""
    return UserFactory(username="bea", admin_access=False)


def hand_over(mandate: Mandate, admin: Any, user: Any = None, **options: Any) -> Any:
    starts_on = options.pop("starts_on", TODAY)
    successor = Successor(name="Bea Janssens", user=user, **options)
    return hand_over_mandate(
        user=admin, mandate=mandate, successor=successor, starts_on=starts_on
    )


def test_one_ends_the_day_before_the_other_begins(
    mandate: Mandate, admin: Any, bea: Any
) -> None:
    sync_groups()
    done = hand_over(mandate, admin, bea, screened_on=TODAY - DAY)
    mandate.refresh_from_db()
    assert mandate.ends_on == TODAY - DAY
    started = Mandate.objects.get(pk=done.started.pk)
    assert (started.user, started.name) == (bea, "Bea Janssens")
    assert (started.role, started.network) == (mandate.role, mandate.network)
    assert (started.starts_on, started.ends_on) == (TODAY, None)
    assert started.screened_on == TODAY - DAY
    assert list(bea.groups.values_list("name", flat=True)) == ["BIN coordinators"]
    assert not mandate.user.groups.exists()


def test_what_there_is_to_do_goes_to_the_successor(
    mandate: Mandate, network: Network, admin: Any, bea: Any
) -> None:
    MemberFactory.create_batch(2, network=network)
    broken = MemberFactory(network=network, email="", phone="+3236202929")
    done = hand_over(mandate, admin, bea)
    assert (done.members, done.problems) == (3, 1)
    assert list(worklist(bea)) == [broken]
    assert list(coordinators_of(network)) == [bea]
    assert list(networks_for(bea, Capability.EXPORT_MEMBERS)) == [network]
    before = mandate.user
    assert not worklist(before).exists()
    assert not networks_for(before, Capability.VIEW_NETWORK).exists()
    assert Member.objects.count() == 3


def test_on_a_later_day_both_hold_it_in_turn(
    mandate: Mandate, network: Network, admin: Any, bea: Any
) -> None:
    done = hand_over(mandate, admin, bea, starts_on=TODAY + 10 * DAY, public={})
    assert not networks_for(bea, Capability.VIEW_MEMBERS).exists()
    assert networks_for(mandate.user, Capability.VIEW_MEMBERS).exists()
    for day, holder in ((9, mandate.user), (10, bea)):
        (held,) = Mandate.objects.active(TODAY + day * DAY)
        assert held.user == holder
    assert (done.public, done.public_later) == ({}, True)
    network.refresh_from_db()
    assert network.contact_name == "An Peeters"


def test_the_public_contact_stays_when_that_is_chosen(
    mandate: Mandate, network: Network, admin: Any, bea: Any
) -> None:
    started = hand_over(mandate, admin, bea).started
    assert started.public_email == "heide@bin.example"
    assert started.public_phone == "+32473990011"
    network.refresh_from_db()
    assert network.contact_name == "Bea Janssens"
    assert network.contact_phone == "+32473990011"


def test_a_new_public_contact_replaces_what_was_the_old_holders(
    mandate: Mandate, network: Network, admin: Any, bea: Any
) -> None:
    Network.objects.filter(pk=network.pk).update(contact_name="Coördinator")
    mandate.network.refresh_from_db()
    public = {"public_email": "heide@bin.example", "public_phone": ""}
    done = hand_over(mandate, admin, bea, public=public)
    assert done.public == {"contact_phone": ("+32473990011", "")}
    network.refresh_from_db()
    assert network.contact_name == "Coördinator"
    assert network.contact_email == "heide@bin.example"
    assert network.contact_phone == ""
    entry = registry.get_logs_for_instance(network).get()
    assert (entry.action, entry.user) == ("wagtail.edit", admin)


def test_it_is_logged_without_a_name(mandate: Mandate, admin: Any, bea: Any) -> None:
    done = hand_over(mandate, admin, bea)
    (entry,) = registry.get_logs_for_instance(mandate)
    assert (entry.action, entry.user) == (audit.HAND_OVER_MANDATE, admin)
    assert entry.data == {"to": done.started.pk, "starts_on": TODAY.isoformat()}
    assert "Peeters" not in entry.label
    assert "Overgedragen vanaf" in entry.message
    (created,) = registry.get_logs_for_instance(done.started)
    assert created.action == "wagtail.create"


def test_planning_changes_nothing(mandate: Mandate, bea: Any) -> None:
    successor = Successor(name="Bea Janssens", user=bea)
    plan = plan_handover(mandate=mandate, successor=successor, starts_on=TODAY)
    assert plan.started.pk is None
    assert plan.ended.ends_on == TODAY - DAY
    assert Mandate.objects.get().ends_on is None


def test_a_second_click_hands_over_once(mandate: Mandate, admin: Any, bea: Any) -> None:
    hand_over(mandate, admin, bea)
    with pytest.raises(ValidationError, match="heeft deze functie hier al"):
        hand_over(mandate, admin, bea)
    assert Mandate.objects.count() == 2


@pytest.mark.parametrize(
    ("dates", "starts_on", "said"),
    [
        ({"ends_on": TODAY - 5 * DAY}, TODAY, "is afgelopen"),
        ({}, TODAY - DAY, "vandaag of een latere dag"),
        ({"starts_on": TODAY}, TODAY, "begint zelf op"),
        ({"starts_on": TODAY + 9 * DAY}, TODAY + 3 * DAY, "begint zelf op"),
    ],
    ids=["over", "in the past", "began today", "to come"],
)
def test_dates_that_cannot_be_are_refused(
    mandate: Mandate, admin: Any, dates: Any, starts_on: dt.date, said: str
) -> None:
    Mandate.objects.filter(pk=mandate.pk).update(**dates)
    mandate.refresh_from_db()
    with pytest.raises(ValidationError, match=said):
        hand_over(mandate, admin, starts_on=starts_on)
    assert Mandate.objects.count() == 1


def test_a_planned_end_stays_and_the_gap_is_seen(mandate: Mandate, admin: Any) -> None:
    Mandate.objects.filter(pk=mandate.pk).update(ends_on=TODAY + DAY)
    mandate.refresh_from_db()
    done = hand_over(mandate, admin, starts_on=TODAY + 5 * DAY)
    assert done.has_gap
    mandate.refresh_from_db()
    assert mandate.ends_on == TODAY + DAY


def test_without_an_account_it_is_said_who_looks_after_the_list(
    mandate: Mandate, network: Network, admin: Any
) -> None:
    MandateFactory(role=Role.DEPUTY_COORDINATOR, network=network)
    MandateFactory(role=Role.WEB_EDITOR, network=network)
    done = hand_over(mandate, admin)
    assert (done.started.user, done.others, done.has_gap) == (None, 1, False)


def test_a_deputy_who_takes_over_stays_deputy_until_somebody_ends_it(
    mandate: Mandate, network: Network, admin: Any, bea: Any
) -> None:
    deputy = MandateFactory(role=Role.DEPUTY_COORDINATOR, network=network, user=bea)
    assert hand_over(mandate, admin, bea).also == (deputy,)


def test_any_office_of_any_place_can_be_handed_over(admin: Any, bea: Any) -> None:
    zone = PoliceZoneFactory()
    old = MandateFactory(role=Role.MANDATED_OFFICER, network=None, police_zone=zone)
    started = hand_over(old, admin, bea).started
    assert (started.role, started.police_zone) == (Role.MANDATED_OFFICER, zone)


def test_s09_nobody_hands_the_own_office_over(mandate: Mandate, bea: Any) -> None:
    with pytest.raises(NotAllowed):
        hand_over(mandate, mandate.user, bea)
    assert Mandate.objects.count() == 1


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ((-9, None), (0, None), True),
        ((-9, 0), (0, None), True),
        ((-9, -1), (0, None), False),
        ((5, None), (0, 4), False),
        ((5, None), (0, 5), True),
    ],
)
def test_the_same_office_is_not_held_twice_at_a_time(
    network: Network, first: Any, second: Any, overlap: bool
) -> None:
    user = UserFactory()
    days = [[d if d is None else TODAY + d * DAY for d in x] for x in (first, second)]
    dates = [{"starts_on": a, "ends_on": b} for a, b in days]
    MandateFactory(network=network, user=user, **dates[0])
    new = MandateFactory.build(network=network, user=user, **dates[1])
    if overlap:
        with pytest.raises(ValidationError, match="heeft deze functie hier al"):
            new.full_clean()
    else:
        new.full_clean()
    new.role = Role.DEPUTY_COORDINATOR
    new.full_clean()
    elsewhere = NetworkFactory()
    new.role, new.network = Role.COORDINATOR, elsewhere
    new.full_clean()


def test_two_people_may_share_an_office(network: Network) -> None:
    MandateFactory(network=network, user=None, name="An Peeters")
    MandateFactory.build(network=network, user=None, name="Bea").full_clean()
    with pytest.raises(ValidationError):
        MandateFactory.build(network=network, user=None, name="an peeters").full_clean()
