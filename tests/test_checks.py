"""System checks, each with its id."""

from __future__ import annotations

from typing import Any

import pytest

from wagtail_bin.checks import (
    check_batches,
    check_heartbeat,
    check_lease,
    check_queue,
    check_sender,
)


def test_the_settings_of_the_example_are_safe() -> None:
    assert check_queue() == []
    assert check_lease() == []
    assert check_heartbeat() == []


@pytest.mark.parametrize(
    "queue",
    [
        {},
        {"timeout": 90, "retry": 90},
        {"timeout": 90, "retry": 60},
        {"timeout": 40, "retry": 300},
    ],
)
def test_e001_a_queue_that_would_run_tasks_twice_is_refused(
    settings: Any, queue: dict[str, Any]
) -> None:
    settings.Q_CLUSTER = queue
    (problem,) = check_queue()
    assert problem.id == "wagtail_bin.E001"


def test_e002_a_lease_shorter_than_a_call_is_refused(settings: Any) -> None:
    settings.WAGTAIL_BIN_LEASE = 30
    (problem,) = check_lease()
    assert problem.id == "wagtail_bin.E002"


def test_w001_a_limit_that_kills_busy_workers_is_pointed_out(settings: Any) -> None:
    settings.WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT = 90
    (problem,) = check_heartbeat()
    assert problem.id == "wagtail_bin.W001"


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
    found = [message.id for message in check_batches()]
    assert found == ([] if is_fine else ["wagtail_bin.W010"])


def test_w010_a_project_without_e_mail_has_nothing_to_check(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {}
    assert check_batches() == []


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
    found = [message.id for message in check_sender()]
    assert found == ([] if is_fine else ["wagtail_bin.E011"])
