"""Who lives behind one front door, within one BIN."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.factories import MemberFactory
from wagtail_bin.models import Network

HOUSEHOLDS = "wagtail_bin_admin:households"


def at(network: Network, number: str = "12", **more: Any) -> Any:
    address = {"street": "Dorpsstraat", "number": number, **more}
    return MemberFactory(network=network, **address)


def edit(client: Client, member: Any) -> str:
    path = reverse("wagtailsnippets_wagtail_bin_member:edit", args=[member.pk])
    return client.get(path).content.decode()


def test_the_others_of_the_household_stand_on_the_members_page(
    coordinator: Client, heide: Network, elders: Network
) -> None:
    member = at(heide)
    at(heide, last_name="Huisgenoot", street="DORPSSTRAAT ")
    at(heide, last_name="Bovenbuur", box="3")
    at(elders, last_name="Elders")
    html = edit(coordinator, member)
    assert "Huisgenoot" in html
    assert "Bovenbuur" not in html
    assert "Elders" not in html
    alone = edit(coordinator, at(heide, number="14"))
    assert "Nobody else at this address" in alone
    assert "at this address" not in edit(coordinator, MemberFactory(network=heide))


def test_even_who_sees_both_bins_gets_no_household_across_them(
    as_role: Any, heide: Network, elders: Network
) -> None:
    client = as_role("coordinator", heide, elders)
    member = at(heide)
    at(elders, last_name="Elders")
    assert "Elders" not in edit(client, member).replace(elders.name, "")
    rows = client.get(reverse(HOUSEHOLDS)).context["object_list"]
    assert [row["size"] for row in rows] == [1, 1]


@pytest.mark.parametrize(
    ("choice", "sizes"),
    [({}, [2, 1]), ({"size": "one"}, [1]), ({"size": "more"}, [2])],
)
def test_members_are_listed_by_address(
    coordinator: Client, heide: Network, choice: dict[str, str], sizes: list[int]
) -> None:
    at(heide, last_name="Een")
    at(heide, last_name="Twee")
    at(heide, last_name="Weg", state="left")
    at(heide, number="14", box="b")
    MemberFactory(network=heide, last_name="Nergens")
    response = coordinator.get(reverse(HOUSEHOLDS), choice)
    assert [row["size"] for row in response.context["object_list"]] == sizes
    html = response.content.decode()
    assert "Weg" not in html
    assert "Nergens" not in html
    assert ("Twee" in html) == (2 in sizes)
    assert ("Dorpsstraat 14 / b" in html) == (1 in sizes)


def test_households_are_for_who_sees_members_and_their_own_only(
    coordinator: Client, web_editor: Client, elders: Network
) -> None:
    at(elders, last_name="Elders")
    assert not coordinator.get(reverse(HOUSEHOLDS)).context["object_list"]
    assert web_editor.get(reverse(HOUSEHOLDS)).status_code == 302


def test_the_number_of_queries_does_not_grow_with_the_households(
    coordinator: Client,
    heide: Network,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    at(heide)
    coordinator.get(reverse(HOUSEHOLDS))
    with django_assert_max_num_queries(60) as few:
        coordinator.get(reverse(HOUSEHOLDS))
    for number in range(40):
        at(heide, number=str(number))
        at(heide, number=str(number))
    with django_assert_max_num_queries(len(few)):
        coordinator.get(reverse(HOUSEHOLDS))
