"""The form for one member, and what the member said so far."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import Panel

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.admin.scope import ScopedModelForm
from wagtail_bin.membership.consent import give_consent, withdraw_consent
from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import ChannelName, Consent, Member, Purpose
from wagtail_bin.validators import is_mobile

NOTHING = "nothing"
WITHDRAW = "withdraw"


class MemberForm(ScopedModelForm):
    """A member, and what the member said about being written to."""

    email = EmailField(label=_("E-mail"))
    mobile = PhoneField(label=_("Mobile"))
    phone = PhoneField(label=_("Landline"))
    statement = forms.ChoiceField(
        label=_("Tips by e-mail"),
        widget=forms.RadioSelect,
        choices=[
            (Consent.Basis.ENROLMENT, _("Agreed on a signed enrolment form")),
            (Consent.Basis.OFFICE, _("Agreed in person, by telephone or by e-mail")),
            (NOTHING, _("Has not agreed yet: nothing is sent")),
        ],
        error_messages={
            "required": _("Say whether this person agreed to be written to.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self._prepare_to_add()
        else:
            self._prepare_to_edit()

    def _prepare_to_add(self) -> None:
        # The answer about consent decides the state.
        self.fields.pop("state", None)
        self.fields.pop("suspended_until", None)
        networks = list(self.allowed_networks()[:2])
        if len(networks) == 1:
            self.initial["network"] = networks[0]

    def _prepare_to_edit(self) -> None:
        self.fields["statement"] = forms.ChoiceField(
            label=gettext("New statement of the member"),
            widget=forms.RadioSelect,
            choices=[
                (NOTHING, gettext("Nothing new")),
                (
                    Consent.Basis.ENROLMENT,
                    gettext("Wants tips by e-mail: signed enrolment form"),
                ),
                (
                    Consent.Basis.OFFICE,
                    gettext(
                        "Wants tips by e-mail: said in person, by telephone or by e-mail"
                    ),
                ),
                (WITHDRAW, gettext("No longer wants tips by e-mail")),
            ],
            initial=NOTHING,
        )

    def clean_mobile(self) -> str:
        """A mobile only: text messages to anything else are lost.

        Raises:
            ValidationError: another kind of number.
        """
        mobile: str = self.cleaned_data["mobile"]
        if mobile and not is_mobile(mobile):
            raise ValidationError(
                gettext("This is not a mobile number. Put it under “Landline”."),
                code="mobile",
            )
        return mobile

    def save(self, commit: bool = True) -> Member:  # noqa: FBT001, FBT002 -- Django's
        """Save the member and the statement; Wagtail opened the transaction."""
        member: Member = self.instance
        statement = self.cleaned_data["statement"]
        agrees = statement in Consent.Basis.values
        if agrees and member.state == Member.State.UNCONFIRMED:
            member.state = Member.State.ACTIVE
        if member.state in (Member.State.LEFT, Member.State.EXCLUDED):
            member.left_at = member.left_at or timezone.now()
        else:
            member.left_at = None
        super().save(commit)
        if agrees:
            give_consent(
                member_id=member.pk,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                basis=Consent.Basis(statement),
            )
        elif statement == WITHDRAW:
            withdraw_consent(
                member_id=member.pk,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                basis=Consent.Basis.OFFICE,
            )
        return member


class ConsentHistoryPanel(Panel):
    """What the member said so far, newest first, and whether tips arrive."""

    class BoundPanel(Panel.BoundPanel):
        """The panel for one member."""

        template_name = "wagtail_bin/admin/members/consent_history.html"

        def is_shown(self) -> bool:
            """Only for a member who exists."""
            return self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The statements and the reason why nothing is sent, if any."""
            context = super().get_context_data(parent_context)
            member = with_reach(Member.objects.filter(pk=self.instance.pk)).get()
            context["consents"] = self.instance.consents.order_by("-pk")
            context["unreachable"] = (
                Unreachable(member.unreachable).label if member.unreachable else ""
            )
            return context
