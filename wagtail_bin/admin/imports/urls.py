"""Addresses of the wizard."""

from __future__ import annotations

from django.urls import path

from wagtail_bin.admin.imports.columns import ColumnsView
from wagtail_bin.admin.imports.one_import import ImportNowView
from wagtail_bin.admin.imports.plan import CancelView, PlanView, StartView
from wagtail_bin.admin.imports.progress import ProgressView
from wagtail_bin.admin.imports.result import RefusedView, ResultView, UndoView
from wagtail_bin.admin.imports.rows import RowsView
from wagtail_bin.admin.imports.upload import UploadView

ONE = "import/<uuid:pk>/"

urlpatterns = [
    path("import/", UploadView.as_view(), name="import_upload"),
    path(ONE, ImportNowView.as_view(), name="import"),
    path(f"{ONE}columns/", ColumnsView.as_view(), name="import_columns"),
    path(f"{ONE}plan/", PlanView.as_view(), name="import_plan"),
    path(f"{ONE}rows/", RowsView.as_view(), name="import_rows"),
    path(f"{ONE}start/", StartView.as_view(), name="import_start"),
    path(f"{ONE}cancel/", CancelView.as_view(), name="import_cancel"),
    path(f"{ONE}progress/", ProgressView.as_view(), name="import_progress"),
    path(f"{ONE}result/", ResultView.as_view(), name="import_result"),
    path(f"{ONE}refused/", RefusedView.as_view(), name="import_refused"),
    path(f"{ONE}undo/", UndoView.as_view(), name="import_undo"),
]
