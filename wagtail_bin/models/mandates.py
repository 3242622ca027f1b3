"""Offices held by people. All row-level permission follows from these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.organisation import Municipality, PoliceZone
from wagtail_bin.validators import display_phone, validate_phone

if TYPE_CHECKING:
    from wagtail_bin.models.networks import Network


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


# A mandated officer, as far as the charters of the police zone let officers see
# members: stands among offices where rights are counted, and is nobody's own.
OFFICER_BY_CHARTER = "mandated_officer_by_charter"
# A Role, or OFFICER_BY_CHARTER.
Office = str


class MandateState(models.TextChoices):
    """Where a mandate stands in time."""

    CURRENT = "current", _("current")
    TO_COME = "to_come", _("to come")
    PAST = "past", _("past")


class MandateQuerySet(models.QuerySet["Mandate"]):
    """Mandates by date and holder."""

    def active(self, on: dt.date | None = None) -> MandateQuerySet:
        """Those in force on a day (default: today, local time)."""
        day = on or timezone.localdate()
        return self.filter(starts_on__lte=day).filter(
            models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=day)
        )

    def in_state(self, state: str) -> MandateQuerySet:
        """Those that are current, to come or past today: a :class:`MandateState`."""
        today = timezone.localdate()
        if state == MandateState.TO_COME:
            return self.filter(starts_on__gt=today)
        if state == MandateState.PAST:
            return self.filter(ends_on__lt=today)
        return self.active(today)

    def of(self, user: Any, roles: frozenset[Office] | None = None) -> MandateQuerySet:
        """The active mandates a user acts under, of the given roles or any."""
        mandates = self.active().filter(user=user)
        return mandates if roles is None else mandates.filter(role__in=roles)

    def covering(self, networks: Iterable[Network]) -> MandateQuerySet:
        """Those for one of the networks, or for its municipality or police zone."""
        networks = list(networks)
        return self.filter(
            models.Q(network__in=networks)
            | models.Q(municipality__in={n.municipality_id for n in networks})
            | models.Q(police_zone__in={n.police_zone_id for n in networks})
        )


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

    @property
    def place(self) -> Any:
        """The network, municipality or police zone that it is for."""
        return self.network or self.municipality or self.police_zone

    @property
    def display_phone(self) -> str:
        """The public telephone as people write it."""
        return display_phone(self.public_phone)

    @property
    def state(self) -> MandateState:
        """Whether it is in force today."""
        today = timezone.localdate()
        if self.starts_on > today:
            return MandateState.TO_COME
        if self.ends_on is not None and self.ends_on < today:
            return MandateState.PAST
        return MandateState.CURRENT

    def clean(self) -> None:
        """Refuse the same office, place and holder for overlapping days.

        Raises:
            ValidationError: with the days of the other mandate.
        """
        super().clean()
        if self.starts_on is None or not self.role:
            return
        twins = self._twins().filter(
            models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=self.starts_on)
        )
        if self.ends_on is not None:
            twins = twins.filter(starts_on__lte=self.ends_on)
        for twin in twins.order_by("starts_on")[:1]:
            since = date_format(twin.starts_on, "j F Y")
            until = twin.ends_on and date_format(twin.ends_on, "j F Y")
            raise ValidationError(
                gettext(
                    "%(name)s holds this office here already, from %(since)s until "
                    "%(until)s. Change the dates of that mandate instead."
                )
                % {"name": twin.name, "since": since, "until": until}
                if until
                else gettext(
                    "%(name)s holds this office here already, since %(since)s. "
                    "Change the dates of that mandate instead."
                )
                % {"name": twin.name, "since": since},
                code="overlap",
            )

    def _twins(self) -> MandateQuerySet:
        """Others of the same office and place, of the same user or else name."""
        same = {"user": self.user_id} if self.user_id else {"name__iexact": self.name}
        return Mandate.objects.filter(
            role=self.role,
            network=self.network_id,
            municipality=self.municipality_id,
            police_zone=self.police_zone_id,
            **same,
        ).exclude(pk=self.pk)
