"""Users who log in by e-mail, and pages on a base page of the site's own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from wagtail.models import AbstractPage

from wagtail_bin.models import (
    BINIndexPageMixin,
    BINPageMixin,
    TipIndexPageMixin,
    TipPageMixin,
)


class UserManager(BaseUserManager):
    """Makes users without a name to log in with."""

    def create_superuser(self, email: str, password: str) -> Any:
        user = self.model(email=email, is_superuser=True, is_staff=True)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Logs in by e-mail."""

    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    objects = UserManager()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class TownPage(AbstractPage):
    """The base of every page of this site."""

    theme_colour = models.CharField(max_length=20, blank=True)


class AdviceIndex(TipIndexPageMixin, TownPage):
    """The library of tips."""

    content_panels = [*TownPage.content_panels, *TipIndexPageMixin.tip_panels]
    template = "wagtail_bin/pages/tip_index_page.html"


class Advice(TipPageMixin, TownPage):
    """A tip."""

    content_panels = [*TownPage.content_panels, *TipPageMixin.tip_panels]
    search_fields = [*TownPage.search_fields, *TipPageMixin.tip_search_fields]
    template = "wagtail_bin/pages/tip_page.html"


class NeighbourhoodIndex(BINIndexPageMixin, TownPage):
    """All BINs."""

    content_panels = [*TownPage.content_panels, *BINIndexPageMixin.bin_panels]
    template = "wagtail_bin/pages/bin_index_page.html"


class Neighbourhood(BINPageMixin, TownPage):
    """A BIN."""

    content_panels = [*TownPage.content_panels, *BINPageMixin.bin_panels]
    template = "wagtail_bin/pages/bin_page.html"
