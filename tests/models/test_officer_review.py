"""The step of a workflow that only the police takes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import (
    GroupApprovalTask,
    GroupPagePermission,
    Site,
    TaskState,
    Workflow,
    WorkflowTask,
)

from tests.factories import MandateFactory, NetworkFactory, UserFactory
from wagtail_bin.models import Network, OfficerReviewTask, Role, TipPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def network(home: Any) -> Network:
    """A BIN of the municipality whose site it is."""
    network = NetworkFactory()
    network.municipality.site = Site.objects.get()
    network.municipality.save()
    return network


@pytest.fixture
def task(db: Any) -> OfficerReviewTask:
    return OfficerReviewTask.objects.create(name="Politie")


@pytest.fixture
def editors(home: Any) -> Group:
    """Those who publish."""
    group = Group.objects.create(name="editors")
    for action in ("change", "publish"):
        GroupPagePermission.objects.create(
            group=group, page=home, permission_type=action
        )
    return group


@pytest.fixture
def state(
    task: OfficerReviewTask, tip: TipPage, network: Network, editors: Group
) -> TaskState:
    """A tip that a coordinator has submitted: first the police, then an editor."""
    last = GroupApprovalTask.objects.create(name="Redactie")
    last.groups.add(editors)
    workflow = Workflow.objects.create(name="Politie leest mee")
    for order, step in enumerate([task, last]):
        WorkflowTask.objects.create(workflow=workflow, task=step, sort_order=order)
    coordinator = MandateFactory(role=Role.COORDINATOR, network=network).user
    return workflow.start(tip, coordinator).current_task_state


def officer(network: Network, role: str = Role.MANDATED_OFFICER, **fields: Any) -> Any:
    return MandateFactory(role=role, network=network, **fields).user


def is_asked(state: TaskState, user: Any) -> bool:
    """Whether Wagtail lets the user decide, all its questions agreeing."""
    task, page = state.task.specific, state.workflow_state.content_object
    answers = {
        bool(task.get_actions(page, user)),
        task.user_can_access_editor(page, user),
        task.user_can_lock(page, user),
        state in TaskState.objects.reviewable_by(user),
    }
    assert len(answers) == 1
    return answers.pop()


def approve(user: Any, state: TaskState) -> Any:
    client = Client()
    client.force_login(user)
    page = state.workflow_state.content_object
    return client.post(
        reverse(
            "wagtailadmin_pages:workflow_action", args=[page.pk, "approve", state.pk]
        ),
        {"comment": ""},
        follow=True,
    )


@pytest.mark.parametrize("role", [Role.MANDATED_OFFICER, Role.CHIEF_OF_POLICE])
def test_an_officer_approves_and_an_editor_publishes(
    state: TaskState, network: Network, tip: TipPage, editors: Group, role: str
) -> None:
    user = officer(network, role)
    assert is_asked(state, user)
    approve(user, state)
    state.refresh_from_db()
    assert state.status == TaskState.STATUS_APPROVED
    assert state.finished_by == user
    tip.refresh_from_db()
    assert not tip.live
    last = tip.current_workflow_task_state
    assert last.task.name == "Redactie"
    assert not last.task.specific.get_actions(tip, user)
    editor = UserFactory()
    editor.groups.add(editors)
    approve(editor, last)
    tip.refresh_from_db()
    assert tip.live


def test_a_mandate_for_the_whole_police_zone_is_enough(
    state: TaskState, network: Network
) -> None:
    zone = network.police_zone
    user = MandateFactory(
        role=Role.MANDATED_OFFICER, network=None, police_zone=zone
    ).user
    assert is_asked(state, user)


@pytest.mark.parametrize(
    "role", sorted(set(Role) - {"mandated_officer", "chief_of_police"})
)
def test_no_other_office_approves(
    state: TaskState, network: Network, role: str
) -> None:
    user = officer(network, role)
    assert not is_asked(state, user)
    assert state.task.specific.locked_for_user(
        state.workflow_state.content_object, user
    )
    approve(user, state)
    state.refresh_from_db()
    assert state.status == TaskState.STATUS_IN_PROGRESS


def test_an_officer_of_another_place_does_not(
    state: TaskState, network: Network
) -> None:
    assert not is_asked(state, officer(NetworkFactory()))


@pytest.mark.parametrize(("starts", "ends"), [(-100, -1), (1, None)])
def test_a_lapsed_mandate_ends_it(
    state: TaskState, network: Network, starts: int, ends: int | None
) -> None:
    today = timezone.localdate()
    user = officer(
        network,
        starts_on=today + dt.timedelta(days=starts),
        ends_on=None if ends is None else today + dt.timedelta(days=ends),
    )
    assert not is_asked(state, user)
    approve(user, state)
    state.refresh_from_db()
    assert state.status == TaskState.STATUS_IN_PROGRESS


def test_who_left_the_police_does_not(state: TaskState, network: Network) -> None:
    user = officer(network)
    user.is_active = False
    assert not is_asked(state, user)


def test_a_superuser_is_no_officer_but_is_not_locked_out(
    state: TaskState, tip: TipPage
) -> None:
    user = UserFactory(is_superuser=True)
    assert not is_asked(state, user)
    assert not state.task.specific.locked_for_user(tip, user)


def test_on_a_site_of_no_municipality_any_officer_may(
    state: TaskState, network: Network
) -> None:
    network.municipality.site = None
    network.municipality.save()
    assert is_asked(state, officer(NetworkFactory()))


def test_a_decision_is_made_once(state: TaskState, network: Network) -> None:
    user = officer(network)
    state.approve(user=user)
    with pytest.raises(PermissionDenied):
        state.approve(user=user)
