"""Providers on loopback, for the tests of channels."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from anymail.exceptions import AnymailNotSupportedWarning

from tests.channels.esp_server import ESPS, Esp, EspServer, Request, Sent
from wagtail_bin.channels.providers import Provider as Row
from wagtail_bin.channels.providers import provider_of


@dataclasses.dataclass
class Provider:
    """A provider that Django's mail goes to in this test."""

    esp: Esp
    server: EspServer

    @property
    def row(self) -> Row:
        """What the table says of it."""
        backend = import_module(f"anymail.backends.{self.esp.module}").EmailBackend
        return provider_of(backend)

    @property
    def calls(self) -> list[Request]:
        return self.server.calls

    @property
    def sent(self) -> list[Sent]:
        """What each recipient got, of all calls."""
        return [sent for call in self.calls for sent in self.esp.read(call)]


@pytest.fixture
def provider(request: Any, settings: Any) -> Iterator[Provider]:
    """The provider that the test names by parametrising indirectly."""
    esp = ESPS[request.param]
    server = EspServer()
    server.answer = esp.answer
    settings.EMAIL_BACKEND = f"anymail.backends.{esp.module}.EmailBackend"
    with warnings.catch_warnings(), server.running() as url:
        # SendGrid works, but anymail can no longer try it.
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)
        settings.ANYMAIL = esp.anymail(url)
        yield Provider(esp, server)
