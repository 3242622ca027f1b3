"""Filters of the member list that were given a name: saved, chosen, forgotten."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.ui.tables import ButtonsColumnMixin, Column, TitleColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.base import BaseListingView
from wagtail.admin.widgets.button import Button

from wagtail_bin.admin.member_filters import MemberFilterSet, as_query, chosen_filters
from wagtail_bin.admin.member_list import LIST, listed_members
from wagtail_bin.admin.scope import visible
from wagtail_bin.models import Segment
from wagtail_bin.permissions import Capability, networks_for

SEGMENTS = "wagtail_bin_admin:segments"


def own_segments(user: Any) -> QuerySet[Segment]:
    """Those that a user may delete: the own ones, and those of BINs with edit rights."""
    networks = networks_for(user, Capability.EDIT_MEMBERS)
    return Segment.objects.filter(Q(user=user, network=None) | Q(network__in=networks))


class SegmentForm(forms.ModelForm):
    """What the filter is called, and for whom it is."""

    class Meta:
        model = Segment
        fields = ["name", "network"]
        labels = {"network": gettext_lazy("For")}
        help_texts = {
            "name": gettext_lazy("Such as “Active without e-mail”."),
            "network": gettext_lazy(
                "A filter of a BIN is offered to all who keep its list."
            ),
        }

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["network"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 -- for the types
        field.queryset = networks_for(user, Capability.EDIT_MEMBERS)
        field.empty_label = _("Myself only")


class SegmentView(WagtailAdminTemplateMixin, View):
    """What the screens of saved filters share: only for who may see members."""

    header_icon = "list-ul"
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse whoever may see no members."""
        if not networks_for(request.user, Capability.VIEW_MEMBERS).exists():
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list of members."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(LIST), "label": _("Members")},
            {"url": "", "label": self.get_page_title()},
        ]


class NameColumn(ButtonsColumnMixin, TitleColumn):
    """The name, which leads to the list, and what can be done with the filter."""

    def get_buttons(self, instance: Segment, *args: Any, **kwargs: Any) -> list[Button]:
        """Delete, where the user may."""
        if not instance.may_delete:  # type: ignore[attr-defined]
            return []
        url = reverse("wagtail_bin_admin:segment_delete", args=[instance.pk])
        return [Button(_("Delete"), url=url, icon_name="bin")]


class SegmentsView(SegmentView, BaseListingView):
    """All saved filters that the user can choose."""

    page_title = gettext_lazy("Saved filters")
    model = Segment
    paginate_by = 50
    columns = [
        NameColumn(
            "name",
            label=gettext_lazy("Name"),
            get_url=lambda segment: f"{reverse(LIST)}?{as_query(segment.filters)}",
        ),
        Column(
            "network",
            label=gettext_lazy("For"),
            accessor=lambda segment: segment.network or _("myself only"),
        ),
    ]

    def get_base_queryset(self) -> QuerySet[Segment]:
        """With whether the user may delete it."""
        may_delete = Q(pk__in=own_segments(self.request.user).values("pk"))
        segments: QuerySet[Segment] = visible(Segment, self.request.user)
        return segments.select_related("network").annotate(may_delete=may_delete)


class AddSegmentView(SegmentView):
    """Give the filters of the list a name."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Save this filter")
    template_name = "wagtail_bin/admin/segments/add.html"

    @cached_property
    def filters(self) -> dict[str, list[str]]:
        """The filters, as the list understands them.

        Raises:
            Http404: there are none, or not such.
        """
        chosen = chosen_filters(self.request.GET)
        filter_set = MemberFilterSet(
            QueryDict(as_query(chosen)),
            queryset=listed_members(self.request.user),
            request=self.request,
        )
        if not chosen or not filter_set.is_valid():
            raise Http404
        self.found = filter_set.qs.count()
        return chosen

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for a name."""
        return self.show(SegmentForm(user=request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save it, and show the list."""
        user: Any = request.user
        form = SegmentForm(
            request.POST,
            instance=Segment(user=user, filters=self.filters),
            user=user,
        )
        if not form.is_valid():
            return self.show(form)
        segment = form.save()
        messages.success(request, _("The filter was saved. It stands above the list."))
        return redirect(f"{reverse(LIST)}?{as_query(segment.filters)}")

    def show(self, form: SegmentForm) -> HttpResponse:
        """The screen."""
        filters = self.filters
        context = self.get_context_data(
            form=form, found=self.found, query=as_query(filters)
        )
        return self.render_to_response(context)


class DeleteSegmentView(SegmentView):
    """Forget a saved filter; its members stay."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Delete a saved filter")
    template_name = "wagtail_bin/admin/segments/delete.html"

    @cached_property
    def segment(self) -> Segment:
        """The filter, if the user may delete it."""
        segments = own_segments(self.request.user)
        segment = segments.filter(pk=self.kwargs["pk"]).first()
        if segment is None:
            raise Http404
        return segment

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether to."""
        return self.render_to_response(self.get_context_data(segment=self.segment))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do so."""
        self.segment.delete()
        messages.success(request, _("The filter was deleted; no member was."))
        return redirect(SEGMENTS)


urlpatterns = [
    path("segments/", SegmentsView.as_view(), name="segments"),
    path("segments/add/", AddSegmentView.as_view(), name="segment_add"),
    path(
        "segments/<int:pk>/delete/",
        DeleteSegmentView.as_view(),
        name="segment_delete",
    ),
]
