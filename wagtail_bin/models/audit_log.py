"""The log of what was done to members, seen by those who may see the members."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.models import BaseLogEntry
from wagtail.models.audit_log import BaseLogEntryManager, LogEntryQuerySet

from wagtail_bin.models.members import Member
from wagtail_bin.models.networks import Network


class MemberLogEntryManager(BaseLogEntryManager):
    """Entries by who asks. Wagtail's own manager shows all of a model or none."""

    def log_action(self, instance: Any, action: str, **kwargs: Any) -> Any:
        """Note what was done, and in which network, as Wagtail asks."""
        return super().log_action(
            instance,
            action,
            object_id=str(instance.pk),
            network_id=instance.network_id,
            **kwargs,
        )

    def viewable_by_user(self, user: Any) -> LogEntryQuerySet:
        """Entries of the networks whose members the user may see."""
        # The registry knows the policy, which lies above the models.
        from wagtail.permissions import policy_registry

        policy = policy_registry.get_by_type(Member)
        return self.filter(network__in=policy.networks(user, ["view"]))

    def for_instance(self, instance: Any) -> LogEntryQuerySet:
        """Entries of one member, as Wagtail asks."""
        content_type = ContentType.objects.get_for_model(
            instance, for_concrete_model=False
        )
        return self.filter(content_type=content_type, object_id=str(instance.pk))


class MemberLogEntry(BaseLogEntry):
    """Something done to a member. Stays when the member is deleted, with no name."""

    object_id = models.CharField(max_length=255, db_index=True)
    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = MemberLogEntryManager()

    class Meta(BaseLogEntry.Meta):
        ordering = ["-timestamp", "-id"]
        verbose_name = _("log entry of a member")
        verbose_name_plural = _("log entries of members")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
