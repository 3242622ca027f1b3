"""The switch of all sending, and the banners that tell of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from tests.factories import UserFactory
from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin import audit
from wagtail_bin.dispatch import gates
from wagtail_bin.models import Network, SendingSwitch

SWITCH = reverse("wagtail_bin_admin:switch")
HOME = reverse("wagtailadmin_home")


@pytest.fixture
def keeper(heide: Network) -> Client:
    """Whoever may throw the switch, and nothing else."""
    user = UserFactory(username="beheerder")
    user.user_permissions.add(Permission.objects.get(codename="change_sendingswitch"))
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    client.user = user  # type: ignore[attr-defined]
    return client


def html_of(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def make_a_copy() -> None:
    """As a restored dump finds itself."""
    gates.switch()
    SendingSwitch.objects.update(fingerprint="0" * 64)


def test_it_stands_among_the_settings_of_who_may_use_it(
    keeper: Client, officer: Client
) -> None:
    assert SWITCH in html_of(keeper, HOME)
    assert SWITCH not in html_of(officer, HOME)


def test_pausing_needs_a_reason_and_f27_is_done_once(keeper: Client) -> None:
    refused = keeper.post(SWITCH, {"pause": "1", "reason": ""})
    assert "Say in a few words why" in refused.content.decode()
    assert not gates.halted()
    for _click in range(2):
        keeper.post(SWITCH, {"pause": "1", "reason": "Storing bij de provider"})
    assert gates.halted() == gates.PAUSED
    html = html_of(keeper, SWITCH)
    assert "Storing bij de provider" in html
    assert "beheerder" in html
    for _click in range(2):
        keeper.post(SWITCH, {"resume": "1"})
    assert not gates.halted()
    for action in (audit.PAUSE_ALL, audit.RESUME_ALL):
        assert ModelLogEntry.objects.filter(action=action).count() == 1


def test_i12_a_copy_says_what_resuming_does_and_asks_to_be_sure(
    keeper: Client, heide: Network
) -> None:
    make_a_copy()
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, State.QUEUED, number=2)
    html = html_of(keeper, SWITCH)
    assert "it is a copy, or was restored" in html
    assert "2 messages were waiting" in html
    refused = keeper.post(SWITCH, {"resume": "1"}).content.decode()
    assert "Tick this to resume" in refused
    assert gates.halted() == gates.COPIED
    keeper.post(SWITCH, {"resume": "1", "is_sure": "on"})
    assert not gates.halted()
    assert set(dispatch.deliveries.values_list("state", flat=True)) == {State.UNKNOWN}


def test_s03_who_may_not_is_refused(officer: Client) -> None:
    for method in (officer.get, officer.post):
        response = method(SWITCH, {"pause": "1", "reason": "x"})
        assert response["Location"] == HOME
    assert not SendingSwitch.objects.filter(is_paused=True).exists()


def test_i10_looking_changes_nothing_and_csrf_is_asked(keeper: Client) -> None:
    keeper.get(SWITCH, {"pause": "1", "reason": "x"})
    keeper.get(HOME)
    assert not SendingSwitch.objects.exists()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(keeper.user)  # type: ignore[attr-defined]
    assert strict.post(SWITCH, {"pause": "1", "reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("paused", "All sending is paused"),
        ("copied", "this is a copy, or was restored"),
        ("test", "no member gets anything"),
    ],
)
def test_whoever_sends_is_told_wherever_they_send(
    officer: Client,
    web_editor: Client,
    coordinator: Client,
    heide: Network,
    settings: Any,
    cause: str,
    said: str,
) -> None:
    dispatch = make_dispatch(networks=[heide])
    url = reverse("wagtail_bin_admin:dispatch", args=[dispatch.pk])
    index = reverse("wagtail_bin_admin:dispatch_index")
    for place in (HOME, url, index):
        assert said not in html_of(officer, place)
    if cause == "copied":
        make_a_copy()
    elif cause == "paused":
        gates.switch()
        SendingSwitch.objects.update(is_paused=True, reason="Onderhoud")
    else:
        settings.WAGTAIL_BIN_OVERRIDE_RECIPIENTS = {"email": ["test@city.example"]}
    for client in (officer, web_editor):
        for place in (HOME, url, index):
            assert said in html_of(client, place)
    if cause == "paused":
        assert "Onderhoud" in html_of(officer, url)
    # A coordinator does not send, but sees it where it matters.
    assert said not in html_of(coordinator, HOME)
    assert said in html_of(coordinator, url)


def test_the_permission_can_be_given_to_a_group(admin_client: Client) -> None:
    html = html_of(admin_client, reverse("wagtailusers_groups:add"))
    permission = Permission.objects.get(codename="change_sendingswitch")
    assert f'value="{permission.pk}"' in html
