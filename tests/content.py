"""A small site, for tests and benchmarks."""

from __future__ import annotations

from wagtail.models import Locale, Page, Site

from example_site.home.models import HomePage
from wagtail_bin.models import TipIndexPage, TipPage


def make_home() -> HomePage:
    """The home page of the default site, in Dutch."""
    locale, _ = Locale.objects.get_or_create(language_code="nl")
    root = Page.objects.get(depth=1)
    page = root.add_child(
        instance=HomePage(
            title="Heidebeek", slug="heidebeek", locale=locale, live=False
        )
    )
    page.save_revision().publish()
    Site.objects.update_or_create(
        is_default_site=True,
        defaults={"hostname": "testserver", "port": 80, "root_page": page},
    )
    return page


def make_tip_index(home: HomePage) -> TipIndexPage:
    """A live library of tips."""
    page = home.add_child(
        instance=TipIndexPage(title="Tips", slug="tips", locale=home.locale, live=False)
    )
    page.save_revision().publish()
    return page


def make_tip(tip_index: TipIndexPage) -> TipPage:
    """A draft tip in Dutch."""
    page = tip_index.add_child(
        instance=TipPage(
            title="Donkere maanden",
            slug="donkere-maanden",
            locale=tip_index.locale,
            introduction="Laat een lamp branden.",
            body=[
                ("paragraph", "<p>Inbrekers houden van het donker.</p>"),
                ("steps", {"heading": "Doe dit", "steps": ["Sluit af", "Licht aan"]}),
            ],
            live=False,
        )
    )
    page.save_revision()
    return page
