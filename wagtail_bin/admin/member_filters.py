"""Filters beside the list of members, and filters that were given a name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet

from wagtail_bin.admin.member_panels import personal_channels
from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import ChannelName, Delivery, Language, Member
from wagtail_bin.permissions import Capability, networks_for

ADDRESSES = {"email": _("e-mail"), "mobile": _("mobile"), "phone": _("landline")}


def _channels() -> list[tuple[str, Any]]:
    return [(name, ChannelName(name).label) for name in personal_channels()]


class MemberFilterSet(WagtailFilterSet):
    """Filters beside the list. None of them is about one person."""

    network = django_filters.ModelChoiceFilter(
        label=_("BIN"),
        queryset=lambda request: networks_for(request.user, Capability.VIEW_MEMBERS),
    )
    state = django_filters.MultipleChoiceFilter(
        label=_("State"),
        choices=Member.State.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    unreachable = django_filters.MultipleChoiceFilter(
        label=_("Gets tips"),
        choices=[
            ("yes", _("yes")),
            *((key, label) for key, label in Unreachable.choices),
        ],
        method="filter_unreachable",
        widget=forms.CheckboxSelectMultiple,
    )
    channel = django_filters.MultipleChoiceFilter(
        label=_("Tips can arrive by"),
        choices=_channels,
        method="filter_channel",
        widget=forms.CheckboxSelectMultiple,
    )
    missing = django_filters.MultipleChoiceFilter(
        label=_("Has no"),
        choices=list(ADDRESSES.items()),
        method="filter_missing",
        widget=forms.CheckboxSelectMultiple,
    )
    last = django_filters.MultipleChoiceFilter(
        label=_("Last message"),
        choices=[
            ("arrived", _("handed over or delivered")),
            ("trouble", _("came back, refused or unwanted")),
            ("other", _("waiting, withheld or unknown")),
            ("none", _("none yet")),
        ],
        method="filter_last",
        widget=forms.CheckboxSelectMultiple,
    )
    language = django_filters.MultipleChoiceFilter(
        label=_("Language"),
        choices=Language.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    source = django_filters.MultipleChoiceFilter(
        label=_("Came by"),
        choices=Member.Source.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    joined_at = django_filters.DateFromToRangeFilter(
        label=_("Member since"), widget=DateRangePickerWidget
    )

    class Meta:
        model = Member
        fields: list[str] = []

    def filter_unreachable(
        self, members: QuerySet[Any], name: str, value: list[str]
    ) -> QuerySet[Any]:
        """Members who are reached, or not for one of the reasons."""
        if not value:
            return members
        return members.filter(unreachable__in=["" if v == "yes" else v for v in value])

    def filter_channel(
        self, members: QuerySet[Any], name: str, value: list[str]
    ) -> QuerySet[Any]:
        """Members whom one of the channels reaches, whatever else does."""
        if not value:
            return members
        reached = with_reach(Member.objects.all(), channels=value)
        return members.filter(pk__in=reached.filter(unreachable="").values("pk"))

    def filter_missing(
        self, members: QuerySet[Any], name: str, value: list[str]
    ) -> QuerySet[Any]:
        """Members without any of these addresses."""
        return members.filter(**dict.fromkeys(value, ""))

    def filter_last(
        self, members: QuerySet[Any], name: str, value: list[str]
    ) -> QuerySet[Any]:
        """Members by what became of the last message to them."""
        if not value:
            return members
        state, trouble = Delivery.State, Q(last_report__in=Delivery.TROUBLE)
        accepted = Q(last_state=state.ACCEPTED)
        bad = (accepted & trouble) | Q(last_state=state.REJECTED)
        known = {
            "arrived": accepted & ~trouble,
            "trouble": bad,
            "other": Q(last_state__isnull=False) & ~accepted & ~bad,
            "none": Q(last_state__isnull=True),
        }
        wanted = Q()
        for choice in value:
            wanted |= known[choice]
        return members.filter(wanted)


def chosen_filters(data: QueryDict) -> dict[str, list[str]]:
    """The filters of an address by name, without search, page or anything else."""
    names = set(MemberFilterSet.base_filters) | {"joined_at_from", "joined_at_to"}
    chosen = {name: data.getlist(name) for name in sorted(names & set(data))}
    return {name: values for name, values in chosen.items() if any(values)}


def as_query(filters: dict[str, list[str]]) -> str:
    """Filters as the query of an address."""
    return urlencode(filters, doseq=True)
