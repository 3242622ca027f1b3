"""A site with a BIN, and what the tests of public pages share."""

from __future__ import annotations

from typing import Any

import pytest
from wagtail.models import Locale

from example_site.home.models import HomePage
from tests.factories import NetworkFactory, NetworkStreetFactory
from wagtail_bin.models import BINIndexPage, BINPage, Network, TipPage


@pytest.fixture
def french(db: Any) -> Locale:
    """The French locale."""
    return Locale.objects.get_or_create(language_code="fr")[0]


@pytest.fixture
def bin_index(home: HomePage) -> BINIndexPage:
    """A live page of all BINs."""
    page = home.add_child(
        instance=BINIndexPage(title="BINs", slug="bin", locale=home.locale, live=False)
    )
    page.save_revision().publish()
    return page


@pytest.fixture
def network(db: Any) -> Network:
    """A BIN with two streets and a public contact."""
    network = NetworkFactory(
        name="BIN Heide", slug="heide", contact_phone="+32470000001"
    )
    NetworkStreetFactory(
        network=network, name_nl="Kerkstraat", parity="odd", number_from=47
    )
    NetworkStreetFactory(network=network, name_nl="Molenweg")
    return network


@pytest.fixture
def bin_page(bin_index: BINIndexPage, network: Network) -> BINPage:
    """The live page of the BIN."""
    return add_bin_page(bin_index, network)


def add_bin_page(parent: BINIndexPage, network: Network) -> BINPage:
    """A live page of a BIN."""
    page = parent.add_child(
        instance=BINPage(
            title=network.name,
            slug=network.slug,
            network=network,
            locale=parent.locale,
            live=False,
        )
    )
    page.save_revision().publish()
    return page


@pytest.fixture
def live_tip(tip: TipPage) -> TipPage:
    """The tip, published."""
    tip.get_latest_revision().publish()
    tip.refresh_from_db()
    return tip


def translate(page: Any, locale: Locale, **fields: Any) -> Any:
    """A live translation of a page, its parents copied as far as needed."""
    copy = page.copy_for_translation(locale, copy_parents=True)
    for name, value in fields.items():
        setattr(copy, name, value)
    copy.save_revision().publish()
    return copy
