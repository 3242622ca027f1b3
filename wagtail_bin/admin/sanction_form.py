"""The form in which a decision about a member is written down."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput

from wagtail_bin.exceptions import SanctionRefused
from wagtail_bin.membership.sanctions import (
    COORDINATORS,
    OFFICERS,
    Decision,
    check_decision,
    deciders,
)
from wagtail_bin.models import Mandate, Network, Sanction


class MandateField(forms.ModelChoiceField):
    """Who holds an office, by name."""

    def label_from_instance(self, mandate: Mandate) -> str:
        """Name and office."""
        return f"{mandate.name} ({mandate.get_role_display()})"


class DecisionForm(forms.Form):
    """What was decided, by whom, when, and when it was told.

    Args:
        network: whose officer and coordinator decide.
        kinds: sanctions to choose from; one alone is not asked for.
    """

    kind = forms.ChoiceField(
        label=gettext_lazy("Sanction"),
        widget=forms.RadioSelect,
        choices=Sanction.Kind.choices,
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=AdminDateInput,
        help_text=gettext_lazy("Of a temporary suspension only."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "What happened, in a few words. Only coordinators and their deputies see it."
        ),
    )
    officer = MandateField(
        label=gettext_lazy("Mandated officer"), queryset=Mandate.objects.none()
    )
    coordinator = MandateField(
        label=gettext_lazy("Coordinator"), queryset=Mandate.objects.none()
    )
    heard_on = forms.DateField(
        label=gettext_lazy("Member heard on"),
        required=False,
        widget=AdminDateInput,
        help_text=gettext_lazy("Empty where your rules ask for no hearing."),
    )
    decided_on = forms.DateField(
        label=gettext_lazy("Decided on"), widget=AdminDateInput
    )
    notified_on = forms.DateField(
        label=gettext_lazy("Member told in writing on"), widget=AdminDateInput
    )

    def __init__(
        self,
        *args: Any,
        network: Network,
        kinds: tuple[str, ...] = tuple(Sanction.Kind),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.network, self.kinds = network, kinds
        if len(kinds) == 1:
            del self.fields["kind"]
        self._offer("officer", OFFICERS)
        self._offer("coordinator", COORDINATORS)
        for name in ("decided_on", "notified_on"):
            self.fields[name].initial = timezone.localdate

    def _offer(self, name: str, roles: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the types
        field.queryset = deciders(self.network, roles)
        found = list(field.queryset[:2])
        if len(found) == 1:
            field.initial = found[0]
        elif not found:
            field.help_text = _(
                "Nobody holds this office for %(network)s. Enter the mandate first, "
                "under “Mandates”."
            ) % {"network": self.network}

    def clean(self) -> dict[str, Any]:
        """The rules of the procedure."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_decision(self.network, self.decision)
            except SanctionRefused as refusal:
                self.refuse(refusal)
        return cleaned

    def refuse(self, refusal: SanctionRefused) -> None:
        """Show why it cannot be."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal))

    @property
    def decision(self) -> Decision:
        """What was filled in."""
        return Decision(**{"kind": self.kinds[0], **self.cleaned_data})
