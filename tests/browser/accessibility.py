"""What axe finds wrong with a page, as WCAG 2.2 A and AA see it."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Wagtail's own: the bar at the side, and the header with its search and buttons.
NOT_OURS = ["#wagtail-sidebar", ".w-slim-header", "#wagtail-sidebar-props"]


def violations(page: Page, *, without: list[str] | None = None) -> list[str]:
    """Every rule that a page breaks, with the places.

    Args:
        page: in the state to be judged.
        without: selectors of parts that are not judged.
    """
    context: dict[str, Any] = {"exclude": [[one] for one in without or []]}
    found = AXE.run(page, context, {"runOnly": {"type": "tag", "values": TAGS}})
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
