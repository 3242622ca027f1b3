"""What an answer of Twilio, an error, or no answer at all says of a message."""

from __future__ import annotations

from ssl import SSLCertVerificationError
from typing import Any

from requests.exceptions import ConnectTimeout, ProxyError
from urllib3.exceptions import NewConnectionError

from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.channels.twilio.status import SOURCE

# Too many at once, for the account or for the sender's queue.
LIMIT_CODES = {20429, 21611}
# The number itself: it does not exist, takes no SMS, lies in a country that is
# closed to us, or has said STOP (21610).
NUMBER_CODES = {
    21211, 21214, 21215, 21216, 21217, 21408, 21608, 21610, 21612, 21614, 21635,
}  # fmt: skip
# Our credentials, account or sender: no fault of the number that is called.
OUR_CODES = {
    20003, 20005, 20008, 20404, 21210, 21212, 21213, 21603, 21606, 21659, 21660,
    21701, 21703, 21704, 21705,
}  # fmt: skip
OUR_STATUSES = {401, 402, 403, 404}


def answer(resource: Any) -> Receipt:
    """What an answer without an error says: only an id counts."""
    status = str(resource.status)
    if not resource.sid:
        return Receipt(Outcome.UNKNOWN, code="no_id", source=SOURCE)
    outcome = Outcome.ACCEPTED
    if status in {"failed", "undelivered", "canceled"}:
        outcome = Outcome.REJECTED
        status = str(getattr(resource, "error_code", None) or status)
    return Receipt(outcome, provider_id=resource.sid, code=status, source=SOURCE)


def failure(error: Exception, retry_after: float) -> Receipt:
    """What an error says; the SDK's own carry the HTTP status and Twilio's code."""
    status = getattr(error, "status", None)
    if status is None:
        return _lost(error)
    number = getattr(error, "code", None) or status
    code = str(number)
    if status == 429 or number in LIMIT_CODES:
        return Receipt(
            Outcome.RETRY,
            code=code,
            source=SOURCE,
            retry_after=retry_after,
            is_channel_wide=True,
        )
    if number in NUMBER_CODES:
        return Receipt(Outcome.REJECTED, code=code, source=SOURCE)
    if status in OUR_STATUSES or number in OUR_CODES:
        return Receipt(Outcome.RETRY, code=code, source=SOURCE, is_channel_wide=True)
    outcome = Outcome.REJECTED if 400 <= status < 500 else Outcome.UNKNOWN
    return Receipt(outcome, code=code, source=SOURCE)


def _lost(error: Exception) -> Receipt:
    """What it means that no answer came, or one that cannot be read.

    Only where no connection was made is it certain that nothing was sent.
    """
    if isinstance(error, ConnectTimeout | ProxyError):
        return unsent(kind_of(error))
    # requests wraps urllib3's error, which for TLS wraps that of Python.
    reason = getattr(next(iter(error.args), None), "reason", None)
    causes = (reason, *getattr(reason, "args", ()))
    if any(
        isinstance(c, NewConnectionError | SSLCertVerificationError) for c in causes
    ):
        return unsent(kind_of(error))
    return Receipt(Outcome.UNKNOWN, code=kind_of(error), source=SOURCE)


def unsent(code: str) -> Receipt:
    """A receipt for what never left: no connection could be made."""
    return Receipt(Outcome.RETRY, code=code, source="connect", is_channel_wide=True)


def kind_of(error: BaseException) -> str:
    """The class of an error; its text may hold a number."""
    return type(error).__name__[:40]
