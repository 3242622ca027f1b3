"""A site of somebody else: own users, own base page, own document."""

import os
from pathlib import Path

from example_site.settings.base import *  # noqa: F403
from example_site.settings.base import (
    INSTALLED_APPS as EXAMPLE_APPS,
)
from example_site.settings.base import (
    SQLITE_OPTIONS,
    TEMPLATES,
)

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "tests.dropin.town" if app == "example_site.home" else app
    for app in EXAMPLE_APPS
    # wagtail-localize 1.14 asks Wagtail's own Page, which is swapped out here.
    if not app.startswith("wagtail_localize")
]
AUTH_USER_MODEL = "town.User"
WAGTAIL_PAGE_MODEL = "town.TownPage"
ROOT_URLCONF = "tests.dropin.urls"
TEMPLATES = [TEMPLATES[0] | {"DIRS": [Path(__file__).parent / "templates"]}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("TEST_DATABASE", ":memory:"),
        "OPTIONS": SQLITE_OPTIONS,
    }
}
WAGTAILADMIN_BASE_URL = "http://testserver"
DEFAULT_FROM_EMAIL = "BIN <bin@town.example>"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
