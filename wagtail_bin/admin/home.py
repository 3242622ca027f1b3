"""The home page of whoever holds an office: what it is for, and the ways on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin.ui.components import Component

from wagtail_bin.admin import dispatches, one_dispatch, worklist
from wagtail_bin.admin.imports import one_import
from wagtail_bin.membership.worklist import with_problems
from wagtail_bin.models import (
    Dispatch,
    Mandate,
    Member,
    Network,
    TipIndexPageMixin,
    model_of,
)
from wagtail_bin.permissions import Capability, networks_for

# BINs that are shown; the rest is behind a link.
SHOWN = 10


class OfficesPanel(Component):
    """The user's offices, BINs and what can be done."""

    name = "bin_offices"
    template_name = "wagtail_bin/admin/home/offices.html"
    order = 20

    def __init__(self, user: Any, mandates: list[Mandate]) -> None:
        self.user = user
        self.mandates = mandates

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        """The offices, the first BINs in numbers, and the links."""
        networks = networks_for(self.user, Capability.VIEW_COUNTS)
        return {
            "mandates": self.mandates,
            "rows": self.rows(networks),
            "more": max(0, networks.count() - SHOWN),
            "links": self.links(),
        }

    def rows(self, networks: QuerySet[Network]) -> list[dict[str, Any]]:
        """Each BIN with its numbers; addresses to check for who may see to them."""
        shown = list(networks.select_related("municipality")[:SHOWN])
        keys = [network.pk for network in shown]
        gone = [Member.State.LEFT, Member.State.EXCLUDED]
        members = Member.objects.filter(network__in=keys)
        edited = networks_for(self.user, Capability.EDIT_MEMBERS).filter(pk__in=keys)
        editable = set(edited.values_list("pk", flat=True))
        problems = with_problems(members.filter(network__in=editable))
        counts = _per_network(members.exclude(state__in=gone))
        to_check = _per_network(problems)
        sent = dict(
            Dispatch.objects.filter(networks__in=keys)
            .order_by()
            .values_list("networks")
            .annotate(Max("approved_at"))
        )
        return [
            {
                "network": network,
                "members": counts.get(network.pk, 0),
                "to_check": to_check.get(network.pk, 0)
                if network.pk in editable
                else None,
                "sent": sent.get(network.pk),
            }
            for network in shown
        ]

    def links(self) -> list[tuple[str, str, str]]:
        """(Address, label, icon) of what the user may do."""
        found = []
        index = _index_to_write_in(self.user)
        if index is not None:
            url = reverse("wagtailadmin_pages:add_subpage", args=[index.pk])
            found.append((url, _("Write a tip"), "edit"))
        if networks_for(self.user, Capability.VIEW_MEMBERS).exists():
            url = reverse("wagtailsnippets_wagtail_bin_member:list")
            found.append((url, _("Members"), "user"))
        if worklist.may_look_after(self.user):
            url = reverse(worklist.WORKLIST)
            found.append((url, _("Addresses to check"), "warning"))
        if one_import.may_import(self.user):
            found.append((reverse(one_import.UPLOAD), _("Import members"), "upload"))
        if dispatches.may_see_dispatches(self.user):
            url = reverse(one_dispatch.INDEX)
            found.append((url, _("Sent to members"), "mail"))
        return found


def add_offices_panel(request: HttpRequest, panels: list[Any]) -> None:
    """Put it on the home page of whoever holds an office today."""
    mandates = Mandate.objects.of(request.user).select_related(
        "network", "municipality", "police_zone"
    )
    held = list(mandates.order_by("role", "pk"))
    if held:
        panels.append(OfficesPanel(request.user, held))


def _per_network(members: QuerySet[Any]) -> dict[int, int]:
    counted = members.order_by().values_list("network").annotate(Count("pk"))
    return dict(counted)


def _index_to_write_in(user: Any) -> Any:
    """The first library of tips in which the user may write."""
    try:
        libraries = model_of(TipIndexPageMixin).objects.filter(alias_of=None)
    except LookupError:
        return None
    for index in libraries.order_by("path")[:SHOWN]:
        if index.permissions_for_user(user).can_add_subpage():
            return index
    return None
