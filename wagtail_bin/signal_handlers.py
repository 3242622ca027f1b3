"""What other packages tell us, handed on to our verbs. Nothing else."""

from __future__ import annotations

from typing import Any

from anymail.signals import tracking

from wagtail_bin.channels.tracking import events_of
from wagtail_bin.dispatch import receipts


def on_tracking(event: Any, esp_name: str, **kwargs: Any) -> None:
    """A provider reports something of a mail. For anymail's ``tracking``.

    What goes wrong is raised: the webhook answers 500, and the provider sends the
    report again.

    Args:
        event: ``anymail.signals.AnymailTrackingEvent``.
        esp_name: anymail's name of the provider.
    """
    receipts.hand_in(events_of(event, esp_name))


def connect() -> None:
    """Receive these signals. For ``ready()``."""
    tracking.connect(on_tracking, dispatch_uid="wagtail_bin.on_tracking")
