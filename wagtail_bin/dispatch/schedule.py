"""The sweep as django-q2 schedules, which install themselves.

A cluster that nobody supervises rings itself this way.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, router
from django_q.models import Schedule

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.queues import Queue, cluster_of, configured_queues

NAME = "wagtail_bin sweep: "


def install_sweeps(*, using: str, **kwargs: Any) -> None:
    """Make the schedules what the settings say. Called after each ``migrate``.

    There is one for each cluster, every ``SWEEP_MINUTES``; none when that is 0.

    Args:
        using: alias of the database that was migrated.
    """
    if not router.allow_migrate_model(using, Schedule) or not _has_table(using):
        return
    schedules = Schedule.objects.using(using)
    wanted = configured_queues() if conf.SWEEP_MINUTES else []
    names = [NAME + queue for queue in wanted]
    schedules.filter(name__startswith=NAME).exclude(name__in=names).delete()
    for queue in wanted:
        _install(queue, using)


def _install(queue: Queue, using: str) -> None:
    schedules = Schedule.objects.using(using)
    same = schedules.filter(name=NAME + queue).order_by("pk")
    first = same.first()
    if first:
        same.exclude(pk=first.pk).delete()
    schedules.update_or_create(
        name=NAME + queue,
        defaults={
            "func": "wagtail_bin.dispatch.tasks.sweep",
            "args": repr(queue.value),
            "schedule_type": Schedule.MINUTES,
            "minutes": conf.SWEEP_MINUTES,
            "repeats": -1,
            "cluster": cluster_of(queue),
        },
    )


def _has_table(using: str) -> bool:
    """``migrate wagtail_bin`` alone may come before django-q2's tables."""
    names = connections[using].introspection.table_names()
    return Schedule._meta.db_table in names
