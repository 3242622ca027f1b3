"""The season calendar among Wagtail's reports."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from tests.content import make_tip
from tests.factories import ThemeFactory
from wagtail_bin.models import Dispatch, Network, Season, TipPage
from wagtail_bin.models.tip_pages import MONTHS

pytestmark = pytest.mark.django_db
URL = reverse("wagtail_bin_admin:season_report")


@pytest.fixture
def browser(
    web_editor: Client, let_edit: Callable[..., None], tip_index: Any
) -> Client:
    """Of an editor of the library, with an office in one BIN."""
    let_edit(web_editor.user, tip_index)  # type: ignore[attr-defined]
    return web_editor


@pytest.fixture
def make(tip_index: Any) -> Callable[..., TipPage]:
    def new(title: str, **fields: Any) -> TipPage:
        tip = make_tip(tip_index)
        slug = f"tip-{tip.pk}"
        fields = {"title": title, "draft_title": title, "slug": slug} | fields
        TipPage.objects.filter(pk=tip.pk).update(**fields)
        return TipPage.objects.get(pk=tip.pk)

    return new


def season_of(is_now: bool) -> str:
    """A season that it is, or is not."""
    month = timezone.localdate().month
    return next(s for s, months in MONTHS.items() if (month in months) is is_now)


def send(tip: TipPage, days_ago: int, *networks: Network) -> Dispatch:
    moment = timezone.now() - dt.timedelta(days=days_ago)
    dispatch = Dispatch.objects.create(
        page_id=tip.pk,
        title=tip.title,
        purpose="tips",
        approved_at=moment,
        expires_at=moment,
    )
    dispatch.networks.set(networks)
    return dispatch


def rows(browser: Client, **query: str) -> list[list[str]]:
    """The rows of the exported list, below its headings."""
    answer = browser.get(URL, query | {"export": "xlsx"})
    content = b"".join(answer.streaming_content)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [
        [str(value or "") for value in row]
        for row in sheet.iter_rows(2, values_only=True)
    ]


def titles(browser: Client, **query: str) -> list[str]:
    return [row[0] for row in rows(browser, **query)]


def test_what_is_due_is_on_top_and_says_so(
    browser: Client, make: Callable[..., TipPage], heide: Network
) -> None:
    make("Later", season=season_of(False))
    sent = make("Net verstuurd", season=season_of(True))
    old = make("Vorig seizoen", season=season_of(True))
    send(sent, 10, heide)
    send(old, 300, heide)
    make("Nooit", season=season_of(True))
    states = {row[0]: row[3] for row in rows(browser)}
    assert states == {
        "Nooit": "due now",
        "Vorig seizoen": "due now",
        "Net verstuurd": "in season",
        "Later": "",
    }
    assert titles(browser) == ["Nooit", "Vorig seizoen", "Net verstuurd", "Later"]
    html = browser.get(URL).content.decode()
    assert reverse("wagtailadmin_pages:edit", args=[old.pk]) in html
    assert "due now" in html


def test_only_dispatches_to_the_users_bins_are_counted(
    browser: Client, make: Callable[..., TipPage], heide: Network, elders: Network
) -> None:
    tip = make("Tip")
    send(tip, 1, elders)
    assert rows(browser)[0][5:] == ["", ""]
    both = send(tip, 40, heide, elders)
    (row,) = rows(browser)
    assert row[5].startswith(both.approved_at.strftime("%Y-%m-%d"))
    assert row[6] == "1"
    both.cancelled_at = timezone.now()
    both.save()
    assert rows(browser)[0][5] == ""


def test_a_tip_that_is_over_is_not_due(
    browser: Client, make: Callable[..., TipPage]
) -> None:
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    make("Voorbij", season=season_of(True), valid_until=yesterday)
    assert rows(browser)[0][3] == "no longer valid"
    assert titles(browser, due="due") == []


def test_filters(browser: Client, make: Callable[..., TipPage], heide: Network) -> None:
    summer = make("Zomer", season=Season.SUMMER)
    make("Winter", season=Season.DARK_MONTHS)
    always = make("Altijd")
    theme = ThemeFactory()
    summer.themes.add(theme)
    summer.save()
    year = timezone.localdate().year
    for tip, years in ((summer, 0), (always, 1)):
        dispatch = send(tip, 0, heide)
        dispatch.approved_at = dt.datetime(year - years, 6, 15, tzinfo=dt.UTC)
        dispatch.save()
    assert set(titles(browser)) == {"Zomer", "Winter", "Altijd"}
    assert set(titles(browser, month="7")) == {"Zomer", "Altijd"}
    assert set(titles(browser, month="12")) == {"Winter", "Altijd"}
    assert titles(browser, season="summer") == ["Zomer"]
    assert titles(browser, theme=str(theme.pk)) == ["Zomer"]
    assert titles(browser, sent="this_year") == ["Zomer"]
    assert titles(browser, sent="last_year") == ["Altijd"]
    assert titles(browser, sent="never") == ["Winter"]
    assert titles(browser, sent="earlier") == []
    assert len(titles(browser, locale=str(summer.locale_id))) == 3
    assert len(titles(browser, locale="999")) == 3  # no choice: no filter


def test_only_pages_that_the_user_may_edit(
    web_editor: Client, let_edit: Callable[..., None], make: Any, home: Any
) -> None:
    make("Qanary")
    assert web_editor.get(URL).status_code == 302
    other = home.add_child(instance=type(home)(title="Elders", slug="elders"))
    let_edit(web_editor.user, other)  # type: ignore[attr-defined]
    html = web_editor.get(URL).content.decode()
    assert "Season calendar" in html
    assert "Qanary" not in html
    assert titles(web_editor) == []


def test_the_menu_shows_it_to_editors_alone(browser: Client, heide: Network) -> None:
    assert URL in browser.get(reverse("wagtailadmin_home")).content.decode()


def test_titles_run_in_no_spreadsheet(
    browser: Client, make: Callable[..., TipPage]
) -> None:
    make('=HYPERLINK("http://evil")')
    answer = browser.get(URL, {"export": "csv"})
    content = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK" in content


def test_as_many_queries_for_many_tips(
    browser: Client, make: Callable[..., TipPage], heide: Network
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(URL).status_code == 200
        return len(captured)

    send(make("Eerste"), 1, heide)
    queries()
    few = queries()
    for number in range(5):
        send(make(f"Tip {number}"), number, heide)
    assert queries() == few
