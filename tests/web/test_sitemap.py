"""The sitemap: all that is public, in every language, and nothing else."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Locale, PageViewRestriction

from example_site.home.models import HomePage
from tests.web.conftest import add_tip, publish_translation
from wagtail_bin.models import TipIndexPage

pytestmark = pytest.mark.django_db

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
LINK = "{http://www.w3.org/1999/xhtml}link"


def listed(client: Client, **headers: str) -> dict[str, dict[str, str]]:
    """Addresses to their translations, by language."""
    response: Any = client.get("/sitemap.xml", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/xml"
    root = ElementTree.fromstring(response.content)  # noqa: S314
    found = [
        (
            str(url.findtext(f"{SITEMAP}loc")),
            {str(a.get("hreflang")): str(a.get("href")) for a in url.findall(LINK)},
        )
        for url in root
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_pages_in_all_languages_point_at_each_other(
    home: HomePage, tip_index: TipIndexPage, french: Locale, client: Client
) -> None:
    tip = add_tip(tip_index, "Op reis")
    copy = publish_translation(tip, french, title="En voyage", slug="en-voyage")
    assert listed(client)[tip.full_url] == {"nl": tip.full_url, "fr": copy.full_url}
    assert listed(client)[copy.full_url] == {"nl": tip.full_url, "fr": copy.full_url}
    assert listed(client)[home.full_url] == {}


def test_drafts_restricted_pages_and_aliases_are_left_out(
    home: HomePage, tip_index: TipIndexPage, french: Locale, client: Client
) -> None:
    tip, draft, secret, source = (
        add_tip(tip_index, title)
        for title in ("Op reis", "Ontwerp", "Geheim", "Op slot")
    )
    draft.unpublish()
    PageViewRestriction.objects.create(page=secret, restriction_type="login")
    copies = tip_index.copy_for_translation(french, copy_parents=True)
    copies.save_revision().publish()
    alias = source.create_alias(parent=copies, update_locale=french)
    assert alias.live
    found = listed(client)
    assert set(found) == {
        page.full_url for page in (home, tip_index, copies, tip, source)
    }
    assert found[source.full_url] == {}


def test_each_site_lists_its_own_pages(
    tip_index: TipIndexPage, other_library: TipIndexPage, client: Client
) -> None:
    here, there = add_tip(tip_index, "Op reis"), add_tip(other_library, "Van elders")
    assert here.full_url in listed(client)
    assert there.full_url not in listed(client)
    assert set(listed(client, host="lindedal.example")) == {
        page.full_url for page in (other_library.get_parent(), other_library, there)
    }


def test_the_newest_change_is_told(tip_index: TipIndexPage, client: Client) -> None:
    tip = add_tip(tip_index, "Op reis")
    response = client.get("/sitemap.xml")
    moment = parsedate_to_datetime(response["Last-Modified"])
    assert moment == tip.last_published_at.replace(microsecond=0)


def test_ten_pages_cost_as_many_queries_as_one(
    tip_index: TipIndexPage, french: Locale, client: Client
) -> None:
    publish_translation(add_tip(tip_index, "Tip"), french)
    client.get("/sitemap.xml")
    with CaptureQueriesContext(connection) as one:
        listed(client)
    for number in range(9):
        publish_translation(add_tip(tip_index, f"Tip {number}"), french)
    with CaptureQueriesContext(connection) as many:
        assert len(listed(client)) >= 20
    assert len(many) == len(one)
