"""Mandates in the admin: the list, the form, the chooser, handing over."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    UserFactory,
)
from wagtail_bin.models import Mandate, Network, Role

TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)
INDEX = reverse("bin-mandates:index")


@pytest.fixture
def admin(heide: Network) -> Client:
    """A superuser's browser, in English."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(UserFactory(is_superuser=True))
    return client


@pytest.fixture
def mandate(heide: Network) -> Mandate:
    return MandateFactory(
        network=heide, name="An Peeters", public_email="heide@bin.example"
    )


def hand_over_url(mandate: Mandate) -> str:
    return reverse("bin-mandates:hand_over", args=[mandate.pk])


def answers(**more: Any) -> dict[str, Any]:
    return {"starts_on": TODAY.isoformat(), "contact": "keep", **more}


def mandate_data(mandate: Mandate, **changes: Any) -> dict[str, Any]:
    return {
        "role": mandate.role,
        "name": mandate.name,
        "user": mandate.user_id or "",
        "network": mandate.network_id or "",
        "starts_on": mandate.starts_on.isoformat(),
        **changes,
    }


def test_the_list_says_what_is_current_to_come_and_past(
    admin: Client, heide: Network
) -> None:
    for name, dates in {
        "Nu": {},
        "Straks": {"starts_on": TODAY + DAY},
        "Toen": {"ends_on": TODAY - DAY},
    }.items():
        MandateFactory(network=heide, name=name, **dates)
    html = admin.get(INDEX).content.decode()
    for label in ("current", "to come", "past"):
        assert f">{label}<" in "".join(html.split("\n")).replace("  ", "")
    for states, names in {
        ("current",): {"Nu"},
        ("to_come", "past"): {"Straks", "Toen"},
        (): {"Nu", "Straks", "Toen"},
    }.items():
        found = admin.get(INDEX, {"state": states}).context["object_list"]
        assert {row.name for row in found} == names


def test_the_list_is_filtered_by_office_and_place(
    admin: Client, heide: Network, elders: Network
) -> None:
    mayor = MandateFactory(
        role=Role.MAYOR, network=None, municipality=heide.municipality
    )
    MandateFactory(network=elders)
    for query in (
        {"role": "mayor"},
        {"municipality": heide.municipality_id},
    ):
        assert list(admin.get(INDEX, query).context["object_list"]) == [mayor]


def test_only_what_is_not_past_is_handed_over(admin: Client, mandate: Mandate) -> None:
    assert hand_over_url(mandate) in admin.get(INDEX).content.decode()
    edit = reverse("bin-mandates:edit", args=[mandate.pk])
    assert hand_over_url(mandate) in admin.get(edit).content.decode()
    Mandate.objects.update(ends_on=TODAY - DAY)
    for path in (INDEX, edit):
        assert hand_over_url(mandate) not in admin.get(path).content.decode()


def test_a_mandate_goes_with_its_group(admin: Client, mandate: Mandate) -> None:
    path = reverse("bin-mandates:edit", args=[mandate.pk])
    admin.post(path, mandate_data(mandate))
    old, new = mandate.user, UserFactory()
    assert old.groups.filter(name="BIN coordinators").exists()
    admin.post(path, mandate_data(mandate, user=new.pk))
    assert not old.groups.exists()
    assert new.groups.filter(name="BIN coordinators").exists()
    admin.post(reverse("bin-mandates:delete", args=[mandate.pk]))
    assert not Mandate.objects.exists()
    assert not new.groups.exists()

    data = mandate_data(mandate, user=new.pk, role=Role.DEPUTY_COORDINATOR)
    admin.post(reverse("bin-mandates:add"), data)
    assert Mandate.objects.get().user == new
    assert new.groups.filter(name="BIN coordinators").exists()


def test_the_same_office_twice_is_refused_kindly(
    admin: Client, mandate: Mandate
) -> None:
    response = admin.post(reverse("bin-mandates:add"), mandate_data(mandate))
    (said,) = response.context["form"].non_field_errors()
    assert "An Peeters holds this office here already" in said
    assert "Change the dates of that mandate instead." in said
    Mandate.objects.update(ends_on=TODAY + DAY)
    response = admin.post(reverse("bin-mandates:add"), mandate_data(mandate))
    assert "until" in response.context["form"].non_field_errors()[0]
    assert Mandate.objects.count() == 1


def test_handing_over_shows_first_what_will_happen(
    admin: Client, mandate: Mandate, heide: Network
) -> None:
    MemberFactory.create_batch(3, network=heide)
    bea = UserFactory(first_name="Bea", last_name="Janssens")
    asked = admin.get(hand_over_url(mandate)).content.decode()
    assert "An Peeters is coordinator for BIN Heide." in asked
    assert "somebody who manages users adds one" in asked
    response = admin.post(hand_over_url(mandate), answers(user=bea.pk))
    html = response.content.decode()
    assert Mandate.objects.get().ends_on is None
    assert response.context["plan"].started.name == "Bea Janssens"
    for said in (
        "The list with 3 members",
        "heide@bin.example",
        f"Logs in as “{bea.username}”.",
        "Confirm: hand over",
    ):
        assert said in html
    # What is confirmed is what was filled in.
    form = response.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    assert (
        admin.post(hand_over_url(mandate), data | {"back": "1"})
        .context["form"]
        .is_valid()
    )
    done = admin.post(hand_over_url(mandate), data | {"confirm": "1"}, follow=True)
    assert "Handed over: Bea Janssens holds the office" in done.content.decode()
    started = Mandate.objects.get(user=bea)
    assert started.public_email == "heide@bin.example"
    mandate.refresh_from_db()
    assert mandate.ends_on == TODAY - DAY
    again = admin.post(hand_over_url(mandate), data | {"confirm": "1"})
    assert "holds this office here already" in again.content.decode()
    assert Mandate.objects.count() == 2


def test_the_summary_warns_of_what_should_be_known(
    admin: Client, mandate: Mandate, heide: Network
) -> None:
    Network.objects.filter(pk=heide.pk).update(contact_name="An Peeters")
    Mandate.objects.filter(pk=mandate.pk).update(ends_on=TODAY + DAY)
    later = (TODAY + 9 * DAY).isoformat()
    data = answers(name="Bea Janssens", starts_on=later)
    html = admin.post(hand_over_url(mandate), data).content.decode()
    for said in (
        "neither of them holds the office",
        "The successor has no user account",
        "goes on showing the contact of today",
    ):
        assert said in html

    bea = MandateFactory(role=Role.DEPUTY_COORDINATOR, network=heide, name="Bea").user
    public = {"contact": "new", "public_phone": "0473/99.00.11"}
    data = answers(user=bea.pk, name="Bea", **public)
    html = admin.post(hand_over_url(mandate), data).content.decode()
    assert "Bea is deputy coordinator here as well." in html
    assert "0473 99 00 11" in html
    assert "“An Peeters” becomes “Bea”." in html


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"starts_on": "2020-01-01", "name": "Bea"}, "starts_on"),
        ({}, "name"),
        ({"name": "Bea", "public_phone": "12"}, "public_phone"),
        ({"name": "Bea", "user": "0"}, "user"),
    ],
)
def test_a_mistake_is_said_beside_its_field(
    admin: Client, mandate: Mandate, wrong: dict[str, str], field: str
) -> None:
    response = admin.post(hand_over_url(mandate), answers(**wrong))
    assert list(response.context["form"].errors) == [field]
    assert response.context["plan"] is None


def test_a_mandate_that_is_over_cannot_be_handed_over(
    admin: Client, mandate: Mandate
) -> None:
    Mandate.objects.update(ends_on=TODAY - 9 * DAY)
    response = admin.post(hand_over_url(mandate), answers(name="Bea"))
    assert "has ended" in response.context["form"].non_field_errors()[0]


@pytest.mark.parametrize("method", ["get", "post"])
def test_s09_who_may_give_no_mandates_hands_none_over(
    coordinator: Client, heide: Network, method: str
) -> None:
    (own,) = Mandate.objects.all()
    response = getattr(coordinator, method)(hand_over_url(own), answers(name="Bea"))
    assert response.status_code in {302, 403}
    assert Mandate.objects.count() == 1
    change = Permission.objects.get(codename="change_mandate")
    coordinator.user.user_permissions.add(change)  # type: ignore[attr-defined]
    response = getattr(coordinator, method)(hand_over_url(own), answers(name="Bea"))
    assert response.status_code in {302, 403}


def test_a_user_account_is_found_by_a_part_of_the_name(admin: Client) -> None:
    bea = UserFactory(first_name="Bea", last_name="Janssens", username="bja")
    UserFactory(first_name="Bea", is_active=False)
    results = reverse("bin-users:choose_results")
    html = admin.get(results, {"q": "janss bea"}).content.decode()
    assert "Bea Janssens (bja)" in html
    assert html.count("/chosen/") == 1
    assert "/chosen/" not in admin.get(results, {"q": "nobody"}).content.decode()
    chosen = admin.get(reverse("bin-users:chosen", args=[bea.pk])).json()
    assert chosen["result"]["title"] == "Bea Janssens (bja)"
    assert admin.get(reverse("bin-users:choose")).status_code == 200


def test_s02_user_accounts_are_shown_to_who_gives_mandates(
    coordinator: Client, admin: Client
) -> None:
    user = UserFactory(username="qanary")
    for path in (
        reverse("bin-users:choose"),
        reverse("bin-users:choose_results"),
        reverse("bin-users:chosen", args=[user.pk]),
        reverse("bin-users:chosen_multiple") + f"?id={user.pk}",
    ):
        response = coordinator.get(path)
        assert response.status_code in {302, 403}
        assert b"qanary" not in response.content
        assert b"qanary" in admin.get(path).content


def test_the_charter_and_the_four_eyes_are_set_in_the_admin(
    admin: Client, heide: Network
) -> None:
    zone, town = heide.police_zone, heide.municipality
    data = {"name": zone.name, "number": zone.number, "officer_access": "members"}
    admin.post(reverse("bin-police-zones:edit", args=[zone.pk]), data)
    zone.refresh_from_db()
    assert zone.officer_access == "members"
    data = {
        "name_nl": town.name_nl,
        "nis_code": town.nis_code,
        "police_zone": zone.pk,
        "languages": "nl",
        "message_language": "own",
        "needs_four_eyes": "on",
    }
    admin.post(reverse("bin-municipalities:edit", args=[town.pk]), data)
    town.refresh_from_db()
    assert town.needs_four_eyes
    assert not MunicipalityFactory().needs_four_eyes
