"""The list as it is filtered, as a file."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import MemberFactory
from wagtail_bin.models import Network, Role

EXPORT = "wagtail_bin_admin:members_export"
LIST = "wagtailsnippets_wagtail_bin_member:list"


def download(client: Client, query: str, *columns: str) -> bytes:
    data = {"columns": columns or ["last_name"], "file_format": "csv"}
    response = client.post(f"{reverse(EXPORT)}?{query}", data)
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_the_file_holds_what_the_list_shows(
    coordinator: Client, heide: Network, elders: Network
) -> None:
    MemberFactory(network=heide, last_name="Frans", language="fr")
    MemberFactory(network=heide, last_name="Franssen")
    MemberFactory(network=elders, last_name="Elders", language="fr")
    for query, names in [
        ("", {"Frans", "Franssen"}),
        ("language=fr", {"Frans"}),
        ("q=fransSEN", {"Franssen"}),
        ("unreachable=yes&state=active", {"Frans", "Franssen"}),
    ]:
        html = coordinator.get(f"{reverse(EXPORT)}?{query}").content.decode()
        assert f"<strong>{len(names)}</strong>" in html
        lines = download(coordinator, query).decode("utf-8-sig").split("\r\n")
        assert set(lines[1:-1]) == names


def test_the_list_leads_to_the_export_of_what_it_shows(
    coordinator: Client, heide: Network
) -> None:
    MemberFactory(network=heide)
    html = coordinator.get(f"{reverse(LIST)}?language=nl&p=1").content.decode()
    assert f"{reverse(EXPORT)}?language=nl" in html


def test_nobody_to_export_is_said(coordinator: Client, elders: Network) -> None:
    MemberFactory(network=elders)
    html = coordinator.get(reverse(EXPORT)).content.decode()
    assert "nobody whom you may export" in html
    data = {"columns": ["last_name"], "file_format": "csv"}
    assert coordinator.post(reverse(EXPORT), data, follow=True).status_code == 404


@pytest.mark.parametrize("query", ["state=nonsense", "network=0"])
def test_a_filter_that_the_list_does_not_know_exports_nothing(
    coordinator: Client, heide: Network, query: str
) -> None:
    MemberFactory(network=heide)
    response = coordinator.get(f"{reverse(EXPORT)}?{query}", follow=True)
    assert response.status_code == 404


@pytest.mark.parametrize("role", [Role.WEB_EDITOR, Role.MANDATED_OFFICER])
def test_who_may_not_export_gets_no_file(
    as_role: Any, heide: Network, role: Role
) -> None:
    MemberFactory(network=heide, last_name="Geheim")
    client = as_role(role, heide)
    for response in (client.get(reverse(EXPORT)), client.post(reverse(EXPORT))):
        assert response.status_code == 302
