"""What all tests share: a site, a mail sink, a quiet world."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation

from example_site import mail_sink
from example_site.home.models import HomePage
from tests.content import make_home, make_tip, make_tip_index
from wagtail_bin.models import TipIndexPage, TipPage

# No verdict of a property test depends on how busy the machine is.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")


# Before pytest-xdist reads the marks, after the folders' own hooks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts processes, or a browser, takes turns: it measures time.

    What touches no database is the same on every one.
    """
    for item in items:
        if not touches_database(item):
            item.add_marker(pytest.mark.any_database)
        if item.get_closest_marker("processes") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("one by one"))


def touches_database(item: Any) -> bool:
    """Whether a test asked for the database, or starts what may."""
    marks = ("django_db", "processes", "browser")
    return (
        any(map(item.get_closest_marker, marks))
        or not {"db", "transactional_db"}.isdisjoint(item.fixturenames)
        or issubclass(item.cls or object, TransactionTestCase)
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How wide the scope sweep was, whichever processes walked."""
    walks = [
        dict(report.user_properties)
        for report in terminalreporter.getreports("passed")
        if report.user_properties
    ]
    if addresses := {walk["addresses"] for walk in walks if "addresses" in walk}:
        requests = sum(walk.get("requests", 0) for walk in walks)
        terminalreporter.write_line(
            f"Scope: {max(addresses)} addresses, {len(walks)} walks, {requests} requests"
        )


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> None:
    """Empty PostgreSQL's tables with DELETE: TRUNCATE makes files, and waits for disks."""
    if connection.vendor == "postgresql":
        tables = connection.introspection.django_table_names(only_existing=False)
        deletes = "".join(f'DELETE FROM "{table}";' for table in tables)
        flush = f"SET CONSTRAINTS ALL DEFERRED; {deletes}"
        connection.ops.sql_flush = lambda *args, **kwargs: [flush]  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def default_language() -> Iterator[None]:
    """A request leaves its language behind in the thread; no other test gets it."""
    yield
    translation.deactivate()


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
    return make_home()


@pytest.fixture
def tip_index(home: HomePage) -> TipIndexPage:
    """A live library of tips."""
    return make_tip_index(home)


@pytest.fixture
def tip(tip_index: TipIndexPage) -> TipPage:
    """A draft tip in Dutch."""
    return make_tip(tip_index)
