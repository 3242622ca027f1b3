"""What search engines and other websites read of a page, and how it is shared."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Locale, Site

from example_site.home.models import HomePage
from tests.factories import MunicipalityFactory, NetworkFactory
from tests.web.conftest import add_tip, publish_translation
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    FoundingPage,
    Network,
    TipIndexPage,
    TipPage,
)

pytestmark = pytest.mark.django_db

EVIL = '</script><script>alert("1")</script> & <!--'


def render(tag: str, page: Any, **context: Any) -> str:
    request = RequestFactory().get("/", headers={"host": "testserver"})
    template = Template(f"{{% load wagtail_bin_meta %}}{{% {tag} page %}}")
    return template.render(Context({"page": page, "request": request} | context))


def graph(html: str) -> dict[str, str]:
    """Properties of Open Graph."""
    found = re.findall(r'<meta property="og:([^"]+)" content="([^"]*)">', html)
    assert len({name for name, _ in found}) == len(found)
    return {name: unescape(value) for name, value in found}


def schema(html: str) -> Any:
    found = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', html, flags=re.S
    )
    assert len(found) == 1
    return json.loads(found[0])


def feeds(html: str) -> list[str]:
    return re.findall(
        r'<link rel="alternate" type="application/rss\+xml" title="[^"]+" href="([^"]+)"',
        html,
    )


@pytest.fixture
def bin_page(bin_index: BINIndexPage, heide: Network) -> BINPage:
    """The live page of a BIN."""
    heide.municipality = MunicipalityFactory(
        name_nl="Lindedal", name_fr="Val-Tilleul", languages="nl,fr"
    )
    heide.save()
    return bin_index.add_child(
        instance=BINPage(
            title="BIN Heide",
            slug="heide",
            network=heide,
            locale=bin_index.locale,
            introduction="<p>Samen <b>alert</b> &amp; rustig.</p>",
        )
    )


def test_a_tip_is_an_article_for_other_websites(
    tip_page: TipPage, client: Client
) -> None:
    Site.objects.update(site_name="Heidebeek")
    html = client.get(tip_page.url).content.decode()
    assert graph(html) == {
        "url": tip_page.full_url,
        "title": "Donkere maanden",
        "type": "article",
        "locale": "nl_BE",
        "site_name": "Heidebeek",
        "description": "Laat een lamp branden.",
    }
    assert f'<link rel="canonical" href="{tip_page.full_url}">' in html
    assert schema(html) == {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": "Donkere maanden",
        "description": "Laat een lamp branden.",
        "inLanguage": "nl",
        "datePublished": tip_page.first_published_at.isoformat(timespec="seconds"),
        "dateModified": tip_page.last_published_at.isoformat(timespec="seconds"),
        "publisher": {
            "@type": "Organization",
            "name": "Heidebeek",
            "url": "http://testserver/",
        },
        "url": tip_page.full_url,
    }


def test_what_editors_wrote_for_search_engines_goes_first(tip_page: TipPage) -> None:
    tip_page.seo_title, tip_page.search_description = "Voor de winter", "Zes tips."
    found = graph(render("bin_meta", tip_page))
    assert (found["title"], found["description"]) == ("Voor de winter", "Zes tips.")
    assert schema(render("bin_schema", tip_page))["description"] == "Zes tips."


def test_the_page_of_a_bin_is_an_organisation_with_its_place(
    bin_page: BINPage, french: Locale
) -> None:
    found = schema(render("bin_schema", bin_page))
    assert found["@type"] == "Organization"
    assert found["name"] == "BIN Heide"
    assert found["description"] == "Samen alert & rustig."
    assert found["areaServed"] == {"@type": "AdministrativeArea", "name": "Lindedal"}
    copy = publish_translation(bin_page, french)
    assert schema(render("bin_schema", copy))["areaServed"]["name"] == "Val-Tilleul"


def test_a_bin_page_takes_its_own_bin_whatever_else_is_called_network(
    bin_page: BINPage,
) -> None:
    stranger = NetworkFactory(municipality__name_nl="Elders")
    found = schema(render("bin_schema", bin_page, network=stranger))
    assert found["areaServed"]["name"] == "Lindedal"


def test_other_pages_are_what_they_are(
    home: HomePage, tip_index: TipIndexPage, bin_index: BINIndexPage
) -> None:
    founding = home.add_child(
        instance=FoundingPage(title="Oprichten", slug="oprichten", locale=home.locale)
    )
    kinds = [
        schema(render("bin_schema", page))["@type"]
        for page in (bin_index, tip_index, founding)
    ]
    assert kinds == ["CollectionPage", "WebPage", "WebPage"]
    assert graph(render("bin_meta", founding))["type"] == "website"
    # Nothing is said rather than something empty.
    assert "description" not in schema(render("bin_schema", founding))
    assert "description" not in graph(render("bin_meta", founding))


def test_feeds_of_a_page_are_found_and_exist(
    tip_page: TipPage, bin_page: BINPage, client: Client
) -> None:
    assert feeds(render("bin_meta", tip_page)) == ["/bin/feeds/tips.rss?lang=nl"]
    found = [unescape(url) for url in feeds(render("bin_meta", bin_page))]
    assert found == [
        "/bin/feeds/tips.rss?lang=nl&bin=heide",
        "/bin/feeds/tips.rss?lang=nl",
    ]
    assert [client.get(url).status_code for url in found] == [200, 200]


def test_nothing_in_a_title_ends_the_script_or_an_attribute(
    tip_index: TipIndexPage, client: Client
) -> None:
    tip = add_tip(tip_index, EVIL, slug="evil", introduction=EVIL)
    html = client.get(tip.url).content.decode()
    assert schema(html)["headline"] == EVIL
    assert graph(html)["title"] == EVIL
    assert len(re.findall("<script", html)) == 1
    assert "<!--" not in html
    share = render("bin_share", tip)
    assert "<script" not in unquote(unescape(share)).replace(EVIL, "")
    assert share.count("<a ") == share.count("</a>") == 4


def test_an_alias_is_known_by_the_address_of_its_source(
    home: HomePage, tip_page: TipPage
) -> None:
    alias = tip_page.create_alias(parent=home, update_slug="alias")
    assert f'rel="canonical" href="{tip_page.full_url}"' in render("bin_meta", alias)


@pytest.mark.parametrize(
    ("language", "locale"), [("fr", "fr_BE"), ("de-at", "de_AT"), ("en", "en_BE")]
)
def test_a_locale_has_a_region(tip_page: TipPage, language: str, locale: str) -> None:
    tip_page.locale = Locale(language_code=language)
    assert graph(render("bin_meta", tip_page))["locale"] == locale


@pytest.fixture
def files(settings: Any, tmp_path: Any) -> None:
    """Files in a directory of the test, and no cache that knows of others."""
    settings.MEDIA_ROOT = tmp_path
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    }


# Wagtail leaves the file open that it makes a rendition in.
IMAGES = pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile")


def add_image(tip: TipPage, size: tuple[int, int] = (2400, 1800)) -> Any:
    image = get_image_model().objects.create(
        title="Een lamp", file=get_test_image_file(size=size)
    )
    value = {"image": image.pk, "alt_text": "Een brandende lamp", "decorative": False}
    tip.body = json.dumps([{"type": "image", "value": value}])
    tip.save_revision().publish()
    return image


@IMAGES
def test_the_first_image_of_a_tip_is_shown_at_a_limited_size(
    tip_page: TipPage, files: None
) -> None:
    add_image(tip_page)
    found = graph(render("bin_meta", TipPage.objects.get(pk=tip_page.pk)))
    assert urlsplit(found["image"]).netloc == "testserver"
    assert urlsplit(found["image"]).path.startswith("/media/images/")
    assert (found["image:width"], found["image:height"]) == ("1200", "900")
    assert found["image:alt"] == "Een brandende lamp"


@IMAGES
def test_an_image_costs_one_query_besides_that_of_the_body(
    tip_page: TipPage, files: None
) -> None:
    add_image(tip_page)
    render("bin_meta", TipPage.objects.get(pk=tip_page.pk))
    counts = []
    for is_read in (True, False):
        tip = TipPage.objects.select_related("locale").get(pk=tip_page.pk)
        if is_read:
            # As the page does anyway when it shows its body.
            str(tip.body[0].value)
        else:
            tip.body = "[]"
        with CaptureQueriesContext(connection) as queries:
            html = render("bin_meta", tip)
        assert ("og:image" in html) is is_read
        counts.append(len(queries))
    assert counts[0] - counts[1] == 1


@IMAGES
def test_an_image_without_its_file_is_left_out(tip_page: TipPage, files: None) -> None:
    image = add_image(tip_page)
    image.file.storage.delete(image.file.name)
    html = render("bin_meta", TipPage.objects.get(pk=tip_page.pk))
    assert "og:title" in html
    assert "og:image" not in html


def test_links_to_share_say_the_title_and_address_and_tell_nobody(
    tip_index: TipIndexPage,
) -> None:
    tip = add_tip(tip_index, "Kat & muis: 100% café?", slug="kat")
    html = render("bin_share", tip)
    mail, whatsapp, facebook, poster = (
        urlsplit(unescape(url)) for url in re.findall(r'href="([^"]+)"', html)
    )
    assert (mail.scheme, mail.path) == ("mailto", "")
    assert parse_qs(mail.query) == {
        "subject": [tip.title],
        "body": [f"{tip.title}\r\n{tip.full_url}"],
    }
    assert (whatsapp.netloc, whatsapp.path) == ("wa.me", "/")
    assert parse_qs(whatsapp.query) == {"text": [f"{tip.title}\r\n{tip.full_url}"]}
    assert facebook.netloc == "www.facebook.com"
    assert parse_qs(facebook.query) == {"u": [tip.full_url]}
    assert poster.path == f"/bin/poster/{tip.pk}/"
    assert html.count('rel="noopener') == html.count("<a ") == 4
    assert not re.search("<script|<img|<iframe|src=|onclick", html)


def test_what_has_no_poster_offers_none(tip_index: TipIndexPage) -> None:
    html = render("bin_share", tip_index)
    assert "poster" not in html
    assert html.count("<a ") == 3


def test_a_page_outside_of_any_site_or_request_is_no_error(tip_page: TipPage) -> None:
    Site.objects.all().delete()
    context = Context({"page": TipPage.objects.get(pk=tip_page.pk)})
    html = Template(
        "{% load wagtail_bin_meta %}{% bin_meta page %}{% bin_schema page %}"
    ).render(context)
    assert graph(html)["title"] == "Donkere maanden"
    assert "canonical" not in html
    assert schema(html)["headline"] == "Donkere maanden"


def test_on_a_page_they_cost_no_query_of_their_own(
    tip_page: TipPage, bin_page: BINPage
) -> None:
    for page in (tip_page, bin_page):
        request = RequestFactory().get("/", headers={"host": "testserver"})
        # As Wagtail and every template do before.
        Site.find_for_request(request)
        page.get_full_url(request)
        context = page.get_context(request)
        assert page.locale.language_code == "nl"
        with CaptureQueriesContext(connection) as queries:
            html = Template(
                "{% load wagtail_bin_meta %}{% bin_meta page %}{% bin_schema page %}"
                "{% bin_share page %}"
            ).render(Context(context))
        assert graph(html)["title"] == schema(html).get("headline", page.title)
        assert [query["sql"] for query in queries] == []
