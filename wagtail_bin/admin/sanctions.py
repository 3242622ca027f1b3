"""Sanctions: imposed and lifted, and all of them, for those with the mandate."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn, Column
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.base import BaseListingView

from wagtail_bin.admin.member_list import LIST
from wagtail_bin.admin.member_panels import SanctionsPanel
from wagtail_bin.admin.private import PrivateMixin
from wagtail_bin.admin.sanction_form import DecisionForm
from wagtail_bin.exceptions import SanctionRefused
from wagtail_bin.membership.sanctions import impose_sanction, lift_sanction
from wagtail_bin.models import Member, Sanction
from wagtail_bin.permissions import Capability, networks_for

SANCTIONS = "wagtail_bin_admin:sanctions"
EDIT = "wagtailsnippets_wagtail_bin_member:edit"


def may_see_some(user: Any) -> bool:
    """Whether the menu item is of use to a user."""
    return networks_for(user, Capability.VIEW_SANCTIONS).exists()


def back_to(member: Member) -> HttpResponse:
    """To the sanctions on the member's page."""
    return redirect(reverse(EDIT, args=[member.pk]) + "#" + SanctionsPanel.ANCHOR)


class SanctionFilterSet(WagtailFilterSet):
    """Filters above the list."""

    network = django_filters.ModelChoiceFilter(
        label=gettext_lazy("BIN"),
        field_name="member__network",
        queryset=lambda request: networks_for(request.user, Capability.VIEW_SANCTIONS),
    )
    kind = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Sanction"),
        choices=Sanction.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[("in_force", gettext_lazy("in force"))],
        method="filter_state",
    )

    class Meta:
        model = Sanction
        fields: list[str] = []

    def filter_state(
        self, sanctions: QuerySet[Any], name: str, value: str
    ) -> QuerySet[Any]:
        """Those that keep a member from messages today."""
        return sanctions.filter(pk__in=Sanction.objects.in_force().values("pk"))


class MemberColumn(BaseColumn):
    """The member, with a link to the sanctions on the member's page."""

    cell_template_name = "wagtail_bin/admin/sanctions/member_cell.html"


class StateColumn(BaseColumn):
    """Whether it holds, and a way to lift it."""

    cell_template_name = "wagtail_bin/admin/sanctions/state_cell.html"

    def get_cell_context_data(
        self, instance: Any, parent_context: Any
    ) -> dict[str, Any]:
        """Whether the user may lift it."""
        context: dict[str, Any] = super().get_cell_context_data(
            instance, parent_context
        )
        context["sanction"] = instance
        context["may_impose"] = instance.may_impose
        return context


class SanctionsView(PrivateMixin, BaseListingView):
    """All sanctions of the user's BINs, the newest first."""

    page_title = gettext_lazy("Sanctions")
    header_icon = "warning"
    template_name = "wagtail_bin/admin/sanctions/list.html"
    model = Sanction
    paginate_by = 50
    filterset_class = SanctionFilterSet
    columns = [
        MemberColumn("member", label=gettext_lazy("Member")),
        Column("network", label=gettext_lazy("BIN"), accessor="member.network"),
        Column("kind", label=gettext_lazy("Sanction"), accessor="get_kind_display"),
        Column(
            "decided_on",
            label=gettext_lazy("Decided"),
            accessor=lambda sanction: date_format(sanction.decided_on, "j F Y"),
        ),
        Column(
            "until",
            label=gettext_lazy("Until"),
            accessor=lambda sanction: (
                date_format(sanction.until, "j F Y") if sanction.until else ""
            ),
        ),
        StateColumn("state", label=gettext_lazy("State")),
    ]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse whoever may see none."""
        if not may_see_some(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_base_queryset(self) -> QuerySet[Sanction]:
        """Those of the user's BINs, with whether the user may lift them."""
        user = self.request.user
        imposing = networks_for(user, Capability.IMPOSE_SANCTIONS)
        seen = networks_for(user, Capability.VIEW_SANCTIONS)
        sanctions = Sanction.objects.filter(member__network__in=seen)
        return (
            sanctions.select_related("member__network", "lift")
            .annotate(may_impose=Q(member__network__in=imposing.values("pk")))
            .order_by("-pk")
        )

    def get_index_url(self) -> str:
        """This screen."""
        return reverse(SANCTIONS)

    def get_index_results_url(self) -> str:
        """Its list alone, for the filters."""
        return reverse("wagtail_bin_admin:sanctions_results")


class OneSanctionView(PrivateMixin, WagtailAdminTemplateMixin, View):
    """What imposing and lifting share."""

    header_icon = "warning"
    request: HttpRequest
    member: Member

    def show(self, template: str, **context: Any) -> HttpResponse:
        """One of the screens."""
        self.template_name = f"wagtail_bin/admin/sanctions/{template}.html"
        return self.render_to_response(
            self.get_context_data(member=self.member, **context)
        )

    def get_page_subtitle(self) -> str:
        """The member's name, which is in no message and no log."""
        return self.member.full_name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the member."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(LIST), "label": _("Members")},
            {
                "url": reverse(EDIT, args=[self.member.pk]),
                "label": self.member.full_name,
            },
            {"url": "", "label": self.get_page_title()},
        ]


class ImposeView(OneSanctionView):
    """Write a decision down: the form, what it would do, done."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Impose a sanction")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """The member, if the user may sanction in that BIN."""
        super().setup(request, *args, **kwargs)
        networks = networks_for(request.user, Capability.IMPOSE_SANCTIONS)
        members = Member.objects.filter(network__in=networks)
        member = members.select_related("network").filter(pk=kwargs["pk"]).first()
        if member is None:
            raise Http404
        self.member = member

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form."""
        return self.show("form", form=DecisionForm(network=self.member.network))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what it would do; confirmed, do it."""
        form = DecisionForm(request.POST, network=self.member.network)
        if not form.is_valid() or "change" in request.POST:
            return self.show("form", form=form)
        if "confirmed" not in request.POST:
            return self.show("confirm", form=form, decision=form.decision)
        try:
            impose_sanction(
                member=self.member, decision=form.decision, user=request.user
            )
        except SanctionRefused as refusal:
            form.refuse(refusal)
            return self.show("form", form=form)
        messages.success(request, _("The sanction was noted."))
        return back_to(self.member)


class LiftForm(forms.Form):
    """Why it is lifted."""

    reason = forms.CharField(
        label=gettext_lazy("Why is it lifted?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class LiftView(OneSanctionView):
    """Take a suspension back."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Lift a sanction")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """The sanction, if the user may lift it."""
        super().setup(request, *args, **kwargs)
        networks = networks_for(request.user, Capability.IMPOSE_SANCTIONS)
        sanctions = Sanction.objects.filter(member__network__in=networks)
        found = sanctions.select_related("member__network", "lift")
        sanction = found.filter(pk=kwargs["pk"]).first()
        if sanction is None:
            raise Http404
        self.sanction, self.member = sanction, sanction.member

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why; what is over cannot be lifted."""
        if not self.sanction.is_in_force:
            messages.error(request, _("This sanction is over."))
            return back_to(self.member)
        return self.show("lift", form=LiftForm(), sanction=self.sanction)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift it."""
        form = LiftForm(request.POST)
        if not form.is_valid():
            return self.show("lift", form=form, sanction=self.sanction)
        try:
            lift_sanction(
                sanction=self.sanction,
                reason=form.cleaned_data["reason"],
                user=request.user,
            )
        except SanctionRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The sanction was lifted."))
        return back_to(self.member)


urlpatterns = [
    path("sanctions/", SanctionsView.as_view(), name="sanctions"),
    path(
        "sanctions/results/",
        SanctionsView.as_view(results_only=True),
        name="sanctions_results",
    ),
    path("members/<int:pk>/sanction/", ImposeView.as_view(), name="member_sanction"),
    path("sanctions/<int:pk>/lift/", LiftView.as_view(), name="sanction_lift"),
]
