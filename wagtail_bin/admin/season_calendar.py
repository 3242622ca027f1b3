"""The season calendar: which tips are due, and when members last got them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dates import MONTHS as MONTH_NAMES
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views.reports import PageReportView
from wagtail.models import Locale
from wagtail.permissions import policy_registry

from wagtail_bin.models import (
    Dispatch,
    Network,
    Season,
    Theme,
    TipPageMixin,
    base_page_model,
    model_of,
)
from wagtail_bin.models.public_pages import valid_on_a_day
from wagtail_bin.models.tip_pages import MONTHS
from wagtail_bin.spreadsheets import inert

CALENDAR = "wagtail_bin_admin:season_report"
# No season is longer: what was sent since is of this season.
SEASON_LENGTH = dt.timedelta(days=183)


def is_due() -> Q:
    """Tips whose season it is, that hold today, and that were not sent in it.

    For rows with ``last_sent``.
    """
    start = timezone.now() - SEASON_LENGTH
    is_of_this_season = Q(season__in=Season.now()) & valid_on_a_day()
    return is_of_this_season & (Q(last_sent=None) | Q(last_sent__lt=start))


def with_last_sent(tips: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Annotate tips with ``last_sent`` and ``last_networks``.

    Args:
        user: counts only dispatches to BINs that the user sees, and only those BINs.
    """
    seen = Network.objects.visible_to(user)
    through = Dispatch.networks.through._default_manager.filter(
        dispatch__page__translation_key=OuterRef("translation_key"),
        dispatch__cancelled_at=None,
        network__in=seen,
    ).order_by("-dispatch__approved_at", "dispatch")
    reached = (
        Dispatch.networks.through._default_manager.filter(
            dispatch=OuterRef("last_dispatch"), network__in=seen
        )
        .order_by()
        .values("dispatch")
        .annotate(number=Count("network"))
        .values("number")
    )
    return tips.annotate(
        last_dispatch=Subquery(through.values("dispatch")[:1]),
        last_sent=Subquery(through.values("dispatch__approved_at")[:1]),
    ).annotate(
        last_networks=Coalesce(Subquery(reached, output_field=IntegerField()), Value(0))
    )


class CalendarFilterSet(WagtailFilterSet):
    """Filters beside the list."""

    due = django_filters.ChoiceFilter(
        label=gettext_lazy("When"),
        choices=[("due", gettext_lazy("due now")), ("now", gettext_lazy("in season"))],
        method="filter_due",
        empty_label=gettext_lazy("All"),
    )
    month = django_filters.ChoiceFilter(
        label=gettext_lazy("Month"),
        choices=list(MONTH_NAMES.items()),
        method="filter_month",
        empty_label=gettext_lazy("All"),
    )
    season = django_filters.ChoiceFilter(
        label=gettext_lazy("Season"),
        choices=Season.choices,
        empty_label=gettext_lazy("All"),
    )
    sent = django_filters.ChoiceFilter(
        label=gettext_lazy("Last sent"),
        choices=[
            ("this_year", gettext_lazy("this year")),
            ("last_year", gettext_lazy("last year")),
            ("earlier", gettext_lazy("earlier")),
            ("never", gettext_lazy("never")),
        ],
        method="filter_sent",
        empty_label=gettext_lazy("All"),
    )
    theme = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Theme"),
        queryset=lambda request: Theme.objects.filter(locale=Locale.get_default()),
        method="filter_theme",
    )
    locale = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Language"), queryset=lambda request: Locale.objects.all()
    )

    class Meta:
        model = base_page_model()
        fields: list[str] = []

    def filter_due(self, tips: Any, name: str, value: str) -> Any:
        """What is to be sent now, or could be."""
        return tips.filter(is_due() if value == "due" else Q(season__in=Season.now()))

    def filter_month(self, tips: Any, name: str, value: str) -> Any:
        """What is of use in a month; that of all year is in each."""
        seasons = [season for season, months in MONTHS.items() if int(value) in months]
        return tips.filter(season__in=[*seasons, Season.ALL_YEAR])

    def filter_sent(self, tips: Any, name: str, value: str) -> Any:
        """By the calendar year of the last time."""
        year = timezone.localdate().year
        return tips.filter(
            {
                "this_year": Q(last_sent__year=year),
                "last_year": Q(last_sent__year=year - 1),
                "earlier": Q(last_sent__year__lt=year - 1),
                "never": Q(last_sent=None),
            }[value]
        )

    def filter_theme(self, tips: Any, name: str, value: Theme) -> Any:
        """A translated tip may point at the themes of its source."""
        themes = Theme.objects.filter(translation_key=value.translation_key)
        return tips.filter(
            pk__in=model_of(TipPageMixin).objects.filter(themes__in=themes).values("pk")
        )


class SeasonCalendarView(PageReportView):
    """Tips that the user may edit, what is due on top."""

    page_title = gettext_lazy("Season calendar")
    header_icon = "calendar"
    results_template_name = "wagtailadmin/reports/base_report_results.html"
    filterset_class = CalendarFilterSet
    index_url_name = CALENDAR
    index_results_url_name = "wagtail_bin_admin:season_report_results"
    any_permission_required = ["add", "change", "publish"]
    export_filename = "season-calendar"
    no_results_message = gettext_lazy("No tips fit this.")
    columns = [
        TitleColumn(
            "title",
            label=gettext_lazy("Title"),
            accessor="get_admin_display_title",
            get_url=lambda tip: reverse("wagtailadmin_pages:edit", args=[tip.pk]),
        ),
        Column("locale", label=gettext_lazy("Language")),
        Column("season", label=gettext_lazy("Season"), accessor="get_season_display"),
        Column("state", label=gettext_lazy("When"), accessor="calendar_state"),
        Column("status", label=gettext_lazy("Status"), accessor="status_string"),
        DateColumn("last_sent", label=gettext_lazy("Last sent")),
        Column(
            "last_networks",
            label=gettext_lazy("BINs"),
            accessor=lambda tip: tip.last_networks or "",
        ),
    ]
    list_export = [
        "title",
        "locale.language_code",
        "get_season_display",
        "calendar_state",
        "status_string",
        "last_sent",
        "last_networks",
    ]
    export_headings = {
        "title": gettext_lazy("Title"),
        "locale.language_code": gettext_lazy("Language"),
        "get_season_display": gettext_lazy("Season"),
        "calendar_state": gettext_lazy("When"),
        "status_string": gettext_lazy("Status"),
        "last_sent": gettext_lazy("Last sent"),
        "last_networks": gettext_lazy("BINs"),
    }
    # Whoever opens the file runs nothing that stands in a title.
    custom_field_preprocess = {"title": {PageReportView.FORMAT_CSV: inert}}

    def get_base_queryset(self) -> QuerySet[Any]:
        """The tips, with what the columns show."""
        policy = policy_registry.get_by_type(base_page_model())
        editable = policy.instances_user_has_permission_for(self.request.user, "change")
        tips = model_of(TipPageMixin).objects.filter(
            pk__in=editable.values("pk"), alias_of=None
        )
        due = When(is_due(), then=0)
        now = When(Q(season__in=Season.now()) & valid_on_a_day(), then=1)
        return (
            with_last_sent(tips, self.request.user)
            .annotate(rank=Case(due, now, default=2, output_field=IntegerField()))
            .select_related("locale")
            .prefetch_workflow_states()
            .annotate_approved_schedule()
            .order_by("rank", F("last_sent").asc(nulls_first=True), "title", "pk")
        )

    def decorate_paginated_queryset(self, object_list: Any) -> Any:
        """Say in words when each is due."""
        words = {0: _("due now"), 1: _("in season"), 2: ""}
        for tip in object_list:
            over = _("no longer valid") if tip.is_over else ""
            tip.calendar_state = over or words[tip.rank]
        return object_list


class CalendarMenuItem(MenuItem):
    """The entry among the reports."""

    def is_shown(self, request: HttpRequest) -> bool:
        """For who may edit pages."""
        policy = policy_registry.get_by_type(base_page_model())
        return bool(
            policy.user_has_any_permission(
                request.user, SeasonCalendarView.any_permission_required
            )
        )


def report_item() -> MenuItem:
    """The season calendar, among Wagtail's reports."""
    return CalendarMenuItem(
        gettext_lazy("Season calendar"),
        reverse(CALENDAR),
        name="bin-season-calendar",
        icon_name="calendar",
        order=700,
    )


urlpatterns = [
    path("reports/seasons/", SeasonCalendarView.as_view(), name="season_report"),
    path(
        "reports/seasons/results/",
        SeasonCalendarView.as_view(results_only=True),
        name="season_report_results",
    ),
]
