"""The people and BINs of most tests of the admin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from wagtail.admin import menu
from wagtail.models import GroupPagePermission, Locale, Page

from tests.factories import MandateFactory, NetworkFactory
from wagtail_bin.models import Network, Role


class Walker(Client):
    """A client that keeps no copy of every template's context: twice as fast."""

    def request(self, **request: Any) -> Any:
        response = self.handler(self._base_environ(**request))
        self.cookies.update(response.cookies)
        return response


@pytest.fixture
def light_admin(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """What makes thousands of requests quick, and answers the same.

    Pages without the menu, which is the same on all of them; sessions without a
    table; no log of what is refused.
    """
    monkeypatch.setattr(menu.admin_menu, "render_component", lambda request: [])
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def heide(db: Any) -> Network:
    """A BIN."""
    Locale.objects.get_or_create(language_code="nl")
    return NetworkFactory(name="BIN Heide", slug="heide")


@pytest.fixture
def elders(heide: Network) -> Network:
    """A BIN of another municipality, in another police zone."""
    return NetworkFactory(name="BIN Elders", slug="elders")


@pytest.fixture
def as_role() -> Callable[..., Client]:
    """A browser of somebody with an office for some BINs, in English."""

    def logged_in(role: str, *networks: Network) -> Client:
        first, *others = networks
        user = MandateFactory(role=role, network=first).user
        for network in others:
            MandateFactory(role=role, network=network, user=user)
        client = Client(headers={"Accept-Language": "en"})
        client.force_login(user)
        client.user = user  # type: ignore[attr-defined]
        return client

    return logged_in


@pytest.fixture
def officer(as_role: Callable[..., Client], heide: Network) -> Client:
    """A prevention officer of the BIN, who sends and sees its members."""
    return as_role(Role.PREVENTION_OFFICER, heide)


@pytest.fixture
def web_editor(as_role: Callable[..., Client], heide: Network) -> Client:
    """A web editor, who sends to the BIN and sees no member."""
    return as_role(Role.WEB_EDITOR, heide)


@pytest.fixture
def coordinator(as_role: Callable[..., Client], heide: Network) -> Client:
    """The coordinator, who sees the members and sends nothing."""
    return as_role(Role.COORDINATOR, heide)


@pytest.fixture
def let_edit() -> Callable[..., None]:
    """Gives a user Wagtail's permissions for the pages below one."""

    def let(user: Any, page: Page, *actions: str) -> None:
        group = Group.objects.create(name=f"editors of {page.pk}, {user.pk}")
        user.groups.add(group)
        for action in actions or ("add", "change", "publish"):
            GroupPagePermission.objects.create(
                group=group, page=page, permission_type=action
            )

    return let
