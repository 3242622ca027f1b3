"""The people and BINs of most tests of the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from wagtail.models import Locale

from tests.factories import MandateFactory, NetworkFactory
from wagtail_bin.models import Network, Role


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
