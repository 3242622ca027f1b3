"""The providers that anymail ships, as they read a call and answer it.

Each reads what anymail hands over the way the provider documents it, so that a
test sees what every single recipient would get.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import botocore.session

from tests.channels.esp_server import Answer, Request, Sent


class Esp:
    """One provider: how anymail is set up for it, what it reads, what it answers."""

    module = ""
    settings: dict[str, Any] = {}

    def anymail(self, url: str) -> dict[str, Any]:
        """``ANYMAIL`` for a server at ``url``."""
        prefix = self.module.upper()
        values = {f"{prefix}_{name}": value for name, value in self.settings.items()}
        return {f"{prefix}_API_URL": url} | values

    def read(self, request: Request) -> list[Sent]:
        """What each recipient of a call gets."""
        raise NotImplementedError

    def addresses(self, request: Request) -> list[str]:
        """All addresses of a call."""
        return [sent.to for sent in self.read(request)]

    def answer(self, request: Request) -> Answer:
        """Accept all of a call, each with an id."""
        raise NotImplementedError


def one(values: list[Any]) -> Any:
    """The only one of several."""
    assert len(values) == 1, values
    return values[0]


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def named(pairs: list[dict[str, str]], name: str, value: str) -> dict[str, str]:
    return {pair[name].lower(): pair[value] for pair in pairs}


COPIES = {"cc", "bcc", "h:cc", "h:bcc"}


def no_copies(data: Mapping[str, Any]) -> None:
    """I7: nobody gets a copy."""
    copied = {key for key, value in data.items() if value and key.lower() in COPIES}
    assert not copied


def parse_mime(data: bytes) -> tuple[Any, str, str]:
    mail: Any = email.message_from_bytes(data, policy=email.policy.default)
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    return (
        mail,
        text.get_content().replace("\r\n", "\n"),
        html.get_content().replace("\r\n", "\n"),
    )


class AmazonSes(Esp):
    module = "amazon_ses"
    # Reading its description of Amazon's interfaces takes half a second.
    session = botocore.session.Session()

    def anymail(self, url: str) -> dict[str, Any]:
        return {
            "AMAZON_SES_SESSION_PARAMS": {"botocore_session": self.session},
            "AMAZON_SES_CLIENT_PARAMS": {
                "endpoint_url": url,
                "region_name": "eu-west-1",
                "aws_access_key_id": "key",
                "aws_secret_access_key": "secret",
            },
        }

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        assert data["Destination"].keys() == {"ToAddresses"}
        to = one(data["Destination"]["ToAddresses"])
        raw = base64.b64decode(data["Content"]["Raw"]["Data"])
        assert b"\r\nList-Unsubscribe: <" in raw
        mail, text, html = parse_mime(raw)
        no_copies(mail)
        assert mail["To"] == to
        headers = {name.lower(): str(value) for name, value in mail.items()}
        reference = json.loads(headers["x-metadata"])["delivery"]
        return [Sent(to, mail["Subject"], text, html, headers, reference)]

    def answer(self, request: Request) -> Answer:
        return Answer({"MessageId": "ses-1"})


class Brevo(Esp):
    module = "brevo"
    settings = {"API_KEY": "key"}
    field = re.compile(
        r"\{% autoescape off %\}\{\{ params\.(\w+) \}\}\{% endautoescape %\}"
    )

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        versions = data.get("messageVersions") or [{"to": data["to"]}]
        assert not ("to" in data and "messageVersions" in data)
        no_copies(data)
        found = []
        for version in versions:
            no_copies(version)
            headers = lower(data.get("headers", {})) | lower(version.get("headers", {}))
            params = version.get("params", {})

            def filled(text: str, params: Any = params) -> str:
                return self.field.sub(lambda match: params[match[1]], text)

            found.append(
                Sent(
                    one(version["to"])["email"],
                    data["subject"],
                    filled(data["textContent"]),
                    filled(data["htmlContent"]),
                    headers | {"reply-to": data["replyTo"]["email"]},
                    json.loads(headers["x-mailin-custom"])["delivery"],
                )
            )
        return found

    def answer(self, request: Request) -> Answer:
        count = len(self.addresses(request))
        ids = [f"<{number}@brevo>" for number in range(count)]
        if "messageVersions" in request.json:
            return Answer({"messageIds": ids}, 201)
        return Answer({"messageId": one(ids)}, 201)


class MailerSend(Esp):
    module = "mailersend"
    settings = {"API_TOKEN": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        headers = named(data["headers"], "name", "value")
        if data.get("precedence_bulk"):
            headers["precedence"] = "bulk"
        headers["reply-to"] = data["reply_to"]["email"]
        to = one(data["to"])["email"]
        return [Sent(to, data["subject"], data["text"], data["html"], headers)]

    def answer(self, request: Request) -> Answer:
        return Answer("", 202, {"X-Message-Id": "ms-1", "Content-Type": "text/html"})


class Mailgun(Esp):
    module = "mailgun"
    settings = {"API_KEY": "key", "SENDER_DOMAIN": "heidebeek.example"}
    field = re.compile(r"%recipient\.([\w:-]+)%")

    def read(self, request: Request) -> list[Sent]:
        data = parse_qs(request.body.decode(), keep_blank_values=True)
        no_copies(data)
        recipients = json.loads(data.pop("recipient-variables", ["{}"])[0])
        to = data.pop("to")
        # Without variables for each, everybody would see all addresses.
        assert recipients.keys() == set(to) if recipients else len(to) == 1
        found = []
        for address in to:
            variables = recipients.get(address, {})

            def filled(key: str, variables: Any = variables) -> str:
                value = one(data[key])
                return self.field.sub(lambda match: str(variables[match[1]]), value)

            found.append(
                Sent(
                    address,
                    filled("subject"),
                    filled("text"),
                    filled("html"),
                    {k[2:].lower(): filled(k) for k in data if k.startswith("h:")},
                    filled("v:delivery"),
                )
            )
        return found

    def answer(self, request: Request) -> Answer:
        return Answer({"id": "<1@mailgun>", "message": "Queued. Thank you."})


class Mailjet(Esp):
    module = "mailjet"
    settings = {"API_KEY": "key", "SECRET_KEY": "secret"}
    field = re.compile(r"\[\[var:(\w+)\]\]")
    # "Header cannot be customized" otherwise.
    refused = frozenset({"message-id", "list-id", "date", "reply-to", "from", "to"})

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        shared = data["Globals"]
        assert not self.refused & lower(shared["Headers"]).keys()
        no_copies(shared)
        found = []
        for message in data["Messages"]:
            no_copies(message)
            variables = message.get("Variables", {})

            def filled(text: str, variables: Any = variables) -> str:
                return self.field.sub(lambda match: variables[match[1]], text)

            headers = lower(shared["Headers"]) | lower(message.get("Headers", {}))
            payload = message.get("EventPayload") or shared["EventPayload"]
            found.append(
                Sent(
                    one(message["To"])["Email"],
                    shared["Subject"],
                    filled(shared["TextPart"]),
                    filled(shared["HTMLPart"]),
                    headers | {"reply-to": shared["ReplyTo"]["Email"]},
                    json.loads(payload)["delivery"],
                )
            )
        return found

    def answer(self, request: Request) -> Answer:
        messages = [
            {"Status": "success", "To": [{"Email": to, "MessageID": number}]}
            for number, to in enumerate(self.addresses(request), 1)
        ]
        return Answer({"Messages": messages})


class Mailtrap(Esp):
    module = "mailtrap"
    settings = {"API_TOKEN": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        headers = lower(data["headers"]) | {"reply-to": data["reply_to"]["email"]}
        return [
            Sent(
                one(data["to"])["email"],
                data["subject"],
                data["text"],
                data["html"],
                headers,
                data["custom_variables"]["delivery"],
            )
        ]

    def answer(self, request: Request) -> Answer:
        return Answer({"success": True, "message_ids": ["mt-1"]})


class Mandrill(Esp):
    module = "mandrill"
    settings = {"API_KEY": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json["message"]
        recipient = one(data["to"])
        assert recipient["type"] == "to"
        return [
            Sent(
                recipient["email"],
                data["subject"],
                data["text"],
                data["html"],
                lower(data["headers"]),
                data["metadata"]["delivery"],
            )
        ]

    def answer(self, request: Request) -> Answer:
        to = one(self.addresses(request))
        return Answer([{"email": to, "status": "sent", "_id": "md-1"}])


class Postal(Esp):
    module = "postal"
    settings = {"API_KEY": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        headers = lower(data["headers"]) | {"reply-to": data["reply_to"]}
        bodies = data["plain_body"], data["html_body"]
        return [Sent(one(data["to"]), data["subject"], *bodies, headers)]

    def answer(self, request: Request) -> Answer:
        to = one(self.addresses(request))
        return Answer({"status": "success", "data": {"messages": {to: {"id": 1}}}})


class Postmark(Esp):
    module = "postmark"
    settings = {"SERVER_TOKEN": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        assert "," not in data["To"]
        headers = named(data["Headers"], "Name", "Value")
        return [
            Sent(
                data["To"],
                data["Subject"],
                data["TextBody"],
                data["HtmlBody"],
                headers | {"reply-to": data["ReplyTo"]},
                data["Metadata"]["delivery"],
            )
        ]

    def answer(self, request: Request) -> Answer:
        to = one(self.addresses(request))
        return Answer({"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": to})


class Resend(Esp):
    module = "resend"
    settings = {"API_KEY": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        headers = lower(data["headers"]) | {"reply-to": one(data["reply_to"])}
        reference = json.loads(headers["x-metadata"])["delivery"]
        to = one(data["to"])
        return [
            Sent(to, data["subject"], data["text"], data["html"], headers, reference)
        ]

    def answer(self, request: Request) -> Answer:
        return Answer({"id": "re-1"})


class Scaleway(Esp):
    module = "scaleway"
    settings = {"SECRET_KEY": "key", "PROJECT_ID": "bin"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        no_copies(data)
        headers = named(data["additional_headers"], "key", "value")
        reference = json.loads(headers["x-metadata"])["delivery"]
        to = one(data["to"])["email"]
        return [
            Sent(to, data["subject"], data["text"], data["html"], headers, reference)
        ]

    def answer(self, request: Request) -> Answer:
        to = one(self.addresses(request))
        return Answer({"emails": [{"id": "sw-1", "mail_rcpt": to, "status": "new"}]})


class SendGrid(Esp):
    module = "sendgrid"
    settings = {"API_KEY": "key"}

    def read(self, request: Request) -> list[Sent]:
        data = request.json
        bodies = {part["type"]: part["value"] for part in data["content"]}
        found = []
        for person in data["personalizations"]:
            no_copies(person)
            tags = person.get("substitutions", {})

            def filled(text: str, tags: Any = tags) -> str:
                for tag, value in tags.items():
                    text = text.replace(tag, value)
                return text

            headers = lower(data["headers"]) | lower(person.get("headers", {}))
            arguments = data.get("custom_args", {}) | person["custom_args"]
            found.append(
                Sent(
                    one(person["to"])["email"],
                    data["subject"],
                    filled(bodies["text/plain"]),
                    filled(bodies["text/html"]),
                    headers | {"reply-to": one(data["reply_to_list"])["email"]},
                    arguments["delivery"],
                )
            )
        return found

    def answer(self, request: Request) -> Answer:
        return Answer("", 202)


class SparkPost(Esp):
    module = "sparkpost"
    settings = {"API_KEY": "key"}

    def read(self, request: Request) -> list[Sent]:
        data, content = request.json, request.json["content"]
        recipient = one(data["recipients"])
        to = recipient["address"]["email"]
        assert recipient["address"]["header_to"] == to
        headers = lower(content["headers"]) | {"reply-to": content["reply_to"]}
        no_copies(headers)
        bodies = content["text"], content["html"]
        reference = data["metadata"]["delivery"]
        return [Sent(to, content["subject"], *bodies, headers, reference)]

    def answer(self, request: Request) -> Answer:
        counts = {"total_accepted_recipients": 1, "total_rejected_recipients": 0}
        return Answer({"results": {**counts, "id": "sp-1"}})


class UnisenderGo(Esp):
    module = "unisender_go"
    settings = {"API_KEY": "key"}
    field = re.compile(r"\{\{(\w+)\}\}")

    def read(self, request: Request) -> list[Sent]:
        data = request.json["message"]
        no_copies(data["headers"])
        found = []
        for recipient in data["recipients"]:
            values = recipient.get("substitutions", {})

            def filled(text: str, values: Any = values) -> str:
                return self.field.sub(lambda match: values[match[1]], text)

            headers = {n: filled(v) for n, v in lower(data["headers"]).items()}
            # Anymail's own list of all; a batch must not have it.
            assert headers.pop("to", recipient["email"]) == recipient["email"]
            metadata = data.get("global_metadata", {}) | recipient["metadata"]
            found.append(
                Sent(
                    recipient["email"],
                    data["subject"],
                    filled(data["body"]["plaintext"]),
                    filled(data["body"]["html"]),
                    headers | {"reply-to": data["reply_to"]},
                    metadata["delivery"],
                )
            )
        return found

    def answer(self, request: Request) -> Answer:
        emails = self.addresses(request)
        return Answer({"status": "success", "job_id": "ug-1", "emails": emails})


ESPS: dict[str, Esp] = {kind.module: kind() for kind in Esp.__subclasses__()}
