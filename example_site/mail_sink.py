"""An SMTP server on loopback that keeps what it is given, for demo and tests.

Messages land in a Maildir. The envelope, which decides who really gets a
message, is kept in two headers of our own in front of the message.

    python -m example_site.mail_sink DIRECTORY PORT [DELAY]
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import os
import socket
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ENVELOPE_FROM = "X-Envelope-From"
ENVELOPE_TO = "X-Envelope-To"


class Sink:
    """Keeps each message in ``directory`` before it answers 250.

    Args:
        directory: a Maildir, made when it is not there.
        delay: seconds to wait before answering, to stand for a distant server.
    """

    def __init__(self, directory: Path, delay: float = 0) -> None:
        self.directory = directory
        self.delay = delay
        self._numbers = itertools.count(1)
        for folder in ("tmp", "new", "cur"):
            (directory / folder).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep one message, as aiosmtpd asks."""
        name = f"{time.time():.6f}.{os.getpid()}.{next(self._numbers)}"
        recipients = ", ".join(envelope.rcpt_tos)
        head = (
            f"{ENVELOPE_FROM}: {envelope.mail_from}\r\n{ENVELOPE_TO}: {recipients}\r\n"
        )
        content: Any = envelope.content
        (self.directory / "tmp" / name).write_bytes(head.encode() + content)
        (self.directory / "tmp" / name).rename(self.directory / "new" / name)
        await asyncio.sleep(self.delay)
        return "250 OK kept"


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(directory: Path, port: int = 0, delay: float = 0) -> Controller:
    """Start a sink in a thread, on a free port unless one is given."""
    controller = Controller(
        Sink(directory, delay),
        hostname="127.0.0.1",
        port=port or free_port(),
        ready_timeout=30,
    )
    controller.start()
    return controller


def port_of(controller: Controller) -> int:
    """The port that a started sink listens on."""
    server: Any = controller.server
    return int(server.sockets[0].getsockname()[1])


def messages(directory: Path) -> list[EmailMessage]:
    """All kept messages, oldest first."""
    found = sorted((directory / "new").glob("*"), key=lambda path: path.name)
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)  # type: ignore[misc]
        for path in found
    ]


async def serve(directory: Path, port: int, delay: float = 0) -> None:
    """Run a sink in this process until it is stopped."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink(directory, delay)), host="127.0.0.1", port=port
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(
            serve(Path(sys.argv[1]), int(sys.argv[2]), float((sys.argv[3:] or [0])[0]))
        )
    except KeyboardInterrupt:
        sys.exit(0)
