"""Addresses of the site; ours where it wants them."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls

urlpatterns = [
    path("beheer/", include(wagtailadmin_urls)),
    path("netwerken/", include("wagtail_bin.urls")),
    path("", include(wagtail_urls)),
]
