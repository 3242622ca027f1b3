"""The list that other websites show in a frame."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import Locale

from tests.web.conftest import (
    add_tip,
    hide_what_is_not_public,
    publish_translation,
    send,
)
from wagtail_bin.conf import conf
from wagtail_bin.models import Network, Theme, TipIndexPage

pytestmark = pytest.mark.django_db

PATH = "/bin/embed/tips/"


def shown(client: Client, query: str = "") -> list[str]:
    """Titles of tips."""
    response = client.get(PATH + query)
    assert response.status_code == 200
    return re.findall(r"<h2><a [^>]+>([^<]*)</a>", response.content.decode())


def test_another_website_may_frame_it_and_caches_may_keep_it(
    tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    assert client.get(tip_index.url)["X-Frame-Options"] == "DENY"
    response = client.get(PATH, headers={"accept-language": "fr"})
    assert "X-Frame-Options" not in response
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Cache-Control"] == conf.PUBLIC_CACHE_CONTROL
    assert response["Content-Language"] == "nl"
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()
    assert '<html lang="nl">' in response.content.decode()

    again = client.get(PATH, headers={"if-none-match": response["ETag"]})
    assert again.status_code == 304
    assert "X-Frame-Options" not in again


def test_who_is_logged_in_sees_the_same(
    tip_index: TipIndexPage, client: Client, admin_client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    theirs, ours = client.get(PATH), admin_client.get(PATH)
    assert theirs.content == ours.content
    assert not ours.cookies


def test_every_link_leaves_the_frame_and_is_absolute(
    tip_index: TipIndexPage, client: Client
) -> None:
    tip = add_tip(tip_index, "Op reis")
    html = client.get(PATH).content.decode()
    links = re.findall(r"<a ([^>]+)>", html)
    assert links == [
        f'href="{tip.full_url}" target="_top"',
        f'href="{tip_index.full_url}" target="_top"',
    ]
    assert tip.full_url.startswith("http://testserver/")


def test_it_works_without_script_and_third_parties(
    tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "<script>alert(1)</script>", slug="evil")
    html = client.get(PATH).content.decode()
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert "style=" not in html
    assert not re.findall(r'(?:src|<link[^>]+href)="https?:', html)


def test_it_is_chosen_as_a_feed_is(
    tip_index: TipIndexPage,
    french: Locale,
    burglary: Theme,
    heide: Network,
    client: Client,
) -> None:
    tip = add_tip(tip_index, "Op slot", themes=[burglary])
    send(add_tip(tip_index, "Op reis"), heide)
    publish_translation(tip, french, title="Fermez")
    assert shown(client, "?lang=nl&theme=inbraak") == ["Op slot"]
    assert shown(client, "?lang=nl&bin=heide") == ["Op reis"]
    assert shown(client, "?lang=fr") == ["Fermez"]
    assert '<html lang="fr">' in client.get(f"{PATH}?lang=fr").content.decode()


def test_what_is_not_public_stays_out(
    tip_index: TipIndexPage, other_library: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    add_tip(other_library, "Van elders")
    hide_what_is_not_public(tip_index)
    assert shown(client) == ["Op reis"]


@pytest.mark.parametrize("query", ["?lang=xx", "?theme=onbekend", "?bin=onbekend"])
def test_what_is_not_known_is_not_found(
    query: str, tip_index: TipIndexPage, client: Client
) -> None:
    assert client.get(PATH).status_code == 200
    # Django's LocaleMiddleware first tries it with a language in front.
    assert client.get(PATH + query, follow=True).status_code == 404


def test_a_list_without_tips_says_so(tip_index: TipIndexPage, client: Client) -> None:
    assert shown(client) == []
    assert f'href="{tip_index.full_url}"' in client.get(PATH).content.decode()


def test_it_is_short_and_costs_as_many_queries_for_ten_as_for_one(
    tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Tip")
    client.get(PATH)
    counts: list[Any] = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            counts.append(len(shown(client)))
        counts.append(len(queries))
        for number in range(11):
            add_tip(tip_index, f"Tip {len(counts)} {number}")
    assert counts[0::2] == [1, 10]
    assert counts[1] == counts[3] <= 10
