"""Budgets of public pages: queries, weight, what caches may keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Locale

from example_site.home.models import HomePage
from tests.factories import (
    CharterFactory,
    MemberFactory,
    NetworkFactory,
    NetworkStreetFactory,
    ThemeFactory,
    UserFactory,
)
from tests.pages.conftest import add_bin_page, translate
from tests.pages.test_public_pages import add_tips, send
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    ContactPage,
    FoundingPage,
    Network,
    TipIndexPage,
    TipPage,
)
from wagtail_bin.web.purge import showing

pytestmark = pytest.mark.django_db

STATIC = Path(__file__).parents[2] / "wagtail_bin/static/wagtail_bin"
KEPT = (
    "public, max-age=0, s-maxage=60, stale-while-revalidate=300, stale-if-error=86400"
)


def plain(home: HomePage, model: Any, slug: str) -> Any:
    page = home.add_child(
        instance=model(title=slug, slug=slug, locale=home.locale, live=False)
    )
    page.save_revision().publish()
    return page


@pytest.fixture
def pages(
    home: HomePage,
    bin_index: BINIndexPage,
    bin_page: BINPage,
    live_tip: TipPage,
    tip_index: TipIndexPage,
    network: Network,
) -> dict[str, Any]:
    """A live page of every type, with something to say."""
    CharterFactory(network=network)
    send(live_tip, network)
    return {
        "bin_index": bin_index,
        "bin": bin_page,
        "library": tip_index,
        "tip": live_tip,
        "founding": plain(home, FoundingPage, "start"),
        "contact": plain(home, ContactPage, "politie"),
    }


EVERY = pytest.mark.parametrize(
    "name", ["bin_index", "bin", "library", "tip", "founding", "contact"]
)


@pytest.fixture
def own_document(settings: Any) -> None:
    """Our own base template: a site's menu and the like are not counted."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]


def queries(client: Client, url: str) -> int:
    """Statements of a request to a running site, of whose pages nothing is cached."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_p1_a_tip_takes_at_most_12_queries(
    pages: dict[str, Any], own_document: None, french: Locale, client: Client
) -> None:
    tip = pages["tip"]
    tip.themes = ThemeFactory.create_batch(3, locale=tip.locale)
    tip.save_revision().publish()
    translate(tip, french, title="En français")
    few = queries(client, tip.url)
    assert few <= 12
    MemberFactory.create_batch(5, network=Network.objects.get(slug="heide"))
    send(tip, *NetworkFactory.create_batch(5))
    assert queries(client, tip.url) == few


def test_p2_a_library_of_50_tips_takes_at_most_15_queries(
    pages: dict[str, Any], own_document: None, client: Client
) -> None:
    library = pages["library"].specific
    themes = ThemeFactory.create_batch(3, locale=library.locale)
    add_tips(library, 3, *themes)
    few = queries(client, library.url)
    add_tips(library, 47, *themes)
    assert queries(client, library.url) == few <= 15
    everything = f"{library.url}?q=extra&season=all_year&theme={themes[0].slug}"
    assert queries(client, everything) <= 15


def test_p2_an_index_of_50_bins_takes_at_most_15_queries(
    pages: dict[str, Any], own_document: None, client: Client
) -> None:
    index = pages["bin_index"]
    few = queries(client, index.url)
    for _ in range(49):
        network = NetworkFactory()
        NetworkStreetFactory(network=network)
        add_bin_page(index, network)
    assert queries(client, index.url) == few <= 15
    assert queries(client, f"{index.url}?street=Molenweg") <= 15


@EVERY
def test_a08_a_page_and_its_style_weigh_at_most_60_kb(
    pages: dict[str, Any], client: Client, name: str
) -> None:
    html = client.get(pages[name].url).content
    assert len(html) + (STATIC / "bin.css").stat().st_size <= 60_000
    assert len(re.findall(rb"<(?:link[^>]+stylesheet|script|img)", html)) < 10


@EVERY
def test_a09_a_page_may_be_kept_by_caches(
    pages: dict[str, Any], client: Client, name: str
) -> None:
    response = client.get(pages[name].url)
    assert response["Cache-Control"] == KEPT
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


@EVERY
def test_a09_what_an_editor_sees_is_nobody_elses(
    pages: dict[str, Any], client: Client, name: str
) -> None:
    client.force_login(UserFactory(is_superuser=True))
    assert client.get(pages[name].url)["Cache-Control"] == "private, no-store"


@EVERY
def test_a_page_is_valid_html(pages: dict[str, Any], client: Client, name: str) -> None:
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(client.get(pages[name].url).content.decode().lstrip())


def test_a10_a_change_of_a_tip_is_purged_wherever_it_shows(
    pages: dict[str, Any], french: Locale
) -> None:
    tip = pages["tip"]
    copy = translate(tip, french, title="En français")
    urls = {page.url for page in showing(tip)}
    assert urls == {
        tip.url,
        copy.url,
        pages["library"].url,
        copy.get_parent().url,
        pages["bin"].url,
    }


def test_a10_publishing_and_unpublishing_purge_once_committed(
    pages: dict[str, Any],
    settings: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.WAGTAILFRONTENDCACHE = {
        "front": {"BACKEND": "tests.pages.test_budget.Remembering"}
    }
    for change in (
        lambda: pages["tip"].save_revision().publish(),
        lambda: pages["tip"].unpublish(),
    ):
        Remembering.purged.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change()
            assert not Remembering.purged
        assert pages["library"].full_url in Remembering.purged
        assert pages["bin"].full_url in Remembering.purged


class Remembering:
    """A front cache that remembers what it was told to forget."""

    purged: list[str] = []
    hostnames: list[str] = []

    def __init__(self, params: Any) -> None:
        pass

    def invalidates_hostname(self, hostname: str) -> bool:
        return True

    def purge(self, url: str) -> None:
        self.purged.append(url)

    def purge_batch(self, urls: list[str]) -> None:
        self.purged.extend(urls)
