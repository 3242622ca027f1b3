"""Form fields that take values as people write them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from wagtail_bin.validators import display_phone, normalise_email, parse_phone


class PhoneField(forms.CharField):
    """A telephone number: any Belgian notation in, E.164 kept, national shown."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, "required": False, **kwargs})

    def clean(self, value: Any) -> str:
        """The number in E.164, or empty.

        Raises:
            ValidationError: not a number that can exist.
        """
        text = super().clean(value)
        return parse_phone(text) if text else ""

    def prepare_value(self, value: Any) -> Any:
        """A kept number as people write it; what was just typed as it is."""
        try:
            kept = bool(value) and parse_phone(value) == value
        except ValidationError:
            kept = False
        return display_phone(value) if kept else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another number is meant; another notation is no change."""
        return super().has_changed(self.prepare_value(initial), data)


class EmailField(forms.CharField):
    """An e-mail address, kept trimmed and in lower case."""

    widget = forms.EmailInput(attrs={"autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 254, "required": False, **kwargs})

    def clean(self, value: Any) -> str:
        """The address as it is stored and compared, or empty.

        Raises:
            ValidationError: not an address that can be written to.
        """
        text = super().clean(value)
        return normalise_email(text) if text else ""
