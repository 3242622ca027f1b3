"""One mail at a time over an open SMTP connection, knowing how far it got.

smtplib's ``sendmail`` raises one exception for "closed before the mail" and for
"closed after it". The first is certainly not sent, the second may be. Here each
step is known. Where the server allows it (RFC 2920) the commands before a mail
travel together, and with the end of the mail before it: a mail costs one round
trip.
"""

from __future__ import annotations

import contextlib
import enum
import smtplib
import socket
import time
from typing import NamedTuple

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.channels.status_codes import is_dead_address, status_of

SOURCE = "smtp"
GO_AHEAD = 354
SERVICE_CLOSES = 421
# RFC 4954: we must log in, or our login is not (or no longer) good enough.
LOGIN_CODES = {530, 534, 535, 538}
# RFC 5321 section 4.5.3.1.10: for a recipient it may mean "too many", not "never".
TOO_MUCH = 552
# The last bytes of a mail, written in one go: only once they are under way may
# the server have the end of it.
LAST_WRITE = 16 * 1024
# Seconds by which a step may outlast its call: setting a time-out has a cost.
TOLERANCE = 0.5


class Reply(NamedTuple):
    """A server's answer (RFC 5321 section 4.2); code -1: not understood."""

    code: int
    text: bytes

    @property
    def is_positive(self) -> bool:
        """Done as asked."""
        return 200 <= self.code < 300

    @property
    def is_negative(self) -> bool:
        """Refused, for now or for good."""
        return 400 <= self.code < 600

    @property
    def leaves_open(self) -> bool:
        """Understood, and the server listens on."""
        return (self.is_positive or self.is_negative) and self.code != SERVICE_CLOSES


class Stage(enum.Enum):
    """What a reply answers."""

    RESET = enum.auto()
    SENDER = enum.auto()
    RECIPIENT = enum.auto()
    DATA = enum.auto()
    CONTENT = enum.auto()

    def accepts(self, reply: Reply) -> bool:
        """Whether the transaction can go on."""
        if self is Stage.RESET:
            return reply.code != SERVICE_CLOSES
        if self is Stage.DATA:
            return reply.code == GO_AHEAD
        return reply.is_positive


class Mail(NamedTuple):
    """A mail with its envelope.

    Attributes:
        sender: bare address in ASCII, without blanks or control characters.
        recipient: likewise; a local part beyond ASCII needs a server with
            SMTPUTF8 (RFC 6531).
        content: with CRLF line ends, also at its end; dots not doubled.
    """

    sender: str
    recipient: str
    content: bytes

    def envelope(self) -> list[tuple[Stage, bytes]]:
        """The commands before the mail itself."""
        options = "" if self.recipient.isascii() else " SMTPUTF8 BODY=8BITMIME"
        return [
            (Stage.SENDER, f"MAIL FROM:<{self.sender}>{options}\r\n".encode()),
            (Stage.RECIPIENT, f"RCPT TO:<{self.recipient}>\r\n".encode()),
            (Stage.DATA, b"DATA\r\n"),
        ]


class SmtpSession:
    """Transactions over a connection that smtplib opened.

    Args:
        connection: open; its host, TLS and login are its owner's business.
        timeout: seconds for one transaction.

    Raises:
        OSError: the server does not answer (smtplib's errors are such, too).
    """

    def __init__(self, connection: smtplib.SMTP, timeout: float) -> None:
        self._smtp = connection
        self._timeout = timeout
        self._deadline = 0.0
        self._time_limit = 0.0
        self._begun: Mail | None = None
        self._is_end_written = False
        self._is_unfinished = False
        connection.ehlo_or_helo_if_needed()
        self._pipelines = connection.has_extn("pipelining")
        assert connection.sock is not None  # noqa: S101 -- it has answered just now
        # Without it the end of a long mail waits for an ACK (RFC 896).
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_open(self) -> bool:
        """Whether a next transaction can begin."""
        return self._smtp.sock is not None

    def send(self, mail: Mail, following: Mail | None = None) -> Receipt:
        """Send one mail to one recipient.

        Args:
            following: the mail that is sent next, unless :meth:`cancel` is called.

        Returns:
            ``ACCEPTED`` without an id, ``REJECTED``, ``RETRY`` where the end
            of the mail was certainly not written, else ``UNKNOWN``.
        """
        if not self._can_take(mail):
            return Receipt(Outcome.REJECTED, code="smtputf8", source=SOURCE)
        self._deadline = time.monotonic() + self._timeout
        self._is_end_written = False
        try:
            if self._begun is not mail:
                self.cancel()
            return self._begin(mail) or self._finish(mail, following)
        except OSError as error:
            self._smtp.close()
            outcome = Outcome.UNKNOWN if self._is_end_written else Outcome.RETRY
            return Receipt(
                outcome, code=error_kind(error), source=SOURCE, is_channel_wide=True
            )

    def cancel(self) -> None:
        """Do not send what was to follow: only closing tells the server so."""
        if self._begun is not None:
            self._begun = None
            self._smtp.close()

    def _can_take(self, mail: Mail) -> bool:
        return mail.recipient.isascii() or self._smtp.has_extn("smtputf8")

    def _begin(self, mail: Mail) -> Receipt | None:
        """Everything before the mail itself; None: the server waits for it."""
        commands = mail.envelope()
        if self._begun is None:
            if self._is_unfinished:
                commands.insert(0, (Stage.RESET, b"RSET\r\n"))
            if self._pipelines:
                self._write(b"".join(line for _, line in commands))
        self._begun = None
        self._is_unfinished = True
        refused: tuple[Stage, Reply] | None = None
        reply = Reply(-1, b"")
        for stage, line in commands:
            if not self._pipelines:
                self._write(line)
            reply = self._read()
            if refused is None and not stage.accepts(reply):
                refused = stage, reply
            if reply.code == SERVICE_CLOSES or (refused and not self._pipelines):
                break
        if refused is None:
            return None
        self._abandon(*refused, last=reply)
        return _verdict(*refused)

    def _abandon(self, stage: Stage, refusal: Reply, last: Reply) -> None:
        """Leave a refused transaction so that the next can begin, or close."""
        if last.code == SERVICE_CLOSES or not refusal.is_negative:
            self._smtp.close()
        elif last.code == GO_AHEAD and stage is Stage.RECIPIENT:
            # Told to go on although nobody will get it: RFC 2920 section 3.1.
            with contextlib.suppress(OSError):
                self._write(b".\r\n")
                last = self._read()
            if not last.leaves_open:
                self._smtp.close()
        elif last.code == GO_AHEAD:
            # Who would get an empty mail now is anybody's guess.
            self._smtp.close()

    def _finish(self, mail: Mail, following: Mail | None) -> Receipt:
        """The mail itself, and what the server says of it."""
        wire = mail.content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        cut = max(0, len(wire) - LAST_WRITE)
        if cut:
            self._write(wire[:cut])
        last = wire[cut:]
        if following and self._pipelines and self._can_take(following):
            last += b"".join(line for _, line in following.envelope())
            self._begun = following
        self._is_end_written = True
        self._write(last)
        reply = self._read()
        if reply.is_positive:
            self._is_unfinished = False
            return Receipt(Outcome.ACCEPTED, code=str(reply.code), source=SOURCE)
        if not reply.leaves_open:
            self._smtp.close()
        return _verdict(Stage.CONTENT, reply)

    def _write(self, data: bytes) -> None:
        self._limit_time()
        self._smtp.send(data)

    def _read(self) -> Reply:
        self._limit_time()
        return Reply(*self._smtp.getreply())

    def _limit_time(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0 or self._smtp.sock is None:
            raise TimeoutError
        if not left <= self._time_limit <= left + TOLERANCE:
            self._smtp.sock.settimeout(left)
            self._time_limit = left


def _verdict(stage: Stage, reply: Reply) -> Receipt:
    """What a refusal means for the recipient (RFC 5321: 4yz transient, 5yz permanent)."""
    code = str(reply.code) if reply.is_negative else "unreadable"
    is_channel_wide = (
        not reply.is_negative
        or stage in {Stage.RESET, Stage.SENDER}
        or reply.code in LOGIN_CODES | {SERVICE_CLOSES}
        # A relay that does not know us says so per recipient.
        or (stage is Stage.RECIPIENT and b"relay" in reply.text.lower())
    )
    is_transient = reply.code < 500 or (
        stage is Stage.RECIPIENT and reply.code == TOO_MUCH
    )
    if stage is Stage.CONTENT and not reply.is_negative:
        outcome = Outcome.UNKNOWN
    elif is_channel_wide or is_transient:
        outcome = Outcome.RETRY
    else:
        outcome = Outcome.REJECTED
    return Receipt(
        outcome,
        code=code,
        source=SOURCE,
        is_channel_wide=is_channel_wide,
        # A reply code alone does not tell an address from us: hosts answer 550
        # to whoever sends more than they allow.
        is_permanent=outcome is Outcome.REJECTED
        and is_dead_address(status_of(reply.text)),
    )


def error_kind(error: BaseException) -> str:
    """The kind of a failure, without its text, which may hold an address.

    smtplib hides what happened to a connection behind an error of its own.
    """
    is_hidden = isinstance(error, smtplib.SMTPServerDisconnected)
    return type((is_hidden and error.__context__) or error).__name__
