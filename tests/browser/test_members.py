"""The coordinator's day with the list: find, filter, sanction, export, on any screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shoot
from tests.browser.test_main_job import PASSWORD, log_in
from tests.factories import MandateFactory, MemberFactory, NetworkFactory, UserFactory
from tests.ledgers import deliver_to, make_dispatch
from wagtail_bin.models import Member, Role, Sanction

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

LIST = "/admin/snippets/wagtail_bin/member/"
ADDRESS = {
    "street": "Heidestatiestraat",
    "number": "12",
    "postcode": "2920",
    "locality": "Kalmthout",
}


@pytest.fixture
def coordinator(home: Any) -> Any:
    """The coordinator of two BINs; one has members, and an officer."""
    heide = NetworkFactory(name="BIN Heide", slug="heide")
    user = UserFactory(username="coordinator", first_name="Cor")
    user.set_password(PASSWORD)
    user.save()
    MandateFactory(role=Role.COORDINATOR, network=heide, user=user, name="Cor Claes")
    MandateFactory(
        role=Role.COORDINATOR, user=user, network__name="BIN Dorp", name="Cor Claes"
    )
    MandateFactory(
        role=Role.MANDATED_OFFICER,
        network=None,
        police_zone=heide.police_zone,
        name="Inspecteur Wouters",
    )
    MemberFactory.create_batch(18, network=heide, **ADDRESS | {"number": "3"})
    person = {"network": heide, "mobile": "+32473865387", **ADDRESS}
    MemberFactory(first_name="Zoë", last_name="Vandenbroucke", **person)
    MemberFactory(first_name="An", last_name="Vandenbroucke", **person)
    MemberFactory(network=heide, last_name="Zonder", email="", phone="+3236202929")
    MemberFactory(network=heide, language="fr", state="unconfirmed", consent=False)
    deliver_to(make_dispatch(networks=[heide]), heide, "accepted", report="hard_bounce")
    return user


def problems_of(page: Page) -> list[str]:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    return problems


def expect_no_sideways_scrolling(page: Page) -> None:
    """The page itself; a wide table may scroll within."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], width  # type: ignore[index]


def test_the_coordinator_finds_filters_sanctions_and_exports(
    site: str, coordinator: Any, open_page: Callable[..., Page], shoot: Shoot
) -> None:
    page = open_page(locale="en-GB")
    problems = problems_of(page)
    log_in(page, site, coordinator)
    page.goto(site + LIST)
    expect(page.locator(".bin-count")).to_have_text("23 of 23 members")
    shoot(page, "members-list", full_page=True)

    # What is typed counts at once.
    page.locator("#id_q").fill("zoe heidestatie")
    expect(page.locator(".bin-count")).to_have_text("1 of 23 members")
    page.locator("#id_q").fill("")
    expect(page.locator(".bin-count")).to_have_text("23 of 23 members")

    # A filter, and its name.
    page.goto(f"{site}{LIST}?missing=email")
    expect(page.locator(".bin-count")).to_have_text("1 of 23 members")
    page.get_by_role("link", name="Save this filter").click()
    page.get_by_label("Name").fill("Without e-mail")
    shoot(page, "members-save-filter")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".bin-segments [aria-current]")).to_have_text("Without e-mail")
    shoot(page, "members-filtered", full_page=True)

    # The member, with the household.
    page.goto(f"{site}{LIST}?q=zoe")
    page.get_by_role("link", name="Vandenbroucke, Zoë").click()
    expect(page.get_by_role("link", name="An Vandenbroucke")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 3200})
    shoot(page, "members-edit")

    # A sanction says first what it does.
    page.get_by_role("link", name="Impose a sanction").click()
    page.wait_for_url("**/sanction/")
    page.set_viewport_size({"width": 1280, "height": 1200})
    page.get_by_label("Temporary suspension").check()
    until = timezone.localdate() + dt.timedelta(days=30)
    page.get_by_label("Last day").fill(until.isoformat())
    page.keyboard.press("Escape")
    page.get_by_label("Reason").fill("Gaf adressen door aan een verkoper.")
    shoot(page, "members-sanction-form", full_page=True)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("No message of any kind")
    shoot(page, "members-sanction-confirm", full_page=True)
    assert not Sanction.objects.exists()
    page.get_by_role("button", name="Impose it").click()
    page.wait_for_url("**#panel-sanctions-section")
    member = Member.objects.get(first_name="Zoë")
    assert (member.state, member.suspended_until) == ("suspended", until)
    expect(page.locator("#panel-sanctions-section")).to_contain_text("in force")
    page.locator("[id*=sanctions]").first.scroll_into_view_if_needed()
    shoot(page, "members-sanctioned")
    page.goto(f"{site}{LIST}history/{member.pk}/")
    expect(page.locator("main")).to_contain_text("Sanctioned: temporary suspension")
    shoot(page, "members-history")
    page.goto(f"{site}/admin/bin/sanctions/")
    shoot(page, "members-sanctions")
    page.goto(f"{site}/admin/bin/households/")
    expect(page.locator("main")).to_contain_text("An Vandenbroucke")
    shoot(page, "members-households")

    # Some of them as a file.
    page.goto(f"{site}{LIST}?language=nl")
    page.locator("#w-slim-header-buttons button").last.click()
    page.get_by_role("link", name="Export").click()
    page.wait_for_url("**/admin/bin/members/export/?language=nl")
    shoot(page, "members-export", full_page=True)
    page.get_by_label("CSV").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    content = download.value.path().read_bytes().decode("utf-8-sig")
    assert len(content.splitlines()) == 1 + 22
    assert "0473 86 53 87" in content

    # Several at once.
    page.goto(f"{site}{LIST}?state=unconfirmed")
    page.locator("tbody input[type=checkbox]").first.check()
    expect(page.get_by_role("link", name="Invite the selected")).to_be_visible()
    page.wait_for_timeout(500)
    shoot(page, "members-ticked")
    page.get_by_role("link", name="Invite the selected members").click()
    expect(page.locator("main")).to_contain_text("1 member:")
    shoot(page, "members-invite")
    page.get_by_role("link", name="Back to the list").click()
    page.locator("tbody input[type=checkbox]").first.check()
    page.get_by_role("link", name="Move the selected members").click()
    expect(page.locator("main")).to_contain_text("agreed to it")
    shoot(page, "members-move")
    assert problems == []


def test_the_list_can_be_used_on_a_telephone(
    site: str, coordinator: Any, open_page: Callable[..., Page], shoot: Shoot
) -> None:
    page = open_page(locale="en-GB", viewport={"width": 400, "height": 800})
    problems = problems_of(page)
    log_in(page, site, coordinator)
    member = Member.objects.get(first_name="Zoë")
    for name, path in {
        "list": LIST,
        "edit": f"{LIST}edit/{member.pk}/",
        "sanction-form": f"/admin/bin/members/{member.pk}/sanction/",
        "households": "/admin/bin/households/",
        "export": "/admin/bin/members/export/",
    }.items():
        page.goto(site + path)
        page.wait_for_load_state("networkidle")
        shoot(page, f"members-narrow-{name}", full_page=True)
        expect_no_sideways_scrolling(page)
    assert problems == []
