"""Who sees and who keeps charters."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import CharterFactory, MandateFactory, NetworkFactory
from wagtail_bin.models import Charter, Network, Role
from wagtail_bin.permissions import ROLES, Capability

KEEPERS = ROLES[Capability.MANAGE_CHARTERS]


def url(name: str, *args: object) -> str:
    return reverse(f"wagtailsnippets_wagtail_bin_charter:{name}", args=args)


def form(network: Network, **values: Any) -> dict[str, Any]:
    return {
        "network": network.pk,
        "version": 2,
        "text": "null",
        "signed_on": "2026-01-05",
        "approved_on": "",
        "reference": "",
        "ends_on": "",
        **values,
    }


@pytest.fixture
def charter(db: Any) -> Charter:
    return CharterFactory(network__name="BIN Heide", reference="ADVP/2025/17")


@pytest.mark.parametrize("role", list(Role))
def test_every_office_sees_the_own_charters_and_no_other(
    client: Client, charter: Charter, role: Role
) -> None:
    other = CharterFactory(network__name="BIN Verderop")
    client.force_login(MandateFactory(network=charter.network, role=role).user)
    html = client.get(url("list")).content.decode()
    assert "BIN Heide" in html
    assert "BIN Verderop" not in html
    assert client.get(url("edit", other.pk), follow=True).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_those_with_the_mandate_add_and_change(
    client: Client, charter: Charter, role: Role
) -> None:
    client.force_login(MandateFactory(network=charter.network, role=role).user)
    client.post(url("add"), form(charter.network))
    client.post(url("edit", charter.pk), form(charter.network, version=7))
    charter.refresh_from_db()
    assert Charter.objects.filter(version=2).exists() == (role in KEEPERS)
    assert (charter.version == 7) == (role in KEEPERS)


def test_s03_a_charter_goes_into_an_own_network_only(
    client: Client, charter: Charter
) -> None:
    client.force_login(MandateFactory(network=charter.network).user)
    other = NetworkFactory(name="BIN Verderop")
    response = client.post(url("add"), form(other))
    assert response.status_code == 200
    assert "BIN Verderop" not in response.content.decode()
    client.post(url("edit", charter.pk), form(other))
    assert list(Charter.objects.values_list("network", flat=True)) == [
        charter.network_id
    ]


def test_nobody_deletes_a_charter_but_a_superuser(
    client: Client, charter: Charter
) -> None:
    client.force_login(MandateFactory(network=charter.network).user)
    client.post(url("delete", charter.pk))
    bulk = reverse("wagtail_bulk_action", args=["wagtail_bin", "charter", "delete"])
    client.post(f"{bulk}?id={charter.pk}&next=/admin/")
    assert Charter.objects.exists()
