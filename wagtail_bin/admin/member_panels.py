"""What is known of a member besides the form: statements, and messages."""

from __future__ import annotations

from typing import Any

from wagtail.admin.panels import Panel

from wagtail_bin.admin.delivery_words import explain
from wagtail_bin.admin.labels import channel_label
from wagtail_bin.channels.registry import channel_names
from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import PERSONAL_CHANNELS, Member, Purpose
from wagtail_bin.permissions import Capability, networks_for

# Messages that are shown, the newest first.
MESSAGES = 10


def personal_channels() -> list[str]:
    """The channels by which this installation reaches members, in their order."""
    return [name for name in channel_names() if name in PERSONAL_CHANNELS]


class KnownMemberPanel(Panel):
    """A panel about a member who exists; nothing when one is added."""

    class BoundPanel(Panel.BoundPanel):
        """The panel for one member."""

        def is_shown(self) -> bool:
            """Only for a member who exists."""
            return self.instance.pk is not None


class ConsentHistoryPanel(KnownMemberPanel):
    """What the member said so far, newest first, and what arrives."""

    class BoundPanel(KnownMemberPanel.BoundPanel):
        """The panel for one member."""

        template_name = "wagtail_bin/admin/members/consent_history.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The statements; per purpose the channel, or why nothing is sent."""
            context = super().get_context_data(parent_context)
            context["consents"] = self.instance.consents.order_by("-pk")
            context["reached"] = [self.reach_for(purpose) for purpose in Purpose]
            return context

        def reach_for(self, purpose: Purpose) -> dict[str, str]:
            """How messages of one purpose reach the member."""
            member = with_reach(
                Member.objects.filter(pk=self.instance.pk),
                purpose=purpose,
                channels=personal_channels(),
            ).get()
            reason = member.unreachable
            return {
                "purpose": str(purpose.label),
                "channel": channel_label(member.channel) if member.channel else "",
                "unreachable": str(Unreachable(reason).label) if reason else "",
            }


class DeliveryHistoryPanel(KnownMemberPanel):
    """The last messages to the member, and what became of them."""

    class BoundPanel(KnownMemberPanel.BoundPanel):
        """The panel for one member."""

        template_name = "wagtail_bin/admin/members/delivery_history.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The messages in words."""
            context = super().get_context_data(parent_context)
            rows = self.instance.deliveries.select_related("dispatch")
            context["messages"] = [
                (row, explain(row)) for row in rows.order_by("-pk")[:MESSAGES]
            ]
            return context


def may_see_sanctions(user: Any, member: Member) -> bool:
    """Whether the member's sanctions are a user's business."""
    networks = networks_for(user, Capability.VIEW_SANCTIONS)
    return networks.filter(pk=member.network_id).exists()


class HouseholdPanel(KnownMemberPanel):
    """Who else is a member behind the same front door, in the same BIN."""

    class BoundPanel(KnownMemberPanel.BoundPanel):
        """The panel for one member."""

        template_name = "wagtail_bin/admin/members/household.html"

        def is_shown(self) -> bool:
            """Only where it is known in which house the member lives."""
            return super().is_shown() and bool(self.instance.household_key)

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The others."""
            context = super().get_context_data(parent_context)
            context["others"] = Member.objects.filter(
                network=self.instance.network_id,
                household_key=self.instance.household_key,
            ).exclude(pk=self.instance.pk)
            return context


class SanctionsPanel(KnownMemberPanel):
    """The sanctions of a member, for those with the mandate."""

    # Wagtail would make both of the heading, in whatever language comes first.
    clean_name = "sanctions"
    ANCHOR = "panel-sanctions-section"

    class BoundPanel(KnownMemberPanel.BoundPanel):
        """The panel for one member."""

        template_name = "wagtail_bin/admin/members/sanctions.html"

        def is_shown(self) -> bool:
            """Only to those who may see sanctions."""
            return super().is_shown() and may_see_sanctions(
                self.request.user, self.instance
            )

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The sanctions, newest first, and whether another may be imposed."""
            context = super().get_context_data(parent_context)
            context["member"] = self.instance
            context["sanctions"] = self.instance.sanctions.select_related(
                "lift", "officer", "coordinator"
            )
            networks = networks_for(self.request.user, Capability.IMPOSE_SANCTIONS)
            context["may_impose"] = networks.filter(
                pk=self.instance.network_id
            ).exists()
            return context
