"""The sweep as a django-q2 schedule that installs itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage

from wagtail_bin.dispatch.queues import Queue, cluster_of
from wagtail_bin.dispatch.schedule import NAME, install_sweeps

pytestmark = pytest.mark.django_db


def sweeps() -> dict[str, tuple[str, int]]:
    """Name to cluster and minutes of our schedules."""
    found = Schedule.objects.filter(name__startswith=NAME)
    assert found.count() == len({schedule.name for schedule in found})
    return {s.name.removeprefix(NAME): (s.cluster, s.minutes) for s in found}


def test_migrating_installs_one_for_each_cluster() -> None:
    Schedule.objects.all().delete()
    call_command("migrate", "wagtail_bin", verbosity=0)
    assert sweeps() == {queue: (cluster_of(queue), 1) for queue in Queue}


def test_installing_again_changes_nothing_but_mends_what_was_changed() -> None:
    install_sweeps(using="default")
    before = list(Schedule.objects.order_by("pk").values())
    install_sweeps(using="default")
    assert list(Schedule.objects.order_by("pk").values()) == before
    Schedule.objects.update(func="math.floor", repeats=3, minutes=90)
    double = Schedule.objects.get(name=NAME + Queue.URGENT)
    double.pk = None
    double.save()
    install_sweeps(using="default")
    assert list(Schedule.objects.order_by("pk").values()) == before


def test_settings_are_followed(settings: Any) -> None:
    install_sweeps(using="default")
    settings.WAGTAIL_BIN_SWEEP_MINUTES = 5
    settings.Q_CLUSTER = {"name": "renamed", "ALT_CLUSTERS": {}}
    install_sweeps(using="default")
    assert sweeps() == {"default": ("renamed", 5)}


def test_none_are_wanted(settings: Any) -> None:
    install_sweeps(using="default")
    other = Schedule.objects.create(name="a project's own", func="math.floor")
    settings.WAGTAIL_BIN_SWEEP_MINUTES = 0
    install_sweeps(using="default")
    assert list(Schedule.objects.all()) == [other]


def test_migrating_before_django_q2_is_harmless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Schedule.objects.all().delete()
    monkeypatch.setattr(connection.introspection, "table_names", lambda: ["auth_user"])
    install_sweeps(using="default")
    assert sweeps() == {}


# django-q2 closes and opens the connection, which ends a test's transaction.
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_f02_django_q2_rings_its_own_cluster_once_however_long_it_was_away() -> None:
    install_sweeps(using="default")
    brokers = {queue: get_broker(cluster_of(queue)) for queue in Queue}
    for broker in brokers.values():
        broker.purge_queue()
    hours_ago = timezone.now() - dt.timedelta(hours=3)
    Schedule.objects.update(next_run=hours_ago)
    for _pass in range(3):
        scheduler()
    broker = brokers[Queue.DEFAULT]
    assert broker.queue_size() == 1
    ((_id, package),) = broker.dequeue()
    task = SignedPackage.loads(package)
    assert (task["func"], task["args"]) == (
        "wagtail_bin.dispatch.tasks.sweep",
        ("default",),
    )
    # The other one is for the other cluster to ring.
    assert brokers[Queue.URGENT].queue_size() == 0
    broker.purge_queue()
    assert Schedule.objects.get(cluster=cluster_of(Queue.URGENT)).next_run == hours_ago
