"""How far a dispatch is, and where it stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.factories import NetworkFactory
from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin.dispatch.progress import (
    Progress,
    Situation,
    next_attempt,
    progress_of,
    progress_of_all,
    situation_of,
)
from wagtail_bin.models import Delivery, Network

pytestmark = pytest.mark.django_db


@pytest.fixture
def network() -> Network:
    return NetworkFactory()


def test_i01_the_states_add_up_to_the_recipients(network: Network) -> None:
    dispatch = make_dispatch(networks=[network])
    for state in State:
        deliver_to(dispatch, network, state)
    progress = progress_of(dispatch)
    assert progress.total == len(State) == dispatch.deliveries.count()
    whole = progress.whole
    assert progress.waiting == 3
    parts = (whole.accepted, whole.unknown, whole.failed, whole.withheld)
    assert sum(parts) == progress.settled == len(State) - 3


def test_of_some_networks_their_members_count_and_what_is_nobodys(
    network: Network,
) -> None:
    dispatch, other = make_dispatch(networks=[network]), NetworkFactory()
    deliver_to(dispatch, network, number=2)
    deliver_to(dispatch, other, number=3)
    Delivery.objects.create(
        dispatch=dispatch,
        channel="social",
        target="Mastodon",
        language="nl",
        due_at=timezone.now(),
    )
    own = Network.objects.filter(pk=network.pk)
    assert progress_of(dispatch, networks=own).total == 3
    assert progress_of(dispatch).total == 6


def test_several_are_counted_in_one_query(
    network: Network, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    dispatches = [make_dispatch(networks=[network]) for _number in range(4)]
    for dispatch in dispatches[:3]:
        deliver_to(dispatch, network)
    with django_assert_num_queries(1):
        counted = progress_of_all(dispatches)
    assert [counted[d.pk].total for d in dispatches] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("changes", "channel", "situation"),
    [
        ({}, "email", Situation.SENDING),
        ({}, "handover", Situation.TO_HAND_OVER),
        ({"not_before": 1}, "email", Situation.SCHEDULED),
        ({"awaits_page": True, "not_before": 1}, "email", Situation.WAITS_FOR_PAGE),
        ({"paused_at": 0, "not_before": 1}, "email", Situation.PAUSED),
        ({"paused_at": 0, "pause_code": "bounces"}, "email", Situation.TROUBLE),
        ({"cancelled_at": 0, "paused_at": 0}, "email", Situation.CANCELLED),
    ],
)
def test_what_concerns_a_person_most_comes_first(
    network: Network, changes: dict[str, Any], channel: str, situation: Situation
) -> None:
    dispatch = make_dispatch(networks=[network])
    for name, value in changes.items():
        if name.endswith(("_at", "_before")):
            value = timezone.now() + dt.timedelta(hours=value)
        setattr(dispatch, name, value)
    deliver_to(dispatch, network, channel=channel)
    assert situation_of(dispatch, progress_of(dispatch)) is situation


def test_with_nothing_waiting_it_is_finished(network: Network) -> None:
    dispatch = make_dispatch(networks=[network])
    assert situation_of(dispatch, Progress([])) is Situation.FINISHED


def test_the_next_attempt_is_told_only_when_none_is_due(network: Network) -> None:
    dispatch = make_dispatch(networks=[network])
    assert next_attempt(dispatch) is None
    later = timezone.now() + dt.timedelta(hours=3)
    deliver_to(dispatch, network, due_at=later)
    assert next_attempt(dispatch) == later
    deliver_to(dispatch, network)
    assert next_attempt(dispatch) is None
