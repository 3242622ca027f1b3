"""What a mail server's enhanced status code (RFC 3463) says of an address."""

from __future__ import annotations

import re

# No such mailbox or domain, one that has moved (5.1.6), or takes no mail at all
# (5.1.10, RFC 7505). Others of class 5 are full mailboxes, blocked senders,
# refused contents.
DEAD_ADDRESS = re.compile(r"5\.(1\.(?:[0-6]|10)|2\.1|4\.[14])")
# It tells no more than the reply code beside it.
VAGUE = re.compile(r"5\.[0-5]\.0")
# RFC 2034: where a server gives one, the text of its reply begins with it.
_LEADING = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


def status_of(text: bytes) -> str:
    """The status code that the text of a reply begins with, or empty."""
    found = _LEADING.match(text)
    return found[1].decode() if found else ""


def is_dead_address(status: str) -> bool:
    """Whether a status code says that the address will never do. In doubt it may."""
    return bool(DEAD_ADDRESS.fullmatch(status)) and not VAGUE.fullmatch(status)
