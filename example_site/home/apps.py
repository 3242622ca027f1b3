"""The municipality's own site."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    """A home page and a look; everything about BINs comes from wagtail_bin."""

    name = "example_site.home"
    label = "home"
    default_auto_field = "django.db.models.BigAutoField"
