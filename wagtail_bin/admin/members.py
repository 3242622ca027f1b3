"""Member lists in the admin, each within its networks."""

from __future__ import annotations

import re
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    ObjectList,
)
from wagtail.admin.ui.tables import Column, StatusTagColumn
from wagtail.snippets.views import snippets

from wagtail_bin.admin.labels import channel_label
from wagtail_bin.admin.member_form import MemberForm
from wagtail_bin.admin.member_panels import (
    ConsentHistoryPanel,
    DeliveryHistoryPanel,
    personal_channels,
)
from wagtail_bin.admin.scope import (
    ScopedSnippetIndexView,
    ScopedSnippetViewSet,
)
from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import Language, Member
from wagtail_bin.permissions import Capability, networks_for
from wagtail_bin.validators import parse_phone

SEARCH_FIELDS = (
    "first_name",
    "last_name",
    "organisation",
    "email",
    "street",
    "locality",
)


class MemberFilterSet(WagtailFilterSet):
    """Filters beside the list."""

    network = django_filters.ModelChoiceFilter(
        label=_("BIN"),
        queryset=lambda request: networks_for(request.user, Capability.VIEW_MEMBERS),
    )
    state = django_filters.MultipleChoiceFilter(
        label=_("State"),
        choices=Member.State.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    language = django_filters.MultipleChoiceFilter(
        label=_("Language"),
        choices=Language.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    unreachable = django_filters.MultipleChoiceFilter(
        label=_("Gets tips"),
        choices=[
            ("yes", _("yes")),
            *((key, label) for key, label in Unreachable.choices),
        ],
        method="filter_unreachable",
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Member
        fields: list[str] = []

    def filter_unreachable(
        self, members: QuerySet[Any], name: str, value: list[str]
    ) -> QuerySet[Any]:
        """Members who are reached, or not for one of the reasons."""
        return members.filter(unreachable__in=["" if v == "yes" else v for v in value])


def listed_name(member: Member) -> str:
    """The name as lists have it: last name first, by which they are sorted."""
    if member.last_name and member.first_name:
        return f"{member.last_name}, {member.first_name}"
    return member.full_name


def reach_label(member: Any) -> str:
    """Whether tips reach an annotated member: how, or the reason why not."""
    if not member.unreachable:
        return gettext("by %(channel)s") % {"channel": channel_label(member.channel)}
    return gettext("no: %(reason)s") % {"reason": Unreachable(member.unreachable).label}


def matching(query: str) -> Q:
    """Members whose particulars hold every word, or who have this number."""
    every_word = Q()
    for word in query.split():
        any_field = Q()
        for field in SEARCH_FIELDS:
            any_field |= Q(**{f"{field}__icontains": word})
        every_word &= any_field
    return every_word | _matching_number(query)


def _matching_number(query: str) -> Q:
    try:
        number = parse_phone(query)
    except ValidationError:
        # Part of a number, as somebody remembers it.
        number = re.sub(r"\D", "", query).lstrip("0")
        if len(number) < 4 or re.search(r"[^\W\d_]", query):
            return Q(pk__in=[])
    return Q(mobile__contains=number) | Q(phone__contains=number)


class MemberIndexView(ScopedSnippetIndexView):
    """The list."""

    filterset_class = MemberFilterSet

    def get_base_queryset(self) -> QuerySet[Any]:
        """The user's members, each with the reason why tips do not arrive."""
        members = super().get_base_queryset().select_related("network")
        return with_reach(members, channels=personal_channels())

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Every word somewhere, or a telephone number in any notation."""
        if not self.is_searching:
            return queryset
        return queryset.filter(matching(self.search_query))

    def _get_title_column(self, field_name: str, *args: Any, **kwargs: Any) -> Column:
        column = super()._get_title_column(field_name, *args, **kwargs)
        column.label, column.sort_key = _("Name"), "last_name"
        column.accessor = listed_name
        return column


class NamedMixin:
    """Says the member's name in the header; it is in no message and no log."""

    def get_page_subtitle(self) -> str:
        """The name."""
        return self.object.full_name  # type: ignore[attr-defined]


class MemberCreateView(snippets.CreateView):
    """Add a member."""

    success_message = _("The member was added.")


class MemberEditView(NamedMixin, snippets.EditView):
    """Change a member."""

    success_message = _("The member was saved.")


class MemberDeleteView(NamedMixin, snippets.DeleteView):
    """Delete a member; what was sent stays counted, without the name."""

    success_message = _("The member was deleted.")
    confirmation_message = _(
        "All that is kept about this member is erased; what was sent stays counted, "
        "without the name. If the member only wants no more tips, note that on the "
        "member's page instead: somebody erased can come back with the next list."
    )


class MemberViewSet(ScopedSnippetViewSet):
    """Members of the networks of the user."""

    model = Member
    icon = "user"
    menu_label = _("Members")
    menu_name = "bin-members"
    index_view_class = MemberIndexView
    add_view_class = MemberCreateView
    edit_view_class = MemberEditView
    delete_view_class = MemberDeleteView
    search_fields = SEARCH_FIELDS
    list_per_page = 50
    list_display = [
        "full_name",
        Column("network", label=_("BIN"), sort_key="network__name"),
        Column("email", label=_("E-mail"), sort_key="email"),
        Column("display_mobile", label=_("Mobile")),
        StatusTagColumn(
            "state",
            label=_("State"),
            accessor="get_state_display",
            primary=lambda member: member.state == Member.State.ACTIVE,
            sort_key="state",
        ),
        Column("reach", label=_("Gets tips"), accessor=reach_label),
        Column(
            "language",
            label=_("Language"),
            accessor="get_language_display",
            sort_key="language",
        ),
    ]

    @cached_property
    def edit_handler(self) -> ObjectList:
        """The form, in the order in which a coordinator thinks."""
        return ObjectList(
            [
                MultiFieldPanel(
                    [
                        FieldRowPanel(["first_name", "last_name"]),
                        FieldPanel(
                            "organisation",
                            help_text=_("For a shop, company or practice."),
                        ),
                        FieldPanel(
                            "language",
                            help_text=_(
                                "Messages come in this language where the rules of "
                                "the municipality allow it. Empty: the first "
                                "language of the municipality."
                            ),
                        ),
                    ],
                    heading=_("Person"),
                ),
                MultiFieldPanel(
                    ["email", FieldRowPanel(["mobile", "phone"])],
                    heading=_("Contact"),
                    help_text=_(
                        "Give at least one: e-mail, mobile or landline. Telephone "
                        "numbers may be written in any way, such as 0473/86.53.87."
                    ),
                ),
                MultiFieldPanel(
                    [
                        FieldRowPanel(["street", "number", "box"]),
                        FieldRowPanel(["postcode", "locality"]),
                    ],
                    heading=_("Address"),
                ),
                MultiFieldPanel(
                    [
                        "network",
                        FieldRowPanel(
                            [
                                FieldPanel(
                                    "state",
                                    help_text=_("Only active members get messages."),
                                ),
                                FieldPanel(
                                    "suspended_until",
                                    help_text=_("Empty: until the state is changed."),
                                ),
                            ]
                        ),
                        FieldPanel(
                            "house_rules_version",
                            help_text=_(
                                "The version that this person signed, such as 2024."
                            ),
                        ),
                    ],
                    heading=_("Membership"),
                ),
                MultiFieldPanel(
                    [
                        ConsentHistoryPanel(),
                        FieldPanel("wishes"),
                        FieldPanel("statement"),
                    ],
                    heading=_("Consent"),
                ),
                MultiFieldPanel(
                    [
                        FieldRowPanel(["quiet_from", "quiet_until"]),
                        FieldRowPanel(["away_from", "away_until"]),
                    ],
                    heading=_("Quiet hours and absence"),
                    help_text=_(
                        "Tips wait until the quiet hours are over or the member is "
                        "back. A warning of the police comes at any time."
                    ),
                ),
                MultiFieldPanel(
                    [DeliveryHistoryPanel()],
                    heading=_("Last messages"),
                    attrs={"id": "last-messages"},
                ),
            ],
            base_form_class=MemberForm,
        )
