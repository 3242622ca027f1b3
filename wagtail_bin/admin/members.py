"""Member lists in the admin, each within its networks."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    ObjectList,
)
from wagtail.snippets.views import snippets

from wagtail_bin import audit
from wagtail_bin.admin.member_form import MemberForm
from wagtail_bin.admin.member_list import COLUMNS, MemberIndexView
from wagtail_bin.admin.member_panels import (
    ConsentHistoryPanel,
    DeliveryHistoryPanel,
    HouseholdPanel,
    SanctionsPanel,
    may_see_sanctions,
)
from wagtail_bin.admin.member_search import SEARCH_FIELDS
from wagtail_bin.admin.private import PrivateMixin
from wagtail_bin.admin.scope import ScopedSnippetViewSet
from wagtail_bin.models import OF_SANCTIONS, Member, MemberLogEntry


class NamedMixin(PrivateMixin):
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

    def save_instance(self) -> Member:
        """Save, and note which fields changed: never what they hold."""
        before = self.form.initial["state"]
        self.action_class(
            self.form.instance, user=self.request.user, form=self.form, log_action=None
        ).execute(skip_permission_checks=True)
        member: Member = self.form.instance
        fields = {f.name for f in Member._meta.fields} & set(self.form.changed_data)
        data: dict[str, Any] = {}
        if member.state != before:
            fields.add("state")
            data["state"] = member.state
        if fields:
            noted = [(member, {"fields": sorted(fields), **data})]
            MemberLogEntry.objects.log_each(
                audit.CHANGE_MEMBER, noted, user=self.request.user
            )
        return member


class MemberHistoryView(NamedMixin, snippets.HistoryView):
    """What happened to a member, without a word about the person."""

    def get_base_queryset(self) -> QuerySet[Any]:
        """Sanctions too, for those who may see them."""
        entries: QuerySet[Any] = super().get_base_queryset()
        if may_see_sanctions(self.request.user, self.object):
            return entries
        return entries.exclude(action__in=OF_SANCTIONS)


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
    index_template_name = MemberIndexView.template_name
    index_results_template_name = MemberIndexView.results_template_name
    add_view_class = MemberCreateView
    edit_view_class = MemberEditView
    delete_view_class = MemberDeleteView
    history_view_class = MemberHistoryView
    search_fields = SEARCH_FIELDS
    list_per_page = 50
    list_display = COLUMNS

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
                        HouseholdPanel(),
                    ],
                    heading=_("Address"),
                ),
                MultiFieldPanel(
                    [
                        "network",
                        "state",
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
                SanctionsPanel(heading=_("Sanctions")),
                MultiFieldPanel(
                    [DeliveryHistoryPanel()],
                    heading=_("Last messages"),
                    attrs={"id": "last-messages"},
                ),
            ],
            base_form_class=MemberForm,
        )
