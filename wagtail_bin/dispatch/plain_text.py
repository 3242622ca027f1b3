"""Rich text as plain text and with absolute links, for mail."""

from __future__ import annotations

from urllib.parse import urljoin

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from wagtail.rich_text import expand_db_html

BLOCKS = {"p", "ul", "ol", "h2", "h3", "h4", "blockquote"}


def mail_html(source: str, base_url: str) -> str:
    """Rich text from the database as HTML whose links all work in a mail.

    Args:
        source: Wagtail's stored rich text.
        base_url: absolute address of the page it stands on.
    """
    soup = BeautifulSoup(expand_db_html(source), "html.parser")
    for link in soup.find_all("a", href=True):
        link["href"] = urljoin(base_url, str(link["href"]))
    return str(soup)


def plain_text(source: str, base_url: str) -> str:
    """Rich text from the database as plain text that keeps every fact and link.

    Args:
        source: Wagtail's stored rich text.
        base_url: absolute address of the page it stands on.
    """
    soup = BeautifulSoup(mail_html(source, base_url), "html.parser")
    for link in soup.find_all("a", href=True):
        address, label = str(link["href"]), link.get_text()
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        link.replace_with(label if shown in label else f"{label} ({shown})")
    for line_break in soup.find_all("br"):
        line_break.replace_with("\n")
    paragraphs = [_block(child) for child in soup.children]
    return "\n\n".join(text for text in paragraphs if text)


def _block(node: object) -> str:
    if isinstance(node, NavigableString):
        return " ".join(node.split())
    if not isinstance(node, Tag):
        return ""
    if node.name in {"ul", "ol"}:
        items = node.find_all("li", recursive=False)
        marks = [
            f"{n}." if node.name == "ol" else "-" for n in range(1, len(items) + 1)
        ]
        return "\n".join(
            f"{mark} {' '.join(item.get_text().split())}"
            for mark, item in zip(marks, items, strict=True)
        )
    lines = node.get_text().split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()
