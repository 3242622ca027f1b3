"""Admin screens that belong to no viewset, under ``bin/`` of the Wagtail admin."""

from __future__ import annotations

from django.urls import URLPattern

from wagtail_bin.admin import (
    deliveries,
    dispatch_actions,
    dispatches,
    handovers,
    households,
    member_export,
    next_year,
    sanctions,
    season_calendar,
    segments,
    sending,
    switch,
    worklist,
)
from wagtail_bin.admin.imports.urls import urlpatterns as import_urlpatterns

app_name = "wagtail_bin_admin"

urlpatterns: list[URLPattern] = [
    *deliveries.urlpatterns,
    *dispatch_actions.urlpatterns,
    *dispatches.urlpatterns,
    *handovers.urlpatterns,
    *households.urlpatterns,
    *import_urlpatterns,
    *member_export.urlpatterns,
    *next_year.urlpatterns,
    *sanctions.urlpatterns,
    *season_calendar.urlpatterns,
    *segments.urlpatterns,
    *sending.urlpatterns,
    *switch.urlpatterns,
    *worklist.urlpatterns,
]
