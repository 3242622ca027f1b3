"""What axe finds wrong with a page, as WCAG 2.2 A and AA see it."""

from __future__ import annotations

from collections.abc import Collection

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, *, ignoring: Collection[str] = ()) -> list[str]:
    """Every rule that a page breaks, with the places.

    Args:
        page: in the state to be judged.
        ignoring: names of rules.
    """
    options = {"runOnly": {"type": "tag", "values": TAGS}}
    found = AXE.run(page, options=options)
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
        if one["id"] not in ignoring
    ]
