"""A provider's answer, and the want of one, say what is known of a mail."""

from __future__ import annotations

import base64
import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime
from typing import Any

import pytest
from anymail.exceptions import AnymailCancelSend
from anymail.signals import post_send, pre_send

from example_site.mail_sink import free_port
from tests.channels.conftest import Provider
from tests.channels.esp_server import CLOSE, HANG, RESET, Answer, EspServer, Request
from tests.channels.messages import personal_content, personal_message
from wagtail_bin.channels import esp
from wagtail_bin.channels.base import Outcome, OutgoingMessage, Receipt
from wagtail_bin.channels.email import EmailChannel
from wagtail_bin.channels.esp import PATIENCE, Turn

common = pytest.mark.parametrize(
    "provider", ["postmark", "mailgun", "brevo", "amazon_ses"], indirect=True
)
by_http = pytest.mark.parametrize(
    "provider", ["postmark", "mailgun", "brevo"], indirect=True
)
postmark = pytest.mark.parametrize("provider", ["postmark"], indirect=True)
mailgun = pytest.mark.parametrize("provider", ["mailgun"], indirect=True)
amazon = pytest.mark.parametrize("provider", ["amazon_ses"], indirect=True)


def message(**changes: Any) -> OutgoingMessage:
    return personal_message(1, personal_content(), **changes)


def send(**changes: Any) -> Receipt:
    with EmailChannel() as channel:
        return channel.send(message(**changes))


def answering(provider: Provider, answer: Answer | str) -> Receipt:
    provider.server.answer = lambda request: answer
    return send()


def in_two_minutes() -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=2)
    return format_datetime(moment, usegmt=True)


@common
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (lambda: "120", 120),
        (in_two_minutes, 120),
        (lambda: "Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (lambda: "99999999999999999999", 86_400),
        (lambda: "soon", 0),
        (lambda: "-5", 0),
        (lambda: "", 0),
    ],
)
def test_f14_too_many_calls_wait_as_long_as_the_provider_asks(
    provider: Provider, value: Callable[[], str], seconds: float
) -> None:
    receipt = answering(provider, Answer({}, 429, {"Retry-After": value()}))
    assert receipt.outcome is Outcome.RETRY
    assert receipt.code == "429"
    assert receipt.is_channel_wide
    assert receipt.retry_after == pytest.approx(seconds, abs=5)
    assert len(provider.calls) == 1


@common
@pytest.mark.parametrize("status", [401, 402, 403, 404, 408])
def test_f14_what_is_our_own_fault_costs_no_recipient(
    provider: Provider, status: int
) -> None:
    receipt = answering(provider, Answer({}, status))
    assert (receipt.outcome, receipt.code) == (Outcome.RETRY, str(status))
    assert receipt.is_channel_wide


@common
@pytest.mark.parametrize("status", [400, 413])
def test_f14_an_explicit_refusal_is_one(provider: Provider, status: int) -> None:
    receipt = answering(provider, Answer({}, status))
    assert (receipt.outcome, receipt.code) == (Outcome.REJECTED, str(status))
    assert not receipt.is_channel_wide


@common
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_f15_a_server_error_says_nothing_of_the_mail(
    provider: Provider, status: int
) -> None:
    """It may have come before or after the mail was taken; nobody can tell."""
    receipt = answering(provider, Answer({"Message": "oops"}, status))
    assert (receipt.outcome, receipt.code) == (Outcome.UNKNOWN, str(status))
    assert receipt.is_channel_wide
    assert len(provider.calls) == 1


@common
@pytest.mark.parametrize("action", [CLOSE, RESET])
def test_f16_a_lost_answer_is_unknown(provider: Provider, action: str) -> None:
    receipt = answering(provider, action)
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.is_channel_wide
    assert len(provider.calls) == 1


@common
def test_f16_an_answer_that_does_not_come_is_unknown(
    provider: Provider, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 0.3
    receipt = answering(provider, HANG)
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.is_channel_wide
    assert len(provider.calls) == 1


@common
def test_f16_a_provider_that_cannot_be_reached_has_nothing(
    provider: Provider, settings: Any
) -> None:
    settings.ANYMAIL = provider.esp.anymail(f"http://127.0.0.1:{free_port()}/")
    receipt = send()
    assert receipt.outcome is Outcome.RETRY
    assert receipt.is_channel_wide


@common
def test_f16_a_provider_whose_name_is_not_known_has_nothing(
    provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    settings.ANYMAIL = provider.esp.anymail("http://nowhere.example/")
    receipt = send()
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)


@common
def test_f16_a_connection_that_is_not_made_in_time_has_nothing(
    provider: Provider, settings: Any
) -> None:
    settings.WAGTAIL_BIN_CONNECT_TIMEOUT = 0.2
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 20
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        settings.ANYMAIL = provider.esp.anymail(f"http://127.0.0.1:{port}/")
        receipt = send()
        for one in waiting:
            one.close()
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)


@common
def test_f16_a_certificate_that_is_not_trusted_means_nothing_was_sent(
    provider: Provider, settings: Any, certificate: ssl.SSLContext
) -> None:
    server = EspServer()
    with server.running(certificate) as url:
        settings.ANYMAIL = provider.esp.anymail(url)
        receipt = send()
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)
    assert server.calls == []


@common
def test_f16_a_server_without_tls_gets_nothing(
    provider: Provider, settings: Any
) -> None:
    server = EspServer()
    with server.running() as url:
        settings.ANYMAIL = provider.esp.anymail(url.replace("http:", "https:"))
        receipt = send()
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)
    assert server.calls == []


@common
def test_f16_a_handshake_that_takes_too_long_means_nothing_was_sent(
    provider: Provider, settings: Any
) -> None:
    """urllib3 calls it a read time-out, although nothing has been written."""
    settings.WAGTAIL_BIN_CONNECT_TIMEOUT = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.ANYMAIL = provider.esp.anymail(f"https://127.0.0.1:{port}/")
        receipt = send()
    assert (receipt.outcome, receipt.is_channel_wide) == (Outcome.RETRY, True)


@by_http
@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", "null", '"text"', "7", '[{"a": 1}]']
)
def test_f18_garbage_after_200_is_never_taken_for_acceptance(
    provider: Provider, body: str
) -> None:
    receipt = answering(provider, Answer(body))
    assert receipt.outcome is Outcome.UNKNOWN


@amazon
@pytest.mark.parametrize("body", ["", "[]", "{}", '{"MessageId": ""}'])
def test_f18_garbage_from_amazon_is_never_taken_for_acceptance(
    provider: Provider, body: str
) -> None:
    receipt = answering(provider, Answer(body))
    assert receipt.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("postmark", {"ErrorCode": 0, "Message": "OK", "MessageID": "", "To": "m1@example.org"}),
        ("postmark", {"ErrorCode": 0, "Message": "OK", "MessageID": None, "To": "m1@example.org"}),
        ("postmark", {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1"}),
        ("mailgun", {"id": "", "message": "Queued. Thank you."}),
        ("mailgun", {"id": None, "message": "Queued. Thank you."}),
        ("mailgun", {"id": "<1@mailgun>", "message": "Magnificent"}),
        ("brevo", {"messageId": ""}),
        ("brevo", {"messageId": None}),
        ("brevo", {"messageIds": []}),
        ("mailjet", {"Messages": []}),
        ("postal", {"status": "success", "data": {"messages": {}}}),
        ("scaleway", {"emails": []}),
        ("scaleway", {"emails": [{"mail_rcpt": "m1@example.org", "status": "new"}]}),
    ],
    indirect=["provider"],
)  # fmt: skip
def test_i04_f18_no_id_for_this_recipient_is_no_acceptance(
    provider: Provider, body: Any
) -> None:
    receipt = answering(provider, Answer(body))
    assert receipt.outcome is not Outcome.ACCEPTED
    assert provider.esp.module == "mailjet" or receipt.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("postmark", {"ErrorCode": 0, "Message": "OK", "MessageID": "x", "To": "\0<"}),
        ("mailersend", "not json"),
        ("unisender_go", {"status": "success"}),
        ("postal", {"status": "success"}),
        ("mailtrap", []),
        ("mandrill", {"a": 1}),
        ("resend", [1]),
        ("sparkpost", {"results": 1}),
    ],
    indirect=["provider"],
)
def test_f18_an_error_of_anymails_readers_does_not_unsend_a_mail(
    provider: Provider, body: Any
) -> None:
    receipt = answering(provider, Answer(body))
    assert receipt.outcome is Outcome.UNKNOWN


@postmark
@pytest.mark.parametrize(
    ("code", "text", "receipt"),
    [
        (
            406,
            "You tried to send to a recipient that has been marked as inactive.\n"
            "Found inactive addresses: m1@example.org.\nInactive recipients are …",
            Receipt(Outcome.REJECTED, "", "rejected", "postmark"),
        ),
        (
            300,
            "Invalid 'To' address: 'm1@example.org'.",
            Receipt(Outcome.REJECTED, "", "invalid", "postmark"),
        ),
        (
            300,
            "Error parsing 'To': Illegal email domain 'x' in address 'other@x'.",
            Receipt(Outcome.UNKNOWN, "", "unknown", "postmark"),
        ),
        (
            300,
            "Invalid 'From' address: 'bin'.",
            Receipt(Outcome.REJECTED, "", "422", "postmark"),
        ),
    ],
)
def test_f17_a_refused_recipient_is_refused_with_the_providers_word(
    provider: Provider, code: int, text: str, receipt: Receipt
) -> None:
    answer = Answer({"ErrorCode": code, "Message": text}, 422)
    assert answering(provider, answer) == receipt


@amazon
@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("TooManyRequestsException", 429, Outcome.RETRY),
        ("Throttling", 400, Outcome.RETRY),
        ("SendingPausedException", 400, Outcome.RETRY),
        ("AccountSuspendedException", 400, Outcome.RETRY),
        ("MailFromDomainNotVerifiedException", 400, Outcome.RETRY),
        ("MessageRejected", 400, Outcome.REJECTED),
        ("InternalFailure", 500, Outcome.UNKNOWN),
    ],
)
def test_f14_f15_amazon_names_its_errors(
    provider: Provider, kind: str, status: int, outcome: Outcome
) -> None:
    answer = Answer({"message": "no"}, status, {"x-amzn-ErrorType": kind})
    receipt = answering(provider, answer)
    assert (receipt.outcome, receipt.code) == (outcome, str(status))
    # Its library would have tried five times.
    assert len(provider.calls) == 1


@amazon
def test_f14_without_a_login_nothing_was_sent(
    provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for name in ("access_key_id", "secret_access_key"):
        del settings.ANYMAIL["AMAZON_SES_CLIENT_PARAMS"][f"aws_{name}"]
    receipt = send()
    assert receipt == Receipt(
        Outcome.RETRY, "", "NoCredentialsError", "amazon ses", is_channel_wide=True
    )
    assert provider.calls == []


@amazon
def test_amazons_library_gets_our_times_and_no_second_attempt(
    provider: Provider, settings: Any
) -> None:
    settings.ANYMAIL["AMAZON_SES_CLIENT_PARAMS"]["config"] = {
        "read_timeout": 600,
        "max_pool_connections": 3,
    }
    with EmailChannel() as channel:
        config = channel._transport._connection.client.meta.config  # type: ignore[union-attr]
    assert (config.connect_timeout, config.read_timeout) == (5, 30)
    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == 3


@by_http
def test_each_provider_gets_our_times(provider: Provider, settings: Any) -> None:
    settings.ANYMAIL["REQUESTS_TIMEOUT"] = 600
    with EmailChannel() as channel:
        assert channel._transport._connection.timeout == (5, 30)  # type: ignore[union-attr]


@postmark
def test_a_receiver_that_fails_after_the_mail_left_does_not_unsend_it(
    provider: Provider,
) -> None:
    def fail(sender: Any, **kwargs: Any) -> None:
        raise ValueError

    post_send.connect(fail)
    try:
        receipt = send()
    finally:
        post_send.disconnect(fail)
    assert (receipt.outcome, receipt.provider_id) == (Outcome.ACCEPTED, "pm-1")


@postmark
@pytest.mark.parametrize(
    ("error", "code"), [(AnymailCancelSend, "cancelled"), (KeyError, "KeyError")]
)
def test_a_receiver_that_stops_a_mail_before_it_leaves_has_stopped_it(
    provider: Provider, error: type[Exception], code: str
) -> None:
    def stop(sender: Any, **kwargs: Any) -> None:
        raise error

    pre_send.connect(stop)
    try:
        receipt = send()
    finally:
        pre_send.disconnect(stop)
    assert receipt == Receipt(Outcome.REJECTED, "", code, "postmark")
    assert provider.calls == []


@mailgun
def test_a_batch_is_built_while_the_one_before_is_on_its_way(
    provider: Provider,
) -> None:
    both = threading.Barrier(2)
    lock = threading.Lock()
    together = []

    def answer(request: Request) -> Answer:
        # Neither is answered before the other has come.
        both.wait(10)
        return provider.esp.answer(request)

    def build(sender: Any, **kwargs: Any) -> None:
        together.append(not lock.acquire(blocking=False))
        time.sleep(0.05)
        lock.release()

    provider.server.answer = answer
    pre_send.connect(build)
    try:
        with ThreadPoolExecutor(2) as pool:
            receipts = [r for found in pool.map(send_two, "ab") for r in found]
    finally:
        pre_send.disconnect(build)
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert together == [False, False]


@mailgun
def test_a_batch_that_cannot_be_built_holds_up_no_other(provider: Provider) -> None:
    def stop(sender: Any, **kwargs: Any) -> None:
        raise AnymailCancelSend

    pre_send.connect(stop)
    try:
        assert {receipt.outcome for receipt in send_two("a")} == {Outcome.REJECTED}
    finally:
        pre_send.disconnect(stop)
    begun = time.monotonic()
    assert {receipt.outcome for receipt in send_two("b")} == {Outcome.ACCEPTED}
    assert time.monotonic() - begun < PATIENCE


@mailgun
def test_a_batch_that_is_stuck_holds_up_no_other_for_long(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esp, "PATIENCE", 0.1)
    with Turn():
        receipts = send_two("a")
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}


def send_two(name: str) -> list[Receipt]:
    """In one call."""
    content = personal_content()
    messages = [
        personal_message(n, content, to=f"{name}{n}@example.org") for n in range(2)
    ]
    with EmailChannel(batch_limit=2) as channel:
        return channel.send_batch(messages)


@postmark
def test_an_error_that_no_library_expects_during_the_call_is_unknown(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmailChannel() as channel:

        def fail(**kwargs: Any) -> Any:
            raise RuntimeError

        session = channel._transport._connection.session  # type: ignore[union-attr]
        monkeypatch.setattr(session, "request", fail)
        receipt = channel.send(message())
    assert receipt == Receipt(
        Outcome.UNKNOWN, "", "RuntimeError", "postmark", is_channel_wide=True
    )


@pytest.mark.parametrize("provider", ["scaleway"], indirect=True)
def test_d13_an_address_that_anymail_cannot_say_to_a_provider_is_refused(
    provider: Provider,
) -> None:
    receipt = send(to="zoé@example.org")
    assert receipt == Receipt(
        Outcome.REJECTED, "", "AnymailUnsupportedFeature", "scaleway"
    )
    assert provider.calls == []


@common
def test_f30_a_mail_that_cannot_be_written_is_refused_alone(
    provider: Provider,
) -> None:
    with EmailChannel() as channel:
        refused = channel.send(message(to="a@-.é"))
        accepted = channel.send(message())
    assert refused.outcome is Outcome.REJECTED
    assert accepted.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("provider", ["postmark", "mailgun"], indirect=True)
def test_a_mail_without_html_has_none(provider: Provider) -> None:
    provider.server.answer = lambda request: Answer({}, 429)
    with EmailChannel() as channel:
        receipt = channel.send(personal_message(1, personal_content(html="")))
    assert b"html" not in provider.calls[0].body.lower()
    assert receipt.code == "429"


@pytest.mark.parametrize("provider", ["postal"], indirect=True)
def test_f18_an_answer_without_us_is_unknown_whatever_anymail_is_told(
    provider: Provider, settings: Any
) -> None:
    settings.ANYMAIL["IGNORE_RECIPIENT_STATUS"] = True
    receipt = answering(
        provider, Answer({"status": "success", "data": {"messages": {}}})
    )
    assert receipt == Receipt(Outcome.UNKNOWN, "", "no_status", "postal")


@amazon
def test_d03_d06_amazon_gets_our_own_bytes(provider: Provider) -> None:
    link = "https://heidebeek.example/uit/" + "x" * 150
    send(headers={"List-Unsubscribe": f"<{link}>"})
    [call] = provider.calls
    raw = base64.b64decode(call.json["Content"]["Raw"]["Data"])
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 200
    assert raw.isascii()
    [sent] = provider.sent
    assert {"from", "to", "subject", "date", "message-id"} <= sent.headers.keys()


@postmark
def test_p13_no_address_in_a_receipt_or_the_log(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    text = "Invalid 'To' address: 'm1@example.org'."
    with caplog.at_level("DEBUG", "wagtail_bin"):
        receipt = answering(provider, Answer({"ErrorCode": 9, "Message": text}, 422))
    assert caplog.records
    assert "m1" not in caplog.text + repr(receipt)
