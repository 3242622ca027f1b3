"""Filters of the member list that were given a name."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.mandates import Role
from wagtail_bin.models.networks import Network
from wagtail_bin.validators import validate_single_line


class SegmentQuerySet(models.QuerySet["Segment"]):
    """Segments by who asks."""

    def visible_to(
        self, user: Any, roles: frozenset[Role] | None = None
    ) -> SegmentQuerySet:
        """The user's own, and those of the networks that the mandates cover."""
        if not user.is_authenticated:
            return self.none()
        networks = Network.objects.visible_to(user, roles)
        return self.filter(
            models.Q(user=user, network=None) | models.Q(network__in=networks)
        )


class Segment(models.Model):
    """Which members, in the terms of the list's filters; never a list of members.

    Without a network it is its user's own; with one it is for all who may see the
    network's members. Whom it shows is up to who looks.
    """

    name = models.CharField(_("name"), max_length=60, validators=[validate_single_line])
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    # Name of a filter to its values; no search, which would be about a person.
    filters = models.JSONField(default=dict)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name
