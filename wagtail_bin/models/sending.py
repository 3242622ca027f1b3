"""What holds sending back, and signs of life: rows that all workers share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.networks import Network


class SendingSwitch(models.Model):
    """Whether anything is sent at all from this database. One row.

    A restored or copied database has another fingerprint than the one that a
    person last let send; see wagtail_bin.dispatch.gates.
    """

    ONLY = 1

    is_paused = models.BooleanField(_("everything is paused"), default=False)
    reason = models.CharField(_("why"), max_length=255, blank=True)
    changed_by = models.ForeignKey(
        conf.user_model, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(_("since"), auto_now=True)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("sending switch")
        verbose_name_plural = _("sending switches")
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_one_switch", condition=models.Q(id=1)
            )
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep to the one row."""
        self.pk = self.ONLY
        super().save(*args, **kwargs)


class ChannelState(models.Model):
    """How a channel fares: its circuit breaker and its rate limit."""

    name = models.CharField(_("channel"), max_length=10, unique=True)
    # Failures in a row that had nothing to do with a recipient.
    failures = models.PositiveIntegerField(default=0)
    code = models.CharField(_("reply code"), max_length=40, blank=True)
    # Nothing is tried until then; afterwards a few, to see.
    open_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    told_at = models.DateTimeField(_("coordinators told on"), null=True)
    # When the channel's rate allows the next message.
    free_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("state of a channel")
        verbose_name_plural = _("states of channels")

    def __str__(self) -> str:
        return self.name


class DomainState(models.Model):
    """A mail domain that asked to be sent to more slowly."""

    domain = models.CharField(_("domain"), max_length=255, unique=True)
    failures = models.PositiveIntegerField(default=0)
    slow_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("state of a mail domain")
        verbose_name_plural = _("states of mail domains")

    def __str__(self) -> str:
        return self.domain


class NetworkNotice(models.Model):
    """When the coordinators of a network must be told of bad addresses, and were."""

    network = models.OneToOneField(Network, on_delete=models.CASCADE, related_name="+")
    # None: there is nothing to tell.
    due_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice to coordinators")
        verbose_name_plural = _("notices to coordinators")
        indexes = [
            models.Index(
                fields=["due_at"],
                name="wagtail_bin_notice_due",
                condition=models.Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class WorkerHeartbeat(models.Model):
    """When a worker's cluster last did some work: proof that it is not hanging."""

    worker = models.CharField(max_length=100, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker heartbeat")
        verbose_name_plural = _("worker heartbeats")

    def __str__(self) -> str:
        return self.worker
