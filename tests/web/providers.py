"""Requests as providers make them, each for one report of one message.

The shapes are those of the providers' documentation, cut to what matters and
with a little of what does not. Every one names an address, which must not be
kept.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SECRET = "bin:a secret"
KEY = "a signing key"

HARD = "550 5.1.1 The account of {address} does not exist"
SOFT = "452 4.2.2 The mailbox of {address} is full"


@dataclasses.dataclass
class Report:
    """What is reported: ``delivered``, ``hard``, ``soft`` or ``complaint``."""

    what: str
    reference: str
    provider_id: str
    address: str
    number: int = 1

    @property
    def metadata(self) -> dict[str, str]:
        """What anymail had sent along."""
        return {"delivery": self.reference}

    @property
    def reply(self) -> str:
        """What the receiving server said."""
        texts = {"hard": HARD, "soft": SOFT}
        return texts.get(self.what, "250 2.0.0 OK").format(address=self.address)


@dataclasses.dataclass
class Request:
    """What the test client needs to post it."""

    body: str
    content_type: str = JSON
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def basic_auth(secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")


def postmark(report: Report, secret: str) -> Request:
    kinds = {
        "delivered": {"RecordType": "Delivery", "DeliveredAt": _now()},
        "hard": {"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1},
        "soft": {"RecordType": "Bounce", "Type": "SoftBounce", "TypeCode": 4096},
        "complaint": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
    }
    event = kinds[report.what] | {
        "ID": report.number,
        "MessageID": report.provider_id,
        "Metadata": report.metadata,
        "Email": report.address,
        "Recipient": report.address,
        "Description": "The server was unable to deliver your message.",
        "Details": f"smtp;{report.reply}",
        "BouncedAt": _now(),
        "Inactive": True,
    }
    return Request(json.dumps(event), headers=basic_auth(secret))


def mailgun(report: Report, key: str) -> Request:
    kinds: dict[str, dict[str, Any]] = {
        "delivered": {"event": "delivered"},
        "hard": {"event": "failed", "severity": "permanent", "reason": "bounce"},
        "soft": {"event": "failed", "severity": "temporary", "reason": "generic"},
        "complaint": {"event": "complained"},
    }
    token = f"{report.number:050x}"
    timestamp = str(int(time.time()))
    code = int(report.reply[:3])
    payload = {
        "signature": {
            "token": token,
            "timestamp": timestamp,
            "signature": hmac.new(
                key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256
            ).hexdigest(),
        },
        "event-data": kinds[report.what]
        | {
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": time.time(),
            "recipient": report.address,
            "user-variables": report.metadata,
            "message": {"headers": {"message-id": report.provider_id.strip("<>")}},
            "delivery-status": {
                "code": code,
                "message": report.reply[4:],
                "description": "",
            },
        },
    }
    return Request(json.dumps(payload))


def brevo(report: Report, secret: str) -> Request:
    kinds = {
        "delivered": "delivered",
        "hard": "hard_bounce",
        "soft": "soft_bounce",
        "complaint": "spam",
    }
    event = {
        "event": kinds[report.what],
        "email": report.address,
        "id": 26224,
        "ts_epoch": int(time.time() * 1000) - report.number,
        "message-id": report.provider_id,
        "X-Mailin-custom": json.dumps(report.metadata),
        "reason": report.reply,
        "subject": "Donkere maanden",
    }
    return Request(json.dumps(event), headers=basic_auth(secret))


def sendgrid_event(report: Report) -> dict[str, Any]:
    kinds = {
        "delivered": {"event": "delivered", "response": report.reply},
        "hard": {
            "event": "bounce",
            "type": "bounce",
            "status": "5.1.1",
            "reason": report.reply,
        },
        "soft": {
            "event": "bounce",
            "type": "blocked",
            "status": "4.2.2",
            "reason": report.reply,
        },
        "complaint": {"event": "spamreport"},
    }
    return kinds[report.what] | {
        "email": report.address,
        "timestamp": int(time.time()),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "anymail_id": report.provider_id,
        "sg_event_id": f"sg-{report.number}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001",
        **report.metadata,
    }


def sendgrid(report: Report, secret: str) -> Request:
    return Request(json.dumps([sendgrid_event(report)]), headers=basic_auth(secret))


def mandrill(report: Report, key: str) -> Request:
    kinds = {
        "delivered": "send",
        "hard": "hard_bounce",
        "soft": "soft_bounce",
        "complaint": "spam",
    }
    event = {
        "event": kinds[report.what],
        "_id": report.provider_id,
        "ts": int(time.time()) - report.number,
        "msg": {
            "_id": report.provider_id,
            "email": report.address,
            "metadata": report.metadata,
            "diag": f"smtp;{report.reply}",
            "tags": [],
        },
    }
    value = json.dumps([event])
    url = "http://testserver/bin/webhooks/mandrill/"
    signature = hmac.new(
        key.encode(), f"{url}mandrill_events{value}".encode(), hashlib.sha1
    )
    return Request(
        urlencode({"mandrill_events": value}),
        FORM,
        {"X-Mandrill-Signature": base64.b64encode(signature.digest()).decode()},
    )


def sparkpost(report: Report, secret: str) -> Request:
    kinds = {
        "delivered": {"type": "delivery"},
        "hard": {"type": "bounce", "bounce_class": "10"},
        "soft": {"type": "bounce", "bounce_class": "22"},
        "complaint": {"type": "spam_complaint"},
    }
    event = kinds[report.what] | {
        "event_id": f"9275799465{report.number}",
        "timestamp": str(int(time.time())),
        "transmission_id": report.provider_id,
        "rcpt_meta": report.metadata,
        "raw_rcpt_to": report.address,
        "raw_reason": report.reply,
    }
    body = [{"msys": {"message_event": event}}]
    return Request(json.dumps(body), headers=basic_auth(secret))


def mailjet(report: Report, secret: str) -> Request:
    kinds: dict[str, dict[str, Any]] = {
        "delivered": {"event": "sent", "smtp_reply": report.reply},
        "hard": {"event": "bounce", "hard_bounce": True, "error": "user unknown"},
        "soft": {"event": "bounce", "hard_bounce": False, "error": "quota exceeded"},
        "complaint": {"event": "spam"},
    }
    event = kinds[report.what] | {
        "time": int(time.time()) - report.number,
        "MessageID": report.provider_id,
        "email": report.address,
        "Payload": json.dumps(report.metadata),
    }
    return Request(json.dumps([event]), headers=basic_auth(secret))


def mailersend(report: Report, key: str) -> Request:
    """Without metadata: the message is found by the provider's id."""
    kinds = {
        "delivered": "delivered",
        "hard": "hard_bounced",
        "soft": "soft_bounced",
        "complaint": "spam_complaint",
    }
    kind = kinds[report.what]
    body = json.dumps(
        {
            "type": f"activity.{kind}",
            "created_at": _now(),
            "data": {
                "object": "activity",
                "id": f"62f114f8165fe0d8db0288{report.number}",
                "type": kind,
                "created_at": _now(),
                "email": {
                    "message": {"id": report.provider_id},
                    "recipient": {"email": report.address},
                    "tags": None,
                },
                "morph": {
                    "object": "recipient_bounce",
                    "reason": report.reply,
                },
            },
        }
    )
    signature = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
    return Request(body, headers={"Signature": signature})


def mailtrap(report: Report, key: str) -> Request:
    kinds = {
        "delivered": "delivery",
        "hard": "bounce",
        "soft": "soft bounce",
        "complaint": "spam",
    }
    event = {
        "event": kinds[report.what],
        "event_id": f"bede7236-2284-43d6-a953-{report.number:012d}",
        "message_id": report.provider_id,
        "timestamp": int(time.time()),
        "email": report.address,
        "custom_variables": report.metadata,
        "response": report.reply,
    }
    body = json.dumps({"events": [event]})
    signature = hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
    return Request(body, headers={"Mailtrap-Signature": signature})


def resend(report: Report, secret: str) -> Request:
    kinds: dict[str, Any] = {
        "delivered": ("email.delivered", {}),
        "hard": ("email.bounced", {"type": "Permanent", "subType": "General"}),
        "soft": ("email.bounced", {"type": "Transient", "subType": "MailboxFull"}),
        "complaint": ("email.complained", {}),
    }
    kind, bounce = kinds[report.what]
    data: dict[str, Any] = {
        "email_id": report.provider_id,
        "to": [report.address],
        "headers": [{"name": "X-Metadata", "value": json.dumps(report.metadata)}],
    }
    if bounce:
        message = f"The email account of {report.address} bounced."
        data["bounce"] = bounce | {"message": message}
    body = {"type": kind, "created_at": _now(), "data": data}
    headers = basic_auth(secret) | {"svix-id": f"msg_{report.number}"}
    return Request(json.dumps(body), headers=headers)


def amazon_ses(report: Report, secret: str) -> Request:
    recipient = {"emailAddress": report.address, "diagnosticCode": report.reply}
    kinds: dict[str, Any] = {
        "delivered": ("Delivery", {"recipients": [report.address]}),
        "hard": ("Bounce", {"bounceType": "Permanent", "bounceSubType": "General"}),
        "soft": ("Bounce", {"bounceType": "Transient", "bounceSubType": "Full"}),
        "complaint": ("Complaint", {"complainedRecipients": [recipient]}),
    }
    kind, fact = kinds[report.what]
    event = {
        "eventType": kind,
        kind.lower(): fact | {"bouncedRecipients": [recipient]},
        "mail": {
            "messageId": report.provider_id,
            "destination": [report.address],
            "headers": [{"name": "X-Metadata", "value": json.dumps(report.metadata)}],
        },
    }
    identifier = f"19ba9823-d7f2-53c1-860e-cb10e0d13df{report.number}"
    body = {
        "Type": "Notification",
        "MessageId": identifier,
        "TopicArn": "arn:aws:sns:eu-west-1:1234567890:SES_Events",
        "Timestamp": _now(),
        "Message": json.dumps(event),
    }
    headers = basic_auth(secret) | {
        "X-Amz-Sns-Message-Type": "Notification",
        "X-Amz-Sns-Message-Id": identifier,
    }
    return Request(json.dumps(body), "text/plain; charset=UTF-8", headers)


def unisender_go(report: Report, key: str) -> Request:
    kinds = {
        "delivered": ("delivered", "ok_delivered"),
        "hard": ("hard_bounced", "err_user_unknown"),
        "soft": ("soft_bounced", "err_mailbox_full"),
        "complaint": ("spam", "ok_fbl"),
    }
    status, delivery_status = kinds[report.what]
    when = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=report.number)
    event = {
        "event_name": "transactional_email_status",
        "event_data": {
            "job_id": "1c3Q2V-0000OZ-S0",
            "metadata": report.metadata | {"anymail_id": report.provider_id},
            "email": report.address,
            "status": status,
            "event_time": when.strftime("%Y-%m-%d %H:%M:%S"),
            "delivery_info": {
                "delivery_status": delivery_status,
                "destination_response": report.reply,
            },
        },
    }
    mark = "f" * 32
    body = json.dumps(
        {"auth": mark, "events_by_user": [{"user_id": 456, "events": [event]}]}
    )
    signed = hashlib.md5(body.replace(mark, key).encode()).hexdigest()  # noqa: S324
    return Request(body.replace(mark, signed))


@dataclasses.dataclass(frozen=True)
class Provider:
    """One provider, and how it is believed.

    Attributes:
        setting: of ``ANYMAIL``, that holds the key; None: ``WEBHOOK_SECRET``.
        argument: of anymail's view, that holds the key.
        anymail_name: in lower case; the source of what it reports.
    """

    name: str
    build: Callable[[Report, str], Request]
    setting: str | None = None
    argument: str = ""
    anymail_name: str = ""

    @property
    def source(self) -> str:
        return self.anymail_name or self.name

    @property
    def key(self) -> str:
        return KEY if self.setting else SECRET

    def anymail(self, key: str) -> dict[str, Any]:
        """Settings under which ``key`` is believed."""
        return {self.setting: key} if self.setting else {"WEBHOOK_SECRET": key}


PROVIDERS = [
    Provider("postmark", postmark),
    Provider("mailgun", mailgun, "MAILGUN_WEBHOOK_SIGNING_KEY", "webhook_signing_key"),
    Provider("brevo", brevo),
    Provider("sendgrid", sendgrid),
    Provider("mandrill", mandrill, "MANDRILL_WEBHOOK_KEY", "webhook_key"),
    Provider("sparkpost", sparkpost),
    Provider("mailjet", mailjet),
    Provider("mailersend", mailersend, "MAILERSEND_SIGNING_SECRET", "signing_secret"),
    Provider("mailtrap", mailtrap, "MAILTRAP_TRACKING_SECRET", "tracking_secret"),
    Provider("resend", resend),
    Provider("amazon_ses", amazon_ses, anymail_name="amazon ses"),
    Provider(
        "unisender_go",
        unisender_go,
        "UNISENDER_GO_API_KEY",
        "api_key",
        anymail_name="unisender go",
    ),
]
