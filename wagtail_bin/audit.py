"""Names of the actions this app writes to Wagtail's log."""

SEND = "wagtail_bin.send"
SEND_TEST = "wagtail_bin.send_test"
IMPORT = "wagtail_bin.import"
