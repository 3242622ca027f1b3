"""What Twilio reports afterwards, and that only Twilio can."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.http import QueryDict
from twilio.request_validator import RequestValidator

from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.channels.twilio import parse_status, validate_signature

URL = "https://bin.example/hooks/twilio/?delivery=7.1.x"
NUMBER = "+32473865387"


def sms(status: str, error: str = "") -> dict[str, str]:
    params = {
        "MessageSid": "SM1",
        "SmsSid": "SM1",
        "MessageStatus": status,
        "SmsStatus": status,
        "To": NUMBER,
        "From": "+3214446220",
        "AccountSid": "AC1",
        "delivery": "7.1.x",
    }
    return params | ({"ErrorCode": error} if error else {})


def call(status: str, **more: str) -> dict[str, str]:
    params = {
        "CallSid": "CA1",
        "CallStatus": status,
        "To": NUMBER,
        "Timestamp": "Thu, 06 Aug 2026 14:03:02 +0000",
        "delivery": "7.1.x",
    }
    return params | more


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        ("accepted", "", EventKind.ACCEPTED, "accepted"),
        ("queued", "", EventKind.ACCEPTED, "queued"),
        ("sending", "", EventKind.ACCEPTED, "sending"),
        ("sent", "", EventKind.ACCEPTED, "sent"),
        ("delivered", "", EventKind.DELIVERED, "delivered"),
        ("read", "", EventKind.DELIVERED, "read"),
        ("undelivered", "30003", EventKind.SOFT_BOUNCE, "30003"),
        ("undelivered", "30005", EventKind.HARD_BOUNCE, "30005"),
        ("undelivered", "30006", EventKind.HARD_BOUNCE, "30006"),
        ("undelivered", "30007", EventKind.REJECTED, "30007"),
        ("undelivered", "21610", EventKind.UNSUBSCRIBED, "21610"),
        ("failed", "21610", EventKind.UNSUBSCRIBED, "21610"),
        ("failed", "21614", EventKind.HARD_BOUNCE, "21614"),
        ("failed", "30002", EventKind.REJECTED, "30002"),
        ("failed", "", EventKind.REJECTED, "failed"),
        ("canceled", "", EventKind.REJECTED, "canceled"),
        ("delivered", "30005", EventKind.DELIVERED, "30005"),
        ("invented", "", EventKind.OTHER, "invented"),
    ],
)
def test_the_status_of_a_message(
    status: str, error: str, kind: EventKind, code: str
) -> None:
    assert parse_status(sms(status, error)) == ProviderEvent(
        source="twilio",
        event_id=f"SM1:{status}",
        kind=kind,
        reference="7.1.x",
        provider_id="SM1",
        code=code,
        is_permanent=kind is EventKind.HARD_BOUNCE,
    )


@pytest.mark.parametrize(
    ("params", "kind", "code"),
    [
        (call("ringing"), EventKind.ACCEPTED, "ringing"),
        (call("in-progress"), EventKind.ACCEPTED, "in-progress"),
        (call("completed", AnsweredBy="human"), EventKind.DELIVERED, "human"),
        (
            call("completed", AnsweredBy="machine_end_beep"),
            EventKind.DELIVERED,
            "machine_end_beep",
        ),
        (call("completed"), EventKind.DELIVERED, "completed"),
        (call("completed", AnsweredBy="fax"), EventKind.SOFT_BOUNCE, "fax"),
        (call("busy", SipResponseCode="486"), EventKind.SOFT_BOUNCE, "486"),
        (call("no-answer"), EventKind.SOFT_BOUNCE, "no-answer"),
        (call("failed", SipResponseCode="404"), EventKind.HARD_BOUNCE, "404"),
        (call("failed", SipResponseCode="503"), EventKind.SOFT_BOUNCE, "503"),
        (
            call("failed", SipResponseCode="404", ErrorCode="13224"),
            EventKind.HARD_BOUNCE,
            "13224",
        ),
        (call("canceled"), EventKind.REJECTED, "canceled"),
        (call("invented"), EventKind.OTHER, "invented"),
    ],
)
def test_the_status_of_a_call(
    params: dict[str, str], kind: EventKind, code: str
) -> None:
    event = parse_status(params)
    assert (event.kind, event.code) == (kind, code)
    assert (event.provider_id, event.reference) == ("CA1", "7.1.x")
    assert event.event_id == f"CA1:{params['CallStatus']}"
    assert event.at == dt.datetime(2026, 8, 6, 14, 3, 2, tzinfo=dt.UTC)
    assert event.is_permanent is (kind is EventKind.HARD_BOUNCE)


def test_i06_a_report_that_is_repeated_is_the_same_event() -> None:
    assert parse_status(sms("sent")) == parse_status(
        dict(reversed(sms("sent").items()))
    )
    ids = {parse_status(sms(status)).event_id for status in ("sent", "delivered")}
    assert len(ids) == 2


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-08-06T14:03:02Z"])
def test_a_time_that_cannot_be_read_is_none(timestamp: str) -> None:
    assert parse_status(call("completed", Timestamp=timestamp)).at is None


def test_a_report_without_anything_is_nothing() -> None:
    event = parse_status({})
    assert (event.kind, event.reference, event.provider_id) == (EventKind.OTHER, "", "")


def test_p13_an_event_holds_no_number() -> None:
    for params in (sms("undelivered", "30005"), call("failed")):
        assert NUMBER.lstrip("+") not in str(parse_status(params))


def signed(params: Any, token: str, url: str = URL) -> str:
    return str(RequestValidator(token).compute_signature(url, params))


def test_s20_only_the_token_signs() -> None:
    params = sms("sent")
    assert validate_signature(URL, params, signed(params, "new"), "new")
    assert not validate_signature(URL, params, signed(params, "old"), "new")


def test_s20_two_tokens_are_good_while_they_are_rotated() -> None:
    params = sms("sent")
    for token in ("old", "new"):
        assert validate_signature(URL, params, signed(params, token), ["new", "old"])
    assert not validate_signature(URL, params, signed(params, "x"), ["new", "old"])


@pytest.mark.parametrize("tokens", ["", [], [""], ["", "new"]])
def test_s20_an_empty_token_signs_nothing(tokens: str | list[str]) -> None:
    params = sms("sent")
    assert not validate_signature(URL, params, signed(params, ""), tokens)


def test_s20_no_signature_is_no_signature() -> None:
    assert not validate_signature(URL, sms("sent"), "", "new")


def test_s21_what_is_changed_on_the_way_is_refused() -> None:
    params = sms("sent")
    signature = signed(params, "new")
    assert not validate_signature(URL, sms("delivered"), signature, "new")
    other = URL.replace("7.1.x", "8.1.x")
    assert not validate_signature(other, params, signature, "new")


def test_s20_the_parameters_of_a_django_request_will_do() -> None:
    params = QueryDict(mutable=True)
    params.update(sms("sent"))
    params.appendlist("Body", "één")
    assert validate_signature(URL, params, signed(params, "new"), "new")
    assert parse_status(params.dict()).event_id == "SM1:sent"
