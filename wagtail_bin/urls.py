"""Public addresses, in the namespace ``wagtail_bin``.

Include them outside ``i18n_patterns``: RFC 8058 forbids a redirect on the
address of a one-click unsubscribe.
"""

from django.urls import path

from wagtail_bin.selfservice.confirmation import ConfirmView
from wagtail_bin.selfservice.views import UnsubscribeView
from wagtail_bin.web.webhooks import webhook

app_name = "wagtail_bin"
urlpatterns = [
    path("unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
    path("confirm/<str:token>/", ConfirmView.as_view(), name="confirm"),
    path("webhooks/<slug:provider>/", webhook, name="webhook"),
]
