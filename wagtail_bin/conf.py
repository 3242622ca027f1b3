"""The only reader of settings. Each is ``WAGTAIL_BIN_<NAME>`` in the project.

Values are read when asked for, so that a test's ``override_settings`` holds.
"""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings

PREFIX = "WAGTAIL_BIN_"

# What the name of the cluster for urgent messages ends in.
URGENT = "-urgent"

# Settings that choose another broker for django-q2 than the database.
BROKERS = {"broker_class", "iron_mq", "sqs", "mongo", "redis", "django_redis"}


class Settings:
    """The app's settings with their defaults.

    Durations are in seconds, sizes in bytes, unless the name says otherwise.
    """

    DEFAULTS: dict[str, Any] = {
        # What every page and mail tells people to ring when it is urgent.
        "EMERGENCY_NUMBER": "112",
        # Sender of all mail to members; None: DEFAULT_FROM_EMAIL.
        "FROM_EMAIL": None,
        # Root of links in mail for municipalities without a Wagtail site of
        # their own; None: WAGTAILADMIN_BASE_URL.
        "BASE_URL": None,
        # A monitored mailbox for List-Unsubscribe's mailto form; None: left out.
        "UNSUBSCRIBE_MAILTO": None,
        # Key of the suppression hashes; None: SECRET_KEY. Set it before the
        # first member, for it cannot be rotated: the addresses are gone.
        "SUPPRESSION_KEY": None,
        # Channel name -> dotted path of a wagtail_bin.channels.base.Channel.
        # or a mapping; wagtail_bin.channels.registry.ChannelSettings has it all.
        "CHANNELS": {
            "email": {
                "BACKEND": "wagtail_bin.channels.email.EmailChannel",
                "CONNECTIONS": 4,
                "BATCH": 10,
            }
        },
        # Deliveries claimed by a worker at a time, unless a channel's
        # connections can take more.
        "CLAIM_SIZE": 200,
        # How long each step of connecting to a provider may take.
        "CONNECT_TIMEOUT": 5,
        # How long a provider may take over one call.
        "CALL_TIMEOUT": 30,
        # How long a claim holds; must exceed CALL_TIMEOUT by 30 or more.
        "LEASE": 90,
        # How long one queue task keeps delivering before it yields.
        "SLICE": 20,
        # Pauses before what was not sent is tried again, by kind of message;
        # the last one repeats until the message expires.
        "RETRY_PAUSES": {
            "tips": [300, 600, 1200, 2400, 4000],
            "alerts": [30, 60, 120, 300, 600],
        },
        # After this many hours what could not be sent is given up.
        "EXPIRES_HOURS": {"tips": 72, "alerts": 6},
        # A warning about which nothing is known after so long is sent once more.
        "REPEAT_ALERT_AFTER": 600,
        # After so many failures in a row that had nothing to do with a
        # recipient a channel rests, for the first pause, doubling to the last.
        "BREAKER_FAILURES": 5,
        "BREAKER_PAUSES": (30, 600),
        # After so many refusals in a row, for now, a mail domain is left alone.
        "DOMAIN_FAILURES": 3,
        # After so many hours of them the coordinators are told.
        "BREAKER_TELL_HOURS": 1,
        # Providers whose reports are received, at webhooks/<name>/: anymail's
        # names of its providers, and "twilio".
        "WEBHOOKS": [],
        # Largest report taken.
        "WEBHOOK_MAX_BYTES": 4 * 1024 * 1024,
        # Provider -> arguments of anymail's view that are valid as well, while a
        # signing key is being replaced.
        "WEBHOOK_PREVIOUS_KEYS": {},
        # What Twilio signs its reports with, two while it is being replaced;
        # empty: AUTH_TOKEN of the channels.
        "TWILIO_AUTH_TOKENS": [],
        # How long reports are kept that belong to no message of ours.
        "UNMATCHED_KEEP_HOURS": 72,
        # All that was said of messages is erased after so many days; what it
        # came to stays.
        "EVENT_KEEP_DAYS": 30,
        # So many messages that came back for now, in so many days, are enough.
        "SOFT_BOUNCES": 3,
        "SOFT_BOUNCE_DAYS": 14,
        # A dispatch is paused when, of at least so many handed over, more than
        # this share came back.
        "TRIP_BOUNCES": (50, 0.05),
        # And when at least so many in a day, and this share, were reported as
        # unwanted.
        "TRIP_COMPLAINTS": (3, 0.003),
        # Outside production: channel name to the addresses that get everything.
        "OVERRIDE_RECIPIENTS": {},
        # How often a django-q2 schedule sweeps, in minutes; 0: there is none.
        "SWEEP_MINUTES": 1,
        # A worker that was not heard for so long is shown as dead.
        "WORKER_DEAD_AFTER": 30,
        # A worker whose heartbeat is older than this is killed and restarted.
        "WORKER_HEARTBEAT_LIMIT": 180,
        # How often the supervisor rings the queue.
        "WORKER_RING_INTERVAL": 10,
        # How long a worker may take to finish what it is doing when stopped.
        "WORKER_STOP_LIMIT": 30,
        # Office -> name of the group that its holders join, which opens the
        # admin; an office left out has none. The migration makes the groups, so
        # choose other names before the first one.
        "OFFICE_GROUPS": {
            "coordinator": "BIN coordinators",
            "deputy_coordinator": "BIN coordinators",
            "prevention_officer": "BIN prevention officers",
            "mandated_officer": "BIN police officers",
            "web_editor": "BIN web editors",
            "steering_group": "BIN observers",
            "chief_of_police": "BIN observers",
            "mayor": "BIN observers",
        },
        # How long caches may keep a public page: a minute, and while a new one is
        # fetched or the site is down.
        "PUBLIC_CACHE_CONTROL": (
            "public, max-age=0, s-maxage=60, stale-while-revalidate=300,"
            " stale-if-error=86400"
        ),
        # Tiles of the map of all BINs: {"URL": "https://…/{z}/{x}/{y}.png",
        # "ATTRIBUTION": "…"}; None: there is no map, and nothing is asked of others.
        "MAP_TILES": None,
        "IMPORT_MAX_BYTES": 10 * 1024 * 1024,
        "IMPORT_MAX_UNPACKED_BYTES": 150 * 1024 * 1024,
        "IMPORT_MAX_ROWS": 100_000,
        "IMPORT_MAX_COLUMNS": 50,
        # A workbook is parsed in a process of its own, with so much memory and so
        # many seconds of the processor's time.
        "IMPORT_CHILD_BYTES": 512 * 1024 * 1024,
        "IMPORT_CHILD_SECONDS": 60,
        # Rows planned, written or undone at a time, each time in one transaction.
        "IMPORT_BATCH": 5000,
        # Uploads that nobody confirmed are erased after this many hours.
        "IMPORT_KEEP_HOURS": 1,
        # Files for platforms that no program can reach are erased after so many
        # hours.
        "HANDOVER_KEEP_HOURS": 24,
        # Refused rows are erased so many days after the import.
        "IMPORT_KEEP_REFUSED_DAYS": 30,
        # So many days an import can be undone; then its former values are erased.
        "IMPORT_UNDO_DAYS": 30,
        # Sanctions are erased so many days after they were over.
        "SANCTION_KEEP_DAYS": 730,
        # Nobody is invited again before so many days have passed.
        "INVITE_AGAIN_DAYS": 14,
        # An invitation can be answered for so many days.
        "INVITATION_VALID_DAYS": 60,
    }

    def __getattr__(self, name: str) -> Any:
        try:
            default = self.DEFAULTS[name]
        except KeyError:
            raise AttributeError(name) from None
        return getattr(settings, PREFIX + name, default)

    @property
    def from_email(self) -> str:
        """Sender of mail to members, as ``Name <address>`` or an address."""
        return self.FROM_EMAIL or settings.DEFAULT_FROM_EMAIL

    @property
    def base_url(self) -> str:
        """Root of public links without a site of their own, no closing slash."""
        url = self.BASE_URL or getattr(settings, "WAGTAILADMIN_BASE_URL", "")
        return str(url).rstrip("/")

    @property
    def admin_base_url(self) -> str:
        """Root of links to the Wagtail admin, no closing slash."""
        url = getattr(settings, "WAGTAILADMIN_BASE_URL", "") or self.BASE_URL or ""
        return str(url).rstrip("/")

    @property
    def suppression_key(self) -> bytes:
        """Key of the keyed hashes of addresses."""
        return str(self.SUPPRESSION_KEY or settings.SECRET_KEY).encode()

    @property
    def q_cluster(self) -> dict[str, Any]:
        """The project's django-q2 settings."""
        return getattr(settings, "Q_CLUSTER", {})

    @property
    def default_cluster(self) -> str:
        """Name of the django-q2 cluster that delivers everything."""
        name = self.q_cluster.get("name", "default")
        return str(self.q_cluster.get("cluster_name", name))

    @property
    def urgent_cluster(self) -> str:
        """Name of the django-q2 cluster that delivers only what is urgent."""
        return self.default_cluster + URGENT

    @property
    def caches(self) -> dict[str, dict[str, Any]]:
        """The project's caches."""
        return settings.CACHES

    @property
    def root_urlconf(self) -> str:
        """Dotted path of the project's URLs; empty when it has none."""
        return getattr(settings, "ROOT_URLCONF", "")

    @property
    def session_cookie(self) -> str:
        """Name of the cookie of whoever has a session."""
        return settings.SESSION_COOKIE_NAME

    @property
    def user_model(self) -> str:
        """Label of the project's user model, for foreign keys."""
        return settings.AUTH_USER_MODEL

    @property
    def has_own_pages(self) -> bool:
        """Whether our concrete pages exist: not under a base page of the project's."""
        base = getattr(settings, "WAGTAIL_PAGE_MODEL", "wagtailcore.Page")
        return str(base).lower() == "wagtailcore.page"


conf = Settings()


def safe_retry(*, timeout: int, workers: int, queue_limit: int, bulk: int) -> int:
    """How many seconds a task may be with a django-q2 cluster before it is done.

    The clock of ``retry`` starts when a task is fetched. It then waits for what
    was fetched before it, and for what the workers are at; each may take
    ``timeout``. ``retry`` must be longer, or tasks run twice.
    """
    rounds = math.ceil((queue_limit + bulk + 1) / workers) + 1
    return timeout * rounds


def safe_q_cluster(
    name: str,
    *,
    workers: int = 2,
    urgent_workers: int = 1,
    timeout: int = 90,
    **more: Any,
) -> dict[str, Any]:
    """A ``Q_CLUSTER`` that delivers safely, with a cluster for what is urgent.

    Args:
        name: of the default cluster; the other one is called ``<name>-urgent``.
        workers: processes that deliver, in the default cluster.
        urgent_workers: the same for what is urgent.
        timeout: seconds that one task may take; more than ``WAGTAIL_BIN_SLICE``.
        more: other settings of django-q2, which win: another broker, say, or
            more ``ALT_CLUSTERS``.
    """

    def pool(size: int) -> dict[str, Any]:
        # Little is fetched ahead: a task that waits is a task that runs twice.
        limits = {"workers": size, "queue_limit": size}
        retry = safe_retry(timeout=timeout, bulk=1, **limits)
        return limits | {"retry": retry + 30}

    broker = {} if BROKERS & more.keys() else {"orm": "default"}
    urgent = more.get("cluster_name", name) + URGENT
    others = more.pop("ALT_CLUSTERS", {})
    return {
        "name": name,
        **broker,
        **pool(workers),
        "timeout": timeout,
        "bulk": 1,
        "poll": 0.5,
        # The ledger, not the queue, tries again.
        "max_attempts": 1,
        "ack_failures": True,
        "catch_up": False,
        # Results are in the ledger; pruning them here would lock SQLite.
        "save_limit": -1,
        "log_level": "WARNING",
        "ALT_CLUSTERS": {urgent: pool(urgent_workers), **others},
        **more,
    }
