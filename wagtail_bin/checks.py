"""System checks with stable ids."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from wagtail_bin.conf import conf


@register(Tags.compatibility)
def check_queue(**kwargs: Any) -> list[CheckMessage]:
    """E001: a django-q2 task must be over before the broker hands it out again."""
    retry = conf.q_cluster.get("retry", 60)
    timeout = conf.q_cluster.get("timeout")
    if timeout and retry > timeout > conf.SLICE:
        return []
    return [
        Error(
            "Q_CLUSTER must have SLICE < timeout < retry, "
            f"not {conf.SLICE}, {timeout} and {retry} seconds.",
            hint="Set Q_CLUSTER = {'timeout': 90, 'retry': 300, …}; "
            "docs/settings.md has the whole of it.",
            id="wagtail_bin.E001",
        )
    ]


@register(Tags.compatibility)
def check_lease(**kwargs: Any) -> list[CheckMessage]:
    """E002: a lease must outlast a call to the provider."""
    if conf.CALL_TIMEOUT < conf.LEASE:
        return []
    return [
        Error(
            "WAGTAIL_BIN_LEASE must be longer than WAGTAIL_BIN_CALL_TIMEOUT.",
            hint="The defaults are 90 and 30 seconds.",
            id="wagtail_bin.E002",
        )
    ]
