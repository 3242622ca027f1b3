"""Webhooks: whoever proves who it is is believed, once; nobody else is heard."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import MemberFactory, NetworkFactory
from tests.ledgers import make_delivery, make_dispatch, reference_of
from tests.web.providers import (
    PROVIDERS,
    SECRET,
    Provider,
    Report,
    Request,
    basic_auth,
    postmark,
    sendgrid_event,
)
from wagtail_bin.models import Consent, Delivery, DeliveryEvent, Suppression
from wagtail_bin.validators import address_digest

pytestmark = [
    pytest.mark.django_db,
    # Of anymail itself, at each request.
    pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailNotSupportedWarning"),
]

EVERY = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda p: p.name)
OUTCOMES = {
    "delivered": {"", "delivered"},
    "hard": {"hard_bounce"},
    # Some providers go on trying, and say that it is delayed.
    "soft": {"soft_bounce", "deferred"},
    "complaint": {"complaint"},
}


@pytest.fixture
def client() -> Client:
    # As a provider sees it: an error is an answer.
    return Client(raise_request_exception=False)


def configure(settings: Any, provider: Provider, **anymail: Any) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = [provider.name]
    settings.ANYMAIL = provider.anymail(provider.key) | anymail


def sent_by(provider: Provider) -> Delivery:
    number = f"<{provider.name}@mail.example>"
    row = make_delivery(make_dispatch(), provider_id=number, source=provider.source)
    # Most providers know the time to the second only.
    Consent.objects.update(at=timezone.now() - dt.timedelta(days=30))
    return row


def report_of(what: str, row: Delivery, number: int = 1) -> Report:
    return Report(what, reference_of(row), row.provider_id, row.address, number)


def post(client: Client, name: str, request: Request) -> int:
    response = client.post(
        f"/bin/webhooks/{name}/",
        data=request.body,
        content_type=request.content_type,
        headers=request.headers,
    )
    return response.status_code


def nothing_was_written() -> bool:
    return (
        not DeliveryEvent.objects.exclude(event_id="").exists()
        and not Suppression.objects.exists()
        and not Consent.objects.filter(is_given=False).exists()
        and not Delivery.objects.exclude(report="").exists()
    )


@EVERY
@pytest.mark.parametrize("what", OUTCOMES)
def test_d09_f06_what_a_provider_says_arrives(
    provider: Provider, what: str, settings: Any, client: Client
) -> None:
    configure(settings, provider)
    row = sent_by(provider)
    request = provider.build(report_of(what, row), provider.key)
    assert post(client, provider.name, request) == 200
    row.refresh_from_db()
    assert row.report in OUTCOMES[what]
    assert row.state == "accepted"
    barred = set(Suppression.objects.values_list("digest", flat=True))
    assert barred == ({address_digest(row.address)} if what == "hard" else set())
    withdrawn = row.member.consents.filter(is_given=False, basis="complaint")
    assert withdrawn.exists() == (what == "complaint")


@EVERY
def test_f06_an_unknown_row_is_settled_by_the_reference_in_the_metadata(
    provider: Provider, settings: Any, client: Client
) -> None:
    if provider.name == "mailersend":
        pytest.skip("sends no metadata back")
    configure(settings, provider)
    row = make_delivery(make_dispatch(), state=Delivery.State.UNKNOWN)
    report = dataclasses.replace(report_of("hard", row), provider_id="<new@id>")
    assert post(client, provider.name, provider.build(report, provider.key)) == 200
    row.refresh_from_db()
    assert (row.state, row.provider_id) == ("accepted", "<new@id>")


@EVERY
def test_f23_p13_repeated_reports_are_one_and_name_nobody(
    provider: Provider,
    settings: Any,
    client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    configure(settings, provider)
    row = sent_by(provider)
    request = provider.build(report_of("hard", row), provider.key)
    for _ in range(5):
        assert post(client, provider.name, request) == 200
    (event,) = DeliveryEvent.objects.exclude(event_id="")
    assert event.source == provider.source
    assert row.address not in " ".join(str(v) for v in vars(event).values())
    assert row.address not in caplog.text


@EVERY
def test_s20_what_is_not_proved_is_refused_and_writes_nothing(
    provider: Provider,
    settings: Any,
    client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(settings, provider)
    row = sent_by(provider)
    report = report_of("hard", row)
    wrong = provider.build(report, provider.key + "x")
    bare = provider.build(report, provider.key)
    bare.headers = {
        name: value for name, value in bare.headers.items() if name.startswith("X-Amz")
    }
    if provider.name in {"mailgun", "unisender_go"}:
        # Signed inside.
        bare.body = bare.body.replace('"signature": "', '"signature": "0')
        bare.body = bare.body.replace('"auth": "', '"auth": "0')
    for request in (wrong, bare):
        assert post(client, provider.name, request) in {400, 401, 403}
    assert nothing_was_written()
    assert provider.key not in caplog.text
    assert row.address not in caplog.text


@EVERY
def test_s20_two_keys_are_valid_while_one_is_replaced(
    provider: Provider, settings: Any, client: Client
) -> None:
    old, new = f"{provider.key} of before", provider.key
    if provider.setting:
        configure(settings, provider)
        settings.WAGTAIL_BIN_WEBHOOK_PREVIOUS_KEYS = {
            provider.name: {provider.argument: old}
        }
    else:
        configure(settings, provider, WEBHOOK_SECRET=[new, old])
    row = sent_by(provider)
    for number, (key, status) in enumerate([(old, 200), (new, 200), ("older", 400)]):
        report = report_of("delivered", row, number)
        key = "bin:older" if key == "older" and not provider.setting else key
        assert post(client, provider.name, provider.build(report, key)) == status


@EVERY
@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_s20_i10_nothing_but_a_post_changes_anything(
    provider: Provider, method: str, settings: Any, client: Client
) -> None:
    configure(settings, provider)
    request = provider.build(report_of("hard", sent_by(provider)), provider.key)
    response = getattr(client, method)(
        f"/bin/webhooks/{provider.name}/", headers=request.headers
    )
    assert response.status_code in {200, 405}
    assert nothing_was_written()


@EVERY
@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailInsecureWebhookWarning")
def test_s20_without_a_key_of_ours_nobody_is_believed(
    provider: Provider, settings: Any
) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = [provider.name]
    settings.ANYMAIL = {}
    request = provider.build(report_of("hard", sent_by(provider)), provider.key)
    with pytest.raises(ImproperlyConfigured):
        post(Client(), provider.name, request)
    assert nothing_was_written()


@pytest.mark.parametrize("name", ["postmark", "twilio", "nobody", "brevo"])
def test_s20_only_the_configured_provider_has_an_address(
    name: str, settings: Any, client: Client
) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = ["mailgun"]
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    request = postmark(report_of("hard", make_delivery(make_dispatch())), SECRET)
    assert post(client, name, request) == 403
    assert nothing_was_written()


@EVERY
def test_s21_a_forged_address_and_a_foreign_id_hurt_nobody(
    provider: Provider, settings: Any, client: Client
) -> None:
    configure(settings, provider)
    row, victim = sent_by(provider), MemberFactory()
    forged = dataclasses.replace(report_of("hard", row), address=victim.email)
    foreign = Report("hard", "", "<somebody@else>", victim.email, number=2)
    for report in (forged, foreign):
        assert post(client, provider.name, provider.build(report, provider.key)) == 200
    assert Suppression.objects.get().digest == address_digest(row.address)
    assert DeliveryEvent.objects.filter(delivery=None).count() == 1


def test_s22_a_body_that_is_too_large_is_not_even_read(
    settings: Any, client: Client
) -> None:
    configure(settings, PROVIDERS[0])
    large = Request("x" * (5 * 1024 * 1024), headers=basic_auth(SECRET))
    assert post(client, "postmark", large) == 413
    assert nothing_was_written()


@EVERY
def test_s22_a_large_batch_that_may_come_does_come(
    provider: Provider, settings: Any, client: Client
) -> None:
    # Less than ours, more than what Django allows a form.
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    configure(settings, provider)
    row = sent_by(provider)
    request = provider.build(report_of("hard", row), provider.key)
    assert post(client, provider.name, request) == 200
    row.refresh_from_db()
    assert row.report == "hard_bounce"


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "\x00", '{"RecordType": 1}', "[" * 100_000]
)
def test_s27_nonsense_from_somebody_who_knows_the_secret_writes_nothing(
    body: str, settings: Any, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    configure(settings, PROVIDERS[0])
    request = Request(body, headers=basic_auth(SECRET))
    assert post(client, "postmark", request) in {200, 400, 500}
    assert nothing_was_written()


def test_f25_an_error_inside_is_a_500_and_the_repetition_does_it(
    settings: Any,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(settings, PROVIDERS[0])
    row = sent_by(PROVIDERS[0])
    request = postmark(report_of("hard", row), SECRET)

    def crash(*args: Any) -> None:
        raise RuntimeError(f"at {row.address}")

    with monkeypatch.context() as patch:
        patch.setattr("wagtail_bin.dispatch.receipts.learn", crash)
        assert post(client, "postmark", request) == 500
    assert nothing_was_written()
    assert "RuntimeError in crash" in caplog.text
    assert row.address not in caplog.text
    assert post(client, "postmark", request) == 200
    row.refresh_from_db()
    assert row.report == "hard_bounce"


def test_f25_a_batch_is_stored_as_a_whole_or_not_at_all(
    settings: Any, client: Client
) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = ["sendgrid"]
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    good = sendgrid_event(report_of("hard", make_delivery(make_dispatch())))
    broken = json.dumps([good, {"no": "event"}])
    headers = basic_auth(SECRET)
    assert post(client, "sendgrid", Request(broken, headers=headers)) == 500
    assert nothing_was_written()
    fine = json.dumps([good])
    assert post(client, "sendgrid", Request(fine, headers=headers)) == 200
    assert Suppression.objects.exists()


def test_s22_a_batch_of_a_hundred_takes_as_many_queries_as_one_of_ten(
    settings: Any, client: Client
) -> None:
    settings.WAGTAIL_BIN_WEBHOOKS = ["sendgrid"]
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.WAGTAIL_BIN_TRIP_BOUNCES = (10**6, 0.05)
    settings.WAGTAIL_BIN_TRIP_COMPLAINTS = (10**6, 0.003)
    number = iter(range(10**6))

    def queries(size: int) -> int:
        network = NetworkFactory()
        dispatch = make_dispatch(networks=[network])
        events = [
            sendgrid_event(
                report_of(
                    ["delivered", "hard", "soft", "complaint"][n % 4],
                    make_delivery(dispatch, MemberFactory(network=network)),
                    next(number),
                )
            )
            for n in range(size)
        ]
        request = Request(json.dumps(events), headers=basic_auth(SECRET))
        with CaptureQueriesContext(connection) as captured:
            assert post(client, "sendgrid", request) == 200
        return len(captured)

    assert queries(100) == queries(10)
    assert DeliveryEvent.objects.exclude(event_id="").count() == 110


def test_p12_what_was_opened_or_clicked_is_not_kept(
    settings: Any, client: Client
) -> None:
    configure(settings, PROVIDERS[0])
    row = sent_by(PROVIDERS[0])
    for kind in ("Open", "Click"):
        event = {
            "RecordType": kind,
            "MessageID": row.provider_id,
            "Metadata": {"delivery": reference_of(row)},
            "Recipient": row.address,
            "UserAgent": "Mozilla/5.0",
            "OriginalLink": "https://heidebeek.example/",
        }
        request = Request(json.dumps(event), headers=basic_auth(SECRET))
        assert post(client, "postmark", request) == 200
    assert nothing_was_written()


def test_a_project_may_mount_anymails_own_addresses(
    settings: Any, client: Client
) -> None:
    from anymail.webhooks.postmark import PostmarkTrackingWebhookView
    from django.test import RequestFactory

    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    row = sent_by(PROVIDERS[0])
    made = postmark(report_of("hard", row), SECRET)
    request = RequestFactory().post(
        "/", made.body, content_type=made.content_type, headers=made.headers
    )
    assert PostmarkTrackingWebhookView.as_view()(request).status_code == 200
    row.refresh_from_db()
    assert row.report == "hard_bounce"
