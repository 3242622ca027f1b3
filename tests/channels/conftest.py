"""Providers on loopback, for the tests of channels."""

from __future__ import annotations

import dataclasses
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from anymail.exceptions import AnymailNotSupportedWarning

from tests.channels.esp_server import EspServer, Request, Sent
from tests.channels.esps import ESPS, Esp
from wagtail_bin.channels.providers import Provider as Row
from wagtail_bin.channels.providers import provider_of


@pytest.fixture(scope="session")
def certificate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody trusts unasked; its key lies beside."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test"]
        + ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", path.with_suffix(".key"), "-out", path],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return path


@pytest.fixture
def certificate(certificate_file: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, certificate_file.with_suffix(".key"))
    return context


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
