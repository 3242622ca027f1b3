"""The list of members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BaseColumn, Column, StatusTagColumn
from wagtail.admin.views.bulk_action.registry import bulk_action_registry
from wagtail.admin.widgets.button import Button, ListingButton

from wagtail_bin.admin.delivery_words import explain
from wagtail_bin.admin.labels import channel_label
from wagtail_bin.admin.member_filters import MemberFilterSet, as_query, chosen_filters
from wagtail_bin.admin.member_panels import personal_channels
from wagtail_bin.admin.member_search import listed_name, matching
from wagtail_bin.admin.private import PrivateMixin
from wagtail_bin.admin.scope import ScopedSnippetIndexView, visible
from wagtail_bin.membership.reach import Unreachable, reaching_channels, with_reach
from wagtail_bin.models import Delivery, Member, Segment
from wagtail_bin.permissions import Capability, networks_for

LIST = "wagtailsnippets_wagtail_bin_member:list"


def listed_members(user: Any) -> QuerySet[Any]:
    """The members that a user may see, with all that the filters ask about.

    Annotated as by :func:`~wagtail_bin.membership.reach.with_reach`, and with the
    last message: ``last_delivery`` (primary key), ``last_state``, ``last_report``.
    """
    newest = Delivery.objects.filter(member=OuterRef("pk")).order_by("-pk")
    members = visible(Member, user).select_related("network")
    return with_reach(members, channels=personal_channels()).annotate(
        last_delivery=Subquery(newest.values("pk")[:1]),
        last_state=Subquery(newest.values("state")[:1]),
        last_report=Subquery(newest.values("report")[:1]),
    )


def state_label(member: Member) -> str:
    """The state in words, with the last day of a suspension."""
    label = str(member.get_state_display())
    if member.state == Member.State.SUSPENDED and member.suspended_until:
        day = date_format(member.suspended_until, "j F Y")
        return gettext("%(state)s until %(day)s") % {"state": label, "day": day}
    return label


def reach_label(member: Any) -> str:
    """Whether tips reach a listed member: by which channels, or the reason why not."""
    if member.channels:
        names = ", ".join(channel_label(channel) for channel in member.channels)
        return gettext("by %(channel)s") % {"channel": names}
    return gettext("no: %(reason)s") % {"reason": Unreachable(member.unreachable).label}


def last_label(member: Any) -> str:
    """What became of the last message to a listed member."""
    if member.last is None:
        return gettext("none yet")
    said = explain(member.last)
    if said.when is None:
        return said.label
    return f"{said.label}, {date_format(said.when, 'j M Y')}"


def complete(members: Sequence[Any]) -> None:
    """Give the members of one page what their columns show, in constant queries."""
    channels = reaching_channels(
        [member.pk for member in members], channels=personal_channels()
    )
    last = Delivery.objects.in_bulk([m.last_delivery for m in members])
    for member in members:
        member.channels = channels[member.pk]
        member.last = last.get(member.last_delivery)


def bulk_buttons(user: Any) -> list[ListingButton]:
    """Buttons of the bulk actions that a user may take; Wagtail shows all of them.

    An action says for whom it is by a class method ``is_shown(user)``; one without
    is for everybody.
    """
    app, name = Member._meta.app_label, Member._meta.model_name
    return sorted(
        ListingButton(
            action.display_name,
            reverse("wagtail_bulk_action", args=[app, name, action.action_type]),
            attrs={"aria-label": action.aria_label, "data-bulk-action-button": ""},
            priority=action.action_priority,
            classname=" ".join({*action.classes, "bulk-action-btn"}),
        )
        for action in bulk_action_registry.get_bulk_actions_for_model(app, name)
        if not hasattr(action, "is_shown") or action.is_shown(user)
    )


class ContactColumn(BaseColumn):
    """E-mail and telephone numbers, one below the other."""

    cell_template_name = "wagtail_bin/admin/members/contact_cell.html"


COLUMNS = [
    "full_name",
    Column("network", label=_("BIN"), sort_key="network__name"),
    Column("address_line", label=_("Address"), sort_key="household_key"),
    ContactColumn("email", label=_("Contact"), sort_key="email"),
    StatusTagColumn(
        "state",
        label=_("State"),
        accessor=state_label,
        primary=lambda member: member.state == Member.State.ACTIVE,
        sort_key="state",
    ),
    Column("channels", label=_("Gets tips"), accessor=reach_label),
    Column(
        "last", label=_("Last message"), accessor=last_label, sort_key="last_delivery"
    ),
]


class MemberIndexView(PrivateMixin, ScopedSnippetIndexView):
    """The list."""

    filterset_class = MemberFilterSet
    template_name = "wagtail_bin/admin/members/list.html"
    results_template_name = "wagtail_bin/admin/members/results.html"

    def get_base_queryset(self) -> QuerySet[Any]:
        """The user's members."""
        return listed_members(self.request.user)

    def order_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """As asked; who never got a message comes last, whatever the direction."""
        if self.ordering in ("last_delivery", "-last_delivery"):
            newest = F("last_delivery")
            is_down = self.ordering.startswith("-")
            return queryset.order_by(
                newest.desc(nulls_last=True)
                if is_down
                else newest.asc(nulls_last=True),
                "pk",
            )
        return super().order_queryset(queryset)

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Every word somewhere, or a telephone number in any notation."""
        if not self.is_searching:
            return queryset
        return queryset.filter(matching(self.search_query))

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        """One page, complete."""
        paginator, page, members, has_others = super().paginate_queryset(
            queryset, page_size
        )
        complete(members)
        return paginator, page, members, has_others

    def _get_title_column(self, field_name: str, *args: Any, **kwargs: Any) -> Column:
        column = super()._get_title_column(field_name, *args, **kwargs)
        column.label, column.sort_key = _("Name"), "last_name"
        column.accessor = listed_name
        return column

    @cached_property
    def chosen(self) -> dict[str, list[str]]:
        """The filters set, by name."""
        return chosen_filters(self.request.GET)

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        """What can be done with the list as it is filtered."""
        buttons = list(super().header_more_buttons)
        buttons.append(
            Button(
                gettext("Households"),
                url=reverse("wagtail_bin_admin:households"),
                icon_name="home",
                priority=30,
            )
        )
        if networks_for(self.request.user, Capability.EXPORT_MEMBERS).exists():
            query = self.request.GET.copy()
            for name in ("p", "_w_filter_fragment"):
                query.pop(name, None)
            url = reverse("wagtail_bin_admin:members_export")
            buttons.append(
                Button(
                    gettext("Export"),
                    url=f"{url}?{query.urlencode()}",
                    icon_name="download",
                    priority=20,
                )
            )
        return buttons

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """How many of how many, and the filters that have a name."""
        segments = [
            {
                "name": segment.name,
                "query": as_query(segment.filters),
                "is_chosen": segment.filters == self.chosen,
            }
            for segment in visible(Segment, self.request.user)
        ]
        is_saved = any(segment["is_chosen"] for segment in segments)
        return super().get_context_data(
            *args,
            total=visible(Member, self.request.user).count(),
            segments=segments,
            bulk_buttons=bulk_buttons(self.request.user),
            to_save="" if is_saved else as_query(self.chosen),
            **kwargs,
        )
