"""Twilio's status callbacks, signed as Twilio signs them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from twilio.request_validator import RequestValidator

from tests.factories import MemberFactory
from tests.ledgers import make_delivery, make_dispatch, reference_of
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Suppression,
)
from wagtail_bin.validators import address_digest

pytestmark = pytest.mark.django_db
TOKEN = "12345"
PATH = "/bin/webhooks/twilio/"
ROOT = "https://bin.heidebeek.example"
MOBILE = "+32473865387"


@pytest.fixture
def client(settings: Any) -> Client:
    settings.WAGTAIL_BIN_WEBHOOKS = ["twilio"]
    settings.WAGTAIL_BIN_CHANNELS = {
        "sms": {
            "BACKEND": "wagtail_bin.channels.twilio.SMSChannel",
            "OPTIONS": {
                "ACCOUNT_SID": "AC1",
                "AUTH_TOKEN": TOKEN,
                "FROM_": "BIN",
                # A proxy stands before us: Django sees http://testserver.
                "STATUS_CALLBACK": f"{ROOT}{PATH}",
            },
        }
    }
    return Client(raise_request_exception=False)


def make_sms(**values: Any) -> Delivery:
    member = MemberFactory(mobile=MOBILE)
    defaults = {"channel": ChannelName.SMS, "provider_id": "SM1"}
    return make_delivery(
        make_dispatch(), member, address=MOBILE, source="twilio", **(defaults | values)
    )


def call(
    client: Client, row: Delivery, token: str = TOKEN, root: str = ROOT, **values: str
) -> int:
    parameters = {"AccountSid": "AC1", "To": MOBILE, "From": "BIN"} | values
    query = urlencode({"delivery": reference_of(row)})
    url = f"{PATH}?{query}"
    signature = RequestValidator(token).compute_signature(f"{root}{url}", parameters)
    return client.post(
        url,
        urlencode(parameters),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    ).status_code


def nothing_was_written() -> bool:
    events = DeliveryEvent.objects.exclude(event_id="")
    return not events.exists() and not Suppression.objects.exists()


def test_a_delivered_sms_is_delivered(client: Client) -> None:
    row = make_sms()
    values = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    assert call(client, row, **values) == 204
    row.refresh_from_db()
    assert (row.state, row.report) == ("accepted", "delivered")
    assert call(client, row, **values) == 204
    event = row.events.get(kind="delivered")
    assert MOBILE not in " ".join(str(value) for value in vars(event).values())


def test_f06_a_status_settles_an_sms_that_nobody_knows_about(client: Client) -> None:
    row = make_sms(state=Delivery.State.UNKNOWN, provider_id="")
    assert call(client, row, MessageSid="SM9", MessageStatus="sent") == 204
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("accepted", "SM9")


def test_d09_a_number_that_does_not_exist_is_suppressed(client: Client) -> None:
    row = make_sms()
    values = {"MessageStatus": "undelivered", "ErrorCode": "30005"}
    assert call(client, row, MessageSid="SM1", **values) == 204
    assert Suppression.objects.get().digest == address_digest(MOBILE)


def test_whoever_answered_stop_wants_no_more_sms(client: Client) -> None:
    row = make_sms()
    values = {"MessageStatus": "failed", "ErrorCode": "21610"}
    assert call(client, row, MessageSid="SM1", **values) == 204
    no = row.member.consents.get(is_given=False)
    assert (no.channel, no.basis) == ("sms", Consent.Basis.PROVIDER)


def test_a_voice_message_that_was_heard_is_delivered(client: Client) -> None:
    row = make_sms(channel=ChannelName.VOICE, provider_id="CA1")
    values = {"CallSid": "CA1", "CallStatus": "completed", "AnsweredBy": "human"}
    assert call(client, row, **values) == 204
    row.refresh_from_db()
    assert row.report == "delivered"


def test_s20_what_is_signed_otherwise_is_refused(client: Client) -> None:
    row = make_sms()
    values = {"MessageSid": "SM1", "MessageStatus": "undelivered"}
    values["ErrorCode"] = "30005"
    assert call(client, row, token="another", **values) == 403
    assert call(client, row, root="https://evil.example", **values) == 403
    assert client.post(PATH, values).status_code == 403
    assert nothing_was_written()


def test_s20_the_reference_cannot_be_changed_under_the_signature(
    client: Client,
) -> None:
    row, victim = make_sms(), make_sms(provider_id="SM2")
    parameters = {"MessageSid": "SM1", "MessageStatus": "failed", "ErrorCode": "30005"}
    url = f"{PATH}?delivery={reference_of(row)}"
    signature = RequestValidator(TOKEN).compute_signature(f"{ROOT}{url}", parameters)
    response = client.post(
        f"{PATH}?delivery={reference_of(victim)}",
        parameters,
        headers={"X-Twilio-Signature": signature},
    )
    assert response.status_code == 403
    assert nothing_was_written()


def test_s20_two_tokens_are_valid_while_one_is_replaced(
    client: Client, settings: Any
) -> None:
    settings.WAGTAIL_BIN_TWILIO_AUTH_TOKENS = ["new", "old"]
    row = make_sms()
    for token, status in [("new", 204), ("old", 204), (TOKEN, 403)]:
        assert (
            call(client, row, token=token, MessageSid="SM1", MessageStatus=token)
            == status
        )


def test_s20_without_a_token_of_ours_nobody_is_believed(settings: Any) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = ["twilio"]
    with pytest.raises(ImproperlyConfigured):
        call(Client(), make_sms(), token="", MessageSid="SM1", MessageStatus="sent")
    assert nothing_was_written()


@pytest.mark.parametrize("method", ["get", "head", "put", "options"])
def test_s20_i10_nothing_but_a_post_changes_anything(
    client: Client, method: str
) -> None:
    response = getattr(client, method)(f"{PATH}?MessageSid=SM1&MessageStatus=failed")
    assert response.status_code in {200, 405}
    assert nothing_was_written()
