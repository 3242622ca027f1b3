"""What tips are about."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.models import TranslatableMixin


class Theme(TranslatableMixin, models.Model):
    """A subject of tips, such as burglary or phishing. A translatable snippet."""

    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(
        _("short name"), help_text=_("Used in web addresses, such as ?theme=burglary.")
    )

    panels = ["name", "slug"]

    class Meta(TranslatableMixin.Meta):
        ordering = ["name"]
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        constraints = [
            models.UniqueConstraint(
                fields=["slug", "locale"], name="wagtail_bin_theme_slug_per_locale"
            )
        ]

    def __str__(self) -> str:
        return self.name
