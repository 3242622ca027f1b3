"""Registration with Wagtail, nothing else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, URLResolver, include, path
from wagtail import hooks
from wagtail.snippets.models import register_snippet

from wagtail_bin.admin import (
    content_notices,
    home,
    log_words,
    member_bulk,
    menu,
    next_year,
    notices,
    page_actions,
    scope,
    season_calendar,
    switch,
    users,
)
from wagtail_bin.admin import urls as admin_urls
from wagtail_bin.models import Charter, Member, MemberLogEntry

register_snippet(menu.BINViewSetGroup)
hooks.register(menu.SUBMENU_HOOK, menu.import_item)
hooks.register(menu.SUBMENU_HOOK, menu.dispatches_item)
hooks.register(menu.SUBMENU_HOOK, menu.worklist_item)
hooks.register("register_admin_viewset", lambda: users.user_chooser)
hooks.register(menu.SUBMENU_HOOK, menu.sanctions_item)
hooks.register("register_settings_menu_item", menu.switch_item)
hooks.register("register_reports_menu_item", season_calendar.report_item)
hooks.register("construct_homepage_panels", home.add_offices_panel)
hooks.register("construct_homepage_panels", notices.add_home_panel)
hooks.register("register_page_action_menu_item", page_actions.PublishAndSendMenuItem)
hooks.register("register_page_header_buttons", page_actions.send_button)
hooks.register("register_page_header_buttons", next_year.copy_button)
hooks.register("after_create_page", page_actions.after_saving)
hooks.register("after_edit_page", page_actions.after_saving)
hooks.register("after_create_page", content_notices.after_saving)
hooks.register("after_edit_page", content_notices.after_saving)
# After Wagtail's own, which it replaces for members.
hooks.register("register_bulk_action", scope.ScopedDeleteBulkAction, order=100)
hooks.register("register_bulk_action", member_bulk.InviteBulkAction)
hooks.register("register_bulk_action", member_bulk.MoveBulkAction)
hooks.register("register_bulk_action", member_bulk.ExportBulkAction)
hooks.register("register_bulk_action", member_bulk.SuspendBulkAction)


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
    """Name our actions; log what is done to rows where only their BINs see it."""
    log_words.register_actions(actions)
    actions.register_model(Charter, MemberLogEntry)
    actions.register_model(Member, MemberLogEntry)


@hooks.register("register_permissions")
def register_permissions() -> QuerySet[Permission]:
    """The one permission of ours that a group can hold."""
    return switch.switch_permission()
