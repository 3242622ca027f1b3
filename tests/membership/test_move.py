"""Moving members to another network: what goes along and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone, translation

from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    SanctionFactory,
)
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.membership.move import move_members
from wagtail_bin.models import Consent, Member, MemberLogEntry, Network, Role

pytestmark = pytest.mark.django_db
OFFICE = Consent.Basis.OFFICE


@pytest.fixture
def heide() -> Network:
    return NetworkFactory(name="BIN Heide")


@pytest.fixture
def dorp(heide: Network) -> Network:
    return NetworkFactory(name="BIN Dorp", municipality=heide.municipality)


@pytest.fixture
def user(heide: Network) -> Any:
    """The prevention officer of the municipality, to whom both are open."""
    return MandateFactory(
        network=None, municipality=heide.municipality, role=Role.PREVENTION_OFFICER
    ).user


def test_consent_history_and_sanctions_go_along_and_house_rules_do_not(
    heide: Network, dorp: Network, user: Any
) -> None:
    member = MemberFactory(
        network=heide,
        house_rules_version="2024",
        house_rules_accepted_at=timezone.now(),
        state="suspended",
    )
    SanctionFactory(member=member)
    done = move_members(members=[member], target=dorp, basis=OFFICE, user=user)
    assert (done.moved, done.already_there) == ((member.pk,), ())
    member.refresh_from_db()
    assert (member.network, member.state) == (dorp, "suspended")
    assert (member.house_rules_version, member.house_rules_accepted_at) == ("", None)
    assert (member.consents.count(), member.sanctions.count()) == (1, 1)
    (entry,) = MemberLogEntry.objects.for_instance(member)
    assert (entry.network, entry.user) == (heide, user)
    with translation.override("en"):
        said = str(entry.message)
    assert said.startswith("Moved from BIN Heide to BIN Dorp (told to")


def test_whom_the_other_list_has_already_stays(
    heide: Network, dorp: Network, user: Any
) -> None:
    name = {"first_name": "Jan", "last_name": "Peeters"}
    twin = MemberFactory(network=heide, email="jan@example.org", **name)
    MemberFactory(
        network=dorp, email="jan@example.org", first_name="Peeters", last_name="Jan"
    )
    spouse = MemberFactory(network=heide, email="jan@example.org", first_name="An")
    there = MemberFactory(network=dorp)
    done = move_members(
        members=[twin, spouse, there], target=dorp, basis=OFFICE, user=user
    )
    assert (done.moved, done.already_there) == ((spouse.pk,), (twin.pk,))
    twin.refresh_from_db()
    assert twin.network == heide


@pytest.mark.parametrize("closed", ["from", "to"])
def test_moving_takes_both_networks(heide: Network, dorp: Network, closed: str) -> None:
    own = heide if closed == "to" else dorp
    user = MandateFactory(network=own, role=Role.COORDINATOR).user
    member = MemberFactory(network=heide)
    with pytest.raises(NotAllowed):
        move_members(members=[member], target=dorp, basis=OFFICE, user=user)
    assert Member.objects.get().network == heide


def test_moving_takes_the_members_word(
    heide: Network, dorp: Network, user: Any
) -> None:
    member = MemberFactory(network=heide)
    with pytest.raises(ValueError, match="transfer"):
        move_members(
            members=[member], target=dorp, basis=Consent.Basis.TRANSFER, user=user
        )
