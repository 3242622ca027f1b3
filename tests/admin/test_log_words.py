"""Wagtail's log has a name for whatever we write to it."""

from __future__ import annotations

from typing import Any

import pytest
from wagtail.log_actions import log, registry
from wagtail.models import ModelLogEntry

from tests.ledgers import make_dispatch
from wagtail_bin import audit

ACTIONS = [value for name, value in vars(audit).items() if name.isupper()]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_a_label_and_a_message(db: Any, action: str) -> None:
    assert registry.action_exists(action)
    assert registry.get_action_label(action)
    log(make_dispatch(), action)
    assert str(ModelLogEntry.objects.get().message)


@pytest.mark.parametrize(
    ("action", "data", "said"),
    [
        (audit.CANCEL, {"deliveries": 15}, "Cancelled: 15 messages are not sent"),
        (audit.PAUSE, {"code": "bounces"}, "Paused by itself, because of trouble"),
        (audit.PAUSE, {}, "Paused"),
        (
            audit.RESOLVE,
            {"resolution": "sent", "deliveries": 1, "reason": "gezien"},
            "Took 1 unknown message for sent: gezien",
        ),
        (
            audit.RESUME_ALL,
            {"was_copy": True, "unknown": 4},
            "Resumed all sending after a restore; 4 messages became unknown",
        ),
        (
            audit.RESCHEDULE,
            {"not_before": "2026-03-14T17:30:00+00:00"},
            "To be sent on 14 March 2026, 18:30",
        ),
        (
            audit.CONFIRM_HANDOVER,
            {"deliveries": 3, "platform": "BE-Alert"},
            "Sent to 3 members with BE-Alert, by hand",
        ),
    ],
)
def test_a_message_says_how_many_and_why(
    db: Any, settings: Any, action: str, data: dict[str, Any], said: str
) -> None:
    from django.utils import translation

    log(make_dispatch(), action, data=data)
    with translation.override("en"):
        assert str(ModelLogEntry.objects.get().message) == said
