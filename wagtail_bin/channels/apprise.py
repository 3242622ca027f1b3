"""Whatever Apprise reaches (extra ``apprise``): SMS gateways, social networks.

Apprise says of a message that it went well or that it did not, and no more: no
id, no reply code, no word on whether a connection was made. So everything that
did not go well is unknown, and there are no receipts afterwards.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from wagtail_bin.channels.base import (
    Channel,
    Outcome,
    OutgoingMessage,
    Receipt,
)
from wagtail_bin.channels.measure import as_sms
from wagtail_bin.channels.options import read_options, require
from wagtail_bin.channels.phone import PhoneChannel
from wagtail_bin.conf import conf
from wagtail_bin.exceptions import UnsafeMessage

logger = logging.getLogger(__name__)

SOURCE = "apprise"
# Any number will do to see whether a URL can be read.
SAMPLE_NUMBER = "+32470000000"

# Loggers that write addresses, texts and credentials: at debug level all of
# them, Apprise's own also in its warnings.
TALKATIVE = (
    "apprise",
    "urllib3.connectionpool",
    "urllib3.util.retry",
    "requests_oauthlib.oauth1_auth",
    "oauthlib",
)
_is_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("ours", default=False)


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class AppriseOptions:
    """Options of :class:`AppriseChannel`.

    Attributes:
        url: of Apprise, with ``{to}`` where the number stands.
        max_length: longest text, in characters; None: what Apprise knows of the
            service, for most SMS gateways 160.
        pace: seconds between two messages of one connection; None: what
            Apprise asks for the service, often 5.5.
    """

    url: str
    max_length: int | None = None
    pace: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class SocialOptions:
    """Options of :class:`SocialChannel`.

    Attributes:
        targets: name, which a message is addressed to, to its URL of Apprise.
        max_length: longest text of all targets, in characters; None: what
            Apprise knows of each.
    """

    targets: Mapping[str, str]
    max_length: int | None = None


class AppriseChannel(PhoneChannel):
    """A message to one number through any gateway that Apprise knows.

    Each recipient has a URL of its own, and so a result of its own.
    """

    source = SOURCE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.settings = read_options(AppriseOptions, options)
        if "{to}" not in self.settings.url:
            raise ImproperlyConfigured("URL of an Apprise channel must hold {to}.")
        sample = _service(self._url(SAMPLE_NUMBER), SAMPLE_NUMBER)
        if sample is None:
            raise _unreadable("URL")
        pace = self.settings.pace
        # Despite its name these are seconds between two requests. Apprise keeps
        # to them for one URL, and we have one per recipient.
        self.pace = sample.request_rate_per_sec if pace is None else pace
        self.last_call = float("-inf")

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Send, not too soon after the message before."""
        time.sleep(max(0.0, self.last_call + self.pace - time.monotonic()))
        service = _service(self._url(message.to), message.to)
        receipt = _notify(service, message, self.settings.max_length)
        self.last_call = time.monotonic()
        return receipt

    def _url(self, number: str) -> str:
        return self.settings.url.replace("{to}", quote(number))


class SocialChannel(Channel):
    """A post on a social network, a chat room or a channel: a broadcast.

    ``to`` of a message names one of ``TARGETS``. Nothing is posted a second
    time by itself: a post that may have appeared is unknown.
    """

    source = SOURCE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.settings = read_options(SocialOptions, options)
        for name, url in self.settings.targets.items():
            if _service(url) is None:
                raise _unreadable(f"TARGETS[{name!r}]")

    def guard(self, message: OutgoingMessage) -> None:
        """A target that was configured, besides what every channel asks."""
        if message.to not in self.settings.targets:
            raise UnsafeMessage("target")
        if not message.text.strip():
            raise UnsafeMessage("empty")
        super().guard(message)

    def deliver(self, message: OutgoingMessage) -> Receipt:
        """Post the text; a title would only be put before it."""
        service = _service(self.settings.targets[message.to])
        return _notify(service, message, self.settings.max_length)


def _service(url: str, number: str = "") -> Any:
    """Apprise's service of a URL, or None where it has not the one recipient.

    A new one for each message: used again it may sleep for minutes, until a
    limit that it was told of is over.

    Args:
        url: with credentials.
        number: in E.164, that the service must be about to write to. Several
            services drop a number that they do not like, and then write to the
            sender.
    """
    require("apprise")
    with _quietly():
        from apprise import Apprise, AppriseAsset, OverflowMode

        # In our own thread, with nothing kept on disk; and a redirect gets no
        # credentials.
        asset = AppriseAsset(
            service_timeout=0, storage_mode="memory", http_redirects=False
        )
        service: Any = Apprise.instantiate(url, asset=asset)
    if service is None:
        return None
    # What a URL could ask for, and what would break our word: a second try (it
    # counts as one more recipient too), a failure that is called a success, a
    # text that is cut or split.
    service.retry = 0
    service.optional = False
    service.overflow_mode = OverflowMode.UPSTREAM
    if len(service) != 1 or number.lstrip("+") not in service.url():
        return None
    service.socket_connect_timeout = conf.CONNECT_TIMEOUT
    service.socket_read_timeout = conf.CALL_TIMEOUT
    return service


def _notify(service: Any, message: OutgoingMessage, limit: int | None) -> Receipt:
    """Send one message."""
    from apprise import Apprise, NotifyFormat

    if service is None:
        return Receipt(Outcome.REJECTED, code="recipient", source=SOURCE)
    text = as_sms(message.text).strip()
    if _is_too_long(service, text, limit):
        return Receipt(Outcome.REJECTED, code="too_long", source=SOURCE)
    code = "failed"
    try:
        with _quietly():
            is_sent = bool(
                Apprise(service).notify(body=text, body_format=NotifyFormat.TEXT)
            )
    except Exception as error:  # noqa: BLE001 -- any failure must become a receipt
        is_sent, code = False, type(error).__name__[:40]
    if is_sent:
        return Receipt(
            Outcome.ACCEPTED, provider_id=message.reference, code="sent", source=SOURCE
        )
    logger.warning("Message %s: unknown (%s)", message.reference, code)
    return Receipt(Outcome.UNKNOWN, code=code, source=SOURCE)


def _is_too_long(service: Any, text: str, limit: int | None) -> bool:
    """Whether a service could cut a text. Apprise itself drops lines too many."""
    lines = service.body_max_line_count
    return len(text) > (limit or service.body_maxlen) or 0 < lines <= text.count("\n")


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what libraries log of our messages out of the project's logs."""
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)


def _not_ours(record: logging.LogRecord) -> bool:
    return not _is_ours.get()


def _unreadable(option: str) -> ImproperlyConfigured:
    """The URL itself is not shown: it holds credentials."""
    return ImproperlyConfigured(
        f"{option} of an Apprise channel must be a URL that Apprise knows, with one "
        "recipient."
    )


for _name in TALKATIVE:
    logging.getLogger(_name).addFilter(_not_ours)
