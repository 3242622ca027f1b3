"""A mail server on loopback that notes what it truly accepts, and can do harm."""

from __future__ import annotations

import contextlib
import dataclasses
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from typing import Any

# Where in a mail's life something can be done.
HALF = "half"  # half of it has been read
ACCEPTED = "accepted"  # it is kept, and the reply is not sent yet


@dataclasses.dataclass(frozen=True)
class Mail:
    """A mail that the server answers for."""

    to: str
    message_id: str
    at: float


class Provider:
    """Takes all mails, one recipient each.

    Attributes:
        act: is called at each stage of each mail with the stage and the number
            of the mail (from 1); if it returns true the server hangs up.
        delay: seconds before a mail is answered.
    """

    def __init__(self) -> None:
        self.act: Callable[[str, int], Any] = lambda stage, number: False
        self.delay = 0.0
        self.mails: list[Mail] = []
        self.port = 0
        self._lock = threading.Lock()
        self._begun = 0

    @property
    def copies(self) -> Counter[str]:
        """Address to number of mails."""
        return Counter(mail.to for mail in self.mails)

    @contextlib.contextmanager
    def running(self) -> Iterator[Provider]:
        """Serve, a thread for each connection."""
        provider = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    provider.converse(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        with Server(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def converse(self, client: Any) -> None:
        """Speak SMTP (RFC 5321) until the client leaves."""

        def say(line: str) -> None:
            client.wfile.write(f"{line}\r\n".encode())

        recipient = ""
        say("220 provider.example")
        while line := client.rfile.readline().decode():
            verb = line[:4].upper()
            if verb == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
            if verb == "DATA":
                say("354 go ahead")
                if not self._take(client, recipient):
                    return
                say("250 kept")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def _take(self, client: Any, recipient: str) -> bool:
        with self._lock:
            self._begun += 1
            number = self._begun
        lines: list[bytes] = []
        while (line := client.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
            if len(lines) == 10 and self.act(HALF, number):
                return False
        mail = message_from_bytes(b"".join(lines))
        with self._lock:
            self.mails.append(Mail(recipient, mail["Message-ID"], time.time()))
        if self.act(ACCEPTED, number):
            return False
        time.sleep(self.delay)
        return True
