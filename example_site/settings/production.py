"""A starting point for a real installation; everything secret is in the environment."""

import os

from example_site.settings.base import *  # noqa: F403
from example_site.settings.base import INSTALLED_APPS

DEBUG = False
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "USER": os.environ.get("PGUSER", ""),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "HOST": os.environ.get("PGHOST", ""),
        "PORT": os.environ.get("PGPORT", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}

WAGTAILADMIN_BASE_URL = os.environ["BASE_URL"]

# Any of anymail's providers; credentials as its documentation says.
EMAIL_BACKEND = os.environ.get(
    "EMAIL_BACKEND", "anymail.backends.postmark.EmailBackend"
)
ANYMAIL = {
    "POSTMARK_SERVER_TOKEN": os.environ.get("POSTMARK_SERVER_TOKEN", ""),
    "REQUESTS_TIMEOUT": (5, 30),
    # "user:password", as in the address of the webhook; two while it is replaced.
    "WEBHOOK_SECRET": os.environ.get("WEBHOOK_SECRET", "").split(),
}
# Whose reports are received at /bin/webhooks/<name>/.
WAGTAIL_BIN_WEBHOOKS = os.environ.get("WEBHOOKS", "").split()
DEFAULT_FROM_EMAIL = os.environ["DEFAULT_FROM_EMAIL"]
WAGTAIL_BIN_SUPPRESSION_KEY = os.environ["SUPPRESSION_KEY"]

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}
