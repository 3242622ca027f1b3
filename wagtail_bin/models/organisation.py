"""Municipalities and police zones."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from wagtail_bin.validators import (
    display_phone,
    validate_language_order,
    validate_phone,
)


class Language(models.TextChoices):
    """Languages of members, messages and the interface."""

    NL = "nl", _("Dutch")
    FR = "fr", _("French")
    DE = "de", _("German")
    EN = "en", _("English")


class Postcode(models.Model):
    """A Belgian postcode. Several municipalities may share one."""

    code = models.CharField(
        _("postcode"),
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"^[1-9]\d{3}$")],
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("postcode")
        verbose_name_plural = _("postcodes")

    def __str__(self) -> str:
        return self.code


class PoliceZone(models.Model):
    """A local police zone with its number, such as 5350."""

    class OfficerAccess(models.TextChoices):
        """What the charters of the zone let a mandated officer see."""

        COUNTS = "counts", _("how many members there are, not who they are")
        MEMBERS = "members", _("members with their addresses, and sanctions")

    number = models.CharField(
        _("number"),
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"^\d{4}$")],
    )
    name = models.CharField(_("name"), max_length=100)
    phone = models.CharField(
        _("general telephone"),
        max_length=16,
        blank=True,
        validators=[validate_phone],
        help_text=_("The number for what is not urgent, in international form."),
    )
    officer_access = models.CharField(
        _("mandated officers see"),
        max_length=10,
        choices=OfficerAccess.choices,
        default=OfficerAccess.COUNTS,
        help_text=_("As the charters of this zone say."),
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("police zone")
        verbose_name_plural = _("police zones")

    def __str__(self) -> str:
        return self.name

    @property
    def display_phone(self) -> str:
        """The telephone as people write it."""
        return display_phone(self.phone)


class Municipality(models.Model):
    """A municipality. Its NIS code is its identity; names and postcodes change."""

    class MessageLanguage(models.TextChoices):
        """What the language rules of the place allow for messages."""

        OWN = "own", _("each member in their own language")
        ALL = "all", _("every message in all languages, in this order")

    nis_code = models.CharField(
        _("NIS code"),
        max_length=5,
        unique=True,
        validators=[RegexValidator(r"^\d{5}$")],
    )
    name_nl = models.CharField(_("name in Dutch"), max_length=100, blank=True)
    name_fr = models.CharField(_("name in French"), max_length=100, blank=True)
    name_de = models.CharField(_("name in German"), max_length=100, blank=True)
    postcodes = models.ManyToManyField(
        Postcode,
        verbose_name=_("postcodes"),
        related_name="municipalities",
        blank=True,
    )
    police_zone = models.ForeignKey(
        PoliceZone,
        verbose_name=_("police zone"),
        on_delete=models.PROTECT,
        related_name="municipalities",
    )
    languages = models.CharField(
        _("languages"),
        max_length=11,
        default="nl",
        validators=[validate_language_order],
        help_text=_("Most important first, such as nl,fr."),
    )
    message_language = models.CharField(
        _("language of messages"),
        max_length=3,
        choices=MessageLanguage.choices,
        default=MessageLanguage.OWN,
    )
    needs_four_eyes = models.BooleanField(
        _("two people for every message"),
        default=False,
        help_text=_(
            "Whoever wrote the last version of a page does not confirm it for BINs "
            "of this municipality: a colleague does."
        ),
    )
    site = models.ForeignKey(
        "wagtailcore.Site",
        verbose_name=_("website"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ["name_nl", "name_fr", "name_de"]
        verbose_name = _("municipality")
        verbose_name_plural = _("municipalities")
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_municipality_has_a_name",
                condition=~models.Q(name_nl="", name_fr="", name_de=""),
            )
        ]

    def __str__(self) -> str:
        return self.name_in(get_language() or "")

    @property
    def language_order(self) -> tuple[str, ...]:
        """Language codes of the municipality, most important first."""
        return tuple(self.languages.split(","))

    def name_in(self, language: str) -> str:
        """The name in a language, or else in the municipality's first.

        Args:
            language: code such as ``fr`` or ``fr-be``.
        """
        own = getattr(self, f"name_{language[:2]}", "")
        first = getattr(self, f"name_{self.language_order[0]}", "")
        return own or first or self.name_nl or self.name_fr or self.name_de
