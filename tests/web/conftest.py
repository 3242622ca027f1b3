"""A site with tips in two languages, and a second site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from wagtail.models import Locale, Page, PageViewRestriction, Site

from example_site.home.models import HomePage
from tests.content import make_tip_index
from tests.factories import NetworkFactory, ThemeFactory
from wagtail_bin.models import (
    BINIndexPage,
    Dispatch,
    Network,
    Theme,
    TipIndexPage,
    TipPage,
)


def add_tip(library: TipIndexPage, title: str, **fields: Any) -> TipPage:
    """A live tip."""
    slug = fields.pop("slug", title.lower().replace(" ", "-"))
    themes = fields.pop("themes", [])
    tip = library.add_child(
        instance=TipPage(
            title=title,
            slug=slug,
            locale=library.locale,
            introduction=fields.pop("introduction", f"In het kort: {title}."),
            live=False,
            **fields,
        )
    )
    tip.themes.set(themes)
    tip.save_revision().publish()
    tip.refresh_from_db()
    return tip


def publish_translation(page: Any, locale: Locale, **fields: Any) -> Any:
    """A live translation, its parents copied as far as needed."""
    copy = page.copy_for_translation(locale, copy_parents=True)
    for name, value in fields.items():
        setattr(copy, name, value)
    copy.save_revision().publish()
    copy.refresh_from_db()
    return copy


def send(tip: TipPage, network: Network) -> None:
    """Note that a tip was sent to a BIN."""
    Dispatch.objects.create(
        page=tip, title=tip.title, purpose="tips", expires_at=timezone.now()
    ).networks.add(network)


def hide_what_is_not_public(library: TipIndexPage) -> None:
    """A draft, a tip that is over, one that is still to come, and a restricted one."""
    today = timezone.localdate()
    day = dt.timedelta(days=1)
    draft = add_tip(library, "Verborgen ontwerp")
    draft.unpublish()
    add_tip(library, "Verborgen voorbij", valid_until=today - day)
    add_tip(library, "Verborgen later", valid_from=today + day)
    secret = add_tip(library, "Verborgen geheim")
    PageViewRestriction.objects.create(page=secret, restriction_type="login")


@pytest.fixture
def french(db: Any) -> Locale:
    """The French locale."""
    return Locale.objects.get_or_create(language_code="fr")[0]


@pytest.fixture
def burglary(home: HomePage) -> Theme:
    """The theme of burglary, in Dutch."""
    return ThemeFactory(name="Inbraak", slug="inbraak", locale=home.locale)


@pytest.fixture
def heide(db: Any) -> Network:
    """A BIN."""
    return NetworkFactory(name="BIN Heide", slug="heide")


@pytest.fixture
def other_library(home: HomePage) -> TipIndexPage:
    """The library of tips of another site."""
    root = Page.objects.get(depth=1)
    page = root.add_child(
        instance=HomePage(title="Lindedal", slug="lindedal", locale=home.locale)
    )
    Site.objects.create(hostname="lindedal.example", port=80, root_page=page)
    return make_tip_index(page)


@pytest.fixture
def tip_page(tip_index: TipIndexPage) -> TipPage:
    """A live tip."""
    return add_tip(tip_index, "Donkere maanden", introduction="Laat een lamp branden.")


@pytest.fixture
def bin_index(home: HomePage) -> BINIndexPage:
    """A live page of all BINs."""
    return home.add_child(
        instance=BINIndexPage(title="BINs", slug="bins", locale=home.locale)
    )
