"""Addresses to look after: what came back, was called unwanted, or is missing."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.base import BaseListingView

from wagtail_bin.exceptions import NotAllowed, SuppressionStays
from wagtail_bin.membership.worklist import (
    LIFTABLE,
    Problem,
    lift_suppression,
    worklist,
)
from wagtail_bin.models import Member
from wagtail_bin.permissions import Capability, networks_for
from wagtail_bin.validators import display_phone

WORKLIST = "wagtail_bin_admin:worklist"

ADVICE = {
    Problem.BOUNCE: gettext_lazy("Ask for another address."),
    Problem.SOFT_BOUNCES: gettext_lazy(
        "Ask whether the mailbox is full, or for another address."
    ),
    Problem.COMPLAINT: gettext_lazy(
        "Gets no more of it. Ask what was wrong; only the member can say yes again."
    ),
    Problem.NO_ADDRESS: gettext_lazy(
        "Ask for an e-mail address or a telephone number."
    ),
}


def may_look_after(user: Any) -> bool:
    """Whether the menu item is of use to a user."""
    return bool(networks_for(user, Capability.EDIT_MEMBERS).exists())


def address_in_trouble(member: Any) -> str:
    """The address that the problem is about, as people write it."""
    if not member.problem_field:
        return ""
    address: str = getattr(member, member.problem_field)
    return address if member.problem_field == "email" else display_phone(address)


class WorklistFilterSet(WagtailFilterSet):
    """Filters above the list."""

    network = django_filters.ModelChoiceFilter(
        label=gettext_lazy("BIN"),
        queryset=lambda request: networks_for(request.user, Capability.EDIT_MEMBERS),
    )
    problem = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("What is wrong"),
        choices=Problem.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Member
        fields: list[str] = []


class MemberColumn(BaseColumn):
    """The member, with a link to the member's page."""

    cell_template_name = "wagtail_bin/admin/worklist/member_cell.html"


class ProblemColumn(BaseColumn):
    """What is wrong, and what to do about it."""

    cell_template_name = "wagtail_bin/admin/worklist/problem_cell.html"

    def get_cell_context_data(
        self, instance: Any, parent_context: Any
    ) -> dict[str, Any]:
        """The problem in words."""
        context: dict[str, Any] = super().get_cell_context_data(
            instance, parent_context
        )
        problem = Problem(instance.problem)
        context["problem"] = problem.label
        context["advice"] = ADVICE[problem]
        context["may_lift"] = instance.problem in LIFTABLE
        return context


class WorklistView(BaseListingView):
    """The list of the user's BINs."""

    page_title = gettext_lazy("Addresses to check")
    header_icon = "warning"
    template_name = "wagtail_bin/admin/worklist/list.html"
    model = Member
    paginate_by = 50
    index_url_name = WORKLIST
    index_results_url_name = "wagtail_bin_admin:worklist_results"
    filterset_class = WorklistFilterSet
    no_results_message = gettext_lazy(
        "Nothing to do: as far as we know, all members can be reached."
    )
    columns = [
        MemberColumn("member", label=gettext_lazy("Member")),
        Column("network", label=gettext_lazy("BIN")),
        Column("address", label=gettext_lazy("Address"), accessor=address_in_trouble),
        ProblemColumn("problem", label=gettext_lazy("What is wrong")),
    ]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for whoever may edit members."""
        if not may_look_after(request.user):
            raise PermissionDenied
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        return response

    def get_base_queryset(self) -> QuerySet[Any]:
        """The members to look after, the newest first."""
        return worklist(self.request.user).select_related("network")


class LiftForm(forms.Form):
    """Why an address works again."""

    reason = forms.CharField(
        label=gettext_lazy("How do you know?"),
        help_text=gettext_lazy(
            "A few words, such as “the member called: the mailbox was full”. They are "
            "kept in the member's history."
        ),
        max_length=255,
        error_messages={"required": gettext_lazy("Say in a few words why.")},
    )


class LiftView(WagtailAdminTemplateMixin, View):
    """The address works again: write to it once more."""

    page_title = gettext_lazy("The address works again")
    header_icon = "warning"
    template_name = "wagtail_bin/admin/worklist/lift.html"
    request: HttpRequest

    @cached_property
    def member(self) -> Any:
        """The member; another BIN's does not exist."""
        own = networks_for(self.request.user, Capability.EDIT_MEMBERS)
        found = worklist(self.request.user).select_related("network")
        member = found.filter(pk=self.kwargs["pk"], network__in=own).first()
        if member is None:
            raise Http404
        return member

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why. Changes nothing."""
        return self.show(LiftForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let it be written to; a second click finds nothing left to do."""
        try:
            member = self.member
        except Http404:
            own = networks_for(request.user, Capability.EDIT_MEMBERS)
            if Member.objects.filter(pk=pk, network__in=own).exists():
                return redirect(WORKLIST)
            raise
        form = LiftForm(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            lifted = lift_suppression(
                member=member, user=request.user, reason=form.cleaned_data["reason"]
            )
        except NotAllowed:
            raise PermissionDenied from None
        except SuppressionStays as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                ngettext(
                    "The address is used again from now on.",
                    "%(number)d addresses are used again from now on.",
                    lifted.addresses,
                )
                % {"number": lifted.addresses},
            )
        return redirect(WORKLIST)

    def show(self, form: LiftForm) -> HttpResponse:
        """The screen."""
        context = self.get_context_data(
            member=self.member, address=address_in_trouble(self.member), form=form
        )
        response: HttpResponse = self.render_to_response(context)
        response["Cache-Control"] = "no-store, private"
        return response

    def get_page_subtitle(self) -> str:
        """The member's name, which is in no message and no log."""
        name: str = self.member.full_name
        return name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(WORKLIST), "label": WorklistView.page_title},
            {"url": "", "label": _("The address works again")},
        ]


urlpatterns = [
    path("worklist/", WorklistView.as_view(), name="worklist"),
    path(
        "worklist/results/",
        WorklistView.as_view(results_only=True),
        name="worklist_results",
    ),
    path("worklist/<int:pk>/lift/", LiftView.as_view(), name="worklist_lift"),
]
