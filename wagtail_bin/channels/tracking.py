"""What anymail's tracking events say, in our words.

An event's text may quote an address; only codes are taken from it. What was
opened or clicked is nobody's business: such events are dropped here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from anymail.signals import EventType, RejectReason

from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.channels.status_codes import VAGUE, is_dead_address

KINDS: dict[str, EventKind] = {
    EventType.QUEUED: EventKind.ACCEPTED,
    EventType.SENT: EventKind.ACCEPTED,
    EventType.DELIVERED: EventKind.DELIVERED,
    EventType.DEFERRED: EventKind.DEFERRED,
    EventType.REJECTED: EventKind.REJECTED,
    EventType.FAILED: EventKind.REJECTED,
    EventType.COMPLAINED: EventKind.COMPLAINT,
    EventType.UNSUBSCRIBED: EventKind.UNSUBSCRIBED,
}
# The provider refuses because the person told it so before.
UNWANTED = {RejectReason.SPAM, RejectReason.UNSUBSCRIBED}
# The receiver minds the sender or the content, or was not there: the address
# may well be right.
NO_FAULT_OF_THE_ADDRESS = {
    RejectReason.BLOCKED,
    RejectReason.SPAM,
    RejectReason.TIMED_OUT,
    RejectReason.UNSUBSCRIBED,
}

# Where a provider's report says more than anymail takes from it: at its top,
# and in those of Resend and Mailgun.
PLACES = ((), ("data", "bounce"), ("event-data", "delivery-status"))
WORD_KEYS = ("Type", "event", "type", "status")
# A provider's own word for a bounce, such as HardBounce, soft_bounce,
# activity.hard_bounced, Permanent: General, invalid_email.
HARD_WORD = re.compile(r"(activity\.)?(hard|permanent|invalid)", re.IGNORECASE)
SOFT_WORD = re.compile(r"(activity\.)?(soft|transient|blocked)", re.IGNORECASE)
# RFC 3463, not the parts of an IP address; RFC 5321, where a reply begins.
STATUS_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
REPLY_CODE = re.compile(r"(?:^|smtp;|said:)\s*([2456]\d\d)(?!\.?\d)", re.MULTILINE)
# 605 is Mailgun's: it bounced before.
HARD_REPLIES = {"521", "550", "551", "553", "556", "605"}


def events_of(event: Any, esp_name: str) -> list[ProviderEvent]:
    """An anymail tracking event as ours; nothing where it is none of our business.

    Args:
        event: ``anymail.signals.AnymailTrackingEvent``.
        esp_name: anymail's name of the provider.
    """
    kinds = list(_kinds(event))
    is_permanent = EventKind.HARD_BOUNCE in kinds or (
        EventKind.REJECTED in kinds and _is_hard(event)
    )
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    return [
        ProviderEvent(
            source=esp_name.lower(),
            event_id=str(event.event_id or ""),
            kind=kind,
            reference=str(metadata.get("delivery", "")),
            provider_id=str(event.message_id or ""),
            code=_code(event),
            at=_aware(event.timestamp),
            is_permanent=is_permanent,
        )
        for kind in kinds
    ]


def _kinds(event: Any) -> Iterator[EventKind]:
    if event.event_type == EventType.BOUNCED:
        yield EventKind.HARD_BOUNCE if _is_hard(event) else EventKind.SOFT_BOUNCE
        return
    kind = KINDS.get(event.event_type)
    if kind is not None:
        yield kind
    if kind is EventKind.REJECTED and event.reject_reason in UNWANTED:
        yield EventKind.UNSUBSCRIBED


def _is_hard(event: Any) -> bool:
    """Whether the address will never do. In doubt it may."""
    for word in _words(event):
        if HARD_WORD.match(word):
            return True
        if SOFT_WORD.match(word):
            return False
    if event.reject_reason == RejectReason.INVALID:
        return True
    if event.reject_reason in NO_FAULT_OF_THE_ADDRESS:
        return False
    status, reply = _codes(event)
    if status and not VAGUE.fullmatch(status):
        return is_dead_address(status)
    if reply:
        return reply in HARD_REPLIES
    is_refused = event.event_type != EventType.BOUNCED
    return bool(is_refused and event.reject_reason == RejectReason.BOUNCED)


def _facts(event: Any) -> list[Mapping[str, Any]]:
    """The provider's own report, and those of its parts that say more."""
    facts: list[Mapping[str, Any]] = []
    for path in PLACES:
        found = event.esp_event
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            facts.append(found)
    return facts


def _words(event: Any) -> Iterator[str]:
    """What the provider itself calls the event, wherever it says so."""
    for fact in _facts(event):
        if "hard_bounce" in fact:
            yield "hard" if fact["hard_bounce"] else "soft"
        for key in WORD_KEYS:
            if isinstance(fact.get(key), str):
                yield fact[key]
    # Amazon's is "Permanent: General"; that of others is prose.
    yield str(event.description or "")


def _codes(event: Any) -> tuple[str, str]:
    """Enhanced status code and reply code of the receiving server, or empty."""
    texts = [event.mta_response or ""]
    for fact in _facts(event):
        texts += [fact.get("status", ""), fact.get("code", "")]
    text = "\n".join(map(str, texts))
    status, reply = STATUS_CODE.search(text), REPLY_CODE.search(text)
    return status[1] if status else "", reply[1] if reply else ""


def _code(event: Any) -> str:
    status, reply = _codes(event)
    return status or reply or str(event.reject_reason or event.event_type)


def _aware(timestamp: dt.datetime | None) -> dt.datetime | None:
    if timestamp is None or timestamp.tzinfo:
        return timestamp
    return timestamp.replace(tzinfo=dt.UTC)
