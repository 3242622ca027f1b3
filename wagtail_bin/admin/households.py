"""Who lives behind one front door, within one BIN."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column, NumberColumn
from wagtail.admin.views.generic.base import BaseListingView

from wagtail_bin.admin.member_list import LIST
from wagtail_bin.admin.private import PrivateMixin
from wagtail_bin.admin.scope import visible
from wagtail_bin.models import Member
from wagtail_bin.permissions import Capability, networks_for

# Who has left is no part of the household any more.
GONE = (Member.State.LEFT, Member.State.EXCLUDED)


class HouseholdFilterSet(WagtailFilterSet):
    """Filters above the list."""

    network = django_filters.ModelChoiceFilter(
        label=gettext_lazy("BIN"),
        queryset=lambda request: networks_for(request.user, Capability.VIEW_MEMBERS),
    )
    size = django_filters.ChoiceFilter(
        label=gettext_lazy("Members"),
        choices=[
            ("one", gettext_lazy("one")),
            ("more", gettext_lazy("two or more")),
        ],
        method="filter_size",
    )

    class Meta:
        model = Member
        fields: list[str] = []

    def filter_size(
        self, households: QuerySet[Any], name: str, value: str
    ) -> QuerySet[Any]:
        """Households by how many members they have."""
        if value == "one":
            return households.filter(size=1)
        return households.filter(size__gt=1)


class MembersColumn(BaseColumn):
    """The members of a household, each with a link."""

    cell_template_name = "wagtail_bin/admin/households/members_cell.html"


class HouseholdsView(PrivateMixin, BaseListingView):
    """The households of the user's BINs, by address."""

    page_title = gettext_lazy("Households")
    header_icon = "home"
    verbose_name = gettext_lazy("household")
    verbose_name_plural = gettext_lazy("households")
    template_name = "wagtail_bin/admin/households/list.html"
    results_template_name = "wagtail_bin/admin/households/results.html"
    model = Member
    paginate_by = 50
    filterset_class = HouseholdFilterSet
    columns = [
        Column(
            "address",
            label=gettext_lazy("Address"),
            accessor=lambda household: household["members"][0].address_line,
        ),
        Column(
            "network",
            label=gettext_lazy("BIN"),
            accessor=lambda household: household["members"][0].network,
        ),
        NumberColumn("size", label=gettext_lazy("Members")),
        MembersColumn("members", label=gettext_lazy("Who")),
    ]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse whoever may see no members."""
        if not networks_for(request.user, Capability.VIEW_MEMBERS).exists():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_base_queryset(self) -> QuerySet[Any]:
        """One row per address and BIN. Across BINs nothing is put together."""
        members = visible(Member, self.request.user).exclude(household_key="")
        return (
            members.exclude(state__in=GONE)
            .values("network", "household_key")
            .annotate(size=Count("pk"), name=Min("network__name"))
            .order_by("household_key", "name", "network")
        )

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        """One page of households, with their members."""
        paginator, page, rows, has_others = super().paginate_queryset(
            queryset, page_size
        )
        households = {(row["network"], row["household_key"]): row for row in rows}
        members = visible(Member, self.request.user).exclude(state__in=GONE)
        found = members.filter(
            household_key__in={row["household_key"] for row in rows}
        ).select_related("network")
        for member in found:
            household = households.get((member.network_id, member.household_key))
            if household is not None:
                household.setdefault("members", []).append(member)
        return paginator, page, rows, has_others

    def get_index_url(self) -> str:
        """This screen."""
        return reverse("wagtail_bin_admin:households")

    def get_index_results_url(self) -> str:
        """Its list alone, for the filters."""
        return reverse("wagtail_bin_admin:households_results")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list of members."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(LIST), "label": _("Members")},
            {"url": "", "label": self.get_page_title()},
        ]


urlpatterns = [
    path("households/", HouseholdsView.as_view(), name="households"),
    path(
        "households/results/",
        HouseholdsView.as_view(results_only=True),
        name="households_results",
    ),
]
