"""The rim for users of the Wagtail admin. Nothing else imports ``wagtail.admin``."""
