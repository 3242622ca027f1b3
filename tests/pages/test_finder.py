"""Which BIN is mine, as a form that needs no JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from example_site.home.models import HomePage
from tests.factories import CharterFactory, NetworkFactory, NetworkStreetFactory
from tests.pages.conftest import add_bin_page
from wagtail_bin.models import BINIndexPage, BINPage, ContactPage, FoundingPage, Network

pytestmark = pytest.mark.django_db


def ask(client: Client, page: BINIndexPage, **query: str) -> str:
    response = client.get(page.url, query)
    assert response.status_code == 200
    return response.content.decode()


def answer_of(html: str) -> str:
    found = re.search(r'<section class="bin-answer".*?</section>', html, re.DOTALL)
    assert found
    return found[0]


@pytest.fixture
def founding(home: HomePage) -> FoundingPage:
    """The page on founding a BIN."""
    page = home.add_child(
        instance=FoundingPage(
            title="Start een BIN", slug="start", locale=home.locale, live=False
        )
    )
    page.save_revision().publish()
    return page


def test_the_bin_of_an_address_is_shown(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    html = answer_of(ask(client, bin_index, street="kerkstr.", number="49"))
    assert f'<a href="{bin_page.url}">BIN Heide</a>' in html
    assert "oneven nummers vanaf 47" in html


def test_two_bins_of_one_street_are_both_offered(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    other = NetworkFactory(name="BIN Beek", slug="beek")
    NetworkStreetFactory(network=other, name_nl="Kerkstraat", parity="even")
    beside = add_bin_page(bin_index, other)
    html = answer_of(ask(client, bin_index, street="Kerkstraat"))
    assert bin_page.url in html
    assert beside.url in html


def test_outside_the_numbers_the_nearest_bin_is_offered(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    html = answer_of(ask(client, bin_index, street="Kerkstraat", number="12"))
    assert bin_page.url in html
    assert "bin-lead" not in html


def test_an_unknown_street_leads_on(
    bin_index: BINIndexPage, bin_page: BINPage, founding: FoundingPage, client: Client
) -> None:
    html = answer_of(ask(client, bin_index, street="Kerkstrat 9"))
    assert 'href="' + bin_index.url + '?street=Kerkstraat#bin-answer">' in html
    assert founding.url in html
    assert founding.url in ask(client, bin_index)


def test_what_was_typed_is_kept_and_escaped(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    html = ask(client, bin_index, street="<b>Zeedijk</b>", number='"1')
    assert "<b>Zeedijk" not in html
    assert 'value="&lt;b&gt;Zeedijk&lt;/b&gt;"' in html
    assert 'value="&quot;1"' in html


def test_an_empty_question_says_what_is_missing(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    html = ask(client, bin_index, street=" ", number="4")
    assert 'aria-describedby="bin-street-error"' in html
    assert 'id="bin-street-error"' in html
    assert "bin-answer" not in html.split("</form>")[1]


def test_streets_to_choose_from_are_left_out_when_there_are_too_many(
    bin_index: BINIndexPage,
    bin_page: BINPage,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert '<option value="Molenweg"></option>' in ask(client, bin_index)
    monkeypatch.setattr(BINIndexPage, "MOST_STREETS", 1)
    assert "<datalist" not in ask(client, bin_index)


def test_a_bin_without_a_live_page_is_not_given_away(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    BINPage.objects.get(pk=bin_page.pk).unpublish()
    html = ask(client, bin_index, street="Molenweg")
    assert "BIN Heide" not in html


def test_an_address_is_kept_by_no_cache_and_no_index(
    bin_index: BINIndexPage, bin_page: BINPage, client: Client
) -> None:
    response = client.get(bin_index.url, {"street": "Molenweg"})
    assert response["Cache-Control"] == "private, no-store"
    assert '<meta name="robots" content="noindex">' in response.content.decode()


SQUARE = {
    "type": "Polygon",
    "coordinates": [[[4.4, 51.3], [4.5, 51.3], [4.5, 51.4], [4.4, 51.3]]],
}


def test_the_map_is_off_until_tiles_are_set(
    bin_index: BINIndexPage, bin_page: BINPage, network: Network, client: Client
) -> None:
    network.boundary = SQUARE
    network.save()
    assert "leaflet" not in ask(client, bin_index)


def test_the_map_shows_areas_and_the_list_says_the_same(
    bin_index: BINIndexPage,
    bin_page: BINPage,
    network: Network,
    client: Client,
    settings: Any,
) -> None:
    settings.WAGTAIL_BIN_MAP_TILES = {"URL": "/tiles/{z}/{x}/{y}.png"}
    assert "bin-map" not in ask(client, bin_index)
    network.boundary = SQUARE
    network.save()
    html = ask(client, bin_index)
    assert '"coordinates": [[[4.4, 51.3]' in html
    assert "leaflet/leaflet.js" in html
    assert 'href="#bin-networks"' in html
    assert 'id="bin-networks"' in html


def test_a_bin_says_since_when_it_is_official(
    bin_page: BINPage, network: Network, client: Client
) -> None:
    assert "bin-official" not in client.get(bin_page.url).content.decode()
    CharterFactory(network=network)
    html = client.get(bin_page.url).content.decode()
    assert "1 juni 2025" in html
    network.charters.update(ends_on="2026-01-01")
    assert "bin-official" not in client.get(bin_page.url).content.decode()


def test_contact_puts_112_first(
    home: HomePage, bin_index: BINIndexPage, network: Network, client: Client
) -> None:
    page = home.add_child(
        instance=ContactPage(
            title="Politie", slug="politie", locale=home.locale, live=False
        )
    )
    page.save_revision().publish()
    html = client.get(page.url).content.decode()
    main = html[html.index("<main") :]
    assert main.index('href="tel:112"') < main.index(bin_index.url)
    assert main.index(bin_index.url) < main.index(network.police_zone.name)
    assert main.count("bin-emergency") == 1
