"""The home page of whoever holds an office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    UserFactory,
)
from tests.ledgers import make_dispatch
from wagtail_bin.admin.home import SHOWN
from wagtail_bin.admin.worklist import WORKLIST
from wagtail_bin.models import Member, Network, Role

MEMBERS = reverse("wagtailsnippets_wagtail_bin_member:list")


@pytest.fixture
def rows(heide: Network) -> None:
    """Three members, one of whom cannot be written to; one who left; one mail."""
    MemberFactory.create_batch(2, network=heide)
    MemberFactory(network=heide, email="", phone="+3236202929")
    MemberFactory(network=heide, state=Member.State.LEFT)
    make_dispatch(networks=[heide])


def panel_of(client: Client) -> Any:
    """What the panel shows, or None."""
    response = client.get("/admin/")
    panels = [p for p in response.context["panels"] if p.name == "bin_offices"]
    if not panels:
        return None
    assert b'id="bin-offices"' in response.content
    return panels[0].get_context_data({})


@pytest.mark.parametrize(
    ("role", "to_check", "ways"),
    [
        (Role.COORDINATOR, 1, {MEMBERS, reverse(WORKLIST)}),
        (Role.MANDATED_OFFICER, None, set()),
        (Role.WEB_EDITOR, None, set()),
        (Role.STEERING_GROUP, None, set()),
    ],
)
def test_it_shows_the_numbers_and_the_ways_of_the_office(
    as_role: Callable[..., Client],
    heide: Network,
    rows: None,
    role: Role,
    to_check: int | None,
    ways: set[str],
) -> None:
    shown = panel_of(as_role(role, heide))
    (row,) = shown["rows"]
    assert (row["network"], row["members"], row["to_check"]) == (heide, 3, to_check)
    assert row["sent"] is not None
    urls = {url for url, _label, _icon in shown["links"]}
    assert urls & {MEMBERS, reverse(WORKLIST)} == ways
    assert [mandate.role for mandate in shown["mandates"]] == [role]


def test_many_bins_are_behind_a_link(
    as_role: Callable[..., Client], heide: Network
) -> None:
    for _number in range(SHOWN + 2):
        NetworkFactory(municipality=heide.municipality)
    user = MandateFactory(
        role=Role.PREVENTION_OFFICER, network=None, municipality=heide.municipality
    ).user
    client = Client()
    client.force_login(user)
    shown = panel_of(client)
    assert (len(shown["rows"]), shown["more"]) == (SHOWN, 3)


@pytest.mark.parametrize("is_superuser", [False, True])
def test_without_an_office_there_is_no_panel(
    client: Client, heide: Network, is_superuser: bool
) -> None:
    client.force_login(UserFactory(is_superuser=is_superuser))
    assert panel_of(client) is None


def test_an_office_without_a_bin_says_so(client: Client, heide: Network) -> None:
    empty = MandateFactory(
        role=Role.MAYOR, network=None, municipality=heide.municipality
    )
    heide.delete()
    client.force_login(empty.user)
    shown = panel_of(client)
    assert shown["rows"] == []
