"""*Copy for next year*: a tip of this season as a draft for the next one."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.actions.copy_page import CopyPageAction
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets.button import Button

from wagtail_bin.dispatch.audience import layout_label
from wagtail_bin.models import TipPageMixin, base_page_model

NEXT_YEAR = "wagtail_bin_admin:next_year"
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def a_year_later(day: dt.date | None) -> dt.date | None:
    """The same day of the next year; 29 February becomes the 28th."""
    if day is None:
        return None
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def with_next_year(text: str) -> str:
    """A text whose years are each one later."""
    return _YEAR.sub(lambda match: str(int(match[0]) + 1), text)


def changes_for_next_year(tip: Any) -> dict[str, Any]:
    """What is different in the copy of a tip.

    Args:
        tip: in its latest revision.
    """
    return {
        "title": with_next_year(tip.title),
        "slug": _free_slug(tip),
        "valid_from": a_year_later(tip.valid_from),
        "valid_until": a_year_later(tip.valid_until),
        # Of the last time: a copy goes live when somebody says so.
        "go_live_at": None,
        "expire_at": None,
    }


def copy_for_next_year(*, tip: Any, user: Any) -> Any:
    """Make a draft of a tip and of its translations, beside each of them.

    Never its dispatches: they belong to the page that was sent.

    Args:
        user: translations that this user may not copy stay alone.

    Returns:
        The copy of the tip.

    Raises:
        CopyPagePermissionError: the user may not copy the tip.
    """
    key = uuid.uuid4()
    with transaction.atomic():
        copy, *_others = [
            CopyPageAction(
                page,
                to=page.get_parent(),
                update_attrs=changes_for_next_year(page.get_latest_revision_as_object())
                | {"translation_key": key},
                keep_live=False,
                user=user,
            ).execute()
            for page in [tip, *translations_to_copy(tip, user)]
        ]
    return copy


def translations_to_copy(tip: Any, user: Any) -> list[Any]:
    """Translations of a tip that the user may copy."""
    translations = tip.get_translations().filter(alias_of=None)
    return [page for page in translations.specific() if may_copy(page, user)]


def may_copy(page: Any, user: Any) -> bool:
    """Whether Wagtail lets the user copy the page beside itself."""
    return bool(page.permissions_for_user(user).can_copy_to(page.get_parent()))


def _free_slug(tip: Any) -> str:
    """A slug that no page beside the tip has."""
    wanted = slug = with_next_year(tip.slug)
    taken = set(tip.get_parent().get_children().values_list("slug", flat=True))
    number = 1
    while slug in taken:
        number += 1
        slug = f"{wanted}-{number}"
    return slug


def copy_button(
    page: Any, user: Any, view_name: str, next_url: str | None = None
) -> Iterator[Button]:
    """The entry among the actions of a page."""
    if (
        issubclass(page.specific_class or type(page), TipPageMixin)
        and not page.alias_of_id
        and may_copy(page, user)
    ):
        yield Button(
            gettext_lazy("Copy for next year"),
            url=reverse(NEXT_YEAR, args=[page.pk]),
            icon_name="copy",
            priority=46,
        )


class NextYearView(WagtailAdminTemplateMixin, View):
    """Ask, then copy."""

    page_title = gettext_lazy("Copy for next year")
    header_icon = "copy"
    template_name = "wagtail_bin/admin/tips/next_year.html"
    request: HttpRequest

    @cached_property
    def tip(self) -> Any:
        """The tip, which the user may copy."""
        page = get_object_or_404(base_page_model(), pk=self.kwargs["page_id"]).specific
        if not isinstance(page, TipPageMixin) or page.alias_of_id:  # type: ignore[attr-defined]
            raise Http404
        if not may_copy(page, self.request.user):
            raise PermissionDenied
        return page

    def get(self, request: HttpRequest, page_id: int) -> HttpResponse:
        """Say what would come."""
        draft = self.tip.get_latest_revision_as_object()
        translations = translations_to_copy(self.tip, request.user)
        response: HttpResponse = self.render_to_response(
            self.get_context_data(
                page=draft,
                translations=[
                    layout_label(page.locale.language_code) for page in translations
                ],
                **changes_for_next_year(draft),
            )
        )
        return response

    def post(self, request: HttpRequest, page_id: int) -> HttpResponse:
        """Make it, and go on to write."""
        copy = copy_for_next_year(tip=self.tip, user=request.user)
        messages.success(
            request,
            _("This is the draft for next year. The tip of this year is unchanged."),
        )
        return redirect("wagtailadmin_pages:edit", copy.pk)

    def get_page_subtitle(self) -> str:
        """The tip's title."""
        return str(self.tip.title)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Back to the editor, then here."""
        edit = reverse("wagtailadmin_pages:edit", args=[self.tip.pk])
        return [
            *self.breadcrumbs_items,
            {"url": edit, "label": self.tip.title},
            {"url": "", "label": self.get_page_title()},
        ]


urlpatterns = [
    path("next-year/<int:page_id>/", NextYearView.as_view(), name="next_year")
]
