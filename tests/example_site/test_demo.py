"""The demo's places, people and pages, and the lists by the real import."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from wagtail.models import Page

from example_site.demo import content, main_job, people, places
from example_site.demo.lists import make_lists
from wagtail_bin.admin.worklist import WORKLIST
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.models import (
    BINPage,
    Member,
    Municipality,
    Network,
    PoliceZone,
    TipPage,
)
from wagtail_bin.permissions import Capability, networks_for


@pytest.fixture
def main_tip(db: Any, settings: Any) -> TipPage:
    """The whole demo without members; the tip that it is about."""
    settings.WAGTAILADMIN_BASE_URL = "http://testserver"
    site, homes = content.load_site()
    networks = places.load_places(site)
    people.load_people(homes)
    return content.load_content(site, networks)


def test_the_demo_has_what_it_is_to_show(main_tip: TipPage) -> None:
    assert Municipality.objects.count() == 3
    assert PoliceZone.objects.count() == 2
    assert Network.objects.count() == 6
    assert Network.objects.filter(kind="business").count() == 2
    assert all(network.streets.exists() for network in Network.objects.all())
    assert BINPage.objects.live().filter(locale__language_code="nl").count() == 6
    assert not Page.objects.filter(title__startswith="Welcome").exists()
    for network in Network.objects.all():
        network.full_clean()
    for town in Municipality.objects.all():
        town.full_clean()


def test_the_main_tip_is_a_draft_whose_translations_stand_ready(
    main_tip: TipPage,
) -> None:
    assert not main_tip.live
    languages = page_languages(main_tip)
    assert set(languages.ready) == {"nl", "fr", "de"}
    assert not languages.unready
    french = languages.ready["fr"]
    assert french.title.startswith("Mois sombres")
    dutch = str(main_tip.body.render_as_block())
    for text in ("Sluit alle ramen", "Bel meteen 112"):
        assert text in dutch
        assert text not in str(french.body.render_as_block())


def test_a_tip_is_left_to_send_and_three_to_read(main_tip: TipPage) -> None:
    dutch = TipPage.objects.filter(locale=main_tip.locale)
    assert dutch.live().count() == 3
    (draft,) = dutch.not_live().exclude(pk=main_tip.pk)
    assert set(page_languages(draft).ready) == {"nl"}
    draft.full_clean()


def test_every_public_page_of_the_demo_answers(
    main_tip: TipPage, client: Client
) -> None:
    main_tip.get_latest_revision().publish()
    pages = Page.objects.live().filter(depth__gt=1).specific()
    assert len(pages) > 30
    for page in pages:
        html = client.get(page.url).content.decode()
        assert f'<html lang="{page.locale.language_code}">' in html
        assert '<a href="tel:112">' in html


def test_everybody_may_do_what_the_office_allows(main_tip: TipPage) -> None:
    expected = {
        ("web", Capability.SEND): 3,
        ("web", Capability.VIEW_MEMBERS): 0,
        ("preventie", Capability.SEND): 6,
        ("preventie", Capability.IMPORT_MEMBERS): 6,
        ("coordinator", Capability.VIEW_MEMBERS): 1,
        ("coordinator", Capability.SEND): 0,
        ("politie", Capability.SEND): 4,
        ("politie", Capability.VIEW_MEMBERS): 0,
        ("admin", Capability.VIEW_MEMBERS): 6,
    }
    found = {
        (username, capability): networks_for(
            get_user_model().objects.get(username=username), capability
        ).count()
        for username, capability in expected
    }
    assert found == expected


def test_everybody_can_log_in_and_editors_can_publish(
    main_tip: TipPage, client: Client
) -> None:
    publishers = set()
    for person in people.PEOPLE:
        assert client.login(username=person.username, password=people.PASSWORD)
        assert client.get("/admin/").status_code == 200
        user = get_user_model().objects.get(username=person.username)
        if main_tip.permissions_for_user(user).can_publish():
            publishers.add(person.username)
    assert publishers == {"web", "preventie", "admin"}


def test_the_police_officer_writes_tips_and_sees_numbers(
    main_tip: TipPage, client: Client
) -> None:
    client.login(username="politie", password=people.PASSWORD)
    officer = get_user_model().objects.get(username="politie")
    permissions = main_tip.permissions_for_user(officer)
    assert permissions.can_edit()
    assert not permissions.can_publish()
    home = client.get("/admin/").content.decode()
    assert "BIN Bosrand" in home
    assert "PLP Val-Tilleul" not in home
    index = main_tip.get_parent()
    add = reverse("wagtailadmin_pages:add_subpage", args=[index.pk])
    assert f'href="{add}"' in home
    assert client.get(add, follow=True).status_code == 200
    for address in ("wagtailsnippets_wagtail_bin_member:list", WORKLIST):
        assert reverse(address) not in home


def test_the_import_takes_the_good_rows_and_refuses_the_bad_ones(
    main_tip: TipPage,
) -> None:
    lists = make_lists()
    user = get_user_model().objects.get(username="preventie")
    lines: list[str] = []
    results = main_job.import_lists(lists, user, lines.append)
    assert sum(result.created for result in results) == 1200
    assert [result.refused for result in results] == [2] * 6
    without = Member.objects.filter(email="").count()
    assert without == sum(one.without_email for one in lists)
    assert len(lines) == 6
    again = main_job.import_lists(lists, user, lines.append)
    assert all(result.is_without_effect for result in again)
