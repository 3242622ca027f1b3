"""What citizens see, without JavaScript and without anybody's data."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Locale

from tests.factories import (
    MemberFactory,
    NetworkFactory,
    NetworkStreetFactory,
    ThemeFactory,
)
from tests.pages.conftest import add_bin_page, translate
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    Dispatch,
    Network,
    TipIndexPage,
    TipPage,
)

pytestmark = pytest.mark.django_db

PAGES = ["bin_index", "bin_page", "tip_index", "live_tip"]


def body(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def send(page: TipPage, *networks: Network) -> Dispatch:
    now = timezone.now()
    dispatch = Dispatch.objects.create(
        page=page,
        title=page.title,
        purpose="tips",
        approved_at=dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC),
        expires_at=now,
    )
    dispatch.networks.set(networks)
    return dispatch


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Any:
    """Each of the public pages in turn."""
    return request.getfixturevalue(request.param)


def test_every_page_says_whom_to_ring_when_it_is_urgent(
    page: Any, client: Client
) -> None:
    assert '<a href="tel:112">112</a>' in body(client, page.url)


def test_the_emergency_number_is_a_setting(
    bin_page: BINPage, client: Client, settings: Any
) -> None:
    settings.WAGTAIL_BIN_EMERGENCY_NUMBER = "101"
    html = body(client, bin_page.url)
    assert '<a href="tel:101">101</a>' in html
    assert "tel:112" not in html


def test_every_page_has_one_heading_landmarks_and_a_skip_link(
    page: Any, client: Client
) -> None:
    html = body(client, page.url)
    assert len(re.findall(r"<h1[ >]", html)) == 1
    assert len(re.findall(r"<main[ >]", html)) == 1
    target = re.search(r'class="skip" href="#([^"]+)"', html)
    assert target
    assert f'id="{target[1]}"' in html


def test_every_page_works_without_script_and_without_third_parties(
    page: Any, client: Client
) -> None:
    html = body(client, page.url)
    # JSON-LD is data, of which nothing runs.
    assert not re.findall(r'<script(?! type="application/ld\+json">)', html)
    assert "style=" not in html
    assert not re.findall(r'(?:src|<link[^>]+stylesheet[^>]+href)="https?:', html)


def test_heading_levels_are_not_skipped(page: Any, client: Client) -> None:
    levels = [
        int(level) for level in re.findall(r"<h([1-6])[ >]", body(client, page.url))
    ]
    assert all(low <= high + 1 for high, low in zip(levels, levels[1:], strict=False))


def test_a_page_is_in_its_language_and_links_to_live_translations(
    page: Any, french: Locale, client: Client
) -> None:
    assert "hreflang" not in re.sub(
        r'<link rel="alternate"[^>]+>', "", body(client, page.url)
    )
    copy = translate(page, french, title="En français")

    dutch, in_french = body(client, page.url), body(client, copy.url)
    assert '<html lang="nl">' in dutch
    assert f'<a href="{copy.url}" lang="fr" hreflang="fr">Français</a>' in dutch
    assert f'hreflang="fr" href="{copy.full_url}"' in dutch
    assert '<html lang="fr">' in in_french
    assert "En français" in in_french
    assert f'<a href="{page.url}" lang="nl" hreflang="nl">Nederlands</a>' in in_french


def test_a_draft_or_an_alias_is_not_offered_as_a_translation(
    live_tip: TipPage, french: Locale, client: Client
) -> None:
    draft = live_tip.copy_for_translation(french, copy_parents=True)
    assert 'hreflang="fr"' not in body(client, live_tip.url)
    draft.delete()
    live_tip.copy_for_translation(french, copy_parents=True, alias=True)
    assert 'hreflang="fr"' not in body(client, live_tip.url)


def test_a_bin_page_tells_where_whom_and_how(
    bin_page: BINPage, network: Network, client: Client
) -> None:
    html = body(client, bin_page.url)
    assert re.search(r"Kerkstraat</strong>, 2920:\s+oneven nummers vanaf 47", html)
    assert re.search(r"Molenweg</strong>, 2920:\s+alle nummers", html)
    assert 'href="tel:+32470000001">0470 00 00 01</a>' in html
    assert f'href="mailto:{network.contact_email}"' in html
    assert network.police_zone.name in html
    assert f'href="tel:{network.police_zone.phone}"' in html
    assert "Hoe u lid wordt" in html
    assert "Geen kliklijn" in html


def test_a_bin_page_shows_tips_sent_to_this_bin_only(
    bin_page: BINPage, network: Network, live_tip: TipPage, client: Client
) -> None:
    send(live_tip, NetworkFactory())
    assert live_tip.title not in body(client, bin_page.url)
    Dispatch.objects.all().delete()
    send(live_tip, network)
    assert live_tip.title in body(client, bin_page.url)


def test_a_sent_tip_tells_when_and_to_which_bins_and_never_to_whom(
    live_tip: TipPage, network: Network, french: Locale, client: Client
) -> None:
    member = MemberFactory(network=network, first_name="Zoë", last_name="Geheim")
    assert "BIN Heide" not in body(client, live_tip.url)
    send(live_tip, network, NetworkFactory(name="BIN Beek"))
    translation = translate(live_tip, french, title="Mois sombres")

    for url, sent in (
        (live_tip.url, "Op 20 november 2026 aan de leden van BIN Beek, BIN Heide."),
        (translation.url, "Le 20 novembre 2026 aux membres de BIN Beek, BIN Heide."),
    ):
        html = body(client, url)
        assert sent in " ".join(html.split())
        for secret in (member.email, "Zoë", "Geheim"):
            assert secret not in html


def test_a_tip_shows_its_text_themes_validity_and_source(
    live_tip: TipPage, client: Client
) -> None:
    theme = ThemeFactory(name="Inbraak", locale=live_tip.locale)
    live_tip.themes = [theme]
    live_tip.season = "dark_months"
    live_tip.valid_until = dt.date(2027, 2, 28)
    live_tip.source = "https://police.example/tip"
    live_tip.save_revision().publish()

    html = body(client, live_tip.url)
    assert "Laat een lamp branden." in html
    assert "<p>Inbrekers houden van het donker.</p>" in html
    assert "<li>Sluit af</li>" in html
    assert "Inbraak" in html
    assert "donkere maanden" in html
    assert '<time datetime="2027-02-28">28 februari 2027</time>' in html
    assert 'href="https://police.example/tip"' in html
    assert f'href="{live_tip.get_parent().url}">Alle tips</a>' in html


def test_what_an_editor_writes_is_escaped(live_tip: TipPage, client: Client) -> None:
    live_tip.title = live_tip.introduction = "<b>vet</b>"
    live_tip.body = [
        ("heading", "<i>kop</i>"),
        ("steps", {"heading": "<i>", "steps": ["<i>stap</i>"]}),
        ("do_and_dont", {"do": ["<i>wel</i>"], "dont": ["<i>niet</i>"]}),
        (
            "contact",
            {"name": "<i>", "phone": "014/00 01 (0)2", "url": "", "text": "<i>"},
        ),
    ]
    live_tip.save_revision().publish()
    html = body(client, live_tip.url)
    assert "<b>vet" not in html
    assert "<i>" not in html
    assert 'href="tel:01400012"' in html


def test_the_library_filters_by_theme_in_the_readers_language(
    live_tip: TipPage, french: Locale, client: Client
) -> None:
    theme = ThemeFactory(name="Inbraak", slug="inbraak", locale=live_tip.locale)
    ThemeFactory(name="Fiets", slug="fiets", locale=live_tip.locale)
    in_french = theme.copy_for_translation(french)
    in_french.name = "Cambriolage"
    in_french.save()
    live_tip.themes = [theme]
    live_tip.save_revision().publish()
    library = live_tip.get_parent()
    # The translation still points at the Dutch theme.
    translation = translate(live_tip, french, title="Mois sombres")

    assert live_tip.title in body(client, f"{library.url}?theme=inbraak")
    empty = body(client, f"{library.url}?theme=fiets")
    assert live_tip.title not in empty
    assert "bin-list" not in empty
    assert live_tip.title in body(client, f"{library.url}?theme=onbekend")
    html = body(client, f"{translation.get_parent().url}?theme=inbraak")
    assert "Mois sombres" in html
    assert "Cambriolage" in html
    assert "Inbraak" not in html


def test_an_empty_library_is_kind(tip_index: TipIndexPage, client: Client) -> None:
    assert "Er zijn nog geen tips." in body(client, tip_index.url)


def test_the_library_has_pages_that_keep_the_theme(
    live_tip: TipPage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TipIndexPage, "TIPS_PER_PAGE", 2)
    theme = ThemeFactory(slug="inbraak", locale=live_tip.locale)
    library = live_tip.get_parent().specific
    add_tips(library, 3, theme)
    first = body(client, f"{library.url}?theme=inbraak")
    assert "Pagina 1 van 2" in first
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link
    second = body(client, library.url + link[1].replace("&amp;", "&"))
    assert "Pagina 2 van 2" in second
    assert live_tip.title not in first + second
    assert "Pagina 2 van 2" in body(client, f"{library.url}?theme=inbraak&page=99")


def add_tips(library: TipIndexPage, count: int, *themes: Any) -> None:
    for number in range(count):
        page = TipPage(
            title=f"Extra {number}",
            slug=f"extra-{library.numchild}-{number}",
            locale=library.locale,
            introduction="Kort.",
            themes=list(themes),
            live=False,
        )
        library.add_child(instance=page)
        page.save_revision().publish()


def test_the_index_of_bins_takes_as_many_queries_for_30_as_for_3(
    bin_index: BINIndexPage, client: Client
) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            network = NetworkFactory()
            NetworkStreetFactory.create_batch(2, network=network)
            add_bin_page(bin_index, network)

    add(3)
    few = count_queries(client, bin_index.url)
    add(27)
    assert body(client, bin_index.url).count("<details>") == 30
    assert count_queries(client, bin_index.url) == few


def test_the_library_takes_as_many_queries_for_20_tips_as_for_2(
    tip_index: TipIndexPage, client: Client
) -> None:
    themes = ThemeFactory.create_batch(2, locale=tip_index.locale)
    add_tips(tip_index, 2, *themes)
    few = count_queries(client, tip_index.url)
    add_tips(tip_index, 18, *themes)
    assert body(client, tip_index.url).count("<li>\n      <h3>") == 20
    assert count_queries(client, tip_index.url) == few


def count_queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


def test_a_site_without_a_template_of_its_own_gets_a_complete_document(
    bin_page: BINPage, client: Client, settings: Any
) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]
    html = body(client, bin_page.url)
    assert html.lstrip().startswith("<!doctype html>")
    assert '<a class="bin-skip" href="#bin-main">' in html
    assert "Heidebeek · Dorpsplein" not in html
    assert "wagtail_bin/bin.css" in html
