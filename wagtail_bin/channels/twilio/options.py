"""``OPTIONS`` of the channels that go through Twilio."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

API_BASE = "https://api.twilio.com"


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class TwilioOptions:
    """Options of both channels.

    Attributes:
        account_sid: of the account or subaccount.
        auth_token: its token; or
        api_key, api_secret: an API key, which can be withdrawn by itself.
        from_: number in E.164 that members see; for SMS also a sender's name.
        messaging_service_sid: for SMS, in place of ``from_``.
        status_callback: absolute URL of our webhook; empty: no receipts.
        region, edge: of Twilio's network, such as ``ie1`` and ``dublin``.
        api_base: in place of Twilio's own address, for tests.
        voices: language to Twilio's language and voice, over the defaults.
        max_seconds: longest voice message, and longest that is said twice in all.
        ring: seconds that a telephone may ring.
    """

    account_sid: str
    auth_token: str = ""
    api_key: str = ""
    api_secret: str = ""
    from_: str = ""
    messaging_service_sid: str = ""
    status_callback: str = ""
    region: str | None = None
    edge: str | None = None
    api_base: str = API_BASE
    voices: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    max_seconds: int = 60
    ring: int = 30

    def __post_init__(self) -> None:
        if not self.auth_token and not (self.api_key and self.api_secret):
            raise ImproperlyConfigured(
                "Twilio needs AUTH_TOKEN, or API_KEY and API_SECRET."
            )
        if self.status_callback and not urlsplit(self.status_callback).netloc:
            raise ImproperlyConfigured("STATUS_CALLBACK must be an absolute URL.")
