"""The demo: SQLite, a mail sink on loopback, log-ins that anybody may know."""

import os
from pathlib import Path

from example_site.settings.base import *  # noqa: F403
from example_site.settings.base import SQLITE_OPTIONS, VAR_DIR

DEMO_DIR = Path(os.environ.get("DEMO_DIR", VAR_DIR / "demo"))
DEMO_PORT = int(os.environ.get("DEMO_PORT", "8000"))

DEBUG = True
SECRET_KEY = "for the demo only, known to everybody"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
INTERNAL_IPS: list[str] = []

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DEMO_DIR / "db.sqlite3",
        "OPTIONS": SQLITE_OPTIONS,
    }
}
MEDIA_ROOT = DEMO_DIR / "media"

WAGTAILADMIN_BASE_URL = f"http://localhost:{DEMO_PORT}"

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("DEMO_SMTP_PORT", "8025"))
DEFAULT_FROM_EMAIL = "BIN Heidebeek <bin@heidebeek.example>"
MAIL_SINK_DIR = DEMO_DIR / "mail"
