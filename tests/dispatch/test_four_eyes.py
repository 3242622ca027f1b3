"""Whoever wrote a page does not confirm it, where a municipality wants that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import translation
from wagtail.models import GroupPagePermission

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.four_eyes import composer_of
from wagtail_bin.exceptions import NeedsColleague
from wagtail_bin.models import Dispatch, Network, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict() -> Any:
    """A municipality that wants two people for every message."""
    return MunicipalityFactory(name_nl="Heidebeek", needs_four_eyes=True)


@pytest.fixture
def network(strict: Any) -> Network:
    network = NetworkFactory(municipality=strict)
    MemberFactory(network=network)
    return network


@pytest.fixture
def editors(tip: Any) -> Group:
    """May publish the tip."""
    group = Group.objects.create(name="publish")
    for codename in ("change_page", "publish_page"):
        permission = Permission.objects.get(
            content_type__app_label="wagtailcore", codename=codename
        )
        GroupPagePermission.objects.create(
            group=group, page=tip.get_parent(), permission=permission
        )
    return group


def editor_of(network: Network, editors: Group, name: str, **mandate: Any) -> Any:
    user = UserFactory(first_name=name, last_name="Peeters")
    user.groups.add(editors)
    scope = {"network": None, "municipality": network.municipality}
    MandateFactory(**{"role": Role.WEB_EDITOR, "user": user, **scope, **mandate})
    return user


@pytest.fixture
def author(tip: Any, network: Network, editors: Group) -> Any:
    """Wrote the tip, and may publish and send."""
    user = editor_of(network, editors, "An")
    tip.title = "Sluit ook overdag af"
    tip.save_revision(user=user)
    return user


def approve(tip: Any, user: Any, *networks: Network) -> Dispatch:
    return approve_dispatch(
        page=tip, networks=networks, user=user, expected_recipients=len(networks)
    ).dispatch


def test_s09_the_author_is_told_who_can_confirm(
    tip: Any, network: Network, author: Any, editors: Group
) -> None:
    editor_of(network, editors, "Bea")
    editor_of(network, editors, "Carl", ends_on="2020-12-31")
    editor_of(NetworkFactory(), editors, "Dora")
    editor_of(network, Group.objects.create(name="reads"), "Els")
    with translation.override("en"), pytest.raises(NeedsColleague) as refused:
        approve(tip, author, network)
    assert "Heidebeek" in str(refused.value)
    assert "These people can: Bea Peeters." in str(refused.value)
    assert not Dispatch.objects.exists()


def test_s09_the_author_is_told_when_nobody_else_can(
    tip: Any, network: Network, author: Any
) -> None:
    with (
        translation.override("en"),
        pytest.raises(NeedsColleague, match="Nobody else can"),
    ):
        approve(tip, author, network)


def test_s09_a_superuser_is_no_colleague_of_oneself(tip: Any, network: Network) -> None:
    superuser = UserFactory(is_superuser=True)
    tip.title = "Sluit ook overdag af"
    tip.save_revision(user=superuser)
    with pytest.raises(NeedsColleague):
        approve(tip, superuser, network)


def test_a_colleague_confirms(
    tip: Any, network: Network, author: Any, editors: Group
) -> None:
    colleague = editor_of(network, editors, "Bea")
    assert approve(tip, colleague, network).approved_by == colleague


def test_saving_a_page_as_it_was_composes_nothing(
    tip: Any, network: Network, author: Any, editors: Group
) -> None:
    colleague = editor_of(network, editors, "Bea")
    tip.save_revision(user=colleague)
    tip.get_latest_revision().publish(user=colleague)
    tip.refresh_from_db()
    tip.save_revision(user=colleague)
    assert composer_of(tip) == author.pk
    approve(tip, colleague, network)


def test_whoever_changes_a_word_is_the_composer(
    tip: Any, network: Network, author: Any, editors: Group
) -> None:
    colleague = editor_of(network, editors, "Bea")
    tip.introduction = "Doe ook de achterdeur op slot."
    tip.save_revision(user=colleague)
    with pytest.raises(NeedsColleague, match="An Peeters"):
        approve(tip, colleague, network)
    approve(tip, author, network)


def test_one_strict_municipality_is_enough(
    tip: Any, network: Network, author: Any, editors: Group
) -> None:
    other = NetworkFactory()
    MemberFactory(network=other)
    MandateFactory(role=Role.WEB_EDITOR, user=author, network=other)
    with pytest.raises(NeedsColleague):
        approve(tip, author, other, network)
    approve(tip, author, other)


def test_a_page_that_no_person_wrote_is_anybodys(tip: Any, network: Network) -> None:
    assert composer_of(tip) is None
    approve(tip, UserFactory(is_superuser=True), network)
