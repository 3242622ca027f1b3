"""Public addresses, in the namespace ``wagtail_bin``.

Include them outside ``i18n_patterns``: RFC 8058 forbids a redirect on the
address of a one-click unsubscribe.
"""

from django.urls import path

from wagtail_bin.selfservice.confirmation import ConfirmView
from wagtail_bin.selfservice.views import UnsubscribeView
from wagtail_bin.web.embed import embedded_tips
from wagtail_bin.web.feeds import feed
from wagtail_bin.web.poster import poster
from wagtail_bin.web.webhooks import webhook

app_name = "wagtail_bin"
urlpatterns = [
    path("unsubscribe/<str:token>/", UnsubscribeView.as_view(), name="unsubscribe"),
    path("confirm/<str:token>/", ConfirmView.as_view(), name="confirm"),
    path("feeds/tips.<slug:kind>", feed, name="feed"),
    path("embed/tips/", embedded_tips, name="embedded_tips"),
    path("poster/<int:pk>/", poster, name="poster"),
    path("webhooks/<slug:provider>/", webhook, name="webhook"),
]
