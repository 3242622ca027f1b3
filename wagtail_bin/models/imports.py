"""Uploaded member lists and the rows that were refused."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.networks import Network


class MemberImport(models.Model):
    """One uploaded list: what it was, how it was read, what came of it.

    The file is kept in the row, not among the media, until it is imported or
    forgotten: media are public, and every web process sees the database.
    """

    class State(models.TextChoices):
        """How far the import is."""

        UPLOADED = "uploaded", _("waiting for confirmation")
        APPLIED = "applied", _("imported")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.CASCADE,
        related_name="imports",
    )
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.UPLOADED
    )
    file_name = models.CharField(_("file"), max_length=255)
    content = models.BinaryField(null=True, editable=False)
    basis = models.CharField(_("basis"), max_length=10, blank=True)
    mapping = models.JSONField(_("columns"), default=dict)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("already there"), default=0)
    kept_out = models.PositiveIntegerField(_("left or excluded"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    applied_at = models.DateTimeField(_("imported"), null=True)

    class Meta:
        ordering = ["-uploaded_at"]
        verbose_name = _("import of members")
        verbose_name_plural = _("imports of members")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class RefusedRow(models.Model):
    """A row that could not be imported, as it stood, and why."""

    member_import = models.ForeignKey(
        MemberImport, on_delete=models.CASCADE, related_name="refused_rows"
    )
    line = models.PositiveIntegerField(_("line"))
    cells = models.JSONField(_("cells"), default=list)
    # [{"field": …, "code": …, "value": …}]: rendered in the reader's language.
    problems = models.JSONField(_("problems"), default=list)

    class Meta:
        ordering = ["line"]
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.line}"
