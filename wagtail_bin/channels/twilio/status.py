"""What Twilio reports of a message or a call, and that it is Twilio who does.

Needs the package ``twilio`` only to look at a signature.
"""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Mapping, Sequence
from typing import Any

from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.channels.options import require

SOURCE = "twilio"
REFERENCE_PARAMETER = "delivery"

_MESSAGE_KINDS = {
    "accepted": EventKind.ACCEPTED,
    "scheduled": EventKind.ACCEPTED,
    "queued": EventKind.ACCEPTED,
    "sending": EventKind.ACCEPTED,
    "sent": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "read": EventKind.DELIVERED,
    "undelivered": EventKind.SOFT_BOUNCE,
    "failed": EventKind.REJECTED,
    "canceled": EventKind.REJECTED,
}
_CALL_KINDS = {
    "queued": EventKind.ACCEPTED,
    "initiated": EventKind.ACCEPTED,
    "ringing": EventKind.ACCEPTED,
    "in-progress": EventKind.ACCEPTED,
    "completed": EventKind.DELIVERED,
    "busy": EventKind.SOFT_BOUNCE,
    "no-answer": EventKind.SOFT_BOUNCE,
    "failed": EventKind.SOFT_BOUNCE,
    "canceled": EventKind.REJECTED,
}
_FAILURES = {"undelivered", "failed"}
# Error codes that say that a number does not exist or takes no SMS.
_HARD_CODES = {"21211", "21214", "21217", "21614", "30005", "30006"}
# Blocked for its content or its sender: no fault of the number.
_REJECTED_CODES = {"30001", "30002", "30004", "30007", "30034"}
_STOPPED = "21610"
# SIP replies of a call that cannot get through (RFC 3261): no such number.
_HARD_SIP = {"404", "410", "484", "604"}


def validate_signature(
    url: str,
    params: Mapping[str, Any],
    signature: str,
    auth_token: str | Sequence[str],
) -> bool:
    """Whether a request is signed with an auth token of ours.

    Args:
        url: in full, as Twilio called it: scheme, host and query included.
        params: POST parameters (a ``QueryDict`` will do), without the query's.
        signature: header ``X-Twilio-Signature``; may be empty.
        auth_token: the account's token, also where an API key does the sending;
            two while the token is being rotated.

    Raises:
        ImproperlyConfigured: the package ``twilio`` is not installed.
    """
    require("twilio")
    from twilio.request_validator import RequestValidator

    tokens = [auth_token] if isinstance(auth_token, str) else auth_token
    # Every token is tried, so that the time tells nothing.
    valid = [
        RequestValidator(token).validate(url, params, signature)
        for token in tokens
        if token
    ]
    return any(valid)


def parse_status(params: Mapping[str, str]) -> ProviderEvent:
    """What a status callback of a message or a call says.

    Args:
        params: the POST parameters, and the query's ``delivery``. Values are
            taken as they come: look at the signature first.
    """
    if "CallSid" in params:
        return _call_event(params)
    sid = params.get("MessageSid") or params.get("SmsSid", "")
    status = params.get("MessageStatus") or params.get("SmsStatus", "")
    error = params.get("ErrorCode", "")
    kind = _MESSAGE_KINDS.get(status, EventKind.OTHER)
    if status in _FAILURES:
        kind = _failure_kind(error, kind)
    return _event(params, sid, status, kind, code=error or status)


def _call_event(params: Mapping[str, str]) -> ProviderEvent:
    status = params.get("CallStatus", "")
    code = params.get("ErrorCode") or params.get("SipResponseCode", "")
    kind = _CALL_KINDS.get(status, EventKind.OTHER)
    if status == "completed":
        # human, machine_end_beep …; a fax hears no message.
        code = params.get("AnsweredBy", "")
        kind = EventKind.SOFT_BOUNCE if code == "fax" else kind
    elif status == "failed":
        is_hard = params.get("SipResponseCode") in _HARD_SIP
        kind = EventKind.HARD_BOUNCE if is_hard else _failure_kind(code, kind)
    return _event(params, params["CallSid"], status, kind, code=code or status)


def _failure_kind(code: str, otherwise: EventKind) -> EventKind:
    if code in _HARD_CODES:
        return EventKind.HARD_BOUNCE
    if code == _STOPPED:
        return EventKind.UNSUBSCRIBED
    return EventKind.REJECTED if code in _REJECTED_CODES else otherwise


def _event(
    params: Mapping[str, str], sid: str, status: str, kind: EventKind, *, code: str
) -> ProviderEvent:
    return ProviderEvent(
        source=SOURCE,
        # A message or call goes through each status once.
        event_id=f"{sid}:{status}",
        kind=kind,
        reference=params.get(REFERENCE_PARAMETER, ""),
        provider_id=sid,
        code=code,
        at=_time(params.get("Timestamp", "")),
        is_permanent=kind is EventKind.HARD_BOUNCE,
    )


def _time(timestamp: str) -> dt.datetime | None:
    """The moment of a call's report (RFC 2822); messages do not carry one."""
    try:
        at = email.utils.parsedate_to_datetime(timestamp)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
