"""Remarks about a text, where its editor meets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import Site
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from wagtail_bin.models import Network, TipPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(
    web_editor: Client, let_edit: Callable[..., None], home: Any, heide: Network
) -> Client:
    """Of an editor of a municipality that writes in Dutch and French."""
    let_edit(web_editor.user, home)  # type: ignore[attr-defined]
    heide.municipality.site = Site.objects.get()
    heide.municipality.languages = "nl,fr"
    heide.municipality.save()
    return web_editor


def save(browser: Client, tip: TipPage, introduction: str, **headers: str) -> Any:
    data = {
        "title": tip.title,
        "slug": tip.slug,
        "introduction": introduction,
        "body": streamfield([("paragraph", rich_text("<p>Sluit af.</p>"))]),
        "season": "all_year",
    }
    return browser.post(
        reverse("wagtailadmin_pages:edit", args=[tip.pk]),
        nested_form_data(data),
        headers=headers,
        follow=not headers,
    )


def test_saving_tells_what_to_look_at(browser: Client, tip: TipPage) -> None:
    html = save(browser, tip, "Zie 1-ABC-123 <b>.").content.decode()
    assert "<li> “1-ABC-123” looks like a number plate" in html
    translate = reverse("wagtail_localize:submit_page_translation", args=[tip.pk])
    assert f'<a href="{translate}">' in html


def test_autosave_says_nothing(browser: Client, tip: TipPage) -> None:
    answer = save(browser, tip, "Zie 1-ABC-123.", Accept="application/json")
    assert answer.status_code == 200
    edit = reverse("wagtailadmin_pages:edit", args=[tip.pk])
    assert "looks like a number plate" not in browser.get(edit).content.decode()


def test_a_tip_without_remarks_is_saved_in_silence(
    browser: Client, tip: TipPage, heide: Network
) -> None:
    heide.municipality.languages = "nl"
    heide.municipality.save()
    html = save(browser, tip, "Sluit af.").content.decode()
    assert "Look at this before" not in html


def test_the_confirmation_shows_them_and_the_way_to_a_translation(
    browser: Client, tip: TipPage
) -> None:
    tip.introduction = "Zie <1-ABC-123>."
    tip.save_revision()
    html = browser.get(
        reverse("wagtail_bin_admin:send", args=[tip.pk])
    ).content.decode()
    assert "“1-ABC-123” looks like a number plate" in html
    assert reverse("wagtailadmin_pages:edit", args=[tip.pk]) in html
    translate = reverse("wagtail_localize:submit_page_translation", args=[tip.pk])
    assert html.count(f'href="{translate}"') == 1
    assert "Missing in" in html
