"""A step of a Wagtail workflow that the police takes."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Task, TaskState

from wagtail_bin.models.mandates import Mandate, Role
from wagtail_bin.models.networks import Network

OFFICERS = frozenset({Role.MANDATED_OFFICER, Role.CHIEF_OF_POLICE})


class OfficerReviewTask(Task):
    """Approval by a mandated police officer, or by the chief of police.

    The mandate of today decides, never a group: whoever's mandate ends can approve
    no more. On a site of a municipality it is an officer of that municipality; on
    one that belongs to none, of any BIN.
    """

    class Meta:
        verbose_name = gettext_lazy("review by a police officer")
        verbose_name_plural = gettext_lazy("reviews by police officers")

    def is_reviewer(self, obj: Any, user: Any) -> bool:
        """Whether a user may decide about a page.

        A superuser may not for being one: it is the police that answers for it.
        """
        if not user.is_authenticated or not user.is_active:
            return False
        mandates = Mandate.objects.of(user, OFFICERS)
        site = obj.get_site() if hasattr(obj, "get_site") else None
        here = Network.objects.filter(municipality__site=site) if site else None
        if here is None or not here.exists():
            return bool(mandates.exists())
        return bool(mandates.covering(here).exists())

    def user_can_access_editor(self, obj: Any, user: Any) -> bool:
        """Officers read the draft where it is written."""
        return self.is_reviewer(obj, user)

    def locked_for_user(self, obj: Any, user: Any) -> bool:
        """What is being reviewed stays as it is; a superuser can always help."""
        return not (user.is_superuser or self.is_reviewer(obj, user))

    def user_can_lock(self, obj: Any, user: Any) -> bool:
        """Officers may, while they read."""
        return self.is_reviewer(obj, user)

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, Any, bool]]:
        """Approve, or ask for changes."""
        if not self.is_reviewer(obj, user):
            return []
        return [
            ("reject", _("Request changes"), True),
            ("approve", _("Approve"), False),
            ("approve", _("Approve with comment"), True),
        ]

    def get_task_states_user_can_moderate(
        self, user: Any, **kwargs: Any
    ) -> models.QuerySet[TaskState]:
        """What waits for the user."""
        waiting = self.task_states.filter(status=TaskState.STATUS_IN_PROGRESS)
        mine = [
            state.pk
            for state in waiting.select_related("workflow_state")
            if self.is_reviewer(state.workflow_state.content_object, user)
        ]
        found: models.QuerySet[TaskState] = waiting.filter(pk__in=mine)
        return found

    @classmethod
    def get_description(cls) -> str:
        """For who makes a workflow."""
        return _(
            "A mandated police officer or the chief of police approves this task, by "
            "the mandate of that day. Add a task of the editors after it: they publish"
        )
