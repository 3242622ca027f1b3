"""System checks, each with its id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.conf import settings as project
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from django.urls import include, path

from tests.test_docs import rows
from wagtail_bin import checks
from wagtail_bin.conf import safe_q_cluster

ROOT = Path(__file__).resolve().parents[1]

# Where ROOT_URLCONF points in tests of webhooks.
urlpatterns = [path("hooks/", include([path("", include("anymail.urls"))]))]


def ids(problems: Sequence[CheckMessage]) -> list[str]:
    assert all(problem.hint for problem in problems)
    return [str(problem.id).removeprefix("wagtail_bin.") for problem in problems]


def safe(**more: Any) -> dict[str, Any]:
    return safe_q_cluster("site", **more)


def test_every_check_is_documented_and_no_other() -> None:
    source = Path(checks.__file__).read_text()
    documented = {row[0].strip("`") for row in rows("checks.md")[1:]}
    assert set(re.findall(r'id="wagtail_bin\.(\w+)"', source)) == documented - {"---"}


def test_the_settings_of_the_example_are_safe(settings: Any) -> None:
    # Redis, where the suite runs on it, has a warning of its own.
    own = {k: v for k, v in settings.Q_CLUSTER.items() if k != "redis"}
    settings.Q_CLUSTER = {"orm": "default"} | own
    assert [p for p in run_checks() if str(p.id).startswith("wagtail_bin.")] == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"workers": 1, "urgent_workers": 4},
        {"workers": 8, "timeout": 30},
        {"cluster_name": "other"},
    ],
)
def test_what_safe_q_cluster_makes_is_safe(settings: Any, more: dict[str, Any]) -> None:
    settings.Q_CLUSTER = safe(**more)
    assert checks.check_queue() == []
    assert checks.check_heartbeat() == []
    assert checks.check_broker() == []
    assert checks.check_urgent_cluster() == []
    assert checks.check_sqlite() == []


@pytest.mark.parametrize(
    "queue",
    [
        {},
        {"timeout": 90, "retry": 90},
        {"timeout": 90, "retry": 60},
        {"timeout": 20, "retry": 300},
    ],
)
def test_e001_a_queue_that_would_run_tasks_twice_is_refused(
    settings: Any, queue: dict[str, Any]
) -> None:
    settings.Q_CLUSTER = {"ack_failures": True} | queue
    assert ids(checks.check_queue()) == ["E001"]


def test_e001_the_urgent_cluster_is_looked_at_as_it_will_be(settings: Any) -> None:
    settings.Q_CLUSTER = safe(ALT_CLUSTERS={"site-urgent": {"timeout": 500}})
    (problem,) = checks.check_queue()
    assert ids([problem]) == ["E001"]
    assert "'site-urgent'" in problem.msg


@pytest.mark.parametrize(
    ("queue", "is_pointed_out"),
    [
        # What django-q2 takes when queue_limit is not set: workers squared.
        ({"workers": 2, "timeout": 90, "retry": 300}, True),
        ({"workers": 2, "timeout": 90, "retry": 360}, True),
        ({"workers": 2, "timeout": 90, "retry": 361}, False),
        ({"workers": 2, "queue_limit": 2, "timeout": 90, "retry": 300}, False),
        (
            {"workers": 2, "queue_limit": 2, "bulk": 9, "timeout": 90, "retry": 300},
            True,
        ),
        ({"timeout": 90, "retry": 100}, True),
    ],
)
def test_w002_tasks_that_would_wait_too_long_are_pointed_out(
    settings: Any, queue: dict[str, Any], *, is_pointed_out: bool
) -> None:
    settings.Q_CLUSTER = {"ack_failures": True} | queue
    assert ids(checks.check_queue()) == (["W002"] if is_pointed_out else [])


@pytest.mark.parametrize(
    ("queue", "is_pointed_out"),
    [
        ({"max_attempts": 0, "ack_failures": False}, True),
        ({"max_attempts": 3, "ack_failures": False}, False),
        ({"max_attempts": 0, "ack_failures": True}, False),
    ],
)
def test_w003_tasks_tried_for_ever_are_pointed_out(
    settings: Any, queue: dict[str, Any], *, is_pointed_out: bool
) -> None:
    settings.Q_CLUSTER = safe(ALT_CLUSTERS={}) | queue | {"ALT_CLUSTERS": {}}
    assert ids(checks.check_queue()) == (["W003"] if is_pointed_out else [])


def test_w001_a_limit_that_kills_busy_workers_is_pointed_out(settings: Any) -> None:
    settings.WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT = 90
    assert ids(checks.check_heartbeat()) == ["W001"]


@pytest.mark.parametrize(
    "more",
    [{"redis": "redis://localhost/1"}, {"orm": "queue"}, {"broker_class": "a.B"}],
)
def test_w004_a_queue_apart_from_the_ledger_is_pointed_out(
    settings: Any, more: dict[str, Any]
) -> None:
    settings.Q_CLUSTER = safe(**more)
    assert ids(checks.check_broker()) == ["W004"]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite")
@pytest.mark.parametrize(
    ("options", "queue"),
    [
        ({"transaction_mode": "IMMEDIATE"}, {}),
        ({"init_command": "PRAGMA journal_mode = 'WAL'"}, {}),
        (
            {"transaction_mode": "DEFERRED", "init_command": "PRAGMA journal_mode=WAL"},
            {},
        ),
        (project.DATABASES["default"].get("OPTIONS"), {"save_limit": 250}),
    ],
)
def test_w005_sqlite_that_locks_is_pointed_out(
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    queue: dict[str, Any],
) -> None:
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    settings.Q_CLUSTER = safe(**queue)
    assert ids(checks.check_sqlite()) == ["W005"]


def test_w006_a_queue_that_clearing_the_cache_empties_is_pointed_out(
    settings: Any,
) -> None:
    cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    settings.CACHES = {"default": cache | {"LOCATION": ["redis://localhost/1"]}}
    settings.Q_CLUSTER = safe(redis="redis://localhost/1")
    assert ids(checks.check_broker()) == ["W004", "W006"]
    settings.Q_CLUSTER = safe(redis="redis://localhost/2")
    assert ids(checks.check_broker()) == ["W004"]


def test_w007_urgent_messages_behind_tips_are_pointed_out(settings: Any) -> None:
    settings.Q_CLUSTER = {"name": "site", "ALT_CLUSTERS": {"site-imports": {}}}
    assert ids(checks.check_urgent_cluster()) == ["W007"]


@pytest.mark.parametrize(("lease", "is_refused"), [(59, True), (60, False)])
def test_e002_a_lease_that_a_call_outlasts_is_refused(
    settings: Any, lease: int, *, is_refused: bool
) -> None:
    settings.WAGTAIL_BIN_CALL_TIMEOUT = 30
    settings.WAGTAIL_BIN_LEASE = lease
    assert ids(checks.check_lease()) == (["E002"] if is_refused else [])


def test_e003_an_unknown_channel_is_refused(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "pigeon": "wagtail_bin.channels.memory.MemoryChannel"
    }
    assert ids(checks.check_channels()) == ["E003"]


@pytest.mark.parametrize(
    "entry",
    [
        "wagtail_bin.channels.nowhere.Channel",
        "wagtail_bin.channels.memory.Nothing",
        "collections.OrderedDict",
        {"BACKEND": "wagtail_bin.channels.memory.MemoryChannel", "OPTIONS": "none"},
        {"BACKEND": "wagtail_bin.channels.memory.MemoryChannel", "COLOUR": "red"},
        {},
        "",
    ],
)
def test_e004_a_channel_that_cannot_be_made_is_refused(
    settings: Any, entry: object
) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {"email": entry}
    assert ids(checks.check_channels()) == ["E004"]


class Secretive:
    """A channel's class whose error tells too much."""

    def __init__(self) -> None:
        raise RuntimeError("the password is x")


def test_e004_does_not_tell_secrets(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {"email": "tests.test_checks.Secretive"}
    (problem,) = checks.check_channels()
    assert "RuntimeError" in problem.msg
    assert "password" not in problem.msg


def test_e020_webhooks_open_to_anybody_are_refused(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.test_checks"
    settings.ANYMAIL = {"MAILGUN_API_KEY": "key"}
    (problem,) = checks.check_webhooks()
    assert ids([problem]) == ["E020"]
    assert PostmarkTrackingWebhookView.__name__ in problem.msg
    # It verifies signatures, so needs no secret.
    assert MailgunTrackingWebhookView.__name__ not in problem.msg


@pytest.mark.parametrize("secret", ["", None, []])
def test_e020_an_empty_secret_is_none(settings: Any, secret: object) -> None:
    settings.ROOT_URLCONF = "tests.test_checks"
    settings.ANYMAIL = {"WEBHOOK_SECRET": secret}
    assert ids(checks.check_webhooks()) == ["E020"]


def test_e020_a_secret_or_no_webhook_is_fine(settings: Any) -> None:
    assert checks.check_webhooks() == []
    settings.ROOT_URLCONF = "tests.test_checks"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "name:password"}
    assert checks.check_webhooks() == []
    settings.ROOT_URLCONF = ""
    assert checks.check_webhooks() == []


@pytest.mark.parametrize("provider", ["postmark", "mailgun", "pigeon", "twilio"])
def test_e021_reports_that_nobody_can_prove_are_refused(
    settings: Any, provider: str
) -> None:
    settings.ANYMAIL = {}
    settings.WAGTAIL_BIN_WEBHOOKS = [provider]
    (problem,) = checks.check_receipts()
    assert ids([problem]) == ["E021"]
    assert repr(provider) in problem.msg


def test_e021_a_secret_or_a_key_is_a_proof(settings: Any) -> None:
    assert checks.check_receipts() == []
    settings.ANYMAIL = {"WEBHOOK_SECRET": "name:password", "MAILGUN_API_KEY": "key"}
    settings.WAGTAIL_BIN_TWILIO_AUTH_TOKENS = ["token"]
    settings.WAGTAIL_BIN_WEBHOOKS = ["postmark", "mailgun", "sendgrid", "twilio"]
    assert checks.check_receipts() == []


@pytest.mark.parametrize(
    ("backend", "limit", "is_fine"),
    [
        ("django.core.mail.backends.smtp.EmailBackend", 1, True),
        ("django.core.mail.backends.smtp.EmailBackend", 2, False),
        ("anymail.backends.postmark.EmailBackend", 2, False),
        ("anymail.backends.mailgun.EmailBackend", 1000, True),
        ("anymail.backends.mailgun.EmailBackend", 1001, False),
        # Without its keys, anymail says so itself.
        ("anymail.backends.brevo.EmailBackend", 5000, True),
        ("nowhere.EmailBackend", 2, True),
    ],
)
def test_w010_a_batch_that_nobody_takes_is_pointed_out(
    settings: Any, backend: str, limit: int, is_fine: bool
) -> None:
    settings.EMAIL_BACKEND = backend
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "MAILGUN_API_KEY": "x"}
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": {
            "BACKEND": "wagtail_bin.channels.email.EmailChannel",
            "OPTIONS": {"batch_limit": limit},
        }
    }
    found = [message.id for message in checks.check_batches()]
    assert found == ([] if is_fine else ["wagtail_bin.W010"])


def test_w010_a_project_without_e_mail_has_nothing_to_check(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {}
    assert checks.check_batches() == []


@pytest.mark.parametrize(
    ("sender", "is_fine"),
    [
        ("BIN <bin@heidebeek.example>", True),
        ("bin@müller.example", True),
        ("webmaster@localhost", True),
        ("BIN", False),
        ("a@x.example, b@x.example", False),
        ("BIN <é@heidebeek.example>", False),
    ],
)
def test_e011_mail_needs_a_sender(settings: Any, sender: str, is_fine: bool) -> None:
    settings.WAGTAIL_BIN_FROM_EMAIL = sender
    found = [message.id for message in checks.check_sender()]
    assert found == ([] if is_fine else ["wagtail_bin.E011"])


def test_w011_what_is_counted_is_kept_so_long(settings: Any) -> None:
    assert checks.check_events() == []
    settings.WAGTAIL_BIN_EVENT_KEEP_DAYS = 13
    [problem] = checks.check_events()
    assert problem.id == "wagtail_bin.W011"
    assert "13" in problem.msg
    assert "14 days" in problem.msg
