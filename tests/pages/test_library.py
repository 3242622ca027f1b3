"""The library of tips: search, filters, seasons, validity."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from tests.factories import NetworkFactory
from tests.pages.test_public_pages import send
from wagtail_bin.models import Season, TipIndexPage, TipPage
from wagtail_bin.models.tip_pages import MONTHS

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate


def add(library: TipIndexPage, title: str, **fields: Any) -> TipPage:
    page = library.add_child(
        instance=TipPage(
            title=title,
            slug=title.lower().replace(" ", "-"),
            locale=library.locale,
            live=False,
            **({"introduction": "Kort."} | fields),
        )
    )
    page.save_revision().publish()
    return page


def titles(client: Client, library: TipIndexPage, **query: str) -> list[str]:
    html = client.get(library.url, query).content.decode()
    return re.findall(r'<h3><a href="[^"]+">([^<]+)</a></h3>', html)


def test_words_are_found_in_title_summary_and_text(
    tip_index: TipIndexPage, client: Client
) -> None:
    add(tip_index, "Fietsen", introduction="Neem een goed hangslot.")
    add(tip_index, "Licht", body=[("paragraph", "<p>Een tijdschakelaar helpt.</p>")])
    assert titles(client, tip_index, q="hangslot") == ["Fietsen"]
    assert titles(client, tip_index, q="tijdschakelaar") == ["Licht"]
    assert titles(client, tip_index, q="licht") == ["Licht"]
    assert titles(client, tip_index, q="onzin") == []


def test_what_is_in_season_comes_first_and_says_so(
    tip_index: TipIndexPage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MONTHS, Season.SUMMER, frozenset({TODAY().month}))
    monkeypatch.setitem(MONTHS, Season.DARK_MONTHS, frozenset())
    add(tip_index, "Nu", season="summer")
    add(tip_index, "Altijd")
    add(tip_index, "Later", season="dark_months")
    assert titles(client, tip_index) == ["Nu", "Later", "Altijd"]
    html = client.get(tip_index.url).content.decode()
    assert html.count("bin-season") == 1 + html.count('id="bin-season"') + html.count(
        'for="bin-season"'
    )


def test_a_season_filters(tip_index: TipIndexPage, client: Client) -> None:
    add(tip_index, "Zomer", season="summer")
    add(tip_index, "Altijd")
    assert titles(client, tip_index, season="summer") == ["Zomer"]
    assert len(titles(client, tip_index, season="lente")) == 2


def test_a_bin_filters_what_was_sent_to_it(
    tip_index: TipIndexPage, client: Client
) -> None:
    here, there = NetworkFactory(slug="hier"), NetworkFactory(slug="daar")
    sent = add(tip_index, "Gestuurd")
    add(tip_index, "Niet gestuurd")
    send(sent, here)
    send(add(tip_index, "Elders"), there)
    assert titles(client, tip_index, bin="hier") == ["Gestuurd"]
    # Nor is one that got tips of another site's library only.
    elsewhere = TipIndexPage(title="Andere", slug="andere", locale=tip_index.locale)
    tip_index.get_parent().add_child(instance=elsewhere)
    send(add(elsewhere, "Van ginder"), NetworkFactory(slug="ginder"))
    assert "ginder" not in client.get(tip_index.url).content.decode()
    # A BIN that got nothing is not offered, and choosing it chooses nothing.
    NetworkFactory(slug="stil")
    assert len(titles(client, tip_index, bin="stil")) == 3


@pytest.mark.parametrize(
    ("fields", "is_shown"),
    [
        ({"valid_until": dt.timedelta(days=-1)}, False),
        ({"valid_until": dt.timedelta()}, True),
        ({"valid_from": dt.timedelta(days=1)}, False),
        ({"valid_from": dt.timedelta()}, True),
    ],
)
def test_a_tip_is_listed_while_it_holds(
    tip_index: TipIndexPage,
    client: Client,
    fields: dict[str, dt.timedelta],
    is_shown: bool,
) -> None:
    dates = {name: TODAY() + days for name, days in fields.items()}
    page = add(tip_index, "Bij tijd", **dates)
    assert (titles(client, tip_index) == ["Bij tijd"]) == is_shown
    assert (titles(client, tip_index, q="tijd") == ["Bij tijd"]) == is_shown
    html = client.get(page.url).content.decode()
    assert ("bin-over" in html) == page.is_over


def test_a_tip_cannot_end_before_it_begins() -> None:
    page = TipPage(valid_from=dt.date(2026, 2, 1), valid_until=dt.date(2026, 1, 1))
    with pytest.raises(ValidationError) as error:
        page.clean()
    assert set(error.value.message_dict) == {"valid_until"}


def test_what_was_chosen_is_kept_on_the_next_page(
    tip_index: TipIndexPage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TipIndexPage, "TIPS_PER_PAGE", 1)
    for number in range(3):
        add(tip_index, f"Slot {number}", season="summer")
    html = client.get(tip_index.url, {"q": "slot", "season": "summer"}).content.decode()
    link = re.search(r'rel="next" href="([^"]+)"', html)
    assert link
    for part in ("q=slot", "season=summer", "page=2"):
        assert part in link[1]


@pytest.mark.parametrize(
    "query", ["page=x", "q=%00", "theme=%00", "season=", "q=" + "a" * 500]
)
def test_nonsense_in_the_address_is_no_error(
    tip_index: TipIndexPage, client: Client, query: str
) -> None:
    assert client.get(f"{tip_index.url}?{query}").status_code == 200
