"""A provider's HTTP server on loopback, which does as it is told."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclasses.dataclass
class Request:
    """What a channel sent."""

    method: str
    path: str
    headers: Any
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


@dataclasses.dataclass
class Reply:
    """What it is answered."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class HTTPProvider:
    """Answers each POST with ``reply``.

    Args:
        reply: makes the answer of a request that was taken.

    Attributes:
        requests: every POST that arrived, in order.
        mode: ``reply``, ``silent`` (reads, and says nothing) or ``reset``.
    """

    def __init__(self, reply: Callable[[Request], Reply]) -> None:
        self.reply = reply
        self.mode = "reply"
        self.requests: list[Request] = []
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.01},
            daemon=True,
        )
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many were made."""
        return self._server.connections

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS with whoever connects from now on."""
        self._server.context = context

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Refuse connections from now on, those that are open included."""
        self._over.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up()
            self._server.server_close()

    def wait_until_over(self) -> None:
        """Block a request for as long as the server runs."""
        self._over.wait(30)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined when it is closed
    # A channel that gives up resets its connection: no news.
    handle_error = lambda *_: None  # type: ignore[assignment]  # noqa: E731

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        self.connections = 0
        self.context: ssl.SSLContext | None = None
        super().__init__(*args)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections += 1
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close what is kept alive."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _handler(provider: HTTPProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Say that we are there."""
            self._answer(Reply())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request("POST", self.path, self.headers, body)
            provider.requests.append(request)
            if provider.mode == "silent":
                provider.wait_until_over()
                self.close_connection = True
            elif provider.mode == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True
            else:
                self._answer(provider.reply(request))

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
