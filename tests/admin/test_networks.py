"""Who sees and who keeps BINs, municipalities, police zones and mandates."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale

from tests.factories import (
    MandateFactory,
    MunicipalityFactory,
    NetworkFactory,
    NetworkStreetFactory,
    UserFactory,
)
from wagtail_bin.models import Mandate, Municipality, Network, PoliceZone, Role

VIEWSETS = ["bin-mandates", "bin-municipalities", "bin-police-zones"]


@pytest.fixture
def network(db: Any) -> Network:
    Locale.objects.get_or_create(language_code="nl")
    network = NetworkFactory(name="BIN Heide", contact_phone="+3236202929")
    NetworkStreetFactory(network=network, name_nl="Heidestatiestraat")
    return network


@pytest.fixture
def superuser(client: Client, db: Any) -> Any:
    """A superuser, logged in."""
    Locale.objects.get_or_create(language_code="nl")
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("role", list(Role))
def test_whoever_holds_a_mandate_sees_the_own_network_and_no_other(
    client: Client, network: Network, role: Role
) -> None:
    other = NetworkFactory(name="BIN Verderop")
    mandate = MandateFactory(network=network, role=role, name="An Peeters")
    client.force_login(mandate.user)
    listing = client.get(reverse("bin-networks:index")).content
    assert network.name.encode() in listing
    assert other.name.encode() not in listing
    shown = client.get(reverse("bin-networks:inspect", args=[network.pk])).content
    for text in ("Heidestatiestraat", "An Peeters", "03 620 29 29"):
        assert text.encode() in shown
    refused = client.get(reverse("bin-networks:inspect", args=[other.pk]), follow=True)
    assert refused.status_code == 404


@pytest.mark.parametrize("view", ["edit", "delete", "history", "usage"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_only_a_superuser_changes_a_network(
    client: Client, network: Network, view: str, method: str
) -> None:
    path = reverse(f"bin-networks:{view}", args=[network.pk])
    client.force_login(MandateFactory(network=network).user)
    refused = getattr(client, method)(path, {"name": "Anders"}, follow=True)
    assert refused.status_code == 404
    network.refresh_from_db()
    assert network.name == "BIN Heide"
    client.force_login(UserFactory(is_superuser=True))
    assert client.get(path).status_code == 200


def test_a_superuser_keeps_a_network_with_its_streets(
    client: Client, superuser: Any
) -> None:
    place = MunicipalityFactory()
    formset = {
        "streets-TOTAL_FORMS": 1,
        "streets-INITIAL_FORMS": 0,
        "streets-0-name_nl": "Kapellensteenweg",
        "streets-0-postcode": "2920",
        "streets-0-parity": "even",
        "streets-0-number_from": 2,
        "streets-0-number_to": 120,
        "streets-0-ORDER": 1,
    }
    data = {
        "name": "BIN Nieuwmoer",
        "slug": "nieuwmoer",
        "kind": "residents",
        "municipality": place.pk,
        "police_zone": place.police_zone_id,
        "contact_phone": "03/620.29.29",
    }
    client.post(reverse("bin-networks:add"), data | formset)
    network = Network.objects.get()
    assert network.contact_phone == "+3236202929"
    assert [(s.name_nl, s.number_to) for s in network.streets.all()] == [
        ("Kapellensteenweg", 120)
    ]


@pytest.mark.parametrize("viewset", VIEWSETS)
@pytest.mark.parametrize("view", ["index", "add"])
def test_the_organisation_is_kept_by_model_permission(
    client: Client, network: Network, viewset: str, view: str
) -> None:
    path = reverse(f"{viewset}:{view}")
    client.force_login(MandateFactory(network=network).user)
    assert client.get(path).status_code == 302
    client.force_login(UserFactory(is_superuser=True))
    assert client.get(path).status_code == 200


def test_a_municipality_takes_postcodes_as_text(client: Client, superuser: Any) -> None:
    zone = MunicipalityFactory().police_zone
    data = {
        "name_nl": "Kalmthout",
        "nis_code": "11022",
        "postcode_list": "2920, 2910 2920",
        "police_zone": zone.pk,
        "languages": "nl",
        "message_language": "own",
    }
    client.post(reverse("bin-municipalities:add"), data)
    place = Municipality.objects.get(nis_code="11022")
    assert [str(code) for code in place.postcodes.all()] == ["2910", "2920"]
    path = reverse("bin-municipalities:edit", args=[place.pk])
    assert b'value="2910, 2920"' in client.get(path).content
    refused = client.post(path, data | {"postcode_list": "0999"})
    assert "postcode_list" in refused.context["form"].errors


def test_a_police_zone_takes_a_number_in_any_notation(
    client: Client, superuser: Any
) -> None:
    data = {
        "name": "Grens",
        "number": "5350",
        "phone": "03/620.29.29",
        "officer_access": "counts",
    }
    client.post(reverse("bin-police-zones:add"), data)
    assert PoliceZone.objects.get(number="5350").phone == "+3236202929"
    assert b"03 620 29 29" in client.get(reverse("bin-police-zones:index")).content


def test_a_mandate_is_for_exactly_one_of_three(
    client: Client, superuser: Any, network: Network
) -> None:
    data = {
        "role": "coordinator",
        "name": "An Peeters",
        "network": network.pk,
        "municipality": network.municipality_id,
        "starts_on": "2026-01-01",
    }
    refused = client.post(reverse("bin-mandates:add"), data)
    assert refused.context["form"].non_field_errors()
    client.post(reverse("bin-mandates:add"), data | {"municipality": ""})
    assert Mandate.objects.get().network == network
    assert network.name.encode() in client.get(reverse("bin-mandates:index")).content
