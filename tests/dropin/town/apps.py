"""An app of a site that knew nothing of wagtail_bin."""

from django.apps import AppConfig


class TownConfig(AppConfig):
    """Its users, its base page, and our pages made on it."""

    name = "tests.dropin.town"
    label = "town"
    default_auto_field = "django.db.models.BigAutoField"
