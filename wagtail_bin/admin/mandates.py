"""Mandates, by Django's model permissions: who gives one decides who sees members."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.menus import MenuItem
from wagtail.admin.ui.tables import Column, StatusTagColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.admin.mandate_handover import (
    HAND_OVER,
    HandOverMandateView,
    is_to_hand_over,
)
from wagtail_bin.admin.users import user_chooser
from wagtail_bin.mandates.groups import sync_groups
from wagtail_bin.mandates.handover import may_hand_over
from wagtail_bin.models import (
    Mandate,
    MandateState,
    Municipality,
    Network,
    PoliceZone,
    Role,
)


def day_label(day: dt.date | None) -> str:
    """A day in words, or nothing."""
    return date_format(day, "j F Y") if day else ""


class MandateForm(WagtailAdminModelForm):
    """A mandate."""

    public_email = EmailField(label=_("Public e-mail"))
    public_phone = PhoneField(label=_("Public telephone"))


class MandateFilterSet(WagtailFilterSet):
    """Filters above the list."""

    state = django_filters.MultipleChoiceFilter(
        label=_("When"),
        choices=MandateState.choices,
        method="filter_state",
        widget=forms.CheckboxSelectMultiple,
    )
    role = django_filters.MultipleChoiceFilter(
        label=_("Office"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )
    network = django_filters.ModelChoiceFilter(
        label=_("BIN"), queryset=Network.objects.all()
    )
    municipality = django_filters.ModelChoiceFilter(
        label=_("Municipality"), queryset=Municipality.objects.all()
    )
    police_zone = django_filters.ModelChoiceFilter(
        label=_("Police zone"), queryset=PoliceZone.objects.all()
    )

    class Meta:
        model = Mandate
        fields: list[str] = []

    def filter_state(
        self, mandates: Any, name: str, value: list[str]
    ) -> QuerySet[Mandate]:
        """Those that are in one of the states today."""
        found = mandates.none()
        for state in value:
            found |= mandates.in_state(state)
        return found if value else mandates


class MandateIndexView(generic.IndexView):
    """The list."""

    filterset_class = MandateFilterSet
    default_ordering = ["name", "-starts_on"]

    def get_base_queryset(self) -> Any:
        """Mandates with what they are for."""
        return Mandate.objects.select_related(
            "network", "municipality", "police_zone", "user"
        )

    def get_list_more_buttons(self, instance: Mandate) -> list[Any]:
        """Hand it over, too."""
        buttons = list(super().get_list_more_buttons(instance))
        if is_to_hand_over(instance) and may_hand_over(self.request.user):
            url = reverse(HAND_OVER, args=[instance.pk])
            item = MenuItem(_("Hand over"), url=url, icon_name="user", priority=15)
            buttons.append(item)
        return buttons


class MandateCreateView(generic.CreateView):
    """Give a mandate."""

    def save_instance(self) -> Any:
        """With the group that goes with it."""
        with transaction.atomic():
            mandate = super().save_instance()
            sync_groups(filter(None, [mandate.user]))
        return mandate


class MandateEditView(generic.EditView):
    """Change a mandate."""

    def save_instance(self) -> Any:
        """With the groups of who held it and who holds it now."""
        with transaction.atomic():
            before = Mandate.objects.get(pk=self.object.pk).user
            mandate = super().save_instance()
            sync_groups(filter(None, [before, mandate.user]))
        return mandate

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        """Hand it over, too."""
        buttons = list(super().header_more_buttons)
        if is_to_hand_over(self.object) and may_hand_over(self.request.user):
            url = reverse(HAND_OVER, args=[self.object.pk])
            buttons.append(
                Button(gettext("Hand over"), url=url, icon_name="user", priority=15)
            )
        return buttons


class MandateDeleteView(generic.DeleteView):
    """Delete a mandate given by mistake."""

    confirmation_message = _(
        "Only delete a mandate that was given by mistake. One that is over gets an "
        "end date, or is handed over: so it stays known who held it."
    )

    def delete_action(self) -> None:
        """With the group that goes with it."""
        with transaction.atomic():
            holder = self.object.user
            super().delete_action()
            sync_groups(filter(None, [holder]))


class MandateViewSet(ModelViewSet):
    """Offices and their holders."""

    model = Mandate
    name = "bin-mandates"
    icon = "key"
    menu_label = _("Mandates")
    index_view_class = MandateIndexView
    add_view_class = MandateCreateView
    edit_view_class = MandateEditView
    delete_view_class = MandateDeleteView
    copy_view_enabled = False
    search_fields = ["name"]
    search_backend_name = None
    list_per_page = 50
    list_display = [
        "name",
        Column("role", label=_("Office"), accessor="get_role_display", sort_key="role"),
        Column("scope", label=_("For"), accessor="place"),
        StatusTagColumn(
            "state",
            label=_("When"),
            accessor=lambda mandate: mandate.state.label,
            primary=lambda mandate: mandate.state == MandateState.CURRENT,
        ),
        Column(
            "starts_on",
            label=_("From"),
            accessor=lambda mandate: day_label(mandate.starts_on),
            sort_key="starts_on",
        ),
        Column(
            "ends_on",
            label=_("Until"),
            accessor=lambda mandate: day_label(mandate.ends_on),
            sort_key="ends_on",
        ),
        Column("user", label=_("User account")),
    ]

    def get_urlpatterns(self) -> list[URLPattern]:
        """The hand-over beside Wagtail's own."""
        view = HandOverMandateView.as_view()
        return [
            *super().get_urlpatterns(),
            path("hand-over/<int:pk>/", view, name="hand_over"),
        ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form."""
        return ObjectList(
            [
                MultiFieldPanel(
                    [
                        "role",
                        "name",
                        FieldPanel(
                            "user",
                            widget=user_chooser.widget_class,
                            help_text=_(
                                "Whoever logs in with this account may do what the "
                                "office allows, as long as the mandate runs. Is there "
                                "none yet? Leave it empty; somebody who manages users "
                                "adds one under Settings, Users, and you choose it "
                                "here afterwards."
                            ),
                        ),
                    ],
                    heading=_("Office"),
                ),
                MultiFieldPanel(
                    ["network", "municipality", "police_zone"],
                    heading=_("For"),
                    help_text=_(
                        "Choose one. A mandate for a municipality or a police zone "
                        "holds for all its BINs."
                    ),
                ),
                MultiFieldPanel(
                    [FieldRowPanel(["starts_on", "ends_on"]), "screened_on"],
                    heading=_("Term"),
                ),
                MultiFieldPanel(
                    [FieldRowPanel(["public_email", "public_phone"])],
                    heading=_("Public contact"),
                ),
            ],
            base_form_class=MandateForm,
        )
