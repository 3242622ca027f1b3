"""The three sanctions of members, and their end. Append-only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.mandates import Mandate, Role
from wagtail_bin.models.members import Member
from wagtail_bin.models.networks import Network


class SanctionQuerySet(models.QuerySet["Sanction"]):
    """Sanctions by who asks, and by whether they still hold."""

    def visible_to(
        self, user: Any, roles: frozenset[Role] | None = None
    ) -> SanctionQuerySet:
        """Those of members of the networks that the user's mandates cover."""
        return self.filter(member__network__in=Network.objects.visible_to(user, roles))

    def in_force(self, on: dt.date | None = None) -> SanctionQuerySet:
        """Suspensions that keep a member from messages on a day (default: today)."""
        day = on or timezone.localdate()
        return self.filter(
            models.Q(kind=Sanction.Kind.PERMANENT)
            | models.Q(kind=Sanction.Kind.TEMPORARY, until__gte=day),
            lift=None,
        )


class Sanction(models.Model):
    """One decision of the mandated officer and the coordinator about a member.

    It is written down when it was taken and told, and never changed: that it was
    lifted is a row of its own, :class:`SanctionLift`.
    """

    class Kind(models.TextChoices):
        """Exactly these three exist."""

        REPRIMAND = "reprimand", _("written reprimand")
        TEMPORARY = "temporary", _("temporary suspension")
        PERMANENT = "permanent", _("permanent suspension")

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="sanctions"
    )
    kind = models.CharField(_("sanction"), max_length=9, choices=Kind.choices)
    until = models.DateField(_("until"), null=True, blank=True)
    reason = models.TextField(_("reason"), max_length=2000)
    officer = models.ForeignKey(
        Mandate,
        verbose_name=_("mandated officer"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    coordinator = models.ForeignKey(
        Mandate,
        verbose_name=_("coordinator"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    heard_on = models.DateField(_("heard on"), null=True, blank=True)
    decided_on = models.DateField(_("decided on"))
    notified_on = models.DateField(_("told in writing on"))
    # Where the membership stood, to which it returns.
    state_before = models.CharField(max_length=11, choices=Member.State.choices)
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("noted by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    at = models.DateTimeField(_("noted"), default=timezone.now)

    objects = SanctionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("sanction")
        verbose_name_plural = _("sanctions")
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_sanction_until_if_temporary",
                condition=models.Q(kind="temporary", until__isnull=False)
                | (~models.Q(kind="temporary") & models.Q(until__isnull=True)),
            ),
            models.CheckConstraint(
                name="wagtail_bin_sanction_decided_then_told",
                condition=models.Q(notified_on__gte=models.F("decided_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_lifted(self) -> bool:
        """Whether it was taken back before its time."""
        return hasattr(self, "lift")

    @property
    def is_in_force(self) -> bool:
        """Whether it keeps the member from messages today."""
        if self.kind == self.Kind.REPRIMAND or self.is_lifted:
            return False
        return self.until is None or self.until >= timezone.localdate()


class SanctionLift(models.Model):
    """That a suspension was taken back, and why. Append-only."""

    sanction = models.OneToOneField(
        Sanction, on_delete=models.CASCADE, related_name="lift"
    )
    reason = models.TextField(_("reason"), max_length=2000)
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("lifting of a sanction")
        verbose_name_plural = _("liftings of sanctions")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
