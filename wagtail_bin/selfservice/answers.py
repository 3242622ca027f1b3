"""What all pages behind a personal link have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from wagtail_bin.models import Member


def language_of(member: Member) -> str:
    """The member's language, or the first one of the municipality."""
    return member.language or member.network.municipality.language_order[0]


def answer(
    request: HttpRequest,
    page: str,
    context: dict[str, Any] | None = None,
    *,
    language: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page in the member's language that tells nobody of the link.

    Args:
        page: name of the template in ``wagtail_bin/selfservice/``.
        language: code; empty: that of the request.
    """
    language = language or translation.get_language() or "nl"
    with translation.override(language):
        response = render(
            request, f"wagtail_bin/selfservice/{page}.html", context, status=status
        )
    response["Content-Language"] = language
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
