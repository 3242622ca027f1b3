"""*Publish and send* among the actions of the page editor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from wagtail.admin.action_menu import ActionMenuItem
from wagtail.admin.widgets.button import Button

from wagtail_bin.models import SentPageMixin
from wagtail_bin.permissions import Capability, networks_for

MENU_ITEM = "action-publish-and-send"


class PublishAndSendMenuItem(ActionMenuItem):
    """The entry among the actions of a page that can be sent."""

    name = MENU_ITEM
    label = gettext_lazy("Publish and send")
    icon_name = "mail"

    def is_shown(self, context: dict[str, Any]) -> bool:
        """For users who may publish here and write to at least one BIN."""
        user = context["request"].user
        if context["view"] == "create":
            page_class = _created_class(context)
            can_publish = (
                context["parent_page"].permissions_for_user(user).can_publish_subpage()
            )
        else:
            page_class = type(context["page"].specific_deferred)
            can_publish = (
                not context["locked_for_user"]
                and self.get_user_page_permissions_tester(context).can_publish()
            )
        return bool(
            issubclass(page_class, SentPageMixin)
            and can_publish
            and networks_for(user, Capability.COMPOSE).exists()
        )


def send_button(
    page: Any, user: Any, view_name: str, next_url: str | None = None
) -> Iterator[Button]:
    """The way to the confirmation without saving the page first.

    Whoever confirms what a colleague wrote has nothing to save.
    """
    if (
        issubclass(page.specific_class or type(page), SentPageMixin)
        and not page.alias_of_id
        and page.permissions_for_user(user).can_publish()
        and networks_for(user, Capability.COMPOSE).exists()
    ):
        yield Button(
            gettext_lazy("Publish and send"),
            url=reverse("wagtail_bin_admin:send", args=[page.pk]),
            icon_name="mail",
            priority=45,
        )


def _created_class(context: dict[str, Any]) -> type:
    """The class of the page being created, which only the address tells."""
    address = context["request"].resolver_match.kwargs
    return apps.get_model(
        address["content_type_app_name"], address["content_type_model_name"]
    )


def after_saving(request: HttpRequest, page: Any) -> HttpResponse | None:
    """Go on to the confirmation when that was the button pressed.

    Autosave posts the same form as JSON, and must not lead anywhere.
    """
    if MENU_ITEM not in request.POST or "json" in request.headers.get("Accept", ""):
        return None
    return redirect("wagtail_bin_admin:send", page.pk)
