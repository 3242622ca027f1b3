"""What can be done with the members that are ticked in the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages
from wagtail.snippets.bulk_actions.snippet_bulk_action import SnippetBulkAction

from wagtail_bin.admin.member_export import ExportForm, file_of
from wagtail_bin.admin.private import PrivateMixin
from wagtail_bin.admin.sanction_form import DecisionForm
from wagtail_bin.admin.scope import by_keys
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.invite import invitable, invite_members
from wagtail_bin.exceptions import DispatchError, SanctionRefused
from wagtail_bin.membership.move import BASES, move_members
from wagtail_bin.membership.sanctions import impose_sanction
from wagtail_bin.models import Consent, Member, Network, Sanction
from wagtail_bin.permissions import Capability, networks_for


class MemberBulkAction(PrivateMixin, SnippetBulkAction):
    """Base: the members ticked, all of them the user's to do this with.

    What Wagtail calls "everything in the listing" is not offered: it would ignore
    the filters. The list's own export follows them.
    """

    models = [Member]
    capability = Capability.EDIT_MEMBERS
    classes: set[str] = set()

    @classmethod
    def is_shown(cls, user: Any) -> bool:
        """Whether the button is of use to a user."""
        return networks_for(user, cls.capability).exists()

    def get_queryset(self, model: Any, object_ids: list[str]) -> list[Any]:
        """The members ticked.

        Raises:
            Http404: the user may not do this with one of them.
        """
        networks = networks_for(self.request.user, self.capability)
        members = Member.objects.filter(network__in=networks)
        return by_keys(members.select_related("network"), object_ids)

    def get_all_objects_in_listing_query(self, parent_id: Any) -> list[str]:
        """Nothing: it would ignore the filters that the user set."""
        return []

    @cached_property
    def actionable(self) -> list[Any]:
        """Those with whom it can be done."""
        members: list[Any] = self.get_actionable_objects()[0]
        return members

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do it; with nobody left to do it with, say so as before."""
        if not self.actionable:
            return self.get(request, *args, **kwargs)
        return super().post(request, *args, **kwargs)

    @classmethod
    def execute_action(
        cls, objects: Sequence[Any], *, self: Any, **kwargs: Any
    ) -> tuple[int, int]:
        """Hand the members to the verb, in the transaction that Wagtail opened."""
        self.outcome = self.act(objects)
        return len(objects), 0

    def act(self, members: Sequence[Any]) -> Any:
        """Do it."""
        raise NotImplementedError


class MoveForm(forms.Form):
    """Where to, and by whose word."""

    target = forms.ModelChoiceField(
        label=gettext_lazy("To which BIN?"), queryset=Network.objects.none()
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("How do you know that each of them agrees?"),
        widget=forms.RadioSelect,
        choices=[(basis, basis.label) for basis in BASES],
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the types
        field.queryset = networks_for(user, Capability.EDIT_MEMBERS)


class MoveBulkAction(MemberBulkAction):
    """Move members to another of the user's BINs."""

    display_name = gettext_lazy("Move")
    aria_label = gettext_lazy("Move the selected members to another BIN")
    action_type = "move"
    action_priority = 20
    template_name = "wagtail_bin/admin/member_bulk/move.html"
    form_class = MoveForm

    @classmethod
    def is_shown(cls, user: Any) -> bool:
        """Only to whom more than one BIN is open."""
        return networks_for(user, cls.capability).count() > 1

    def get_form_kwargs(self) -> dict[str, Any]:
        """Whose BINs to offer."""
        return {**super().get_form_kwargs(), "user": self.request.user}

    def act(self, members: Sequence[Any]) -> Any:
        """Move them."""
        chosen = self.cleaned_form.cleaned_data
        return move_members(
            members=members,
            target=chosen["target"],
            basis=Consent.Basis(chosen["basis"]),
            user=self.request.user,
        )

    def get_success_message(
        self, num_parent_objects: int, num_child_objects: int
    ) -> Any:
        """How many, and how many were there already."""
        moved, there = len(self.outcome.moved), len(self.outcome.already_there)
        said = ngettext(
            "%(number)d member was moved.", "%(number)d members were moved.", moved
        ) % {"number": moved}
        if there:
            said += " " + ngettext(
                "%(number)d is on that list already, and stayed.",
                "%(number)d are on that list already, and stayed.",
                there,
            ) % {"number": there}
        return said


class SuspendBulkAction(MemberBulkAction):
    """Suspend members for a time, by one decision about all of them."""

    display_name = gettext_lazy("Suspend")
    aria_label = gettext_lazy("Suspend the selected members for a time")
    action_type = "suspend"
    action_priority = 24
    capability = Capability.IMPOSE_SANCTIONS
    template_name = "wagtail_bin/admin/member_bulk/suspend.html"
    form_class = DecisionForm

    def check_perm(self, obj: Any) -> bool:
        """Who is suspended, excluded or gone is left out, and named."""
        return obj.state in (Member.State.ACTIVE, Member.State.UNCONFIRMED)

    @cached_property
    def networks(self) -> list[Network]:
        """The BINs of the members; a decision is about one."""
        return list({member.network for member in self.actionable})

    def get_form(self, form_class: Any = None) -> Any:
        """The form of a temporary suspension; none for several BINs at once."""
        if len(self.networks) != 1:
            return forms.Form()
        return DecisionForm(
            network=self.networks[0],
            kinds=(Sanction.Kind.TEMPORARY,),
            **self.get_form_kwargs(),
        )

    def form_valid(self, form: Any) -> HttpResponse:
        """Suspend all of them, or none."""
        try:
            response: HttpResponse = super().form_valid(form)
        except SanctionRefused as refusal:
            form.refuse(refusal)
            response = self.form_invalid(form)
        return response

    def act(self, members: Sequence[Any]) -> Any:
        """Suspend them."""
        decision = self.cleaned_form.decision
        for member in members:
            impose_sanction(member=member, decision=decision, user=self.request.user)

    def get_success_message(
        self, num_parent_objects: int, num_child_objects: int
    ) -> Any:
        """How many."""
        return ngettext(
            "%(number)d member was suspended.",
            "%(number)d members were suspended.",
            num_parent_objects,
        ) % {"number": num_parent_objects}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether the members are of one BIN."""
        return super().get_context_data(**kwargs, is_possible=len(self.networks) == 1)


class InviteBulkAction(MemberBulkAction):
    """Ask members by e-mail to confirm their membership."""

    display_name = gettext_lazy("Invite")
    aria_label = gettext_lazy("Invite the selected members to confirm by e-mail")
    action_type = "invite"
    action_priority = 10
    template_name = "wagtail_bin/admin/member_bulk/invite.html"

    @cached_property
    def invited(self) -> set[int]:
        """Those of the members who may be invited."""
        chosen = self.get_queryset(self.model, self.request.GET.getlist("id"))
        members = Member.objects.filter(pk__in=[member.pk for member in chosen])
        return set(invitable(members).values_list("pk", flat=True))

    def check_perm(self, obj: Any) -> bool:
        """Who cannot be invited, or not again so soon, is left out, and named."""
        return obj.pk in self.invited

    def form_valid(self, form: Any) -> HttpResponse:
        """Invite them: outside of a transaction, since mail cannot be taken back."""
        if not self.actionable:
            return redirect(self.next_url)
        try:
            done = invite_members(members=self.actionable, user=self.request.user)
        except DispatchError as error:
            messages.error(self.request, str(error))
            return redirect(self.next_url)
        if done.sent:
            said = ngettext(
                "%(number)d member was invited.",
                "%(number)d members were invited.",
                done.sent,
            )
            messages.success(self.request, said % {"number": done.sent})
        if done.failed:
            said = ngettext(
                "%(number)d invitation could not be sent. Check the address.",
                "%(number)d invitations could not be sent. Check the addresses.",
                done.failed,
            )
            messages.error(self.request, said % {"number": done.failed})
        return redirect(self.next_url)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """How seldom."""
        return super().get_context_data(**kwargs, days=conf.INVITE_AGAIN_DAYS)


class ExportBulkAction(MemberBulkAction):
    """Export the members ticked."""

    display_name = gettext_lazy("Export")
    aria_label = gettext_lazy("Export the selected members")
    action_type = "export"
    action_priority = 22
    capability = Capability.EXPORT_MEMBERS
    template_name = "wagtail_bin/admin/member_bulk/export.html"
    form_class = ExportForm

    def form_valid(self, form: Any) -> HttpResponseBase:
        """The file."""
        members = Member.objects.filter(pk__in=[m.pk for m in self.actionable])
        return file_of(members, form, self.request.user)
