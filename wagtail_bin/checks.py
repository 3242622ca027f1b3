"""System checks with stable ids."""

from __future__ import annotations

from typing import Any

from anymail.backends.base import AnymailBaseBackend
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection

from wagtail_bin.channels.base import Content
from wagtail_bin.channels.mime import InvalidSender, MailTemplate
from wagtail_bin.channels.providers import provider_of
from wagtail_bin.channels.registry import channel_settings
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


@register(Tags.compatibility)
def check_heartbeat(**kwargs: Any) -> list[CheckMessage]:
    """W001: a worker must not look dead while it does what it may."""
    needed = conf.q_cluster.get("timeout", 0) + conf.WORKER_RING_INTERVAL
    if needed < conf.WORKER_HEARTBEAT_LIMIT:
        return []
    return [
        Warning(
            f"WAGTAIL_BIN_WORKER_HEARTBEAT_LIMIT should exceed {needed} seconds: "
            "Q_CLUSTER's timeout and WAGTAIL_BIN_WORKER_RING_INTERVAL together.",
            hint="A worker busy with one long task is killed otherwise. "
            "The default is 180.",
            id="wagtail_bin.W001",
        )
    ]


@register(Tags.compatibility)
def check_batches(**kwargs: Any) -> list[CheckMessage]:
    """W010: a batch that was asked for should be one that the provider takes."""
    try:
        wanted = channel_settings("email").options.get("batch_limit", 1)
        connection = get_connection()
    except (ImproperlyConfigured, ImportError):
        return []  # said elsewhere, in its own words
    is_provider = isinstance(connection, AnymailBaseBackend)
    if wanted <= (provider_of(connection).batch if is_provider else 1):
        return []
    return [
        Warning(
            f"The e-mail channel's batch_limit is {wanted}, but this mail backend "
            "gets fewer mails in one call, or one by one.",
            hint="docs/email.md says which providers take batches, and how large.",
            id="wagtail_bin.W010",
        )
    ]


@register(Tags.compatibility)
def check_sender(**kwargs: Any) -> list[CheckMessage]:
    """E011: mail to members needs a sender that a server would take."""
    try:
        MailTemplate(Content(text="", from_email=conf.from_email))
    except InvalidSender:
        return [
            Error(
                "WAGTAIL_BIN_FROM_EMAIL (or DEFAULT_FROM_EMAIL) is not one address.",
                hint="Write it as 'Name <address@example.org>'.",
                id="wagtail_bin.E011",
            )
        ]
    return []
