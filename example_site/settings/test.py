"""Settings of the test suite, and of the worker processes that it starts.

``DATABASE_URL`` chooses PostgreSQL (``postgres://user:password@host:port/name``)
and ``REDIS_URL`` the Redis broker; without them all is SQLite. A worker
process gets the name of the test database in ``TEST_DATABASE`` and the port of
the test's mail sink in ``TEST_SMTP_PORT``.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from example_site.settings.base import *  # noqa: F403
from example_site.settings.base import Q_CLUSTER, SQLITE_OPTIONS

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEST_DATABASE = os.environ.get("TEST_DATABASE", "")

DATABASES: dict[str, dict[str, Any]]
if url := os.environ.get("DATABASE_URL"):
    parts = urlsplit(url)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": TEST_DATABASE or parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            "OPTIONS": {"options": "-c jit=off"},
        }
    }
else:
    # A file, not memory: worker processes open it too.
    database = TEST_DATABASE or str(
        Path(tempfile.gettempdir()) / f"wagtail_bin_test_{os.getpid()}.sqlite3"
    )
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": database,
            "OPTIONS": SQLITE_OPTIONS | {"init_command": "PRAGMA journal_mode=WAL;"},
            "TEST": {"NAME": database},
        }
    }

# Tests read what each process of a cluster does.
Q_CLUSTER = Q_CLUSTER | {"log_level": "INFO"}
if redis_url := os.environ.get("TEST_REDIS_URL", os.environ.get("REDIS_URL")):
    Q_CLUSTER = {key: Q_CLUSTER[key] for key in Q_CLUSTER if key != "orm"}
    # Test processes that run side by side have a Redis database each.
    base, _, number = redis_url.rpartition("/")
    own = int(number) + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    Q_CLUSTER["redis"] = f"{base}/{own}"
Q_CLUSTER |= json.loads(os.environ.get("TEST_Q_CLUSTER", "{}"))

WAGTAILADMIN_BASE_URL = "http://testserver"
DEFAULT_FROM_EMAIL = "BIN <bin@heidebeek.example>"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("TEST_SMTP_PORT", "1"))
MAIL_SINK_DIR = Path(tempfile.gettempdir()) / "wagtail_bin_test_mail"

# Short enough for a test to wait for what takes minutes in life.
for name in (
    *("LEASE", "CALL_TIMEOUT", "SLICE", "CLAIM_SIZE"),
    *("WORKER_HEARTBEAT_LIMIT", "WORKER_RING_INTERVAL", "IMPORT_BATCH"),
):
    if value := os.environ.get(f"TEST_{name}"):
        globals()[f"WAGTAIL_BIN_{name}"] = int(value)
if connections := os.environ.get("TEST_CONNECTIONS"):
    WAGTAIL_BIN_CHANNELS = {
        "email": {
            "BACKEND": "wagtail_bin.channels.email.EmailChannel",
            "CONNECTIONS": int(connections),
            "BATCH": 10,
        }
    }
if "TEST_LEASE" in os.environ:
    # A lease of seconds is too short for anything but a test.
    SILENCED_SYSTEM_CHECKS = ["wagtail_bin.E002"]
