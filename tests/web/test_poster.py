"""The poster of a page, and the code on it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
import segno
from django.test import Client
from django.urls import reverse
from wagtail.models import PageViewRestriction

from example_site.home.models import HomePage
from tests.web.conftest import add_tip
from wagtail_bin.conf import conf
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    FoundingPage,
    Network,
    TipIndexPage,
    TipPage,
)

pytestmark = pytest.mark.django_db


def path_of(page: Any) -> str:
    return reverse("wagtail_bin:poster", args=[page.pk])


def html_of(client: Client, page: Any) -> str:
    response = client.get(path_of(page))
    assert response.status_code == 200
    return response.content.decode()


def status(client: Client, page: Any, **headers: str) -> int:
    # Django's LocaleMiddleware first tries it with a language in front.
    return client.get(path_of(page), follow=True, headers=headers).status_code


def modules(svg: str) -> list[list[int]]:
    """The dark and light squares that the code's path draws, without its border."""
    drawing = ElementTree.fromstring(svg)  # noqa: S314
    size = int(str(drawing.get("viewBox")).split()[2])
    grid = [[0] * size for _ in range(size)]
    (path,) = [one for one in drawing if one.tag == "path"]
    x, y = 0, 0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", str(path.get("d"))):
        values = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for column in range(x, x + int(values[0])):
                grid[y][column] = 1
            x += int(values[0])
        elif command == "M":
            x, y = int(values[0]), int(values[1])
        else:
            x, y = x + int(values[0]), y + int(values[1])
    for edge in (grid[:4], grid[-4:]):
        assert not any(map(any, edge))
    assert not any(any(row[:4]) or any(row[-4:]) for row in grid)
    return [row[4:-4] for row in grid[4:-4]]


@pytest.fixture
def bin_page(bin_index: BINIndexPage, heide: Network) -> BINPage:
    """The live page of a BIN, with an introduction in rich text."""
    return bin_index.add_child(
        instance=BINPage(
            title="BIN Heide",
            slug="heide",
            network=heide,
            locale=bin_index.locale,
            introduction="<p>Samen <b>alert</b> &amp; rustig.</p>",
        )
    )


@pytest.fixture
def founding_page(home: HomePage) -> FoundingPage:
    """The live page on founding a BIN."""
    return home.add_child(
        instance=FoundingPage(
            title="Een BIN oprichten",
            slug="oprichten",
            locale=home.locale,
            introduction="In drie stappen.",
        )
    )


@pytest.mark.parametrize(
    ("name", "lead"),
    [
        ("tip_page", "Laat een lamp branden."),
        ("bin_page", "Samen alert &amp; rustig."),
        ("founding_page", "In drie stappen."),
    ],
)
def test_a_poster_has_title_lead_short_address_and_what_to_ring(
    name: str, lead: str, client: Client, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(name)
    html = html_of(client, page)
    assert f"<h1>{page.title}</h1>" in html
    assert f">{lead}</p>" in html
    assert f"<strong>testserver{page.url.rstrip('/')}</strong>" in html
    assert '<a href="tel:112">112</a>' in html
    assert '<html lang="nl">' in html


def test_the_code_leads_to_the_page(tip_page: TipPage, client: Client) -> None:
    html = html_of(client, tip_page)
    (svg,) = re.findall(r"<svg.*?</svg>", html, flags=re.S)
    wanted = segno.make(tip_page.full_url, error="m", micro=False, boost_error=False)
    assert wanted.error == "M"
    assert modules(svg) == [list(row) for row in wanted.matrix]
    title = ElementTree.fromstring(svg).findtext("title")  # noqa: S314
    label = re.search(r'role="img" aria-label="([^"]+)"', html)
    assert label
    assert label[1] == title
    assert tip_page.full_url in label[1]


def test_a_poster_has_no_script_no_style_of_its_own_and_no_third_party(
    tip_index: TipIndexPage, client: Client
) -> None:
    evil = "<script>alert(1)</script>"
    html = html_of(client, add_tip(tip_index, evil, slug="evil", introduction=evil))
    assert html.count("&lt;script&gt;alert(1)") == 3
    assert "<script" not in html
    assert "<style" not in html
    assert "style=" not in html
    assert 'href="/static/wagtail_bin/poster.css"' in html
    assert not re.findall(r'(?:src|<link[^>]+stylesheet[^>]+href)="https?:', html)


def test_caches_may_keep_it(tip_page: TipPage, client: Client) -> None:
    response = client.get(path_of(tip_page), headers={"accept-language": "fr"})
    assert response["Cache-Control"] == conf.PUBLIC_CACHE_CONTROL
    assert response["Content-Language"] == "nl"
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()


def test_a_draft_has_none(tip_page: TipPage, client: Client) -> None:
    assert status(client, tip_page) == 200
    tip_page.unpublish()
    assert status(client, tip_page) == 404


@pytest.mark.parametrize("kind", ["login", "password"])
def test_what_is_restricted_has_none_nor_has_what_is_below(
    tip_page: TipPage, client: Client, kind: str
) -> None:
    assert status(client, tip_page) == 200
    PageViewRestriction.objects.create(
        page=tip_page.get_parent(), restriction_type=kind, password="x"
    )
    assert status(client, tip_page) == 404


def test_an_alias_of_what_is_restricted_has_none(
    home: HomePage, tip_page: TipPage, client: Client
) -> None:
    alias = tip_page.create_alias(parent=home, update_slug="alias")
    assert status(client, alias) == 200
    PageViewRestriction.objects.create(page=tip_page, restriction_type="login")
    assert status(client, alias) == 404


def test_other_pages_have_none(
    home: HomePage, tip_index: TipIndexPage, bin_index: BINIndexPage, client: Client
) -> None:
    for page in (home, tip_index, bin_index):
        assert status(client, page) == 404
    for number in (0, 10**30):
        path = reverse("wagtail_bin:poster", args=[number])
        assert client.get(path, follow=True).status_code == 404


def test_a_page_of_another_site_has_none_here(
    other_library: TipIndexPage, client: Client
) -> None:
    tip = add_tip(other_library, "Van elders")
    assert status(client, tip) == 404
    assert status(client, tip, host="lindedal.example") == 200
