"""The agreements by which networks exist, one row for each version."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.fields import RichTextField

from wagtail_bin.models.mandates import Office
from wagtail_bin.models.networks import Network
from wagtail_bin.validators import validate_single_line


class CharterQuerySet(models.QuerySet["Charter"]):
    """Charters by who asks, and by whether they hold."""

    def visible_to(
        self, user: Any, roles: frozenset[Office] | None = None
    ) -> CharterQuerySet:
        """Those of the networks that the user's mandates cover."""
        return self.filter(network__in=Network.objects.visible_to(user, roles))

    def in_force(self, on: dt.date | None = None) -> CharterQuerySet:
        """Approved, begun and not ended on a day (default: today)."""
        day = on or timezone.localdate()
        not_ended = models.Q(ends_on=None) | models.Q(ends_on__gte=day)
        return self.filter(not_ended, approved_on__lte=day)


class Charter(models.Model):
    """What citizens, police zone and municipality have agreed on for a network.

    A network is official once they have signed it and Home Affairs has approved it.
    """

    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.CASCADE,
        related_name="charters",
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    text = RichTextField(
        _("agreement"),
        blank=True,
        features=["h3", "bold", "italic", "ol", "ul"],
        help_text=_("What was agreed. Without particulars of members."),
    )
    signed_on = models.DateField(
        _("signed on"),
        null=True,
        blank=True,
        help_text=_("By citizens, police zone and municipality."),
    )
    approved_on = models.DateField(
        _("approved on"), null=True, blank=True, help_text=_("By Home Affairs.")
    )
    reference = models.CharField(
        _("reference of the approval"),
        max_length=100,
        blank=True,
        validators=[validate_single_line],
    )
    ends_on = models.DateField(
        _("holds until"),
        null=True,
        blank=True,
        help_text=_("That day included. Empty: no end was agreed."),
    )

    objects = CharterQuerySet.as_manager()

    class Meta:
        ordering = ["network", "-version"]
        verbose_name = _("charter")
        verbose_name_plural = _("charters")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "version"],
                name="wagtail_bin_one_charter_per_version",
                violation_error_message=_(
                    "This BIN has a charter of that version already. Give the next"
                    " number."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    def clean(self) -> None:
        """Refuse an order of dates that cannot be.

        Raises:
            ValidationError: approved before it was signed, or ended before it began.
        """
        if self.approved_on and (
            self.signed_on is None or self.approved_on < self.signed_on
        ):
            raise ValidationError(
                {"approved_on": _("It can only be approved once it was signed.")}
            )
        if self.ends_on and self.signed_on and self.ends_on < self.signed_on:
            raise ValidationError({"ends_on": _("It cannot end before it is signed.")})

    @property
    def state(self) -> Any:
        """Where it stands today, in words."""
        today = timezone.localdate()
        if self.ends_on and self.ends_on < today:
            return _("ended")
        if self.approved_on and self.approved_on <= today:
            return _("approved")
        return _("signed") if self.signed_on else _("draft")
