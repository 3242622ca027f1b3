"""The main job, as the people see it who do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from playwright.sync_api import Page, expect
from wagtail.models import GroupPagePermission, Site

from tests.browser.conftest import Shoot
from tests.conftest import MailSink
from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from tests.worker import running_worker
from wagtail_bin.models import Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def municipality(home: Any) -> Any:
    return MunicipalityFactory(
        name_nl="Heidebeek",
        languages="nl,fr",
        site=Site.objects.get(root_page=home),
    )


@pytest.fixture
def editor(municipality: Any, home: Any) -> Any:
    """A municipal web editor who may publish on the whole site."""
    user = UserFactory(username="webredactie", first_name="Wendy")
    user.set_password(PASSWORD)
    user.save()
    publishes_on(home, user)
    MandateFactory(
        role=Role.WEB_EDITOR, network=None, municipality=municipality, user=user
    )
    return user


def publishes_on(home: Any, user: Any) -> None:
    """Let a user write and publish on the whole site."""
    group, _created = Group.objects.get_or_create(name="web editors")
    for codename in ("add_page", "change_page", "publish_page"):
        GroupPagePermission.objects.get_or_create(
            group=group, page=home, permission=Permission.objects.get(codename=codename)
        )
    user.groups.add(group)


@pytest.fixture
def members(municipality: Any) -> Any:
    """Two BINs with members; one of them has a telephone only."""
    heide = NetworkFactory(name="BIN Heide", slug="heide", municipality=municipality)
    station = NetworkFactory(
        name="BIN-Z Station", slug="station", municipality=municipality, kind="business"
    )
    MemberFactory.create_batch(7, network=heide)
    MemberFactory.create_batch(2, network=heide, language="fr")
    MemberFactory(network=heide, email="", phone="+3236202929")
    MemberFactory.create_batch(4, network=station)
    return MemberFactory(
        network=heide,
        first_name="Zoë",
        last_name="Vandenbroucke",
        email="zoe@example.org",
    )


def log_in(page: Page, site: str, editor: Any) -> None:
    page.goto(f"{site}/admin/login/")
    page.fill("input[name=username]", editor.username)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{site}/admin/")


def write_a_tip(page: Page, site: str, tip_index: Any, title: str) -> None:
    page.goto(f"{site}/admin/pages/{tip_index.pk}/add_subpage/")
    page.wait_for_url("**/add/wagtail_bin/tippage/**")
    page.fill("#id_title", title)
    page.fill(
        "#id_introduction",
        "In november en december wordt het vaakst ingebroken. Vijf minuten "
        "voorbereiding houden een inbreker meestal buiten.",
    )
    page.locator("[id$=-body-section] .c-sf-add-button").first.click()
    page.get_by_role("option").first.click()
    page.locator("#body-0-value").fill("Licht en sloten")


def publish_and_send(page: Page) -> None:
    page.locator(".footer [data-w-dropdown-target=toggle]").click()
    page.locator("button[name=action-publish-and-send]").click()
    page.wait_for_url("**/admin/bin/send/**")


def confirm(page: Page) -> None:
    page.locator("[data-bin-confirm]").click()
    page.wait_for_url("**/admin/bin/dispatches/**")


def wait_until_done(page: Page) -> None:
    """Without touching the page: it must renew itself."""
    expect(page.locator("[data-bin-progress]")).to_have_attribute(
        "data-done", "true", timeout=60_000
    )


def test_the_whole_job_as_editor_and_as_citizen(
    site: str,
    tip_index: Any,
    editor: Any,
    members: Any,
    sink: MailSink,
    tmp_path: Path,
    open_page: Callable[..., Page],
    shoot: Shoot,
) -> None:
    page = open_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    log_in(page, site, editor)
    write_a_tip(page, site, tip_index, "Inbraakpreventie in de donkere maanden")
    shoot(page, "editor-write")
    publish_and_send(page)
    shoot(page, "confirm-empty", full_page=True)

    # Nothing is ticked, so nothing can be confirmed yet.
    expect(page.locator("[data-bin-confirm]")).to_be_disabled()
    page.get_by_label("BIN Heide").check()
    page.wait_for_url("**networks=**")
    expect(page.locator(".bin-total strong")).to_have_text("10")
    expect(page.locator("[data-bin-confirm]")).to_be_enabled()
    frame = page.frame_locator("iframe.bin-preview")
    expect(frame.locator("h1")).to_have_text("Inbraakpreventie in de donkere maanden")
    page.set_viewport_size({"width": 1280, "height": 1900})
    shoot(page, "confirm")
    page.set_viewport_size({"width": 1280, "height": 900})

    # A test to herself, then the real thing.
    page.locator("button[name=test]").click()
    page.wait_for_load_state()
    (test_mail,) = sink.messages
    assert test_mail["To"] == editor.email

    confirm(page)
    shoot(page, "progress")
    with running_worker(sink.port, tmp_path):
        wait_until_done(page)
        shoot(page, "done", full_page=True)
        assert len(sink.messages) == 11
        (mail,) = [m for m in sink.messages if m["To"] == "zoe@example.org"]
        html = mail.get_body(("html",)).get_content()
        assert "Zoë Vandenbroucke" in html

        # The citizen: no JavaScript, a small screen.
        citizen = open_page(
            java_script_enabled=False, viewport={"width": 400, "height": 800}
        )
        citizen.set_content(html)
        shoot(citizen, "mail", full_page=True)
        citizen.goto(f"{site}/nl/tips/inbraakpreventie-in-de-donkere-maanden/")
        expect(citizen.locator("h1")).to_have_text(
            "Inbraakpreventie in de donkere maanden"
        )
        expect(citizen.locator("main")).to_contain_text("BIN Heide")
        assert "zoe@example.org" not in citizen.content()
        shoot(citizen, "tip", full_page=True)
        citizen.goto(mail["List-Unsubscribe"].strip().strip("<>"))
        shoot(citizen, "unsubscribe", full_page=True)
        citizen.locator("main form button").click()
        shoot(citizen, "unsubscribed", full_page=True)

        # A second tip: to all but her.
        page.goto(f"{site}/admin/pages/{tip_index.pk}/")
        write_a_tip(page, site, tip_index, "Sluit ook overdag af")
        publish_and_send(page)
        page.get_by_label("BIN Heide").check()
        expect(page.locator(".bin-total strong")).to_have_text("9")
        confirm(page)
        wait_until_done(page)
    second = [m["To"] for m in sink.messages if "overdag" in str(m["Subject"])]
    assert len(second) == 9
    assert "zoe@example.org" not in second
    assert problems == []
