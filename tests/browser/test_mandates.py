"""An office goes to somebody else, and two people send a message, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shoot
from tests.browser.test_main_job import PASSWORD, log_in, publishes_on
from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.models import Dispatch, Mandate, Network, Role

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def account(username: str, first_name: str, last_name: str, **more: Any) -> Any:
    user = UserFactory(
        username=username, first_name=first_name, last_name=last_name, **more
    )
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def network(home: Any) -> Network:
    """A BIN with members, of whom one cannot be reached, and its coordinator."""
    town = MunicipalityFactory(name_nl="Heidebeek", needs_four_eyes=True)
    network = NetworkFactory(
        name="BIN Heide",
        municipality=town,
        contact_name="An Peeters",
        contact_email="heide@bin.example",
        contact_phone="+32470000001",
    )
    MemberFactory.create_batch(4, network=network)
    MemberFactory(network=network, email="", phone="+3236202929")
    MandateFactory(
        network=network,
        name="An Peeters",
        user=account("an", "An", "Peeters"),
        public_email="heide@bin.example",
        public_phone="+32470000001",
    )
    return network


def test_a_coordinator_hands_over(
    site: str,
    network: Network,
    open_page: Callable[..., Page],
    shoot: Shoot,
) -> None:
    bea = account("bea", "Bea", "Janssens", admin_access=False)
    account("ada", "Ada", "Admins", is_superuser=True)
    problems: list[str] = []
    page = open_page(locale="en")
    page.on("pageerror", lambda error: problems.append(str(error)))
    log_in(page, site, Mandate.objects.get().user)
    expect(page.locator("#bin-offices")).to_be_visible()
    shoot(page, "home-of-an-office")

    page = open_page(locale="en", viewport={"width": 1280, "height": 1100})
    page.on("pageerror", lambda error: problems.append(str(error)))
    log_in(page, site, type(bea).objects.get(username="ada"))
    page.goto(f"{site}/admin/bin-mandates/")
    shoot(page, "mandates")
    page.get_by_role("button", name="More options").first.click()
    page.get_by_role("link", name="Hand over").click()
    page.get_by_role("button", name="Choose a user account", exact=True).click()
    page.locator("#id_q").fill("janss")
    page.get_by_role("link", name="Bea Janssens (bea)").click()
    page.get_by_label("is that of the successor, given here").check()
    page.get_by_label("Public telephone").fill("0470 00 00 02")
    shoot(page, "hand-over", full_page=True)
    page.get_by_role("button", name="See what will happen").click()
    expect(page.locator("main")).to_contain_text("The list with 5 members")
    expect(page.locator("main")).to_contain_text("1 member whose address")
    expect(page.locator("main")).to_contain_text("“An Peeters” becomes “Bea Janssens”")
    shoot(page, "hand-over-summary", full_page=True)
    assert Mandate.objects.count() == 1

    # Back, and forth: what was filled in is still there.
    page.get_by_role("button", name="Back, change something").click()
    expect(page.get_by_label("Public telephone")).to_have_value("0470 00 00 02")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Confirm: hand over").click()
    expect(page.locator(".messages")).to_contain_text("Bea Janssens holds the office")
    shoot(page, "handed-over")
    network.refresh_from_db()
    assert network.contact_phone == "+32470000002"

    successor = open_page(locale="en")
    log_in(successor, site, bea)
    expect(successor.locator(".bin-home-panel")).to_contain_text("BIN Heide")
    shoot(successor, "home-of-the-successor")
    assert problems == []


def test_two_people_send_a_message(
    site: str,
    network: Network,
    tip: Any,
    home: Any,
    open_page: Callable[..., Page],
    shoot: Shoot,
) -> None:
    users = [account("wim", "Wim", "Webers"), account("wis", "Wis", "Wevers")]
    for user in users:
        MandateFactory(
            role=Role.WEB_EDITOR,
            user=user,
            network=None,
            municipality=network.municipality,
        )
        publishes_on(home, user)
    author, colleague = users
    tip.title = "Sluit ook overdag af"
    tip.save_revision(user=author)

    page = open_page(locale="en")
    log_in(page, site, author)
    page.goto(f"{site}/admin/bin/send/{tip.pk}/")
    expect(page.locator("[data-bin-confirm]")).to_be_disabled()
    expect(page.locator(".bin-confirm")).to_contain_text(
        "These people can: Wis Wevers."
    )
    page.locator("[data-bin-confirm]").scroll_into_view_if_needed()
    shoot(page, "four-eyes")

    # The colleague opens the page and presses the button of the editor, which
    # saves the page as it is.
    page = open_page(locale="en")
    log_in(page, site, colleague)
    page.goto(f"{site}/admin/pages/{tip.pk}/edit/")
    page.locator(".footer [data-w-dropdown-target=toggle]").click()
    page.locator("button[name=action-publish-and-send]").click()
    page.wait_for_url("**/admin/bin/send/**")
    expect(page.locator("[data-bin-confirm]")).to_be_enabled()
    page.locator("[data-bin-confirm]").click()
    page.wait_for_url("**/admin/bin/dispatches/**")
    assert Dispatch.objects.get().approved_by == colleague
