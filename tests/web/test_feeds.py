"""Feeds: every reader can read them, and they hold what is public alone."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Locale, Site

from example_site.home.models import HomePage
from tests.factories import MemberFactory, ThemeFactory
from tests.web.conftest import (
    add_tip,
    hide_what_is_not_public,
    publish_translation,
    send,
)
from wagtail_bin.conf import conf
from wagtail_bin.models import Network, Theme, TipIndexPage, TipPage

pytestmark = pytest.mark.django_db

KINDS = ["rss", "atom", "json"]
EVERY = pytest.mark.parametrize("kind", KINDS)
ATOM = "{http://www.w3.org/2005/Atom}"
FEED_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}


def get(client: Client, kind: str, query: str = "", **headers: str) -> HttpResponse:
    return client.get(f"/bin/feeds/tips.{kind}{query}", headers=headers)


def parsed(kind: str, response: Any) -> Any:
    """Items with ``id``, ``link``, ``title``, ``text``, ``tags``, whatever the kind."""
    assert response.status_code == 200
    if kind == "json":
        return [
            {
                "id": item["id"],
                "link": item["url"],
                "title": item["title"],
                "text": item["content_text"],
                "tags": item["tags"],
            }
            for item in json.loads(response.content)["items"]
        ]
    found = feedparser.parse(response.content)
    assert not found.bozo
    return [
        {
            "id": entry.id,
            "link": entry.link,
            "title": entry.title,
            "text": entry.summary,
            "tags": [tag.term for tag in entry.get("tags", [])],
        }
        for entry in found.entries
    ]


def titles(client: Client, kind: str = "json", query: str = "", **headers: str) -> Any:
    return [item["title"] for item in parsed(kind, get(client, kind, query, **headers))]


@EVERY
def test_a_tip_is_told_with_its_link_text_and_themes(
    kind: str, tip_index: TipIndexPage, burglary: Theme, client: Client
) -> None:
    tip = add_tip(tip_index, "Donkere maanden", themes=[burglary])
    (item,) = parsed(kind, get(client, kind))
    assert item == {
        "id": uuid.uuid5(tip.translation_key, "nl").urn,
        "link": "http://testserver/nl/tips/donkere-maanden/",
        "title": "Donkere maanden",
        "text": "In het kort: Donkere maanden.",
        "tags": ["Inbraak"],
    }


@EVERY
def test_the_id_of_a_tip_outlives_its_address(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    tip = add_tip(tip_index, "Donkere maanden")
    before = parsed(kind, get(client, kind))
    tip.title, tip.slug = "Donkere dagen", "donkere-dagen"
    tip.save_revision().publish()
    after = parsed(kind, get(client, kind))
    assert [item["id"] for item in before] == [item["id"] for item in after]
    assert before[0]["link"] != after[0]["link"]


def test_atom_keeps_to_its_rules(tip_index: TipIndexPage, client: Client) -> None:
    older = add_tip(tip_index, "Donkere maanden")
    add_tip(tip_index, "Op reis")
    changed = timezone.now() + dt.timedelta(hours=1)
    TipPage.objects.filter(pk=older.pk).update(last_published_at=changed)
    root = ElementTree.fromstring(get(client, "atom", "?lang=nl").content)  # noqa: S314

    assert root.tag == f"{ATOM}feed"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "nl"
    address = "http://testserver/bin/feeds/tips.atom?lang=nl"
    links = {link.get("rel"): link.get("href") for link in root.iter(f"{ATOM}link")}
    assert links["self"] == root.findtext(f"{ATOM}id") == address
    assert root.find(f"{ATOM}link").get("href") == tip_index.full_url  # type: ignore[union-attr]
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    entries = root.findall(f"{ATOM}entry")
    ids = {entry.findtext(f"{ATOM}id") for entry in entries}
    assert len(ids) == 2
    for one in [root, *entries]:
        for name in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{name}")) == 1
    moments = [
        dt.datetime.fromisoformat(str(one.findtext(f"{ATOM}updated")))
        for one in [root, *entries]
    ]
    # The newest stands first by its first day; the feed changed with the other.
    assert moments[0] == moments[2] == changed
    assert moments[1] < changed


def test_rss_has_what_readers_ask_for(tip_index: TipIndexPage, client: Client) -> None:
    tip = add_tip(tip_index, "Donkere maanden")
    response = get(client, "rss", "?lang=nl")
    found = feedparser.parse(response.content)
    assert found.version == "rss20"
    assert found.feed.language == "nl"
    assert found.feed.link == tip_index.full_url
    selves = [link.href for link in found.feed.links if link.rel == "self"]
    assert selves == ["http://testserver/bin/feeds/tips.rss?lang=nl"]
    assert b'<guid isPermaLink="false">urn:uuid:' in response.content
    moment = dt.datetime(*found.entries[0].published_parsed[:6], tzinfo=dt.UTC)
    assert moment == tip.first_published_at.replace(microsecond=0)


def test_json_has_the_fields_that_it_must(
    tip_index: TipIndexPage, client: Client
) -> None:
    tip = add_tip(tip_index, "Donkere maanden")
    found = json.loads(get(client, "json", "?lang=nl").content)
    assert found["version"] == "https://jsonfeed.org/version/1.1"
    assert found["title"]
    assert found["feed_url"] == "http://testserver/bin/feeds/tips.json?lang=nl"
    assert found["home_page_url"] == tip_index.full_url
    assert found["language"] == "nl"
    (item,) = found["items"]
    assert item["language"] == "nl"
    assert dt.datetime.fromisoformat(item["date_published"]) == tip.first_published_at
    assert dt.datetime.fromisoformat(item["date_modified"]) == tip.last_published_at
    assert "language" not in json.loads(get(client, "json").content)


@EVERY
def test_a_feed_without_tips_is_a_feed(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    assert parsed(kind, get(client, kind)) == []


@EVERY
def test_markup_in_a_tip_is_text(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    evil = "<script>alert(1)</script> & co"
    add_tip(tip_index, evil, slug="evil", introduction=evil)
    response = get(client, kind)
    if kind == "json":
        (item,) = json.loads(response.content)["items"]
        assert (item["title"], item["content_text"]) == (evil, evil)
        assert "content_html" not in item
        return
    root = ElementTree.fromstring(response.content)  # noqa: S314
    assert not [one for one in root.iter() if one.tag.rpartition("}")[2] == "script"]
    (shown,) = [
        one.text
        for one in root.iter()
        if one.tag in {f"{ATOM}summary", "description"} and "alert" in str(one.text)
    ]
    # Read as HTML, as readers do.
    assert shown == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"


@EVERY
def test_control_characters_of_a_word_processor_break_nothing(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op\x0b reis", slug="reis", introduction="Sluit\x0b af.\x1f")
    (item,) = parsed(kind, get(client, kind))
    assert (item["title"], item["text"]) == ("Op reis", "Sluit af.")


@EVERY
def test_what_is_not_public_stays_out(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    hide_what_is_not_public(tip_index)
    assert titles(client, kind) == ["Op reis"]


@EVERY
def test_nothing_of_a_member_is_in_a_feed(
    kind: str, tip_index: TipIndexPage, heide: Network, client: Client
) -> None:
    member = MemberFactory(network=heide, last_name="Qanary", email="q@example.org")
    send(add_tip(tip_index, "Op reis"), heide)
    text = get(client, kind, "?bin=heide").content.decode()
    assert "Op reis" in text
    assert member.last_name not in text
    assert member.email not in text


def test_each_site_has_its_own_tips(
    tip_index: TipIndexPage, other_library: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    add_tip(other_library, "Van elders")
    assert titles(client) == ["Op reis"]
    other = get(client, "json", host="lindedal.example")
    (item,) = parsed("json", other)
    assert item["title"] == "Van elders"
    assert item["link"] == "http://lindedal.example/nl/tips/van-elders/"
    assert json.loads(other.content)["feed_url"].startswith("http://lindedal.example/")


def test_the_newest_come_first_and_the_oldest_drop_out(
    tip_index: TipIndexPage, client: Client
) -> None:
    for number in range(51):
        add_tip(tip_index, f"Tip {number}")
    found = titles(client)
    assert found == [f"Tip {number}" for number in range(50, 0, -1)]


def test_a_language_has_a_feed_of_its_own(
    tip_index: TipIndexPage, french: Locale, client: Client
) -> None:
    tip = add_tip(tip_index, "Op reis")
    publish_translation(tip, french, title="En voyage")
    assert titles(client, query="?lang=nl") == ["Op reis"]
    assert titles(client, query="?lang=fr") == ["En voyage"]
    assert sorted(titles(client)) == ["En voyage", "Op reis"]
    both = parsed("json", get(client, "json"))
    assert len({item["id"] for item in both}) == 2


def test_an_alias_in_another_language_is_no_second_tip(
    home: HomePage, tip_index: TipIndexPage, french: Locale, client: Client
) -> None:
    tip = add_tip(tip_index, "Op reis")
    copy = tip_index.copy_for_translation(french, copy_parents=True)
    copy.save_revision().publish()
    alias = tip.create_alias(parent=copy, update_locale=french)
    assert alias.live
    assert titles(client) == ["Op reis"]
    assert titles(client, query="?lang=fr") == []


def test_a_theme_is_chosen_by_its_name_in_any_language(
    tip_index: TipIndexPage, french: Locale, burglary: Theme, client: Client
) -> None:
    cambriolage = burglary.copy_for_translation(french)
    cambriolage.name, cambriolage.slug = "Cambriolage", "cambriolage"
    cambriolage.save()
    tip = add_tip(tip_index, "Op slot", themes=[burglary])
    add_tip(tip_index, "Op reis")
    publish_translation(tip, french, title="Fermez à clef")

    assert titles(client, query="?lang=nl&theme=inbraak") == ["Op slot"]
    response = get(client, "json", "?lang=fr&theme=inbraak")
    (item,) = parsed("json", response)
    assert (item["title"], item["tags"]) == ("Fermez à clef", ["Cambriolage"])
    # One address for what is the same, in the words of the language.
    address = json.loads(response.content)["feed_url"]
    assert address.endswith("tips.json?lang=fr&theme=cambriolage")


def test_a_bin_has_the_tips_that_were_sent_to_it(
    tip_index: TipIndexPage, heide: Network, french: Locale, client: Client
) -> None:
    sent = add_tip(tip_index, "Op slot")
    add_tip(tip_index, "Op reis")
    publish_translation(sent, french, title="Fermez à clef")
    send(sent, heide)
    # A second time, which makes it no second tip.
    send(sent, heide)
    assert titles(client, query="?bin=heide&lang=nl") == ["Op slot"]
    assert titles(client, query="?bin=heide&lang=fr") == ["Fermez à clef"]


@pytest.mark.parametrize(
    "query",
    [
        "?lang=xx",
        "?lang=de",
        "?theme=onbekend",
        "?bin=onbekend",
        "?bin=%00",
        "?lang=nl%00",
    ],
)
@EVERY
def test_what_is_not_known_is_not_found(
    kind: str, query: str, tip_index: TipIndexPage, client: Client
) -> None:
    # A language of the installation, but not of this site.
    Locale.objects.get_or_create(language_code="de")
    add_tip(tip_index, "Op reis")
    assert get(client, kind).status_code == 200
    assert get(client, kind, query).status_code == 404


def test_another_kind_or_site_is_not_found(
    tip_index: TipIndexPage, client: Client
) -> None:
    assert get(client, "exe").status_code == 404
    Site.objects.all().delete()
    assert get(client, "rss").status_code == 404


@EVERY
def test_caches_may_keep_it_for_everybody(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    response = get(client, kind, "", **{"accept-language": "fr"})
    assert response["Content-Type"] == FEED_TYPES[kind]
    assert response["Cache-Control"] == conf.PUBLIC_CACHE_CONTROL
    assert response["Content-Language"] == "nl"
    assert "Set-Cookie" not in response
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()
    again = get(client, kind, "", **{"accept-language": "de"})
    assert again.content == response.content


@EVERY
def test_who_has_it_already_is_told_so(
    kind: str, tip_index: TipIndexPage, client: Client
) -> None:
    add_tip(tip_index, "Op reis")
    tag = get(client, kind)["ETag"]
    asked = {"if-none-match": tag, "accept-language": "fr"}
    same = get(client, kind, "", **asked)
    assert same.status_code == 304
    assert same["Cache-Control"] == conf.PUBLIC_CACHE_CONTROL
    assert same["Content-Language"] == "nl"
    add_tip(tip_index, "Op slot")
    assert get(client, kind, "", **{"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nobody_writes_to_a_feed(
    method: str, tip_index: TipIndexPage, client: Client
) -> None:
    assert getattr(client, method)("/bin/feeds/tips.rss").status_code == 405


@EVERY
def test_ten_tips_cost_as_many_queries_as_one(
    kind: str, tip_index: TipIndexPage, burglary: Theme, client: Client
) -> None:
    add_tip(tip_index, "Tip", themes=[burglary])
    get(client, kind)
    with CaptureQueriesContext(
        connection,
    ) as one:
        get(client, kind, "?theme=inbraak")
    for number in range(10):
        theme = ThemeFactory(locale=tip_index.locale)
        add_tip(tip_index, f"Tip {number}", themes=[burglary, theme])
    with CaptureQueriesContext(connection) as many:
        assert len(titles(client, kind, "?theme=inbraak")) == 11
    assert len(many) == len(one) <= 10


def test_the_title_says_what_was_chosen(
    tip_index: TipIndexPage, burglary: Theme, heide: Network, client: Client
) -> None:
    Site.objects.update(site_name="Heidebeek")
    found = {
        query: json.loads(get(client, "json", query).content)["title"]
        for query in ("", "?theme=inbraak", "?bin=heide", "?theme=inbraak&bin=heide")
    }
    assert len(set(found.values())) == 4
    assert all("Heidebeek" in title for title in found.values())
    assert re.search("Inbraak.*BIN Heide|BIN Heide.*Inbraak", [*found.values()][3])
