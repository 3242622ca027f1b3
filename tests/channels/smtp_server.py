"""A mail server on loopback that fails on demand, at each stage of a transaction."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from typing import Any

# Instead of a reply:
CLOSE = "close"  # says nothing and closes
RESET = "reset"  # likewise, with a TCP reset
HANG = "hang"  # says nothing and stays
HALF = "half"  # CONTENT only: resets before it has read the whole of it
GARBAGE = "garbage"  # says something that is no reply

EXPECTED = {
    "RSET": "250 OK",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go ahead",
    "CONTENT": "250 OK",
    "EMPTY": "554 nobody to send to",
    "AUTH": "235 OK",
    "QUIT": "221 bye",
}


class Gone(Exception):  # noqa: N818
    """The server has hung up."""


@dataclasses.dataclass
class Mail:
    """One mail that the server has promised to deliver."""

    sender: str
    recipients: list[str]
    content: bytes


class SmtpServer:
    """Speaks SMTP as strictly as RFC 5321 asks: no second MAIL without an end.

    Attributes:
        actions: stage to a reply, or to one of the constants above; the rest
            is answered as expected.
        scripts: actions of the next transactions, one after the other.
        extensions: what EHLO offers.
        is_lenient: says 354 although there is no recipient, as some do.
    """

    def __init__(self) -> None:
        self.actions: dict[str, str] = {}
        self.scripts: list[dict[str, str]] = []
        self.extensions = ["PIPELINING", "8BITMIME"]
        self.is_lenient = False
        self.mails: list[Mail] = []
        self.lines: list[str] = []
        self.connections = 0
        self.ends_seen = 0
        self.released = threading.Event()

    @contextlib.contextmanager
    def running(self, context: ssl.SSLContext | None = None) -> Iterator[int]:
        """Serve in threads, over TLS with a context; gives the port."""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                with contextlib.suppress(Gone, OSError):
                    _Conversation(outer, self).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        with Server(("127.0.0.1", 0), Handler) as server:
            if context:
                server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                self.released.set()
                server.shutdown()
                thread.join()


class _Conversation:
    def __init__(self, server: SmtpServer, handler: Any) -> None:
        self.server = server
        self.files = handler
        self.sender: str | None = None
        self.recipients: list[str] = []
        server.connections += 1

    def run(self) -> None:
        self.say("220 ready")
        while line := self.files.rfile.readline():
            text = line.decode(errors="replace").rstrip("\r\n")
            self.server.lines.append(text)
            verb = text[:4].upper()
            getattr(self, f"do_{verb.lower()}", self.unknown)(text)

    def say(self, *lines: str) -> None:
        self.files.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def act(self, stage: str) -> bool:
        """Answer a stage; whether the answer was the expected one."""
        action = self.server.actions.get(stage, EXPECTED[stage])
        if action in {CLOSE, RESET}:
            self.hang_up(reset=action == RESET)
        if action == HANG:
            self.server.released.wait(10)
            raise Gone
        self.say("\x00\x01 not a reply" if action == GARBAGE else action)
        if action.startswith("421"):
            self.hang_up(reset=False)
        return action[:1] == EXPECTED[stage][:1]

    def hang_up(self, *, reset: bool) -> None:
        if reset:
            # RFC 9293: without lingering, closing is a reset.
            self.files.request.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self.files.request.close()
        raise Gone

    def unknown(self, text: str) -> None:
        self.say("502 what?")

    def do_ehlo(self, text: str) -> None:
        names = ["server.example", *self.server.extensions]
        self.say(*[f"250-{name}" for name in names[:-1]], f"250 {names[-1]}")

    def do_auth(self, text: str) -> None:
        self.act("AUTH")

    def do_quit(self, text: str) -> None:
        self.act("QUIT")
        self.hang_up(reset=False)

    def do_rset(self, text: str) -> None:
        self.forget()
        self.act("RSET")

    def forget(self) -> None:
        self.sender, self.recipients = None, []

    def do_mail(self, text: str) -> None:
        if self.sender is not None:
            self.say("503 nested MAIL")
            return
        if self.server.scripts:
            self.server.actions = self.server.scripts.pop(0)
        if self.act("MAIL"):
            self.sender = text[len("MAIL FROM:") :]

    def do_rcpt(self, text: str) -> None:
        if self.sender is None:
            self.say("503 MAIL first")
        elif self.act("RCPT"):
            self.recipients.append(text[len("RCPT TO:") :])

    def do_data(self, text: str) -> None:
        if not self.recipients and not self.server.is_lenient:
            self.say("503 RCPT first")
        elif self.act("DATA"):
            self.read_content()

    def read_content(self) -> None:
        if self.server.actions.get("CONTENT") == HALF:
            self.files.rfile.readline()
            self.hang_up(reset=True)
        content = []
        while (line := self.files.rfile.readline()) != b".\r\n":
            if not line:
                raise Gone
            content.append(line.removeprefix(b"."))
        self.server.ends_seen += 1
        sender, recipients = self.sender or "", self.recipients
        self.forget()
        action = self.server.actions.get("CONTENT", EXPECTED["CONTENT"])
        # What a server that says nothing more has done with it, nobody knows.
        if recipients and action in {EXPECTED["CONTENT"], CLOSE, RESET, HANG, GARBAGE}:
            self.server.mails.append(Mail(sender, recipients, b"".join(content)))
        if not recipients:
            self.act("EMPTY")
        else:
            self.act("CONTENT")
