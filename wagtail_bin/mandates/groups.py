"""Whoever holds an office is in its group, which opens the Wagtail admin.

The group follows from the mandates, and from nothing else. What may be seen and
done in a BIN follows from the mandates themselves, never from the group.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.utils import timezone

from wagtail_bin.conf import conf
from wagtail_bin.models import Mandate

# The day on which the groups were last brought in line.
SYNCED = "wagtail_bin.mandates.groups"
DAY = 24 * 3600


@dataclasses.dataclass(frozen=True)
class Synced:
    """How many users joined a group, and how many left one."""

    joined: int = 0
    left: int = 0


def sync_groups(users: Iterable[Any] | None = None) -> Synced:
    """Let holders of an office into its group, and everybody else out of it.

    Superusers stay as they are: they need no group. A group that the site has
    deleted is not missed.

    Args:
        users: whose mandates have changed; None: everybody.
    """
    people = get_user_model()._default_manager.filter(is_superuser=False)
    if users is not None:
        people = people.filter(pk__in=[user.pk for user in users])
    joined = left = 0
    for group in Group.objects.filter(name__in=set(conf.OFFICE_GROUPS.values())):
        roles = [r for r, name in conf.OFFICE_GROUPS.items() if name == group.name]
        held = Mandate.objects.active().filter(role__in=roles, user__isnull=False)
        wanted = set(people.filter(pk__in=held.values("user")).values_list("pk"))
        present = set(people.filter(groups=group).values_list("pk"))
        for change, keys in (
            (group.user_set.add, wanted - present),
            (group.user_set.remove, present - wanted),
        ):
            if keys:
                change(*(pk for (pk,) in keys))
        joined += len(wanted - present)
        left += len(present - wanted)
    return Synced(joined, left)


def sync_groups_daily() -> Synced:
    """The first time on each day: mandates have begun, and ended on their date."""
    today = timezone.localdate().isoformat()
    if cache.get(SYNCED) == today:
        return Synced()
    synced = sync_groups()
    cache.set(SYNCED, today, DAY)
    return synced
