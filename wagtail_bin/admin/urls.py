"""Admin screens that belong to no viewset, under ``bin/`` of the Wagtail admin."""

from __future__ import annotations

from django.urls import URLPattern

from wagtail_bin.admin import dispatches, imports, sending

app_name = "wagtail_bin_admin"

urlpatterns: list[URLPattern] = [
    *dispatches.urlpatterns,
    *imports.urlpatterns,
    *sending.urlpatterns,
]
