"""Audiences handed to a person, for platforms that no program can reach."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.dispatches import Dispatch


class Handover(models.Model):
    """One file of an audience, for BE-Alert, BIN-net or the like.

    The file is erased after ``WAGTAIL_BIN_HANDOVER_KEEP_HOURS``; that it was
    made, by whom and for how many, stays.
    """

    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.PROTECT, related_name="handovers"
    )
    platform = models.CharField(_("platform"), max_length=60)
    made_by = models.ForeignKey(
        conf.user_model, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(_("made on"), default=timezone.now)
    rows = models.PositiveIntegerField(_("members"))
    file_name = models.CharField(max_length=100)
    content = models.BinaryField(null=True)
    confirmed_by = models.ForeignKey(
        conf.user_model, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed as sent on"), null=True)

    class Meta:
        ordering = ["-made_at"]
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
