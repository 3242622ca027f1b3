"""Public addresses, in the namespace ``wagtail_bin``.

Include them outside ``i18n_patterns``: RFC 8058 forbids a redirect on the
address of a one-click unsubscribe.
"""

app_name = "wagtail_bin"
urlpatterns: list[object] = []
