"""Which bounce says that an address does not exist, and which does not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from wagtail_bin.channels.events import EventKind
from wagtail_bin.channels.tracking import events_of


def told(event_type: str = EventType.BOUNCED, **values: Any) -> list[EventKind]:
    event = AnymailTrackingEvent(event_type=event_type, **values)
    return [event.kind for event in events_of(event, "Postmark")]


@pytest.mark.parametrize(
    ("reply", "is_hard"),
    [
        ("smtp;550 5.1.1 The email account that you tried to reach is gone", True),
        ("550-5.1.1 No such user", True),
        ("5.1.2 Bad destination host", True),
        ("556 5.1.10 Recipient address has a null MX", True),
        ("550 5.2.1 The mailbox is disabled", True),
        ("550 5.4.1 Recipient address rejected: Access denied", True),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", True),
        ("550 No such recipient here", True),
        ("552 5.2.2 Mailbox full", False),
        ("552 Mailbox full", False),
        ("550 5.1.8 Bad sender's system address", False),
        ("550 5.7.1 Blocked by our list", False),
        ("550 5.7.515 Access denied, the sending domain lacks DMARC", False),
        ("554 5.6.0 Message contents", False),
        ("554 Transaction failed", False),
        ("452 4.2.2 Out of storage", False),
        ("421 4.7.0 Try again later", False),
        ("connection to 5.1.1.1 timed out", False),
        ("host mx.example[192.0.2.1] said: 550 No such user (in reply)", True),
        ("server is down since 550 ms", False),
        ("", False),
        (None, False),
    ],
)
def test_d09_the_receiving_servers_reply_decides(
    reply: str | None,
    is_hard: bool,
) -> None:
    expected = EventKind.HARD_BOUNCE if is_hard else EventKind.SOFT_BOUNCE
    assert told(mta_response=reply) == [expected]
    assert told(mta_response=reply, reject_reason=RejectReason.BOUNCED) == [expected]


@pytest.mark.parametrize(
    ("said", "is_hard"),
    [
        ({"Type": "HardBounce"}, True),
        ({"Type": "SoftBounce"}, False),
        ({"event": "hard_bounce"}, True),
        ({"event": "invalid_email"}, True),
        ({"event": "bounce", "hard_bounce": False}, False),
        ({"event": "bounce", "type": "blocked"}, False),
        ({"type": "activity.hard_bounced"}, True),
        ({"data": {"bounce": {"type": "Permanent"}}}, True),
        ({"data": {"bounce": {"type": "Transient"}}}, False),
    ],
)
def test_d09_the_providers_own_word_outranks_the_reply(
    said: dict[str, Any],
    is_hard: bool,
) -> None:
    expected = EventKind.HARD_BOUNCE if is_hard else EventKind.SOFT_BOUNCE
    for reply in ("550 5.1.1 No such user", "452 4.2.2 Full", None):
        assert told(esp_event=said, mta_response=reply) == [expected]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (RejectReason.INVALID, EventKind.HARD_BOUNCE),
        (RejectReason.BLOCKED, EventKind.SOFT_BOUNCE),
        (RejectReason.SPAM, EventKind.SOFT_BOUNCE),
        (RejectReason.TIMED_OUT, EventKind.SOFT_BOUNCE),
        (RejectReason.OTHER, EventKind.HARD_BOUNCE),
        (None, EventKind.HARD_BOUNCE),
    ],
)
def test_d09_what_is_no_fault_of_the_address_is_not_held_against_it(
    reason: str | None, expected: EventKind
) -> None:
    assert told(reject_reason=reason, mta_response="550 5.1.1 No") == [expected]


def test_mailgun_does_not_try_what_bounced_before() -> None:
    said = {"event-data": {"delivery-status": {"code": 605, "message": ""}}}
    assert told(esp_event=said) == [EventKind.HARD_BOUNCE]


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        (EventType.QUEUED, [EventKind.ACCEPTED]),
        (EventType.SENT, [EventKind.ACCEPTED]),
        (EventType.DELIVERED, [EventKind.DELIVERED]),
        (EventType.DEFERRED, [EventKind.DEFERRED]),
        (EventType.REJECTED, [EventKind.REJECTED]),
        (EventType.FAILED, [EventKind.REJECTED]),
        (EventType.COMPLAINED, [EventKind.COMPLAINT]),
        (EventType.UNSUBSCRIBED, [EventKind.UNSUBSCRIBED]),
        (EventType.OPENED, []),
        (EventType.CLICKED, []),
        (EventType.AUTORESPONDED, []),
        (EventType.SUBSCRIBED, []),
        (EventType.UNKNOWN, []),
        ("something new", []),
    ],
)
def test_p12_each_type_of_event_is_one_of_ours_or_none_of_our_business(
    event_type: str, expected: list[EventKind]
) -> None:
    assert told(event_type) == expected


def test_every_type_of_anymails_is_known() -> None:
    types = {v for k, v in vars(EventType).items() if k.isupper()}
    for event_type in types:
        told(event_type)


@pytest.mark.parametrize("reason", [RejectReason.SPAM, RejectReason.UNSUBSCRIBED])
def test_what_is_refused_because_it_is_unwanted_is_not_wanted(reason: str) -> None:
    kinds = told(EventType.REJECTED, reject_reason=reason)
    assert kinds == [EventKind.REJECTED, EventKind.UNSUBSCRIBED]


@pytest.mark.parametrize(
    ("values", "is_permanent"),
    [
        ({"reject_reason": RejectReason.INVALID}, True),
        ({"reject_reason": RejectReason.BOUNCED}, True),
        ({"reject_reason": RejectReason.BLOCKED}, False),
        ({"mta_response": "550 5.1.1 No such user"}, True),
        ({}, False),
    ],
)
def test_a_refusal_is_for_good_where_the_address_is_the_reason(
    values: dict[str, Any],
    is_permanent: bool,
) -> None:
    for event_type in (EventType.REJECTED, EventType.FAILED):
        event = AnymailTrackingEvent(event_type=event_type, **values)
        assert events_of(event, "x")[0].is_permanent == is_permanent


def test_p13_only_codes_are_taken_from_what_is_said() -> None:
    address = "zoe@example.org"
    event = AnymailTrackingEvent(
        event_type=EventType.BOUNCED,
        recipient=address,
        mta_response=f"550 5.1.1 <{address}> unknown",
        description=f"{address} is unknown",
        reject_reason=RejectReason.BOUNCED,
        esp_event={"Email": address},
        metadata={"delivery": "1.1.x", "other": address},
        timestamp=dt.datetime(2026, 11, 24, 12),  # noqa: DTZ001 -- some providers'
        event_id=7,
        message_id="pm-1",
    )
    (found,) = events_of(event, "Amazon SES")
    assert address not in repr(found)
    assert found.source == "amazon ses"
    assert (found.code, found.event_id, found.reference) == ("5.1.1", "7", "1.1.x")
    assert found.at == dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("metadata", [None, [], "text", {}, {"delivery": None}])
def test_metadata_of_any_shape_is_survived(metadata: Any) -> None:
    event = AnymailTrackingEvent(event_type=EventType.SENT, metadata=metadata)
    assert events_of(event, "x")[0].kind is EventKind.ACCEPTED
