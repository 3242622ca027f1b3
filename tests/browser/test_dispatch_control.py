"""Control of what is sent, screen by screen, in a real browser."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from wagtail.models import GroupPagePermission, Site

from tests.browser.conftest import Shoot
from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.models import (
    ChannelState,
    Consent,
    Delivery,
    Dispatch,
    Handover,
    Network,
    Role,
    SendingSwitch,
    Suppression,
)

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

MEMORY = "wagtail_bin.channels.memory.MemoryChannel"
NAMES = (
    "Zoë Vandenbroucke",
    "Jan Wolkenaer",
    "Marie Claes",
    "An Janssens",
    "Luc Aerts",
)


@pytest.fixture(autouse=True)
def channels(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": MEMORY,
        "sms": {"BACKEND": MEMORY, "PRICE": "0.08"},
        "voice": {"BACKEND": MEMORY, "PRICE": "0.12"},
        "handover": {
            "BACKEND": "wagtail_bin.channels.handover.HandoverChannel",
            "OPTIONS": {"LABEL": "BE-Alert"},
        },
        "social": {
            "BACKEND": MEMORY,
            "OPTIONS": {"TARGETS": {"Mastodon": "json://x", "Telegram": "json://y"}},
        },
    }


@pytest.fixture
def network(home: Any) -> Network:
    municipality = MunicipalityFactory(
        name_nl="Heidebeek", languages="nl,fr", site=Site.objects.get(root_page=home)
    )
    return NetworkFactory(name="BIN Heide", slug="heide", municipality=municipality)


@pytest.fixture
def officer(network: Network, home: Any) -> Any:
    """A prevention officer who publishes, sends, sees members and has the switch."""
    user = UserFactory(username="preventie", first_name="Petra", last_name="Wouters")
    MandateFactory(role=Role.PREVENTION_OFFICER, network=network, user=user)
    group = Group.objects.create(name="officers")
    for codename in ("add_page", "change_page", "publish_page"):
        GroupPagePermission.objects.create(
            group=group, page=home, permission=Permission.objects.get(codename=codename)
        )
    user.groups.add(group)
    user.user_permissions.add(Permission.objects.get(codename="change_sendingswitch"))
    return user


@pytest.fixture
def page(
    site: str, officer: Any, open_page: Callable[..., Page], chromium: Any
) -> Page:
    """The officer's browser, logged in, in English."""
    client = Client()
    client.force_login(officer)
    opened = open_page(locale="en-GB", viewport={"width": 1280, "height": 1500})
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    name = django_settings.SESSION_COOKIE_NAME
    opened.context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": site}]
    )
    return opened


def named(index: int) -> dict[str, str]:
    first, last = NAMES[index % len(NAMES)].split(" ", 1)
    return {"first_name": first, "last_name": last}


def filled(network: Network, **values: Any) -> Dispatch:
    """A dispatch by mail and SMS with a bit of everything."""
    dispatch = make_dispatch(
        networks=[network],
        title="Inbraakpreventie in de donkere maanden",
        channels=["email", "sms"],
        unreachable={"no_consent": 3, "no_address": 1},
        **values,
    )
    deliver_to(dispatch, network, State.ACCEPTED, number=12, report="delivered")
    deliver_to(dispatch, network, State.ACCEPTED, number=4, language="fr")
    deliver_to(dispatch, network, State.ACCEPTED, number=2, report="hard_bounce")
    deliver_to(dispatch, network, State.ACCEPTED, number=5, channel="sms")
    return dispatch


def go(page: Page, site: str, dispatch: Dispatch, rest: str = "") -> None:
    page.goto(f"{site}/admin/bin/dispatches/{dispatch.pk}/{rest}")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def close_calendar(page: Page) -> None:
    calendar = page.locator(".xdsoft_datetimepicker:visible")
    expect(calendar).to_have_count(1)
    page.locator(".bin-total").first.click()
    expect(calendar).to_have_count(0)


def test_a_dispatch_in_each_state(
    site: str, page: Page, network: Network, shoot: Shoot
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    now = timezone.now()

    # Scheduled: another moment, chosen with the keyboard.
    scheduled = make_dispatch(
        networks=[network],
        title="Fietsdiefstal: noteer je framenummer",
        not_before=now + dt.timedelta(days=2),
        expires_at=now + dt.timedelta(days=5),
    )
    deliver_to(scheduled, network, number=9, due_at=scheduled.not_before)
    go(page, site, scheduled)
    shoot(page, "control-scheduled")
    page.get_by_role("link", name="Send now, or at another moment").click()
    moment = page.locator("input[name=not_before]")
    expect(moment).to_have_value(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"))
    day = timezone.localdate() + dt.timedelta(days=7)
    moment.fill(f"{day:%Y-%m-%d} 18:30")
    close_calendar(page)
    shoot(page, "control-reschedule")
    press(page, "Save the moment")
    expect(page.locator("[data-bin-part=situation]")).to_contain_text("18:30")

    # Going out: the page renews itself, and the buttons stay what they are.
    dispatch = filled(network)
    deliver_to(dispatch, network, State.SENDING, number=2)
    deliver_to(dispatch, network, number=25)
    go(page, site, dispatch)
    shoot(page, "control-sending")
    pause = page.get_by_role("button", name="Pause", exact=True)
    pause.focus()
    before = pause.element_handle()
    waiting = Delivery.objects.filter(dispatch=dispatch, state=State.QUEUED)
    Delivery.objects.filter(
        pk__in=list(waiting.values_list("pk", flat=True)[:10])
    ).update(state=State.ACCEPTED)
    expect(page.locator("[data-bin-part=situation]")).to_contain_text("33 of 50 done")
    assert before is not None
    assert before.evaluate("element => element === document.activeElement")

    # Paused by a person, resumed; a channel rests; trouble.
    press(page, "Pause")
    expect(page.locator("[data-bin-part=situation]")).to_contain_text("Paused since")
    shoot(page, "control-paused")
    press(page, "Resume")
    ChannelState.objects.create(
        name="email",
        failures=9,
        code="ConnectionRefusedError",
        failing_since=now - dt.timedelta(minutes=40),
        open_until=now + dt.timedelta(minutes=7),
    )
    page.reload()
    shoot(page, "control-resting")
    ChannelState.objects.all().delete()
    Dispatch.objects.filter(pk=dispatch.pk).update(paused_at=now, pause_code="bounces")
    page.reload()
    shoot(page, "control-trouble")

    # Stopped for good, after a question.
    page.get_by_role("link", name="Stop it for good").click()
    shoot(page, "control-cancel")
    press(page, "Yes, stop it for good")
    expect(page.locator("[data-bin-part=situation]")).to_contain_text("Cancelled on")
    shoot(page, "control-cancelled")

    # Finished.
    done = filled(network)
    go(page, site, done)
    shoot(page, "control-finished")
    page.goto(f"{site}/admin/bin/dispatches/")
    shoot(page, "control-index")
    assert problems == []


def test_unknown_deliveries_and_who_got_it(
    site: str, page: Page, network: Network, shoot: Shoot
) -> None:
    dispatch = filled(network)
    for index in range(3):
        deliver_to(
            dispatch, network, State.UNKNOWN, member=named(index), code="worker_lost"
        )
    deliver_to(dispatch, network, State.REJECTED, member=named(3), code="550 5.1.1")
    deliver_to(dispatch, network, State.SUPPRESSED, member=named(4))
    go(page, site, dispatch)
    shoot(page, "control-unknown")
    press(page, "Try the 1 that failed again")
    expect(page.locator(".messages")).to_contain_text("1 message is tried again")
    page.get_by_role("link", name="Decide about 3 unknown").click()
    shoot(page, "control-resolve")
    press(page, "Decide")
    expect(page.locator("form .error-message").first).to_be_visible()
    page.get_by_label("Take them for sent").check()
    page.get_by_label("Only those ticked").check()
    page.get_by_label("Why?").fill("Nagevraagd: het is aangekomen")
    page.get_by_label("Zoë Vandenbroucke").check()
    shoot(page, "control-resolve-filled")
    press(page, "Decide")
    expect(page.locator("main")).to_contain_text("het is aangekomen")
    assert Delivery.objects.filter(dispatch=dispatch, state=State.UNKNOWN).count() == 2

    # Did my neighbour get it?
    MemberFactory(
        network=network, first_name="Zoé", last_name="Wolkenaer", consent=False
    )
    page.get_by_role("link", name="Who got it?").click()
    expect(page.locator("table.listing tbody tr").first).to_be_visible()
    shoot(page, "deliveries")
    page.get_by_label("Find a member").fill("wolkenaer")
    page.locator("#listing-results").get_by_role("button", name="Search").click()
    expect(page.locator("table.listing tbody tr")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("did not agree")
    assert "wolkenaer" not in page.url
    shoot(page, "deliveries-search")
    with page.expect_download() as download:
        page.get_by_role("button", name="List as XLSX").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.get_by_role("link", name="Jan Wolkenaer").click()
    page.get_by_role("heading", name="Last messages").scroll_into_view_if_needed()
    shoot(page, "member")


def test_hand_over_worklist_and_switch(
    site: str, page: Page, network: Network, officer: Any, tip: Any, shoot: Shoot
) -> None:
    members = [
        MemberFactory(network=network, mobile="+32473865387", email="", **named(index))
        for index in range(3)
    ]
    for member in members:
        for channel in ("sms", "voice"):
            Consent.objects.create(
                member=member,
                purpose="tips",
                channel=channel,
                is_given=True,
                basis="enrolment",
            )
    dispatch = approve_dispatch(
        page=tip,
        networks=[network],
        user=officer,
        expected_recipients=3,
        channels=["handover"],
    ).dispatch
    go(page, site, dispatch)
    shoot(page, "control-to-hand-over")
    page.get_by_role("link", name="Hand over").click()
    expect(page.get_by_role("heading", name="1. The file")).to_be_visible()
    shoot(page, "hand-over")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "BIN Heide" in page.evaluate("navigator.clipboard.readText()")
    press(page, "Make the file")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    assert download.value.suggested_filename.startswith("be-alert-")
    shoot(page, "hand-over-file")
    page.get_by_label("I have sent it").check()
    press(page, "Note it as sent")
    expect(page.locator(".messages")).to_contain_text("3 members got it")
    shoot(page, "hand-over-done")
    assert Handover.objects.get().confirmed_by == officer

    # Addresses to check.
    for index, reason in enumerate(("bounce", "soft", "complaint")):
        member = MemberFactory(network=network, **named(index))
        Suppression.objects.create(digest=member.email_digest, reason=reason)
    page.goto(f"{site}/admin/bin/worklist/")
    shoot(page, "worklist")
    page.get_by_role("link", name="It works again").first.click()
    page.get_by_label("How do you know?").fill("Zij belde: de mailbox was vol")
    shoot(page, "worklist-lift")
    press(page, "Use it again")
    expect(page.locator("table.listing tbody tr")).to_have_count(2)

    # The switch.
    page.goto(f"{site}/admin/bin/switch/")
    shoot(page, "switch-on")
    page.get_by_label("Why?").fill("Storing bij de provider; Petra volgt het op")
    press(page, "Pause all sending")
    shoot(page, "switch-paused")
    page.goto(f"{site}/admin/")
    expect(page.locator(".bin-home-panel").first).to_contain_text(
        "All sending is paused"
    )
    shoot(page, "switch-home")
    SendingSwitch.objects.update(fingerprint="0" * 64)
    page.goto(f"{site}/admin/bin/switch/")
    shoot(page, "switch-copied")
    press(page, "Resume sending from this database")
    expect(page.locator("form .error-message")).to_be_visible()
    page.get_by_label("This is the real site now").check()
    press(page, "Resume sending from this database")
    expect(page.locator("main")).to_contain_text("Sending is on")


def test_confirming_with_sms_voice_and_a_moment(
    site: str, page: Page, network: Network, tip: Any, shoot: Shoot
) -> None:
    MemberFactory.create_batch(6, network=network)
    for channel, number in (
        ("sms", {"mobile": "+32473865387"}),
        ("voice", {"phone": "+3236202929"}),
    ):
        for _number in range(2):
            member = MemberFactory(network=network, email="", consent=False, **number)
            Consent.objects.create(
                member=member,
                purpose="tips",
                channel=channel,
                is_given=True,
                basis="enrolment",
            )
    page.goto(f"{site}/admin/bin/send/{tip.pk}/")
    shoot(page, "send-mail-only")
    page.get_by_label("SMS", exact=True).select_option("2")
    page.wait_for_url("**channel-sms=2**")
    page.get_by_label("Voice message", exact=True).select_option("3")
    page.wait_for_url("**channel-voice=3**")
    expect(page.locator("#who ~ .bin-total strong").first).to_have_text("10")
    # A moment typed first is not forgotten by what is chosen afterwards.
    day = timezone.localdate() + dt.timedelta(days=3)
    page.locator("input[name=not_before]").fill(f"{day:%Y-%m-%d} 19:00")
    close_calendar(page)
    expect(page.get_by_label("On a date and time")).to_be_checked()
    page.get_by_label("Social media").check()
    page.wait_for_url("**channel-social=9**")
    expect(page.get_by_label("On a date and time")).to_be_checked()
    shoot(page, "send-channels")
    page.locator("[data-bin-confirm]").scroll_into_view_if_needed()
    shoot(page, "send-texts")
    page.locator("[data-bin-confirm]").click()
    page.wait_for_url("**/admin/bin/dispatches/**")
    expect(page.locator("[data-bin-part=situation]")).to_contain_text("19:00")
    dispatch = Dispatch.objects.get()
    assert dispatch.channels == ["email", "sms", "voice", "social"]
    assert timezone.localtime(dispatch.not_before).date() == day
