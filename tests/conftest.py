"""What all tests share: a site, a mail sink, a quiet world."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wagtail.models import Locale, Page, Site

from example_site import mail_sink
from example_site.home.models import HomePage
from wagtail_bin.models import TipIndexPage, TipPage


@dataclasses.dataclass
class MailSink:
    """A running SMTP server and what it has been given."""

    directory: Path
    port: int

    @property
    def messages(self) -> list[Any]:
        return mail_sink.messages(self.directory)


@pytest.fixture
def sink(tmp_path: Path, settings: Any) -> Iterator[MailSink]:
    """A real SMTP server that Django's mail goes to in this test."""
    directory = tmp_path / "mail"
    controller = mail_sink.start(directory)
    port = mail_sink.port_of(controller)
    # Django's test set-up puts its own backend in place of the real one.
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    yield MailSink(directory, port)
    controller.stop()


@pytest.fixture
def home(db: Any) -> HomePage:
    """The home page of the default site, in Dutch."""
    locale, _ = Locale.objects.get_or_create(language_code="nl")
    root = Page.objects.get(depth=1)
    page = root.add_child(
        instance=HomePage(title="Heidebeek", slug="heidebeek", locale=locale, live=False)
    )
    page.save_revision().publish()
    site, _ = Site.objects.update_or_create(
        is_default_site=True,
        defaults={"hostname": "testserver", "port": 80, "root_page": page},
    )
    return page


@pytest.fixture
def tip_index(home: HomePage) -> TipIndexPage:
    """A live library of tips."""
    page = home.add_child(
        instance=TipIndexPage(title="Tips", slug="tips", locale=home.locale, live=False)
    )
    page.save_revision().publish()
    return page


@pytest.fixture
def tip(tip_index: TipIndexPage) -> TipPage:
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
