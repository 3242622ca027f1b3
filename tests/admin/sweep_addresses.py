"""Every address of the site, whose it is, and which row it is called with."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver, reverse
from wagtail.admin.views.bulk_action.registry import bulk_action_registry

# Whose addresses they are. Those of the first group are also called with a
# search, a choice of rows and an export; a namespace in neither fails the sweep.
OURS = {
    "",
    "bin-mandates",
    "bin-municipalities",
    "bin-networks",
    "bin-police-zones",
    "bin-users",
    "wagtail_bin",
    "wagtail_bin_admin",
    "wagtail_localize",
    "wagtailadmin_editing_sessions",
    "wagtailadmin_reports",
    "wagtailsnippetchoosers_wagtail_bin_charter",
    "wagtailsnippetchoosers_wagtail_bin_member",
    "wagtailsnippets",
    "wagtailsnippets_wagtail_bin_charter",
    "wagtailsnippets_wagtail_bin_member",
}
ELSEWHERE = {
    "wagtailadmin_api:documents",
    "wagtailadmin_api:images",
    "wagtailadmin_api:pages",
    "wagtailadmin_collections",
    "wagtailadmin_pages",
    "wagtailadmin_workflows",
    "wagtaildocs",
    "wagtaildocs_chooser",
    "wagtailembeds",
    "wagtailforms",
    "wagtailimages",
    "wagtailimages_chooser",
    "wagtaillocales",
    "wagtailredirects",
    "wagtailsites",
    "wagtailsnippetchoosers_wagtail_bin_theme",
    "wagtailsnippets_wagtail_bin_theme",
    "wagtailusers_groups",
    "wagtailusers_users",
}
# Snippets of ours that belong to a network. What takes any snippet gets a row of each.
SNIPPETS = ("charter", "member")
# Our own screens that belong to no viewset: an address' name, or its first word, to
# the fixture with the row that its key stands for.
SCREENS = {
    "dispatch": "dispatch",
    "handover": "handover",
    "import": "done_import",
    "import_cancel": "planned_import",
    "import_columns": "new_import",
    "import_plan": "planned_import",
    "import_rows": "planned_import",
    "import_start": "planned_import",
    "member": "member",
    "next_year": "tip",
    "sanction": "sanction",
    "segment": "segment",
    "send": "tip",
    "worklist": "member",
}
# And whose rows other addresses are about: the start of their full name to the
# fixture; the member where none fits.
ROWS = {
    "bin-mandates:": "mandate",
    "bin-municipalities:": "municipality",
    "bin-networks:": "network",
    "bin-police-zones:": "police_zone",
    "bin-users:": "user",
    "wagtail_localize:submit_page": "tip",
    "wagtailadmin_explore": "tip",
    "wagtailadmin_pages:": "tip",
    "wagtailsnippetchoosers_wagtail_bin_charter:": "charter",
    "wagtailsnippets_wagtail_bin_charter:": "charter",
    "wagtailusers_users:": "user",
}
# Patterns without a name, which nothing can be asked of.
_CLOSED = "wagtail_bin/(?:[cC][hH][aA][rR][tT][eE][rR]|[mM][eE][mM][bB][eE][rR])/"
UNNAMED = {
    "admin/test404/",
    f"admin/^localize/api/snippets/{_CLOSED}",
    f"admin/^localize/submit/snippet/{_CLOSED}",
    "admin/^.*/$",
}
# Named addresses without any row behind them, and why they are left alone.
NOT_SWEPT = {
    "wagtailadmin_error_test": "raises an error on purpose",
    "wagtailadmin_logout": "ends the session of the sweep",
    "wagtailadmin_login": "for those who are not logged in",
    "wagtailadmin_sprite": "icons",
    "wagtailadmin_javascript_catalog": "translations",
    "wagtail_localize:javascript_catalog": "translations",
}
# What a parameter takes; a number or text of any other name takes the member's.
PARAMETERS = {
    "app_label": "wagtail_bin",
    "app_name": "wagtail_bin",
    "content_type_app_name": "wagtail_bin",
    "model_name": "member",
    "content_type_model_name": "member",
    "action": "delete",
    "action_name": "publish",
    "file_format": "csv",
    "filter_spec": "original",
    "mode": "form",
    "revision_id_a": "earliest",
    "revision_id_b": "latest",
    "uidb64": "MQ",
    "token": "set-password",
    "provider": "postmark",
    "name": "no-mail",
    "kind": "rss",
}
# What stands in the names of lists, which may be exported.
EXPORTED = ("deliveries", "history", "index", "list", "log", "report")
# Arguments of patterns whose parameters have no names.
POSITIONAL = {"wagtail_serve": [""], "wagtaildocs_serve": ["1", "list.pdf"]}
KEYS = {
    "collection_id",
    "destination_id",
    "doc_id",
    "document_id",
    "image_id",
    "object_id",
    "overridable_segment_id",
    "page_id",
    "page_view_restriction_id",
    "page_pk",
    "page_to_move_id",
    "parent_page_id",
    "pk",
    "redirect_id",
    "restriction_id",
    "revision_id",
    "session_id",
    "string_segment_id",
    "task_id",
    "task_state_id",
    "translation_id",
    "translation_source_id",
    "uploaded_file_id",
    "workflow_pk",
    "workflow_state_id",
}


@dataclasses.dataclass(frozen=True)
class Address:
    """One pattern of the resolver, and what it is called about.

    Attributes:
        about: a snippet of ours, and perhaps a bulk action; empty: no choice.
    """

    namespace: str
    name: str | None
    parameters: frozenset[str]
    pattern: str
    about: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.namespace}:{self.name}" if self.namespace else str(self.name)

    @property
    def title(self) -> str:
        """The full name, and what it is called about: ``…:member:move``."""
        return ":".join([self.full_name, *self.about])

    @property
    def is_bulk_action(self) -> bool:
        return self.full_name == "wagtail_bulk_action"

    @property
    def is_about_ours(self) -> bool:
        """Whether the code that answers is ours."""
        return "bin" in self.namespace or self.is_bulk_action

    @property
    def is_known(self) -> bool:
        """Whether it is said whose it is, and what its parameters take."""
        screen = self.namespace == "wagtail_bin_admin" and self.parameters
        return (
            self.namespace in OURS | ELSEWHERE
            and self.parameters <= KEYS | set(PARAMETERS)
            and (not screen or screen_row(str(self.name)) is not None)
        )


def addresses(
    patterns: Any = None, prefix: str = "", namespace: str = ""
) -> Iterator[Address]:
    """Every pattern of the resolver."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found = get_parameters(prefix, entry)
            yield Address(namespace, entry.name, found, route)
        else:
            inner = ":".join(filter(None, [namespace, entry.namespace]))
            yield from addresses(entry.url_patterns, route, inner)


def get_parameters(prefix: str, entry: URLPattern) -> frozenset[str]:
    own = set(entry.pattern.converters) | set(entry.pattern.regex.groupindex)
    inherited = {part.split(">")[0].split(":")[-1] for part in prefix.split("<")[1:]}
    return frozenset(own | inherited)


def screen_row(name: str) -> str | None:
    """The fixture whose key one of our own screens gets."""
    return SCREENS.get(name) or SCREENS.get(name.split("_")[0])


def row_of(address: Address, rows: dict[str, Any]) -> Any:
    """The row whose key an address gets."""
    if address.about:
        return rows[address.about[0]]
    if address.namespace == "wagtail_bin_admin" and address.parameters:
        return rows[str(screen_row(str(address.name)))]
    for start, name in ROWS.items():
        if address.full_name.startswith(start):
            return rows[name]
    return rows["member"]


def path_of(address: Address, rows: dict[str, Any]) -> str:
    """The address with a row's key wherever it takes one."""
    if address.full_name in POSITIONAL:
        return reverse(address.full_name, args=POSITIONAL[address.full_name])
    key = row_of(address, rows).pk
    about = zip(("model_name", "action"), address.about, strict=False)
    chosen = PARAMETERS | dict(about)
    arguments = {name: chosen.get(name, key) for name in address.parameters}
    return reverse(address.full_name, kwargs=arguments)


def each_snippet(address: Address) -> Iterator[Address]:
    """The address for every snippet, and every bulk action, that it can be about."""
    for model in SNIPPETS:
        if address.is_bulk_action:
            for action in bulk_action_registry.get_bulk_actions_for_model(
                "wagtail_bin", model
            ):
                yield dataclasses.replace(address, about=(model, action.action_type))
        else:
            yield dataclasses.replace(address, about=(model,))


@functools.cache
def swept() -> list[Address]:
    """Every address with a name, apart from those that are left alone."""
    found: list[Address] = []
    for address in addresses():
        if address.name and address.full_name not in NOT_SWEPT:
            takes_any = address.namespace in OURS and "model_name" in address.parameters
            found += each_snippet(address) if takes_any else [address]
    return found
