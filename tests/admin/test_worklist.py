"""Addresses to look after, each within its BINs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.factories import MemberFactory
from wagtail_bin import audit
from wagtail_bin.models import (
    Member,
    MemberLogEntry,
    Network,
    Role,
    Suppression,
)

WORKLIST = "wagtail_bin_admin:worklist"


def lift_url(member: Member) -> str:
    return reverse("wagtail_bin_admin:worklist_lift", args=[member.pk])


def suppressed(network: Network, reason: str, **values: Any) -> Member:
    member = MemberFactory(network=network, **values)
    Suppression.objects.create(digest=member.email_digest, reason=reason)
    return member


def names_in(response: Any) -> set[str]:
    return {member.last_name for member in response.context["object_list"]}


@pytest.fixture
def bounced(heide: Network) -> Member:
    return suppressed(heide, "bounce", last_name="Terug", email="terug@example.org")


def test_it_lists_whom_nothing_reaches_with_reason_and_remedy(
    coordinator: Client, heide: Network, elders: Network, bounced: Member
) -> None:
    suppressed(heide, "complaint", last_name="Boos")
    suppressed(elders, "bounce", last_name="Vreemd")
    MemberFactory(network=heide, last_name="Goed")
    response = coordinator.get(reverse(WORKLIST))
    assert names_in(response) == {"Terug", "Boos"}
    html = response.content.decode()
    assert "terug@example.org" in html
    assert "The address does not exist" in html
    assert "Ask for another address" in html
    edit = reverse("wagtailsnippets_wagtail_bin_member:edit", args=[bounced.pk])
    assert edit in html
    # No coordinator can take back what a member said.
    assert html.count("It works again") == 1
    assert response["Cache-Control"].startswith("no-store, private")


def test_it_is_filtered(coordinator: Client, heide: Network, bounced: Member) -> None:
    suppressed(heide, "soft", last_name="Vol")
    response = coordinator.get(reverse(WORKLIST), {"problem": "soft"})
    assert names_in(response) == {"Vol"}
    results = coordinator.get(reverse(f"{WORKLIST}_results"), {"problem": "bounce"})
    assert names_in(results) == {"Terug"}


def test_with_nothing_to_do_it_says_so(coordinator: Client) -> None:
    assert "Nothing to do" in coordinator.get(reverse(WORKLIST)).content.decode()


def test_an_address_that_works_again_is_used_again_f27_once(
    coordinator: Client, bounced: Member
) -> None:
    asked = coordinator.get(lift_url(bounced)).content.decode()
    assert "terug@example.org" in asked
    refused = coordinator.post(lift_url(bounced), {"reason": " "})
    assert "Say in a few words why" in refused.content.decode()
    assert Suppression.objects.exists()
    for _click in range(2):
        response = coordinator.post(lift_url(bounced), {"reason": "Zij belde"})
        assert response["Location"] == reverse(WORKLIST)
    assert not Suppression.objects.exists()
    entry = MemberLogEntry.objects.get(action=audit.LIFT_SUPPRESSION)
    assert entry.data["reason"] == "Zij belde"
    assert "Zij belde" in entry.message


def test_what_a_member_called_unwanted_stays(
    coordinator: Client, heide: Network
) -> None:
    angry = suppressed(heide, "complaint")
    response = coordinator.post(lift_url(angry), {"reason": "x"}, follow=True)
    said = [str(message) for message in response.context["messages"]]
    assert "Ask for another one" in said[0]
    assert Suppression.objects.exists()


@pytest.mark.parametrize("role", [Role.WEB_EDITOR, Role.MANDATED_OFFICER, Role.MAYOR])
def test_s03_who_sees_no_members_sees_no_list(
    as_role: Callable[..., Client], heide: Network, bounced: Member, role: str
) -> None:
    client = as_role(role, heide)
    assert client.get(reverse(WORKLIST))["Location"] == reverse("wagtailadmin_home")
    for method in (client.get, client.post):
        final = method(lift_url(bounced), {"reason": "x"}, follow=True)
        assert final.status_code == 404
    assert Suppression.objects.exists()
    home = client.get(reverse("wagtailadmin_home")).content.decode()
    assert f'"{reverse(WORKLIST)}"' not in home


def test_s01_of_another_bin_there_is_nothing(
    coordinator: Client, elders: Network
) -> None:
    foreign = suppressed(elders, "bounce")
    final = coordinator.post(lift_url(foreign), {"reason": "x"}, follow=True)
    assert final.status_code == 404
    assert Suppression.objects.exists()


def test_i10_looking_changes_nothing_and_csrf_is_asked(
    coordinator: Client, bounced: Member
) -> None:
    coordinator.get(lift_url(bounced), {"reason": "x"})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(coordinator.user)  # type: ignore[attr-defined]
    assert strict.post(lift_url(bounced), {"reason": "x"}).status_code == 403
    assert Suppression.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_list(
    coordinator: Client,
    heide: Network,
    bounced: Member,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    coordinator.get(reverse(WORKLIST))
    with django_assert_max_num_queries(100) as few:
        coordinator.get(reverse(WORKLIST))
    for _number in range(20):
        suppressed(heide, "bounce")
    with django_assert_max_num_queries(len(few)):
        response = coordinator.get(reverse(WORKLIST))
    assert len(response.context["object_list"]) == 21
