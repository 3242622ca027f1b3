"""Fast servers on loopback that count what they take: SMTP, and Mailgun's API.

    python -m benchmarks.sinks smtp PORT [DELAY]
    python -m benchmarks.sinks mailgun PORT [DELAY]

``DELAY`` is in seconds: before each answer of SMTP, or each of the API. The
server prints ``ready`` when it listens and, when its standard input is closed,
the number of messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

taken = 0


class SmtpSink(asyncio.Protocol):
    """As much of RFC 5321 and RFC 2920 as a client needs."""

    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""
        self.is_data = False
        self.answers: list[bytes] = []
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Take commands or a message, and answer what is complete."""
        global taken
        self.buffer += data
        while True:
            if self.is_data:
                message, found, rest = self.buffer.partition(b"\r\n.\r\n")
                if not found:
                    break
                self.buffer, self.is_data = rest, False
                taken += 1
                self.answers.append(b"250 taken\r\n")
                continue
            line, found, rest = self.buffer.partition(b"\r\n")
            if not found:
                break
            self.buffer = rest
            self.answers.append(self.answer(line[:4].upper()))
        if self.answers:
            reply, self.answers = b"".join(self.answers), []
            asyncio.get_running_loop().call_later(self.delay, self.write, reply)

    def write(self, reply: bytes) -> None:
        """Answer, if the client is still there."""
        if not self.transport.is_closing():
            self.transport.write(reply)

    def answer(self, command: bytes) -> bytes:
        """The reply to one command."""
        if command == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if command == b"DATA":
            self.is_data = True
            return b"354 go ahead\r\n"
        return b"221 bye\r\n" if command == b"QUIT" else b"250 OK\r\n"


class MailgunSink(asyncio.Protocol):
    """Takes what is posted to ``/messages``; each ``to`` is a recipient."""

    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        global taken
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        if len(body) < (lengths or [0])[0]:
            return
        self.buffer = b""
        taken += body.count(b'name="to"') or body.count(b"&to=") + body.startswith(
            b"to="
        )
        asyncio.get_running_loop().call_later(self.delay, self.reply)

    def reply(self) -> None:
        """What Mailgun says of messages that it has queued."""
        answer = b'{"id": "<sink@example.org>", "message": "Queued. Thank you."}'
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer)
        )


KINDS = {"smtp": SmtpSink, "mailgun": MailgunSink}


async def serve(kind: str, port: int, delay: float) -> None:
    """Serve until standard input is closed."""
    KINDS[kind].delay = delay  # type: ignore[attr-defined]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(KINDS[kind], "127.0.0.1", port)
    async with server:
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.buffer.read)
    print(taken, flush=True)


class Sink:
    """A running sink, in a process of its own.

    Attributes:
        port: where it listens.
        messages: how many it took; known once it is closed.
    """

    def __init__(self, kind: str, delay: float) -> None:
        from example_site.mail_sink import free_port

        self.port = free_port()
        self.messages = 0
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.sinks",
                kind,
                str(self.port),
                str(delay),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self._process.stdout.readline()

    def close(self) -> None:
        """Stop it, and count."""
        output, _errors = self._process.communicate("", timeout=10)
        self.messages = int(output)


@contextlib.contextmanager
def running(kind: str, delay: float = 0) -> Iterator[Sink]:
    """A sink of a kind: ``smtp`` or ``mailgun``."""
    sink = Sink(kind, delay)
    try:
        yield sink
    finally:
        sink.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), float((sys.argv[3:] or ["0"])[0])))
