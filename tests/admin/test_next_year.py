"""A tip of this season as a draft for the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Locale

from tests.factories import ThemeFactory
from wagtail_bin.admin.next_year import a_year_later, with_next_year
from wagtail_bin.models import Dispatch, TipPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(web_editor: Client, let_edit: Callable[..., None], home: Any) -> Client:
    let_edit(web_editor.user, home)  # type: ignore[attr-defined]
    return web_editor


@pytest.fixture
def old(tip: TipPage) -> TipPage:
    """A live tip of a leap year, which was sent, with a newer draft."""
    tip.title, tip.slug = "Winter 2027-2028", "winter-2027"
    tip.valid_from = dt.date(2027, 11, 1)
    tip.valid_until = dt.date(2028, 2, 29)
    tip.go_live_at = timezone.now() - dt.timedelta(days=9)
    tip.body = [("contact", {"name": "Lijn", "valid_until": dt.date(2028, 1, 1)})]
    tip.themes.add(ThemeFactory(name="Inbraak"))
    tip.save_revision().publish()
    tip.introduction = "Nieuwer."
    tip.save_revision()
    Dispatch.objects.create(
        page_id=tip.pk, title=tip.title, purpose="tips", expires_at=timezone.now()
    )
    return TipPage.objects.get(pk=tip.pk)


def url(tip: TipPage) -> str:
    return reverse("wagtail_bin_admin:next_year", args=[tip.pk])


def test_days_and_years_move() -> None:
    assert a_year_later(None) is None
    assert a_year_later(dt.date(2028, 2, 29)) == dt.date(2029, 2, 28)
    assert a_year_later(dt.date(2027, 11, 1)) == dt.date(2028, 11, 1)
    assert with_next_year("Zomer 2026") == "Zomer 2027"
    assert with_next_year("Nummer 120261, 1999") == "Nummer 120261, 1999"


def test_looking_changes_nothing(browser: Client, old: TipPage) -> None:
    html = browser.get(url(old)).content.decode()
    assert "Winter 2028-2029" in html
    assert "Feb. 28, 2029" in html
    assert TipPage.objects.count() == 1


def test_the_copy_is_a_draft_of_the_next_year(browser: Client, old: TipPage) -> None:
    answer = browser.post(url(old))
    copy = TipPage.objects.exclude(pk=old.pk).get()
    assert answer["Location"] == reverse("wagtailadmin_pages:edit", args=[copy.pk])
    draft = copy.get_latest_revision_as_object()
    for one in (copy, draft):
        assert not one.live
        assert one.title == "Winter 2028-2029"
        assert one.slug == "winter-2028"
        assert one.valid_from == dt.date(2028, 11, 1)
        assert one.valid_until == dt.date(2029, 2, 28)
        assert one.go_live_at is None
        assert [theme.name for theme in one.themes.all()] == ["Inbraak"]
        assert one.body[0].value["valid_until"] == dt.date(2028, 1, 1)
    assert draft.introduction == "Nieuwer."
    assert copy.get_parent() == old.get_parent()
    assert not copy.dispatches().exists()
    old.refresh_from_db()
    assert old.live
    assert old.title == "Winter 2027-2028"
    assert old.dispatches().count() == 1


def test_two_copies_have_two_addresses(browser: Client, tip: TipPage) -> None:
    browser.post(url(tip))
    browser.post(url(tip))
    slugs = set(TipPage.objects.values_list("slug", flat=True))
    assert slugs == {
        "donkere-maanden",
        "donkere-maanden-2",
        "donkere-maanden-3",
    }


def test_translations_are_copied_as_a_family_where_the_user_may(
    browser: Client, old: TipPage, home: Any, let_edit: Callable[..., None]
) -> None:
    french, _made = Locale.objects.get_or_create(language_code="fr")
    translation = old.copy_for_translation(french, copy_parents=True)
    said = "translations are copied too: French"
    assert said not in browser.get(url(old)).content.decode()
    let_edit(browser.user, home.get_translation(french))  # type: ignore[attr-defined]
    assert said in browser.get(url(old)).content.decode()
    browser.post(url(old))
    copies = TipPage.objects.exclude(pk__in=[old.pk, translation.pk])
    assert {copy.locale.language_code for copy in copies} == {"nl", "fr"}
    (key,) = {copy.translation_key for copy in copies}
    assert key != old.translation_key


def test_whoever_may_not_add_pages_here_copies_nothing(
    web_editor: Client, old: TipPage, let_edit: Callable[..., None], home: Any
) -> None:
    let_edit(web_editor.user, home, "change")  # type: ignore[attr-defined]
    assert web_editor.get(url(old)).status_code == 302
    assert web_editor.post(url(old)).status_code == 302
    assert TipPage.objects.count() == 1
    edit = reverse("wagtailadmin_pages:edit", args=[old.pk])
    assert url(old) not in web_editor.get(edit).content.decode()


def test_the_editor_leads_there_for_tips_alone(
    browser: Client, old: TipPage, home: Any
) -> None:
    edit = reverse("wagtailadmin_pages:edit", args=[old.pk])
    assert url(old) in browser.get(edit).content.decode()
    assert browser.get(url(home), follow=True).status_code == 404
