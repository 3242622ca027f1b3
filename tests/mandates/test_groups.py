"""Whoever holds an office is in its group, and nobody else."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from tests.factories import MandateFactory, UserFactory
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import tasks
from wagtail_bin.mandates.groups import Synced, sync_groups, sync_groups_daily
from wagtail_bin.models import Role

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)

migration = importlib.import_module("wagtail_bin.migrations.0002_office_groups")


@pytest.fixture(autouse=True)
def new_day() -> None:
    cache.clear()


def groups_of(user: Any) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


@pytest.mark.parametrize("role", list(Role))
def test_every_office_has_a_group_that_opens_the_admin_and_no_more(role: Role) -> None:
    group = Group.objects.get(name=conf.OFFICE_GROUPS[role])
    access = Permission.objects.get(codename="access_admin")
    assert list(group.permissions.all()) == [access]
    assert not group.page_permissions.exists()
    assert not group.collection_permissions.exists()


def test_a_holder_of_an_office_can_enter_the_admin(client: Any) -> None:
    user = MandateFactory(
        role=Role.MANDATED_OFFICER, user=UserFactory(admin_access=False)
    ).user
    client.force_login(user)
    assert client.get("/admin/").status_code == 302
    assert sync_groups([user]) == Synced(joined=1)
    assert groups_of(user) == {"BIN police officers"}
    assert client.get("/admin/").status_code == 200
    assert sync_groups([user]) == Synced()


def test_coordinator_and_deputy_share_a_group() -> None:
    deputy = MandateFactory(role=Role.DEPUTY_COORDINATOR)
    MandateFactory(role=Role.COORDINATOR, user=deputy.user)
    sync_groups()
    assert groups_of(deputy.user) == {"BIN coordinators"}
    deputy.delete()
    assert sync_groups() == Synced()


@pytest.mark.parametrize(
    "changed",
    [
        {"ends_on": TODAY - DAY},
        {"starts_on": TODAY + DAY},
        {"role": Role.MAYOR},
        {"user": None},
    ],
    ids=["ended", "postponed", "another office", "another holder"],
)
def test_whoever_holds_it_no_more_leaves(changed: dict[str, Any]) -> None:
    mandate = MandateFactory(role=Role.COORDINATOR)
    user = mandate.user
    sync_groups()
    for name, value in changed.items():
        setattr(mandate, name, value)
    mandate.save()
    sync_groups()
    assert "BIN coordinators" not in groups_of(user)


def test_nobody_is_in_a_group_of_an_office_without_it() -> None:
    user = UserFactory()
    user.groups.add(Group.objects.get(name="BIN web editors"))
    user.groups.add(Group.objects.create(name="Editors of the town"))
    assert sync_groups() == Synced(left=1)
    assert groups_of(user) == {"Editors of the town"}


def test_a_superuser_needs_no_group_and_keeps_any() -> None:
    superuser = UserFactory(is_superuser=True)
    superuser.groups.add(Group.objects.get(name="BIN web editors"))
    MandateFactory(role=Role.COORDINATOR, user=superuser)
    assert sync_groups() == Synced()
    assert groups_of(superuser) == {"BIN web editors"}


def test_a_group_that_the_site_deleted_is_not_missed() -> None:
    Group.objects.filter(name="BIN coordinators").delete()
    MandateFactory(role=Role.COORDINATOR)
    assert sync_groups() == Synced()


def test_an_office_without_a_group_needs_none(settings: Any) -> None:
    settings.WAGTAIL_BIN_OFFICE_GROUPS = {}
    MandateFactory(role=Role.COORDINATOR)
    assert sync_groups() == Synced()


def test_the_sweep_sees_to_it_once_a_day() -> None:
    ends = MandateFactory(role=Role.COORDINATOR, ends_on=TODAY)
    begins = MandateFactory(role=Role.WEB_EDITOR, starts_on=TODAY + DAY)
    tasks.follow_up()
    assert groups_of(ends.user) == {"BIN coordinators"}
    assert sync_groups_daily() == Synced()
    noon = timezone.make_aware(dt.datetime.combine(TODAY + DAY, dt.time(12)))
    with time_machine.travel(noon, tick=False):
        assert sync_groups_daily() == Synced(joined=1, left=1)
    assert groups_of(ends.user) == set()
    assert groups_of(begins.user) == {"BIN web editors"}


class Editor:
    """As much of a schema editor as a data migration uses."""

    connection = connection


def test_the_migration_joins_in_with_a_group_that_is_there_and_can_be_undone() -> None:
    group = Group.objects.get(name="BIN coordinators")
    group.permissions.clear()
    other = Permission.objects.get(codename="add_page")
    group.permissions.add(other)
    Permission.objects.filter(codename="access_admin").delete()
    migration.create_groups(apps, Editor)
    names = set(group.permissions.values_list("codename", flat=True))
    assert names == {"access_admin", "add_page"}

    MandateFactory(role=Role.COORDINATOR)
    sync_groups()
    migration.remove_groups(apps, Editor)
    left = Group.objects.filter(name__startswith="BIN ")
    assert [group.name for group in left] == ["BIN coordinators"]
    migration.create_groups(apps, Editor)
    assert Group.objects.filter(name__startswith="BIN ").count() == 5
