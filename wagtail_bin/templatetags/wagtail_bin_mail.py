"""Tags of the mail templates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django import template
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

from wagtail_bin.dispatch import plain_text as conversion

register = template.Library()


@register.simple_tag
def mail_block(block: Any, form: str, page_url: str) -> SafeString:
    """A block of a tip's body as it stands in a mail.

    Args:
        block: a bound block of a StreamField.
        form: ``html`` or ``txt``.
        page_url: absolute address of the page, for relative links.

    A block without a mail template of its own (a project's) is rendered as on
    the website, and stripped of its tags for the text part.
    """
    name = f"wagtail_bin/email/blocks/{block.block_type}.{form}"
    try:
        rendered: str = render_to_string(
            name, block.block.get_context(block.value, {"page_url": page_url})
        )
    except TemplateDoesNotExist:
        rendered = block.render()
        if form == "txt":
            rendered = strip_tags(rendered)
    # Rendered by a template, which escapes; text needs no escaping.
    return mark_safe(rendered.strip())  # noqa: S308


@register.filter
def mail_html(value: Any, page_url: str) -> SafeString:
    """Rich text as HTML with absolute links."""
    # Wagtail cleans rich text when it is saved.
    return mark_safe(conversion.mail_html(value.source, page_url))  # noqa: S308


@register.filter
def mail_text(value: Any, page_url: str) -> str:
    """Rich text as plain text."""
    return conversion.plain_text(value.source, page_url)


@register.filter
def absolute(address: str, page_url: str) -> str:
    """An address on the website as it works in a mail."""
    return urljoin(page_url, address)
