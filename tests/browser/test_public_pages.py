"""Public pages in a browser: for everybody, on a small screen, without script."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from wagtail.models import Locale

from tests.browser.accessibility import violations
from tests.factories import (
    CharterFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    NetworkStreetFactory,
    ThemeFactory,
)
from tests.ledgers import make_dispatch
from tests.pages.conftest import translate
from wagtail_bin.membership.links import unsubscribe_token
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    ContactPage,
    FoundingPage,
    TipIndexPage,
    TipPage,
)

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

LANGUAGES = ("nl", "fr", "de", "en")
WIDTHS = (1280, 320)
BODY = [
    ("heading", "Voor u vertrekt"),
    (
        "paragraph",
        "<p>Een inbreker kiest een huis waar <b>niemand</b> lijkt te zijn.</p>",
    ),
    (
        "steps",
        {"heading": "Zo doet u het", "steps": ["Sluit af", "Laat licht branden"]},
    ),
    (
        "do_and_dont",
        {"do": ["Vraag een buur"], "dont": ["Schrijf niet dat u weg bent"]},
    ),
    (
        "checklist",
        {"heading": "Klaar?", "items": ["Achterdeur op slot", "Ladder binnen"]},
    ),
    (
        "contact",
        {"name": "Card Stop", "phone": "078 170 170", "url": "https://cardstop.be"},
    ),
    ("video", {"title": "Een slot kiezen", "url": "https://video.example/slot"}),
]
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[4.4, 51.3], [4.5, 51.3], [4.5, 51.4], [4.4, 51.3]]],
}


def publish(parent: Any, page: Any) -> Any:
    page.locale = parent.locale
    page.live = False
    parent.add_child(instance=page)
    page.save_revision().publish()
    page.refresh_from_db()
    return page


@pytest.fixture
def addresses(home: Any, site: str) -> dict[str, dict[str, str]]:
    """Language to name of a state to its address."""
    town = MunicipalityFactory(name_nl="Heidebeek", name_fr="Heidebeek")
    heide = NetworkFactory(name="BIN Heide", slug="heide", municipality=town)
    beek = NetworkFactory(name="BIN Beek", slug="beek", municipality=town)
    heide.contact_phone, heide.boundary = "+32470000001", SQUARE
    heide.save()
    CharterFactory(network=heide)
    NetworkStreetFactory(network=heide, name_nl="Kerkstraat", parity="odd")
    NetworkStreetFactory(network=heide, name_nl="Molenweg", name_fr="Rue du Moulin")
    NetworkStreetFactory(
        network=beek, name_nl="Kerkstraat", parity="even", number_to=40
    )
    theme = ThemeFactory(name="Inbraak", slug="inbraak", locale=home.locale)
    words = "<p>Buren, politie en gemeente voorkomen samen inbraak.</p>"
    tip = {"introduction": "Met licht houdt u inbrekers weg.", "body": BODY}
    today = timezone.localdate()
    pages = {
        "bins": publish(
            home, BINIndexPage(title="BIN in uw buurt", slug="bin", introduction=words)
        )
    }
    pages["bin"] = publish(
        pages["bins"],
        BINPage(title="BIN Heide", slug="heide", network=heide, introduction=words),
    )
    pages["bin-bare"] = publish(
        pages["bins"], BINPage(title="BIN Beek", slug="beek", network=beek)
    )
    pages["library"] = publish(home, TipIndexPage(title="Preventietips", slug="tips"))
    pages["tip"] = publish(
        pages["library"],
        TipPage(
            title="Laat inbrekers in de donkere maanden niet in het donker werken",
            slug="donker",
            season="dark_months",
            campaign="1 Dag Niet",
            source="https://police.example/a-very-long-address/that-must-break-somewhere/on-a-phone",
            valid_until=today + dt.timedelta(days=90),
            themes=[theme],
            **tip,
        ),
    )
    pages["tip-over"] = publish(
        pages["library"],
        TipPage(
            title="Oud", slug="oud", valid_until=today - dt.timedelta(days=1), **tip
        ),
    )
    publish(
        pages["library"], TipPage(title="Fietsen", slug="fiets", season="summer", **tip)
    )
    pages["library-empty"] = publish(home, TipIndexPage(title="Leeg", slug="leeg"))
    pages["bins-empty"] = publish(home, BINIndexPage(title="Nog geen", slug="geen"))
    pages["founding"] = publish(
        home,
        FoundingPage(
            title="Start een BIN", slug="start", introduction="Samen met uw buren."
        ),
    )
    pages["contact"] = publish(
        home, ContactPage(title="De politie bereiken", slug="politie")
    )
    make_dispatch(networks=[heide], page=pages["tip"])
    member = MemberFactory(network=heide)
    found: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        locale = Locale.objects.get_or_create(language_code=language)[0]
        there = (
            pages
            if language == "nl"
            else {name: translate(page, locale) for name, page in pages.items()}
        )
        urls = {name: page.url for name, page in there.items()}
        bins, library = urls["bins"], urls["library"]
        found[language] = urls | {
            "bins-found": f"{bins}?street=Molenweg&number=3",
            "bins-several": f"{bins}?street=Kerkstraat",
            "bins-outside": f"{bins}?street=Kerkstraat&number=42",
            "bins-unknown": f"{bins}?street=Kerkstrat",
            "bins-error": f"{bins}?street=",
            "library-none": f"{library}?q=onzin",
            "library-chosen": f"{library}?theme=inbraak&season=dark_months",
            "unsubscribe": f"/bin/unsubscribe/{unsubscribe_token(member_id=member.pk, purpose='tips')}/",
            "poster-tip": f"/bin/poster/{there['tip'].pk}/",
            "poster-bin": f"/bin/poster/{there['bin'].pk}/",
            "embed": f"/bin/embed/tips/?lang={language}",
            "unsubscribe-invalid": "/bin/unsubscribe/onzin/",
            "confirm-invalid": "/bin/confirm/onzin/",
        }
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a01_axe_finds_nothing(
    language: str,
    addresses: dict[str, dict[str, str]],
    site: str,
    open_page: Callable[..., Page],
    shoot: Callable[..., None],
) -> None:
    page = open_page(locale=language)
    found = {}
    for name, address in addresses[language].items():
        page.goto(f"{site}{address.removeprefix(site)}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if wrong := violations(page):
                found[name, width] = wrong
            # A04: no scrolling in two directions, which is 400 % of 1280 pixels.
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[name, width, "too wide"] = [str(wide)]
            if language == "nl":
                shoot(page, f"public-{name}-{width}", full_page=True)
    assert found == {}


def test_a02_a03_a_bin_is_found_by_keyboard_and_without_script(
    addresses: dict[str, dict[str, str]], site: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(java_script_enabled=False, locale="nl")
    page.goto(f"{site}{addresses['nl']['bins'].removeprefix(site)}")
    for _press in range(30):
        page.keyboard.press("Tab")
        if page.locator("#bin-street:focus").count():
            break
    page.keyboard.type("molenweg")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.locator("#bin-answer")).to_contain_text("BIN Heide")
    page.locator("#bin-answer a").first.click()
    expect(page.locator("h1")).to_have_text("BIN Heide")
    page.get_by_role("link", name="Laat inbrekers").click()
    expect(page.locator("h1")).to_contain_text("donkere maanden")


def test_a02_the_library_is_searched_by_keyboard_and_without_script(
    addresses: dict[str, dict[str, str]], site: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(java_script_enabled=False, locale="nl")
    page.goto(f"{site}{addresses['nl']['library'].removeprefix(site)}")
    page.locator("#bin-words").focus()
    page.keyboard.type("fietsen")
    page.keyboard.press("Enter")
    expect(page.locator(".bin-list h3")).to_have_text(["Fietsen"])


def test_the_map_leads_to_a_bin(
    addresses: dict[str, dict[str, str]],
    site: str,
    open_page: Callable[..., Page],
    shoot: Callable[..., None],
    settings: Any,
) -> None:
    settings.WAGTAIL_BIN_MAP_TILES = {
        "URL": "/static/wagtail_bin/leaflet/images/layers.png?{z}{x}{y}",
        "ATTRIBUTION": "© Heidebeek",
    }
    page = open_page(locale="nl")
    page.goto(f"{site}{addresses['nl']['bins'].removeprefix(site)}")
    expect(page.locator("#bin-map path.leaflet-interactive")).to_have_count(1)
    assert violations(page) == []
    shoot(page, "public-map", full_page=True)
    page.locator("#bin-map path.leaflet-interactive").click()
    page.locator("#bin-map .leaflet-popup a").first.click()
    expect(page.locator("h1")).to_have_text("BIN Heide")
