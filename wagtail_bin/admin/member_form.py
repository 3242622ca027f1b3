"""The form for one member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.admin.scope import ScopedModelForm
from wagtail_bin.channels.registry import channel_names
from wagtail_bin.membership.consent import give_consent, withdraw_consent
from wagtail_bin.membership.reach import CONSENTS
from wagtail_bin.models import ChannelName, Consent, Member, Purpose, Sanction
from wagtail_bin.validators import is_mobile

NOTHING = "nothing"
AGREED = [
    (Consent.Basis.ENROLMENT, _("It stands on a signed enrolment form")),
    (Consent.Basis.OFFICE, _("It was said in person, by telephone or by e-mail")),
]


def wish(purpose: str, channel: str) -> str:
    """One purpose by one channel, as the value of a tick."""
    return f"{purpose}-{channel}"


def offered_wishes(given: Iterable[str]) -> list[Any]:
    """What a member can agree to here, grouped by purpose.

    Args:
        given: what the member agreed to before, which can be withdrawn whatever
            this installation offers.
    """
    by_name = [CONSENTS.get(name, ()) for name in channel_names()]
    offered = {channel for channels in by_name for channel in channels}
    groups = []
    for purpose in Purpose:
        ticks = [
            (
                wish(purpose, channel),
                gettext("by %(channel)s") % {"channel": channel.label},
            )
            for channel in (ChannelName.EMAIL, ChannelName.SMS, ChannelName.VOICE)
            if channel in offered or wish(purpose, channel) in given
        ]
        if ticks:
            groups.append((capfirst(purpose.label), ticks))
    return groups


def given_wishes(member: Member) -> list[str]:
    """What the member agrees to now: the newest statement about each counts."""
    newest = {
        wish(consent.purpose, consent.channel): consent.is_given
        for consent in member.consents.order_by("pk")
    }
    return [name for name, is_given in newest.items() if is_given]


class MemberForm(ScopedModelForm):
    """A member, and what the member said about being written to."""

    email = EmailField(label=_("E-mail"))
    mobile = PhoneField(label=_("Mobile"))
    phone = PhoneField(label=_("Landline"))
    wishes = forms.MultipleChoiceField(
        label=_("What this person wants to get"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    # What was ticked when the form was opened: an unsubscribe since then stands.
    wishes_seen = forms.CharField(widget=forms.HiddenInput, required=False)
    statement = forms.ChoiceField(
        label=_("How do you know?"),
        widget=forms.RadioSelect,
        choices=[*AGREED, (NOTHING, _("Has not agreed yet: nothing is sent"))],
        error_messages={
            "required": _("Say whether this person agreed to be written to.")
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sanction: Sanction | None = None
        self.given = given_wishes(self.instance) if self.instance.pk else []
        field = self.fields["wishes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 -- for the types
        field.choices = offered_wishes(self.given)
        self.initial["wishes"] = self.given
        self.initial["wishes_seen"] = ",".join(self.given)
        if self.instance.pk is None:
            self._prepare_to_add()
        else:
            self._prepare_to_edit()

    def _prepare_to_add(self) -> None:
        # The answer about consent decides the state.
        self.fields.pop("state", None)
        networks = list(self.allowed_networks()[:2])
        if len(networks) == 1:
            self.initial["network"] = networks[0]

    def _prepare_to_edit(self) -> None:
        self._narrow_state()
        self._keep_network()
        self.fields["statement"] = forms.ChoiceField(
            label=gettext("If you changed a tick: how do you know?"),
            widget=forms.RadioSelect,
            choices=AGREED,
            required=False,
        )

    def _narrow_state(self) -> None:
        """Suspending takes a sanction, and a sanction is lifted, not typed over."""
        field, member = self.fields.get("state"), self.instance
        if not isinstance(field, forms.ChoiceField):
            return
        state = Member.State
        self.sanction = member.sanctions.in_force().first()
        offered = {member.state, state.LEFT}
        if self.sanction is None:
            offered |= {state.UNCONFIRMED, state.ACTIVE}
        elif self.sanction.kind == Sanction.Kind.PERMANENT:
            offered.add(state.EXCLUDED)
        else:
            offered.add(state.SUSPENDED)
        field.choices = [choice for choice in state.choices if choice[0] in offered]
        field.help_text = gettext("Only active members get messages.")
        if member.state == state.SUSPENDED and member.suspended_until:
            field.help_text = gettext("Suspended until %(day)s.") % {
                "day": date_format(member.suspended_until, "j F Y")
            }

    def _keep_network(self) -> None:
        """Moving is an action of its own, which asks what the member said of it."""
        field = self.fields.get("network")
        if isinstance(field, forms.ModelChoiceField):
            own = self.allowed_networks().filter(pk=self.instance.network_id)
            field.queryset, field.empty_label = own, None
            field.help_text = gettext(
                "To move somebody to another BIN, tick the name in the list and choose "
                "“Move”."
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

    def clean(self) -> dict[str, Any]:
        """What belongs together is given together."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_wishes(cleaned)
        quiet = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if (quiet[0] is None) != (quiet[1] is None):
            self._complain("quiet_until", gettext("Give both hours, or none."))
        begin, end = cleaned.get("away_from"), cleaned.get("away_until")
        if end and not begin:
            self._complain("away_from", gettext("Give the first day too."))
        elif begin and end and end < begin:
            self._complain("away_until", gettext("This is before the first day."))
        return cleaned

    def _clean_wishes(self, cleaned: dict[str, Any]) -> None:
        wanted = set(cleaned.get("wishes", ()))
        seen = set(filter(None, cleaned.get("wishes_seen", "").split(",")))
        cleaned["added"], cleaned["removed"] = wanted - seen, seen - wanted
        statement = cleaned.get("statement")
        if self.instance.pk is not None:
            if wanted != seen and not statement and not self.errors.get("statement"):
                self._complain("statement", gettext("Say how you know."))
        elif statement == NOTHING and wanted:
            self._complain(
                "statement",
                gettext("Remove the ticks, or say how this person agreed to them."),
            )
        elif statement and statement != NOTHING and not wanted:
            self._complain("wishes", gettext("Tick what this person wants to get."))

    def _complain(self, field: str, text: str) -> None:
        if field in self.fields:
            self.add_error(field, text)

    def save(self, commit: bool = True) -> Member:  # noqa: FBT001, FBT002 -- Django's
        """Save the member and the statements; Wagtail opened the transaction."""
        member: Member = self.instance
        added, removed = self.cleaned_data["added"], self.cleaned_data["removed"]
        if added and member.state == Member.State.UNCONFIRMED:
            member.state = Member.State.ACTIVE
        if member.state in (Member.State.LEFT, Member.State.EXCLUDED):
            member.left_at = member.left_at or timezone.now()
        else:
            member.left_at = None
        if "state" in self.changed_data:
            member.suspended_until = None
            if self.sanction is not None and member.state == Member.State.SUSPENDED:
                member.suspended_until = self.sanction.until
        if "email" in self.changed_data:
            # Another address may be invited at once.
            member.invited_at = None
        if "house_rules_version" in self.changed_data:
            is_accepted = bool(member.house_rules_version)
            member.house_rules_accepted_at = timezone.now() if is_accepted else None
        super().save(commit)
        self._note(member, added, give_consent)
        self._note(member, removed, withdraw_consent)
        return member

    def _note(self, member: Member, wishes: Iterable[str], verb: Any) -> None:
        for name in sorted(wishes):
            purpose, _dash, channel = name.partition("-")
            if purpose in Purpose.values and channel in ChannelName.values:
                verb(
                    member_id=member.pk,
                    purpose=Purpose(purpose),
                    channel=ChannelName(channel),
                    basis=Consent.Basis(self.cleaned_data["statement"]),
                )
