"""Now, or at a date and time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateTimeInput


class TimingForm(forms.Form):
    """When something is sent. ``not_before`` is None for now."""

    NOW = "now"
    LATER = "later"

    timing = forms.ChoiceField(
        label=gettext_lazy("When?"),
        widget=forms.RadioSelect,
        choices=[
            (NOW, gettext_lazy("Now")),
            (LATER, gettext_lazy("On a date and time")),
        ],
        initial=NOW,
    )
    not_before = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        help_text=gettext_lazy("Written as 2026-03-14 18:30."),
        required=False,
        widget=AdminDateTimeInput,
    )

    def clean(self) -> dict[str, Any]:
        """A moment in the future, or none.

        Raises:
            ValidationError: the moment is missing or past.
        """
        cleaned = super().clean() or {}
        if cleaned.get("timing") != self.LATER:
            cleaned["not_before"] = None
            self.errors.pop("not_before", None)
        elif "not_before" not in self.errors:
            moment = cleaned.get("not_before")
            if moment is None:
                self.add_error("not_before", _("Choose a date and a time."))
            elif moment <= timezone.now():
                self.add_error(
                    "not_before", _("That moment is past. Choose a later one.")
                )
        return cleaned
