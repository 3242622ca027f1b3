"""F06 from end to end: the provider took it, its answer was lost, its report settles it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from tests.ledgers import event
from tests.web.providers import SECRET, Report, postmark
from wagtail_bin.channels.events import EventKind
from wagtail_bin.dispatch import deliver, ledger, sweep
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.receipts import receive
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.models import Delivery

pytestmark = pytest.mark.django_db
State = Delivery.State


class Postmark(ThreadingHTTPServer):
    """Takes every message, notes it, and never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[dict[str, Any]] = []
        self.is_over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Postmark

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.taken += payload if isinstance(payload, list) else [payload]
        self.server.is_over.wait(30)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Postmark]:
    server = Postmark()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "a token",
        "POSTMARK_API_URL": f"http://127.0.0.1:{server.server_port}/",
        "REQUESTS_TIMEOUT": 1,
        "WEBHOOK_SECRET": SECRET,
    }
    settings.WAGTAIL_BIN_WEBHOOKS = ["postmark"]
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 1
    yield server
    server.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dispatch(tip: Any) -> Any:
    network = NetworkFactory()
    MemberFactory(network=network)
    return approve_dispatch(
        page=tip,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=1,
    ).dispatch


def test_f06_a_lost_answer_is_made_good_by_the_report_and_nothing_is_sent_twice(
    dispatch: Any, provider: Postmark
) -> None:
    deliver.deliver_due(seconds=30)
    row = Delivery.objects.get()
    assert row.state == State.UNKNOWN
    (message,) = provider.taken
    # The report hands back what was sent along, and a new id.
    report = Report("delivered", message["Metadata"]["delivery"], "pm-1", row.address)
    request = postmark(report, SECRET)
    response = Client().post(
        "/bin/webhooks/postmark/",
        request.body,
        content_type=request.content_type,
        headers=request.headers,
    )
    assert response.status_code == 200
    row.refresh_from_db()
    assert (row.state, row.report, row.provider_id) == ("accepted", "delivered", "pm-1")
    sweep.settle()
    assert deliver.deliver_due(seconds=5) == 0
    assert len(provider.taken) == 1
    dispatch.refresh_from_db()
    assert dispatch.settled_at is not None
    assert [found for found in verify() if found.count] == []


def test_f28_a_bounce_between_claim_and_sending_withholds_the_message(
    dispatch: Any,
) -> None:
    row = Delivery.objects.get()
    ids = ledger.claim(
        owner="owner", dispatch_id=dispatch.pk, channel="email", limit=10
    )
    # Of another message to the same address.
    other = Delivery.objects.create(
        dispatch=dispatch,
        member=MemberFactory(network=row.network, email=row.member.email),
        network=row.network,
        channel="email",
        language="nl",
        state=State.ACCEPTED,
        attempt=1,
        address=row.member.email,
        due_at=timezone.now(),
    )
    receive([event(EventKind.HARD_BOUNCE, other)])
    marked = ledger.mark_sending(
        owner="owner", ids=ids, dispatch=dispatch, channel="email"
    )
    assert marked == []
    row.refresh_from_db()
    assert row.state == State.SUPPRESSED
