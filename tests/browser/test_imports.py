"""The wizard of imports, by keyboard alone, as a coordinator goes through it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import Shoot
from tests.browser.test_main_job import PASSWORD, log_in
from tests.conftest import MailSink
from tests.factories import (
    MandateFactory,
    MemberFactory,
    NetworkFactory,
    UserFactory,
)
from tests.worker import running_worker
from wagtail_bin.exchange import control, uploads
from wagtail_bin.models import Member, MemberImport, Role

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

LIST = """\
Ledenlijst BIN Heide;;;;;;
;;;;;;
Naam en voornaam;E-mailadres;GSM;Adres;Gemeente;Opmerking;Vast nr
Peeters An;an@example.org;473865387;Dorpsstraat 12 bus 3;2920 Kalmthout;bestuur;
Maes Bob;bob@example.org;0473/11.22.33;Heidestatiestraat 5;2920 Kalmthout;;03/666.12.34
Claes Cis;geen adres;;Dorpsstraat 4;2920 Kalmthout;;
De Smet Dirk;dirk@example.org;;Dorpsstraat 4;2920 Kalmthout;;
Wouters Els;els@example.org;0475/12.34.56;Kerkplein 1;2920 Kalmthout;;
Totaal: 5 leden;;;;;;
"""


@pytest.fixture
def coordinator(home: Any) -> Any:
    network = NetworkFactory(name="BIN Heide", slug="heide")
    user = UserFactory(username="coordinator", first_name="Cor", last_name="Claes")
    user.set_password(PASSWORD)
    user.save()
    MandateFactory(role=Role.COORDINATOR, network=network, user=user, name="Cor Claes")
    MemberFactory(
        network=network, first_name="An", last_name="Peeters", email="an@example.org"
    )
    MemberFactory(network=network, first_name="Weg", last_name="Gegaan")
    MemberFactory(
        network=network,
        first_name="Dirk",
        last_name="De Smet",
        email="dirk@example.org",
        state=Member.State.LEFT,
    )
    return user


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledenlijst 2026.csv"
    path.write_bytes(LIST.encode("cp1252"))
    return path


def tab_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press Tab until the keyboard is there, as somebody without a mouse does."""
    for _press in range(150):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"The keyboard does not reach {target}.")


def press(page: Page, target: Locator) -> None:
    tab_to(page, target)
    page.keyboard.press("Enter")


def button(page: Page, name: str) -> Locator:
    return page.locator("main").get_by_role("button", name=name)


def link(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.locator("main").get_by_role("link", name=name)


def test_a_list_is_imported_and_undone_without_a_mouse(
    site: str,
    coordinator: Any,
    file: Path,
    open_page: Callable[..., Page],
    shoot: Shoot,
) -> None:
    page = open_page(locale="en-GB", viewport={"width": 1280, "height": 1500})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    log_in(page, site, coordinator)

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        shoot(page, f"import-{name}", full_page=True)
        assert violations(page) == [], name

    page.goto(f"{site}/admin/bin/import/")
    expect(page.locator("[aria-current=step]")).to_contain_text("Choose the list")
    look("1-upload")
    # The dialog that Enter opens is the operating system's.
    tab_to(page, page.locator("input[type=file]"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(file)
    press(page, button(page, "Continue to the columns"))

    page.wait_for_url("**/columns/")
    look("2-columns")
    unknown = page.get_by_label("Column G, Vast nr")
    expect(unknown).to_have_value("")
    tab_to(page, unknown)
    page.keyboard.type("Landl")
    expect(unknown).to_have_value("phone")
    remark = page.get_by_label("Column F, Opmerking")
    expect(remark).to_have_value("")
    press(page, button(page, "Show what would happen"))
    expect(page.get_by_role("alert")).to_contain_text("may be written to")
    look("2-columns-basis-missing")
    tab_to(page, page.locator("input[name=basis]").first)
    page.keyboard.press("Space")
    press(page, button(page, "Show what would happen"))

    page.wait_for_url("**/plan/")
    expect(page.locator("main")).to_contain_text("0473 86 53 87")
    expect(page.locator("main")).to_contain_text("has left")
    look("3-plan")
    press(page, link(page, re.compile(r"Show.*New members")))
    page.wait_for_url("**/rows/?kind=new")
    look("3-plan-new")
    press(page, link(page, "Back to the import"))
    page.wait_for_url("**/plan/")
    press(page, button(page, "Import 3 members"))

    page.wait_for_url("**/result/")
    look("4-result")
    assert Member.objects.filter(state=Member.State.ACTIVE).count() == 4
    assert Member.objects.get(first_name="Dirk").state == Member.State.LEFT
    tab_to(page, link(page, "Download the refused rows (.xlsx)"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "refused-rows.xlsx"
    press(page, link(page, "Undo this import"))
    page.wait_for_url("**/undo/")
    look("5-undo")
    press(page, button(page, "Undo this import"))
    page.wait_for_url("**/result/")
    expect(page.locator("main")).to_contain_text("Cor Claes undid the import")
    look("5-undone")
    assert Member.objects.filter(state=Member.State.ACTIVE).count() == 2

    page.goto(f"{site}/admin/bin/import/")
    expect(page.locator("main")).to_contain_text("ledenlijst 2026.csv")
    look("6-lists-of-before")
    assert problems == []


def test_a_large_list_shows_how_far_it_is_and_can_be_stopped(
    site: str,
    coordinator: Any,
    tmp_path: Path,
    open_page: Callable[..., Page],
    shoot: Shoot,
    monkeypatch: pytest.MonkeyPatch,
    sink: MailSink,
) -> None:
    monkeypatch.setattr(uploads, "SMALL", 0)
    monkeypatch.setattr(control, "SMALL", 0)
    path = tmp_path / "lijst.csv"
    rows = (f"Lid {n};lid{n}@example.org\n" for n in range(3000))
    path.write_text("Naam;E-mail\n" + "".join(rows))
    page = open_page(locale="en-GB", viewport={"width": 400, "height": 800})
    log_in(page, site, coordinator)
    page.goto(f"{site}/admin/bin/import/")
    page.locator("input[type=file]").set_input_files(path)
    button(page, "Continue to the columns").click()
    page.wait_for_url("**/columns/")
    page.wait_for_load_state("networkidle")
    shoot(page, "import-narrow-columns", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 400
    page.locator("input[name=basis]").last.check()
    button(page, "Show what would happen").click()
    page.wait_for_url("**/progress/")
    shoot(page, "import-narrow-progress", full_page=True)
    assert violations(page) == []
    with running_worker(sink.port, tmp_path):
        # The page goes on by itself, when a worker of its own process has done it.
        page.wait_for_url("**/plan/", timeout=60_000)
        shoot(page, "import-narrow-plan", full_page=True)
        button(page, "Import 3000 members").click()
        page.wait_for_url("**/result/", timeout=60_000)
    link_to_invite = link(page, "Choose whom to invite")
    expect(link_to_invite).to_be_visible()
    shoot(page, "import-narrow-result", full_page=True)
    assert MemberImport.objects.get().created == 3000
    link_to_invite.click()
    expect(page.locator(".bin-count")).to_contain_text("3,000 of 3,003")
