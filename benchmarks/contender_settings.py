"""Settings of the contender: the example site on the harness's database and sinks."""

import os
from pathlib import Path

from example_site.settings.base import *  # noqa: F403
from wagtail_bin.conf import safe_q_cluster

SECRET_KEY = "for benchmarks only"
ALLOWED_HOSTS = ["*"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["BENCH_DB"].removeprefix("pg:"),
        "USER": os.environ.get("BENCH_DB_USER", "perf"),
        "HOST": "127.0.0.1",
        "PORT": os.environ.get("PERF_PG_PORT", "5432"),
    }
}
Q_CLUSTER = safe_q_cluster("contender")
WAGTAILADMIN_BASE_URL = "https://tips.example.org"
DEFAULT_FROM_EMAIL = "Tips <tips@example.org>"
MAIL_SINK_DIR = Path("/nonexistent")

EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(
    os.environ.get("BENCH_SMTP_PORT", os.environ.get("PERF_SMTP_PORT", 25))
)
PROVIDER = os.environ.get("BENCH_BACKEND", "smtp")
EMAIL_BACKEND = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "mailgun": "anymail.backends.mailgun.EmailBackend",
    "brevo": "anymail.backends.brevo.EmailBackend",
}[PROVIDER]
_ESP = f"http://127.0.0.1:{os.environ.get('PERF_ESP_PORT', 58080)}"
ANYMAIL = {
    "MAILGUN_API_KEY": "x",
    "MAILGUN_API_URL": f"{_ESP}/v3/",
    "MAILGUN_SENDER_DOMAIN": "example.org",
    "BREVO_API_KEY": "x",
    "BREVO_API_URL": f"{_ESP}/v3/",
}
WAGTAIL_BIN_CHANNELS = {
    "email": {
        "BACKEND": "wagtail_bin.channels.email.EmailChannel",
        "CONNECTIONS": int(os.environ.get("CONTENDER_CONNECTIONS", 4)),
        "BATCH": int(os.environ.get("CONTENDER_BATCH", 10)),
        "OPTIONS": {"batch_limit": int(os.environ.get("CONTENDER_CALL", 1))},
    }
}
# A resumed run need not wait for minutes.
WAGTAIL_BIN_LEASE, WAGTAIL_BIN_CALL_TIMEOUT = 30, 10
