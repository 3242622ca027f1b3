"""System checks with stable ids; docs/checks.md has the whole list."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailInsecureWebhookWarning
from anymail.webhooks.base import AnymailBasicAuthMixin
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.db import connections, router
from django.urls import URLPattern, URLResolver, get_resolver

from wagtail_bin.channels.base import Content
from wagtail_bin.channels.mime import InvalidSender, MailTemplate
from wagtail_bin.channels.providers import provider_of
from wagtail_bin.channels.registry import channel_names, channel_settings, get_channel
from wagtail_bin.conf import BROKERS, conf, safe_retry
from wagtail_bin.dispatch.queues import (
    Queue,
    cluster_of,
    configured_queues,
    settings_of,
    workers_of,
)
from wagtail_bin.models import ChannelName, Delivery, Role

SAFE = "wagtail_bin.conf.safe_q_cluster() makes a Q_CLUSTER that is right."

# A claim must outlast a call by so many seconds.
LEASE_MARGIN = 30


@register(Tags.compatibility)
def check_queue(**kwargs: Any) -> list[CheckMessage]:
    """E001, W002, W003: what django-q2 does with a task, for each cluster."""
    return [
        problem
        for queue in configured_queues()
        for problem in [*_check_times(queue), *_check_attempts(queue)]
    ]


def _check_times(queue: Queue) -> Iterator[CheckMessage]:
    settings, name = settings_of(queue), cluster_of(queue)
    retry, timeout = settings.get("retry", 60), settings.get("timeout")
    if not timeout or not retry > timeout > conf.SLICE:
        yield Error(
            "Q_CLUSTER must have WAGTAIL_BIN_SLICE < timeout < retry, "
            f"not {conf.SLICE}, {timeout} and {retry} seconds, in cluster {name!r}.",
            hint=SAFE,
            id="wagtail_bin.E001",
        )
        return
    workers = workers_of(queue)
    needed = safe_retry(
        timeout=timeout,
        workers=workers,
        queue_limit=settings.get("queue_limit", workers**2),
        bulk=settings.get("bulk", 1),
    )
    if retry <= needed:
        yield Warning(
            f"Tasks that wait in the cluster {name!r} will run twice: Q_CLUSTER's "
            f"retry is {retry} and should exceed {needed} seconds.",
            hint=f"No message goes out twice, but work is done for nothing. {SAFE}",
            id="wagtail_bin.W002",
        )


def _check_attempts(queue: Queue) -> Iterator[CheckMessage]:
    settings = settings_of(queue)
    if not settings.get("ack_failures") and not settings.get("max_attempts"):
        yield Warning(
            f"A task that fails in the cluster {cluster_of(queue)!r} will be tried "
            "again for ever.",
            hint="Set ack_failures to True and max_attempts to 1 in Q_CLUSTER: the "
            "ledger, not the queue, tries again.",
            id="wagtail_bin.W003",
        )


@register(Tags.compatibility)
def check_heartbeat(**kwargs: Any) -> list[CheckMessage]:
    """W001: a worker must not look dead while it does what it may."""
    longest = max(settings_of(q).get("timeout") or 0 for q in configured_queues())
    needed = longest + conf.WORKER_RING_INTERVAL
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
def check_broker(**kwargs: Any) -> list[CheckMessage]:
    """W004, W006: what the queue may lose."""
    queue = conf.q_cluster
    ledger = router.db_for_write(Delivery)
    problems: list[CheckMessage] = []
    if BROKERS & queue.keys() or queue.get("orm") != ledger:
        problems.append(
            Warning(
                "django-q2's queue is not in the database of the ledger, so that a "
                "killed cluster or an emptied broker loses what it held.",
                hint="Nobody is left out: the sweep finds what the queue lost. To "
                f"lose nothing set Q_CLUSTER's 'orm' to {ledger!r} and no other broker.",
                id="wagtail_bin.W004",
            )
        )
    if queue.get("redis") and queue["redis"] in _redis_caches():
        problems.append(
            Warning(
                "django-q2's queue and a cache share one Redis database: clearing "
                "the cache empties the queue.",
                hint="Give each a database number of its own.",
                id="wagtail_bin.W006",
            )
        )
    return problems


def _redis_caches() -> list[Any]:
    """Addresses of the caches that live in Redis."""
    found: list[Any] = []
    for cache in conf.caches.values():
        if "redis" in cache.get("BACKEND", "").lower():
            location = cache.get("LOCATION", "")
            found += location if isinstance(location, list | tuple) else [location]
    return found


@register(Tags.compatibility)
def check_urgent_cluster(**kwargs: Any) -> list[CheckMessage]:
    """W007: what is urgent has a cluster of its own."""
    if Queue.URGENT in configured_queues():
        return []
    return [
        Warning(
            f"Q_CLUSTER's ALT_CLUSTERS has no {conf.urgent_cluster!r}: urgent "
            "messages wait for a turn of whoever delivers tips.",
            hint=SAFE,
            id="wagtail_bin.W007",
        )
    ]


@register(Tags.compatibility)
def check_sqlite(**kwargs: Any) -> list[CheckMessage]:
    """W005: on SQLite writers must wait for one another, and briefly."""
    connection = connections[router.db_for_write(Delivery)]
    if connection.vendor != "sqlite":
        return []
    options = connection.settings_dict.get("OPTIONS", {})
    command = str(options.get("init_command", ""))
    wrong = []
    if not re.search(r"journal_mode\s*=\s*['\"]?wal", command, re.IGNORECASE):
        wrong.append("OPTIONS['init_command'] does not set journal_mode=WAL")
    if options.get("transaction_mode") not in ("IMMEDIATE", "EXCLUSIVE"):
        wrong.append("OPTIONS['transaction_mode'] is not 'IMMEDIATE'")
    if conf.q_cluster.get("save_limit", 250) > 0:
        wrong.append("Q_CLUSTER's save_limit is above 0")
    return [
        Warning(
            f"SQLite will answer “database is locked” to workers: {what}.",
            hint="docs/settings.md shows what SQLite needs.",
            id="wagtail_bin.W005",
        )
        for what in wrong
    ]


@register(Tags.compatibility)
def check_lease(**kwargs: Any) -> list[CheckMessage]:
    """E002: a lease must outlast a call to the provider."""
    needed = conf.CALL_TIMEOUT + LEASE_MARGIN
    if needed <= conf.LEASE:
        return []
    return [
        Error(
            f"WAGTAIL_BIN_LEASE must be {needed} seconds or more: "
            f"WAGTAIL_BIN_CALL_TIMEOUT and {LEASE_MARGIN}.",
            hint="The defaults are 90 and 30 seconds.",
            id="wagtail_bin.E002",
        )
    ]


@register(Tags.compatibility)
def check_channels(**kwargs: Any) -> list[CheckMessage]:
    """E003, E004: each channel is one that exists, and can be made."""
    problems: list[CheckMessage] = []
    for name in channel_names():
        if name not in ChannelName.values:
            problems.append(
                Error(
                    f"WAGTAIL_BIN_CHANNELS has an unknown channel {name!r}.",
                    hint=f"There are {', '.join(ChannelName.values)}.",
                    id="wagtail_bin.E003",
                )
            )
        try:
            get_channel(name)
        except Exception as error:  # noqa: BLE001 -- a project's class may raise any
            problems.append(
                Error(
                    f"WAGTAIL_BIN_CHANNELS[{name!r}] cannot be used: "
                    f"{_kind_of(error)}.",
                    hint="It is the dotted path of a Channel, or a mapping with "
                    "its BACKEND and OPTIONS.",
                    id="wagtail_bin.E004",
                )
            )
    return problems


def _kind_of(error: Exception) -> str:
    """What went wrong; in the words of the error where they hold no secrets."""
    words = isinstance(error, ImportError | ImproperlyConfigured | TypeError)
    return f"{type(error).__name__}: {error}" if words else type(error).__name__


@register(Tags.security)
def check_webhooks(**kwargs: Any) -> list[CheckMessage]:
    """E020: nobody but the provider may say what became of a mail."""
    if not conf.root_urlconf:
        return []
    open_views = sorted(
        {view.__name__ for view, options in _webhooks() if _is_open(view, options)}
    )
    if not open_views:
        return []
    return [
        Error(
            f"These webhooks accept anything from anybody: {', '.join(open_views)}.",
            hint="Set WEBHOOK_SECRET in ANYMAIL, and mount only the webhooks of "
            "the provider that is used.",
            id="wagtail_bin.E020",
        )
    ]


def _webhooks() -> Iterator[tuple[type[Any], dict[str, Any]]]:
    """Anymail's webhook views in the URLconf, with what they are made with."""
    waiting: list[Any] = [get_resolver()]
    while waiting:
        pattern = waiting.pop()
        if isinstance(pattern, URLResolver):
            waiting += pattern.url_patterns
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", object)
            if issubclass(view, AnymailBasicAuthMixin):
                yield view, getattr(pattern.callback, "view_initkwargs", {})


def _is_open(view: type[Any], options: dict[str, Any]) -> bool:
    """Whether anymail itself would warn of the view when it is called."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            view(**options)
        except Exception:  # noqa: BLE001 -- it cannot be made, so answers nobody
            return False
    return any(issubclass(w.category, AnymailInsecureWebhookWarning) for w in caught)


@register(Tags.security)
def check_receipts(**kwargs: Any) -> list[CheckMessage]:
    """E021: what providers report to us is proved, or we do not listen."""
    # It loads the webhooks of all providers: only where there are any.
    if not conf.WEBHOOKS:
        return []
    from wagtail_bin.web.webhooks import TWILIO, anymail_views, twilio_tokens

    problems: list[CheckMessage] = []
    for provider in conf.WEBHOOKS:
        try:
            with warnings.catch_warnings():
                # Said here, or when the mail goes out.
                warnings.simplefilter("ignore")
                twilio_tokens() if provider == TWILIO else anymail_views(provider)
        except (ImproperlyConfigured, ImportError, TypeError) as error:
            problems.append(
                Error(
                    f"WAGTAIL_BIN_WEBHOOKS: reports of {provider!r} cannot be "
                    f"received: {_kind_of(error)}.",
                    hint="docs/receipts.md says what each provider needs.",
                    id="wagtail_bin.E021",
                )
            )
    return problems


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
def check_groups(**kwargs: Any) -> list[CheckMessage]:
    """E005: OFFICE_GROUPS names offices, each with the name of a group."""
    groups = conf.OFFICE_GROUPS
    unknown = sorted(set(groups) - set(Role.values))
    nameless = [role for role, name in groups.items() if not name]
    if not unknown and not nameless:
        return []
    return [
        Error(
            "WAGTAIL_BIN_OFFICE_GROUPS: no office, or no name of a group: "
            f"{', '.join(map(str, unknown + nameless))}.",
            hint=f"The offices are: {', '.join(Role.values)}.",
            id="wagtail_bin.E005",
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


@register(Tags.compatibility)
def check_events(**kwargs: Any) -> list[CheckMessage]:
    """W011: what came back for now is counted from events that are still there."""
    if conf.EVENT_KEEP_DAYS >= conf.SOFT_BOUNCE_DAYS:
        return []
    return [
        Warning(
            f"WAGTAIL_BIN_EVENT_KEEP_DAYS is {conf.EVENT_KEEP_DAYS}: of the "
            f"{conf.SOFT_BOUNCE_DAYS} days of WAGTAIL_BIN_SOFT_BOUNCE_DAYS not all "
            "are counted.",
            hint="Keep events as long as that, or count fewer days.",
            id="wagtail_bin.W011",
        )
    ]
