"""The screen that hands an audience to another platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin.models import (
    Consent,
    Delivery,
    Dispatch,
    DispatchMessage,
    Handover,
    Network,
    Purpose,
    Role,
)

HANDOVER = "wagtail_bin.channels.handover.HandoverChannel"


@pytest.fixture(autouse=True)
def platforms(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": "wagtail_bin.channels.memory.MemoryChannel",
        "handover": {"BACKEND": HANDOVER, "OPTIONS": {"LABEL": "BE-Alert"}},
        "bin_net": {
            "BACKEND": HANDOVER,
            "OPTIONS": {"LABEL": "BIN-net", "FORMAT": "csv", "COLUMNS": ["mobile"]},
        },
    }


@pytest.fixture
def dispatch(heide: Network) -> Dispatch:
    """Two members wait to be handed over."""
    dispatch = make_dispatch(networks=[heide], channels=["handover"])
    rows = deliver_to(
        dispatch,
        heide,
        number=2,
        channel="handover",
        member={"mobile": "+32473865387", "last_name": "Telefoon"},
    )
    for row in rows:
        Consent.objects.create(
            member=row.member,
            purpose=Purpose.TIPS,
            channel="sms",
            is_given=True,
            basis="enrolment",
        )
    for channel in ("sms", "voice"):
        DispatchMessage.objects.create(
            dispatch=dispatch, channel=channel, language="nl", token="t", text="Licht!"
        )
    return dispatch


def screen(dispatch: Dispatch) -> str:
    return reverse("wagtail_bin_admin:dispatch_hand_over", args=[dispatch.pk])


def button(handover: Handover, name: str) -> str:
    return reverse(f"wagtail_bin_admin:handover_{name}", args=[handover.pk])


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_from_the_dispatch_to_the_tick(officer: Client, dispatch: Dispatch) -> None:
    page = officer.get(reverse("wagtail_bin_admin:dispatch", args=[dispatch.pk]))
    assert screen(dispatch) in page.content.decode()
    html = officer.get(screen(dispatch)).content.decode()
    assert "Licht!" in html
    assert "BE-Alert" in html
    made = officer.post(screen(dispatch), {"seen": ""}, follow=True)
    assert "file with 2 members is ready" in said(made)
    handover = Handover.objects.get()
    file = officer.post(button(handover, "download"))
    assert file["Content-Disposition"].startswith('attachment; filename="be-alert-')
    assert file["Cache-Control"].startswith("no-store, private")
    assert file.content[:2] == b"PK"
    confirmed = officer.post(button(handover, "confirm"), {"sent": "1"}, follow=True)
    assert "2 members got it" in said(confirmed)
    assert set(dispatch.deliveries.values_list("state", flat=True)) == {State.ACCEPTED}
    assert "noted on" in officer.get(screen(dispatch)).content.decode()


def test_the_platform_chosen_decides_columns_and_format(
    officer: Client, dispatch: Dispatch
) -> None:
    data = {"seen": "", "platform": "bin_net"}
    response = officer.post(screen(dispatch), data)
    assert response["Location"].endswith("?platform=bin_net")
    handover = Handover.objects.get()
    assert handover.platform == "BIN-net"
    lines = officer.post(button(handover, "download")).content.decode("utf-8-sig")
    assert lines.split()[1:] == ["0473865387"] * 2


def test_f27_every_button_pressed_twice_acts_once(
    officer: Client, dispatch: Dispatch
) -> None:
    for _click in range(2):
        officer.post(screen(dispatch), {"seen": ""})
    handover = Handover.objects.get()
    for _click in range(2):
        officer.post(button(handover, "confirm"), {"sent": "1"})
    assert dispatch.deliveries.filter(state=State.ACCEPTED).count() == 2
    assert dispatch.deliveries.first().events.count() == 1


def test_without_the_tick_nothing_counts_as_sent(
    officer: Client, dispatch: Dispatch
) -> None:
    officer.post(screen(dispatch), {"seen": ""})
    response = officer.post(button(Handover.objects.get(), "confirm"), follow=True)
    assert "Tick that you have sent it" in said(response)
    assert not dispatch.deliveries.filter(state=State.ACCEPTED).exists()


def test_i10_looking_changes_nothing_and_csrf_is_asked(
    officer: Client, dispatch: Dispatch
) -> None:
    officer.get(screen(dispatch))
    assert not Handover.objects.exists()
    officer.post(screen(dispatch), {"seen": ""})
    handover = Handover.objects.get()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(officer.user)  # type: ignore[attr-defined]
    for url in (
        screen(dispatch),
        button(handover, "confirm"),
        button(handover, "download"),
    ):
        assert strict.post(url, {"sent": "1"}).status_code == 403
    for name in ("confirm", "download"):
        assert officer.get(button(handover, name)).status_code == 405


@pytest.mark.parametrize("role", [Role.WEB_EDITOR, Role.COORDINATOR, Role.MAYOR])
def test_s03_it_takes_both_to_send_and_to_see_members(
    as_role: Callable[..., Client],
    officer: Client,
    heide: Network,
    dispatch: Dispatch,
    role: str,
) -> None:
    officer.post(screen(dispatch), {"seen": ""})
    handover = Handover.objects.get()
    before = list(Delivery.objects.values())
    client = as_role(role, heide)
    for url in (
        screen(dispatch),
        button(handover, "confirm"),
        button(handover, "download"),
    ):
        response = client.post(url, {"sent": "1", "seen": ""})
        assert response["Location"] == reverse("wagtailadmin_home"), url
    assert client.get(screen(dispatch)).status_code == 302
    page = client.get(reverse("wagtail_bin_admin:dispatch", args=[dispatch.pk]))
    assert screen(dispatch) not in page.content.decode()
    assert before == list(Delivery.objects.values())


def test_s01_who_may_in_some_of_the_bins_only_is_refused(
    officer: Client, dispatch: Dispatch, elders: Network
) -> None:
    dispatch.networks.add(elders)
    assert officer.get(screen(dispatch))["Location"] == reverse("wagtailadmin_home")


def test_a_dispatch_without_such_a_channel_has_no_such_screen(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    assert officer.get(screen(dispatch), follow=True).status_code == 404
