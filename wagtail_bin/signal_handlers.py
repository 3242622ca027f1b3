"""What other packages tell us, handed on to our verbs. Nothing else."""

from __future__ import annotations

from typing import Any

from anymail.signals import tracking
from wagtail.signals import page_published, page_unpublished, post_page_move

from wagtail_bin.channels.tracking import events_of
from wagtail_bin.dispatch import receipts
from wagtail_bin.web.purge import purge_on_commit


def on_tracking(event: Any, esp_name: str, **kwargs: Any) -> None:
    """A provider reports something of a mail. For anymail's ``tracking``.

    What goes wrong is raised: the webhook answers 500, and the provider sends the
    report again.

    Args:
        event: ``anymail.signals.AnymailTrackingEvent``.
        esp_name: anymail's name of the provider.
    """
    receipts.hand_in(events_of(event, esp_name))


def on_page_change(instance: Any, **kwargs: Any) -> None:
    """A page was published, unpublished or moved."""
    purge_on_commit(instance)


def connect() -> None:
    """Receive these signals. For ``ready()``."""
    for signal in (page_published, page_unpublished, post_page_move):
        signal.connect(on_page_change, dispatch_uid="wagtail_bin.on_page_change")
    tracking.connect(on_tracking, dispatch_uid="wagtail_bin.on_tracking")
