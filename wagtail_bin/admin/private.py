"""Screens with names on them: not kept by the browser, not told to other sites."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase


def keep_private(response: HttpResponseBase) -> HttpResponseBase:
    """Keep an answer out of caches, and its address out of the next request.

    What was searched for stands in the address, as everywhere in Wagtail. With
    ``strict-origin`` the browser names the host alone to whatever is opened next,
    so that the words are in no other line of a web server's log.
    """
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "strict-origin"
    return response


class PrivateMixin:
    """First base of a view whose answers name members."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """The answer, kept private."""
        return keep_private(super().dispatch(request, *args, **kwargs))  # type: ignore[misc]
