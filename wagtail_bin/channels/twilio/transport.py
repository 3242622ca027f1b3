"""Requests to Twilio: where they go, how long they take, what comes with them."""

from __future__ import annotations

import email.utils
import re
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from wagtail_bin.channels.twilio.options import API_BASE
from wagtail_bin.channels.twilio.status import REFERENCE_PARAMETER
from wagtail_bin.conf import conf


class Transport:
    """The SDK's HTTP client, with our address, time-outs and no second try.

    The SDK asks no more of it than ``request``. What it cannot tell, because
    its errors leave the headers out, is kept in ``retry_after``.
    """

    is_async = False

    def __init__(self, base: str) -> None:
        from twilio.http.http_client import TwilioHttpClient

        self.base = base.rstrip("/")
        self.http = TwilioHttpClient(max_retries=0)
        # Handed on to requests, which takes a pair: to connect, and to read.
        self.http.timeout = (conf.CONNECT_TIMEOUT, conf.CALL_TIMEOUT)
        self.retry_after = 0.0

    def request(self, method: str, url: str, **parameters: Any) -> Any:
        """Make one request, and remember how long it asks us to wait."""
        if self.base != API_BASE:
            url = self.base + urlsplit(url).path
        response = self.http.request(method, url, **parameters)
        self.retry_after = seconds_of(response.headers.get("Retry-After", ""))
        return response

    def close(self) -> None:
        """Close the connections that were kept."""
        self.http.session.close()


def with_reference(url: str, reference: str) -> str:
    """A URL with our reference, so that a report finds its delivery.

    It stays in the URL that Twilio signs, so it cannot be changed on the way.
    """
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), (REFERENCE_PARAMETER, reference)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def seconds_of(retry_after: str) -> float:
    """Seconds of a Retry-After header (RFC 9110 §10.2.3): a number or a date."""
    if re.fullmatch(r"\d{1,9}", retry_after, re.ASCII):
        return float(retry_after)
    try:
        at = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, at.timestamp() - time.time())
