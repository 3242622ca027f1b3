"""What the documentation says of settings and permissions is what the code does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from wagtail_bin.channels.apprise import (
    AppriseChannel,
    AppriseOptions,
    SocialChannel,
    SocialOptions,
)
from wagtail_bin.channels.handover import HEADERS, HandoverPlatform
from wagtail_bin.channels.memory import MemoryOptions
from wagtail_bin.channels.registry import ChannelSettings
from wagtail_bin.channels.twilio.options import TwilioOptions
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.verify import CHECKS
from wagtail_bin.models import OFFICER_BY_CHARTER, Delivery, Role
from wagtail_bin.permissions import ROLES, Capability

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def rows(name: str) -> list[list[str]]:
    """The cells of all table rows of a page of the documentation."""
    lines = (DOCS / name).read_text().splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def test_every_setting_is_documented_with_its_number() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows("settings.md")}
    for name, default in conf.DEFAULTS.items():
        assert name in documented, name
        if isinstance(default, int):
            shown = documented[name].replace(",", "")
            number = int(re.findall(r"\d+", shown)[0])
            assert number * (2**20 if "MiB" in shown else 1) == default, name


def test_the_table_of_permissions_is_the_policy() -> None:
    head, *table = rows("permissions.md")
    offices = [Role(cell.strip("`")) for cell in head[1:]]
    assert set(offices) == set(Role)
    shown = {
        (cell, Capability(row[0].strip("`")), office)
        for row in table[1:]
        for office, cell in zip(offices, row[1:], strict=True)
        if cell
    }
    assert shown == {
        ("charter", capability, Role.MANDATED_OFFICER)
        if role == OFFICER_BY_CHARTER
        else ("yes", capability, role)
        for capability, roles in ROLES.items()
        for role in roles
    }
    assert {row[0].strip("`") for row in table[1:]} == {c.value for c in Capability}


@pytest.mark.parametrize(
    "options",
    [
        ChannelSettings,
        TwilioOptions,
        AppriseOptions,
        SocialOptions,
        HandoverPlatform,
        MemoryOptions,
    ],
)
def test_every_option_of_a_channel_is_documented(options: type) -> None:
    documented = {row[0].strip("`") for row in rows("channels.md")}
    names = [f.name.rstrip("_").upper() for f in dataclasses.fields(options)]
    assert set(names) <= documented


def test_every_url_of_an_example_can_be_read() -> None:
    text = (DOCS / "channels.md").read_text()
    urls = re.findall(r'"([a-z]+://[^"]+)"', text)
    assert len(urls) == 5
    for url in urls:
        if "{to}" in url:
            AppriseChannel(URL=url)
        else:
            SocialChannel(TARGETS={"place": url})


def test_every_column_of_a_handover_is_documented() -> None:
    (columns,) = [row[2] for row in rows("channels.md") if row[0] == "`COLUMNS`"]
    assert re.findall(r"`(\w+)`", columns) == list(HEADERS)


def test_every_state_of_a_delivery_is_explained() -> None:
    explained = {row[0].strip("`") for row in rows("delivery.md")}
    assert set(Delivery.State.values) <= explained


def test_every_check_of_bin_verify_is_documented() -> None:
    documented = [(row[0], row[1]) for row in rows("verify.md") if len(row) == 2]
    checks = [(check.promise, check.what) for check in CHECKS]
    assert [row for row in documented if row in checks] == checks
    promises = {row[0] for row in documented}
    assert {check.promise for check in CHECKS} <= promises


def test_links_and_pictures_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
