"""An HTTP server on loopback that keeps its calls, and fails on demand."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Instead of an answer:
CLOSE = "close"
RESET = "reset"
HANG = "hang"


@dataclasses.dataclass
class Request:
    """One call as it came over the wire."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Answer:
    """What a provider answers."""

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Sent:
    """What one recipient gets."""

    to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    reference: str | None = None


class EspServer:
    """Keeps all calls, and answers as told.

    Attributes:
        answer: gives an answer, or one of the constants above.
        calls: what came in; a call counts as accepted when it is in here.
    """

    def __init__(self) -> None:
        self.calls: list[Request] = []
        self.answer: Callable[[Request], Answer | str] = lambda request: Answer()
        self.released = threading.Event()
        self.errors: list[BaseException] = []

    @contextlib.contextmanager
    def running(self, context: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serve in threads; gives the address to call."""
        with _Server(("127.0.0.1", 0), _Handler) as server:
            server.double = self
            scheme = "http"
            if context:
                scheme = "https"
                server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"{scheme}://127.0.0.1:{server.server_address[1]}/"
            finally:
                self.released.set()
                server.shutdown()
                thread.join()
        for error in self.errors:
            raise error


class _Server(http.server.ThreadingHTTPServer):
    double: EspServer

    def handle_error(self, *args: Any) -> None:
        """What went wrong is raised where the test ends."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        double = self.server.double
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self.path, dict(self.headers), self.rfile.read(length))
        double.calls.append(request)
        try:
            answer = double.answer(request)
        except Exception as error:
            double.errors.append(error)
            raise
        if isinstance(answer, str):
            self.fail(answer)
        else:
            self.reply(answer)

    def reply(self, answer: Answer) -> None:
        body = answer.body
        if not isinstance(body, str):
            body = json.dumps(body)
        self.send_response(answer.status)
        headers = {"Content-Type": "application/json"} | dict(answer.headers)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def fail(self, kind: str) -> None:
        self.close_connection = True
        if kind == HANG:
            self.server.double.released.wait(10)
        elif kind == RESET:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Not on the screen."""
