"""Offices held by people. All row-level permission follows from these."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.organisation import Municipality, PoliceZone
from wagtail_bin.validators import validate_phone


class Role(models.TextChoices):
    """The office. ``domain.md`` terms; the web editor is the municipality's own."""

    COORDINATOR = "coordinator", _("coordinator")
    DEPUTY_COORDINATOR = "deputy_coordinator", _("deputy coordinator")
    STEERING_GROUP = "steering_group", _("member of the steering group")
    MANDATED_OFFICER = "mandated_officer", _("mandated police officer")
    CHIEF_OF_POLICE = "chief_of_police", _("chief of police")
    PREVENTION_OFFICER = "prevention_officer", _("prevention officer")
    WEB_EDITOR = "web_editor", _("municipal web editor")
    MAYOR = "mayor", _("mayor")


class MandateQuerySet(models.QuerySet["Mandate"]):
    """Mandates by date and holder."""

    def active(self, on: dt.date | None = None) -> MandateQuerySet:
        """Those in force on a day (default: today, local time)."""
        day = on or timezone.localdate()
        return self.filter(starts_on__lte=day).filter(
            models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=day)
        )

    def of(self, user: Any, roles: frozenset[Role] | None = None) -> MandateQuerySet:
        """The active mandates a user acts under, of the given roles or any."""
        mandates = self.active().filter(user=user)
        return mandates if roles is None else mandates.filter(role__in=roles)


class Mandate(models.Model):
    """An office for one network, one municipality or one police zone."""

    role = models.CharField(_("office"), max_length=20, choices=Role.choices)
    name = models.CharField(_("name of the holder"), max_length=150)
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("user account"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="bin_mandates",
    )
    network = models.ForeignKey(
        "wagtail_bin.Network",
        verbose_name=_("BIN"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="mandates",
    )
    municipality = models.ForeignKey(
        Municipality,
        verbose_name=_("municipality"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="mandates",
    )
    police_zone = models.ForeignKey(
        PoliceZone,
        verbose_name=_("police zone"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="mandates",
    )
    starts_on = models.DateField(_("from"), default=timezone.localdate)
    ends_on = models.DateField(_("until"), null=True, blank=True)
    screened_on = models.DateField(_("screened on"), null=True, blank=True)
    public_email = models.EmailField(_("public e-mail"), blank=True)
    public_phone = models.CharField(
        _("public telephone"), max_length=16, blank=True, validators=[validate_phone]
    )

    objects = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_mandate_has_one_scope",
                condition=(
                    models.Q(
                        network__isnull=False,
                        municipality__isnull=True,
                        police_zone__isnull=True,
                    )
                    | models.Q(
                        network__isnull=True,
                        municipality__isnull=False,
                        police_zone__isnull=True,
                    )
                    | models.Q(
                        network__isnull=True,
                        municipality__isnull=True,
                        police_zone__isnull=False,
                    )
                ),
                violation_error_message=_(
                    "Choose one: a BIN, a municipality or a police zone."
                ),
            ),
            models.CheckConstraint(
                name="wagtail_bin_mandate_ends_after_it_starts",
                condition=models.Q(ends_on__isnull=True)
                | models.Q(ends_on__gte=models.F("starts_on")),
                violation_error_message=_("The end lies before the start."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.pk}"
