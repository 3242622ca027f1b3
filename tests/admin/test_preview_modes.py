"""The page, the mail and the SMS beside the form in which the page is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from tests.factories import MemberFactory
from wagtail_bin.membership.links import unsubscribe_token
from wagtail_bin.models import Network, TipPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(
    web_editor: Client, tip: TipPage, let_edit: Callable[..., None], home: Any
) -> Client:
    """Of an editor who has the tip open."""
    let_edit(web_editor.user, home)  # type: ignore[attr-defined]
    return web_editor


def write(browser: Client, url: str, **changed: Any) -> None:
    """What the editor does with every change: keep the form for the preview."""
    data = {
        "title": "Een <nieuwe> titel",
        "slug": "nieuw",
        "introduction": "Pas geschreven & niet bewaard.",
        "body": streamfield([("paragraph", rich_text("<p>Sluit af.</p>"))]),
        "season": "all_year",
    }
    answer = browser.post(url, nested_form_data(data | changed))
    assert answer.json() == {"is_valid": True, "is_available": True}


def preview(browser: Client, tip: TipPage, mode: str) -> Any:
    url = reverse("wagtailadmin_pages:preview_on_edit", args=[tip.pk])
    write(browser, url)
    return browser.get(url, {"mode": mode, "in_preview_panel": "true"})


def test_the_editor_offers_page_mail_and_sms(tip: TipPage) -> None:
    assert [name for name, _label in tip.preview_modes] == [
        "",
        "mail",
        "mail_text",
        "sms",
    ]


def test_the_mail_shows_what_is_being_written(browser: Client, tip: TipPage) -> None:
    answer = preview(browser, tip, "mail")
    html = answer.content.decode()
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert "Een &lt;nieuwe&gt; titel" in html
    assert "Pas geschreven &amp; niet bewaard." in html
    assert "Sluit af." in html
    assert "@@" not in html
    assert "no-store" in answer["Cache-Control"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("mode", ["mail_text", "sms"])
def test_texts_are_shown_as_they_are(browser: Client, tip: TipPage, mode: str) -> None:
    answer = preview(browser, tip, mode)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Een <nieuwe> titel" in answer.content.decode()


def test_the_page_is_still_the_first(browser: Client, tip: TipPage) -> None:
    html = preview(browser, tip, "").content.decode()
    assert "Een &lt;nieuwe&gt; titel" in html
    assert "bin-lead" in html


def test_a_preview_is_in_the_language_of_the_page(
    browser: Client, tip: TipPage
) -> None:
    french, _made = Locale.objects.get_or_create(language_code="fr")
    TipPage.objects.filter(pk=tip.pk).update(locale=french)
    assert '<div lang="fr">' in preview(browser, tip, "mail").content.decode()


@pytest.mark.parametrize("mode", ["mail", "mail_text", "sms"])
def test_nobody_is_in_a_preview_and_its_link_is_nobodys(
    browser: Client, tip: TipPage, heide: Network, mode: str
) -> None:
    member = MemberFactory(network=heide, first_name="Qanary")
    text = preview(browser, tip, mode).content.decode()
    for secret in ("Qanary", member.email, heide.name, heide.contact_email):
        assert secret not in text
    (token,) = set(re.findall(r"/unsubscribe/([^/\s\"]+)/", text))
    member_of = {
        unsubscribe_token(member_id=pk, purpose="tips", channel=channel): pk
        for pk in (0, member.pk)
        for channel in ("email", "sms")
    }
    assert member_of[token] == 0


def test_a_page_that_is_not_saved_yet_can_be_previewed(
    browser: Client, tip: TipPage
) -> None:
    url = reverse(
        "wagtailadmin_pages:preview_on_add",
        args=["wagtail_bin", "tippage", tip.get_parent().pk],
    )
    write(browser, url)
    answer = browser.get(url, {"mode": "mail"})
    assert "Een &lt;nieuwe&gt; titel" in answer.content.decode()


def test_whoever_may_not_edit_the_page_sees_no_preview(
    web_editor: Client, tip: TipPage
) -> None:
    url = reverse("wagtailadmin_pages:preview_on_edit", args=[tip.pk])
    answer = web_editor.get(url, {"mode": "mail"})
    assert answer.status_code == 302
    assert tip.title not in answer.content.decode()
