"""What a web editor sees beside and after writing a tip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.test_main_job import publishes_on
from tests.content import make_tip
from tests.factories import (
    MandateFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.models import Role, TipPage

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.fixture
def tip(home: Any, tip_index: Any) -> TipPage:
    """A draft."""
    return make_tip(tip_index)


@pytest.fixture
def editor(home: Any, site: str, open_page: Callable[..., Page]) -> Page:
    """A browser in which an editor is logged in."""
    from wagtail.models import Site

    town = MunicipalityFactory(site=Site.objects.get(root_page=home))
    network = NetworkFactory(name="BIN Heide", municipality=town)
    user = UserFactory(first_name="Petra", is_superuser=True)
    MandateFactory(role=Role.PREVENTION_OFFICER, network=network, user=user)
    publishes_on(home, user)
    client = Client()
    client.force_login(user)
    page = open_page(locale="en-GB", viewport={"width": 1700, "height": 1000})
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": site}]
    )
    return page


def test_the_mail_and_the_sms_are_seen_while_writing(
    tip: TipPage, editor: Page, site: str, shoot: Callable[..., None]
) -> None:
    editor.goto(site + reverse("wagtailadmin_pages:edit", args=[tip.pk]))
    editor.get_by_role("button", name="Toggle preview").click()
    frame = editor.frame_locator("iframe[title='Preview']:not([hidden])").last
    expect(frame.locator("h1")).to_have_text("Donkere maanden")
    shoot(editor, "editing-preview-website")
    modes = editor.get_by_label("Preview mode")
    modes.select_option(label="E-mail")
    expect(frame.locator("body")).to_contain_text("Beste Voorbeeld Lid")
    shoot(editor, "editing-preview-mail")
    modes.select_option(label="SMS")
    expect(frame.locator("body")).to_contain_text("/nl/tips/donkere-maanden")
    shoot(editor, "editing-preview-sms")


def test_the_season_calendar_leads_to_next_years_copy(
    tip: TipPage, editor: Page, site: str, shoot: Callable[..., None]
) -> None:
    TipPage.objects.filter(pk=tip.pk).update(season="dark_months")
    tip.get_latest_revision().publish()
    editor.goto(site + reverse("wagtail_bin_admin:season_report"))
    expect(editor.locator("main")).to_contain_text("Donkere maanden")
    shoot(editor, "editing-calendar")
    editor.goto(site + reverse("wagtail_bin_admin:next_year", args=[tip.pk]))
    shoot(editor, "editing-next-year")
    editor.get_by_role("button", name="Make the copy").click()
    expect(editor.locator("main")).to_contain_text("This is the draft for next year")
    assert TipPage.objects.filter(live=False).exclude(pk=tip.pk).count() == 1
