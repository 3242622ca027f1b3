"""The log of what was done to members, seen by those who may see the members.

That of charters too: Wagtail's own log would show all of them, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import get_active_log_context
from wagtail.models import BaseLogEntry
from wagtail.models.audit_log import BaseLogEntryManager, LogEntryQuerySet

from wagtail_bin import audit
from wagtail_bin.models.members import Member
from wagtail_bin.models.networks import Network
from wagtail_bin.models.sanctions import Sanction

# Only for those who may see sanctions.
OF_SANCTIONS = (audit.IMPOSE_SANCTION, audit.LIFT_SANCTION, audit.END_SUSPENSION)


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

    def log_each(
        self,
        action: str,
        noted: Iterable[tuple[Member, dict[str, Any]]],
        user: Any = None,
    ) -> None:
        """Note one action of many members, in one query.

        Also for several actions of one kind in one request, of which Wagtail's
        history would show the last only.

        Args:
            action: a name of :mod:`wagtail_bin.audit`.
            noted: members, of which ``pk`` and ``network_id`` are enough, each with
                what there is to say, without personal data.
            user: who did it (default: whoever makes the request).
        """
        content_type = ContentType.objects.get_for_model(Member)
        user = user or get_active_log_context().user
        now = timezone.now()
        self.bulk_create(
            self.model(
                content_type=content_type,
                object_id=str(member.pk),
                network_id=member.network_id,
                label=str(member),
                action=action,
                user=user,
                timestamp=now,
                data=data,
            )
            for member, data in noted
        )

    def viewable_by_user(self, user: Any) -> LogEntryQuerySet:
        """Entries of the networks whose members, and sanctions, the user may see."""
        # The registry knows the policies, which lie above the models.
        from wagtail.permissions import policy_registry

        members, sanctions = (
            policy_registry.get_by_type(model).networks(user, ["view"])
            for model in (Member, Sanction)
        )
        return self.filter(network__in=members).filter(
            ~models.Q(action__in=OF_SANCTIONS) | models.Q(network__in=sanctions)
        )

    def for_instance(self, instance: Any) -> LogEntryQuerySet:
        """Entries of one member, as Wagtail asks."""
        content_type = ContentType.objects.get_for_model(
            instance, for_concrete_model=False
        )
        return self.filter(content_type=content_type, object_id=str(instance.pk))


class MemberLogEntry(BaseLogEntry):
    """Something done to a member. Stays when the member is deleted, with no name."""

    object_id = models.CharField(max_length=255)
    # As Wagtail has it for users: an import writes a hundred thousand of these.
    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
    )

    objects = MemberLogEntryManager()

    class Meta(BaseLogEntry.Meta):
        ordering = ["-timestamp", "-id"]
        verbose_name = _("log entry of a member")
        verbose_name_plural = _("log entries of members")
        indexes = [
            *BaseLogEntry.Meta.indexes,
            # Compared as a whole only; an indexed field would get a second index.
            models.Index(fields=["object_id"], name="wagtail_bin_memberlog_object"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
