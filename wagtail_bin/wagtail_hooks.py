"""Registration with Wagtail, nothing else."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.snippets.models import register_snippet

from wagtail_bin import audit
from wagtail_bin.admin import menu, page_actions, scope
from wagtail_bin.admin import urls as admin_urls
from wagtail_bin.models import Member, MemberLogEntry

register_snippet(menu.BINViewSetGroup)
hooks.register(menu.SUBMENU_HOOK, menu.import_item)
hooks.register(menu.SUBMENU_HOOK, menu.dispatches_item)
hooks.register("register_page_action_menu_item", page_actions.PublishAndSendMenuItem)
hooks.register("after_create_page", page_actions.after_saving)
hooks.register("after_edit_page", page_actions.after_saving)
# After Wagtail's own, which it replaces for members.
hooks.register("register_bulk_action", scope.ScopedDeleteBulkAction, order=100)


@hooks.register("register_admin_urls", order=-10)
def close_urls() -> list[URLPattern]:
    """Shadow addresses of other packages that know no rows."""
    return scope.closed_urls()


@hooks.register("register_admin_urls")
def register_admin_urls() -> list[URLResolver]:
    """Mount our screens that belong to no viewset."""
    return [path("bin/", include(admin_urls))]


@hooks.register("register_log_actions")
def register_log_actions(actions: Any) -> None:
    """Name our actions; log what is done to members where only their BINs see it."""
    actions.register_action(
        audit.SEND, _("Publish and send"), _("Published and sent to members")
    )
    actions.register_action(
        audit.SEND_TEST, _("Send a test"), _("Sent a test to themselves")
    )
    actions.register_model(Member, MemberLogEntry)
    actions.register_action(
        audit.IMPORT, _("Import members"), _("Imported a list of members")
    )
    actions.register_action(audit.PAUSE, _("Pause a dispatch"), _("Paused"))
    actions.register_action(
        audit.LIFT_SUPPRESSION,
        _("Use an address again"),
        _("Noted that the address works again"),
    )
