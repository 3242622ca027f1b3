"""The bytes of a mail: what recipients share is encoded once.

Django builds and encodes each mail as a whole. Here a content becomes bytes
with gaps, and a recipient's mail is those bytes with the gaps filled. It reads
the same as Django's: same headers, same text, same HTML.
"""

from __future__ import annotations

import binascii
import functools
import html
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate, getaddresses, make_msgid

import idna
from django.core.mail import EmailMessage

from wagtail_bin.channels.base import Content, OutgoingMessage, Placeholders

# "=_" cannot occur in quoted-printable text (RFC 2045 section 6.7).
BOUNDARY = b"=_wagtail_bin"
UNSUBSCRIBE = "list-unsubscribe"
# Heads kept per content: one per network that is being written to.
HEADS = 64
SENDER = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
# Written per message, or by us.
_OWN_HEADERS = {
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}
_LINE_END = re.compile(r"\r\n|\r|\n")
_SOFT_BREAK = b"=\r\n"


class InvalidSender(ValueError):  # noqa: N818
    """A content's ``from_email`` is not an address that a server would take."""


def wire_address(address: str) -> str:
    """An address as it goes over the wire: its domain in ASCII (RFC 5891).

    Args:
        address: a bare one. A local part with accents stays as it is.

    Raises:
        UnicodeError: not a domain that can exist.
    """
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode()
    return f"{local}@{domain}"


class MailTemplate:
    """A content as bytes, with gaps for what each recipient has of their own.

    Args:
        content: with an address in ``from_email``.

    Attributes:
        sender: the bare address for the envelope.

    Raises:
        InvalidSender: whoever the recipient is.
        UnicodeError: the text cannot be encoded.
    """

    def __init__(self, content: Content) -> None:
        self.content = content
        self._head = functools.lru_cache(maxsize=HEADS)(self._shared_head)
        try:
            [(_, address)] = getaddresses([content.from_email])
            self.sender = wire_address(address)
            self._head("", "", ())
        except ValueError as error:
            raise InvalidSender from error
        if not SENDER.fullmatch(self.sender):
            raise InvalidSender
        parts = [
            _Part(kind, source, content.placeholders, escape)
            for kind, source, escape in (
                ("plain", content.text, str),
                ("html", content.html, html.escape),
            )
            if source
        ]
        self._parts = parts or [_Part("plain", "", content.placeholders, str)]

    def build(self, message: OutgoingMessage, message_id: str) -> bytes:
        """The mail of one recipient: CRLF line ends, no line above 998 bytes.

        Args:
            message: guarded, of this template's content.
            message_id: from :meth:`message_id`.

        Raises:
            UnicodeError, ValueError: text or address that cannot be encoded.
        """
        shared, own = [], [f"To: {wire_address(message.to)}"]
        for name, value in message.headers.items():
            # Folding this header has broken DKIM signatures in the field.
            if name.lower() == UNSUBSCRIBE and value.isascii():
                own.append(f"{name}: {value}")
            else:
                shared.append((name, value))
        own += [f"Date: {formatdate()}", f"Message-ID: {message_id}"]
        head = self._head(message.subject, message.reply_to, tuple(shared))
        pieces = [head, "\r\n".join(own).encode(), b"\r\n"]
        self._append_parts(pieces, message.values)
        return b"".join(pieces)

    def message_id(self, message: OutgoingMessage) -> str:
        """The message's id with its domain in ASCII, or a fresh one."""
        if message.message_id:
            return f"<{wire_address(message.message_id.strip('<>'))}>"
        return make_msgid(domain=self.sender.rpartition("@")[2])

    def _append_parts(self, pieces: list[bytes], values: Mapping[str, str]) -> None:
        if len(self._parts) == 1:
            self._parts[0].append_to(pieces, values)
        else:
            pieces.append(
                b'Content-Type: multipart/alternative; boundary="%b"\r\n' % BOUNDARY
            )
            for part in self._parts:
                pieces.append(b"\r\n--%b\r\n" % BOUNDARY)
                part.append_to(pieces, values)
            pieces.append(b"\r\n--%b--" % BOUNDARY)
        pieces.append(b"\r\n")

    def _shared_head(
        self, subject: str, reply_to: str, headers: tuple[tuple[str, str], ...]
    ) -> bytes:
        """The headers that many recipients share, as Django encodes and folds them."""
        mail = EmailMessage(
            subject=subject,
            from_email=self.content.from_email,
            reply_to=[reply_to] if reply_to else None,
            # Given, so that Django does not look up the host's name for its own.
            headers={"Date": "-", "Message-ID": "-", **dict(headers)},
        ).message()
        policy = mail.policy.clone(linesep="\r\n")
        lines = [
            policy.fold_binary(name, value)
            for name, value in mail.raw_items()
            if name.lower() not in _OWN_HEADERS
        ]
        return b"".join([*lines, b"MIME-Version: 1.0\r\n"])


class _Part:
    """One body: encoded pieces, and between them the gaps for values.

    A soft line break on both sides of a gap makes what stands around it
    independent of the value, and so encodable beforehand.
    """

    def __init__(
        self,
        kind: str,
        source: str,
        placeholders: Placeholders,
        escape: Callable[[str], str],
    ) -> None:
        pieces = placeholders.split(source)
        self._head = (
            f'Content-Type: text/{kind}; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        *before, last = pieces[::2]
        self._before = [_before_break(piece) for piece in before]
        self._last = _quoted(last)
        self._names = pieces[1::2]
        self._unfilled = placeholders
        self._escape = escape

    def append_to(self, pieces: list[bytes], values: Mapping[str, str]) -> None:
        """Append the part, with its head, filled with a recipient's values."""
        pieces.append(self._head)
        for piece, name in zip(self._before, self._names, strict=True):
            value = values.get(name)
            text = self._unfilled[name] if value is None else self._escape(value)
            pieces += (piece, _before_break(text))
        pieces.append(self._last)


def _quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045): lines of at most 76 bytes, ASCII only."""
    lines = _LINE_END.sub("\r\n", text).encode()
    # Without a line end in the text, b2a_qp breaks lines with a bare LF.
    return binascii.b2a_qp(lines, istext=True).replace(b"=\n", _SOFT_BREAK)


def _before_break(text: str) -> bytes:
    """Quoted-printable that something else follows, after a soft line break."""
    # A character that stands for what follows keeps room for the break, and
    # keeps a blank at the end from being encoded as one that ends a line.
    return _quoted(text + "-")[:-1] + _SOFT_BREAK
