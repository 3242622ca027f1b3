"""The schema: fields, constraints, QuerySets. A file per aggregate.

Files import each other in this direction only: organisation, mandates,
networks, members, audit_log, imports, dispatches, deliveries, handovers, sending,
themes, blocks, pages.
"""

from wagtail_bin.models.audit_log import MemberLogEntry
from wagtail_bin.models.deliveries import Delivery, DeliveryEvent
from wagtail_bin.models.dispatches import Dispatch, DispatchMessage
from wagtail_bin.models.handovers import Handover
from wagtail_bin.models.imports import MemberImport, RefusedRow
from wagtail_bin.models.mandates import Mandate, Role
from wagtail_bin.models.members import (
    PERSONAL_CHANNELS,
    ChannelName,
    Consent,
    Member,
    Purpose,
    Suppression,
)
from wagtail_bin.models.networks import Network, NetworkStreet
from wagtail_bin.models.organisation import (
    Language,
    Municipality,
    PoliceZone,
    Postcode,
)
from wagtail_bin.models.pages import (
    BINIndexPage,
    BINIndexPageMixin,
    BINPage,
    BINPageMixin,
    SentPageMixin,
    TipIndexPage,
    TipIndexPageMixin,
    TipPage,
    TipPageMixin,
)
from wagtail_bin.models.sending import (
    ChannelState,
    DomainState,
    NetworkNotice,
    SendingSwitch,
    WorkerHeartbeat,
)
from wagtail_bin.models.themes import Theme

__all__ = [
    "PERSONAL_CHANNELS",
    "BINIndexPage",
    "BINIndexPageMixin",
    "BINPage",
    "BINPageMixin",
    "ChannelName",
    "ChannelState",
    "Consent",
    "Delivery",
    "DeliveryEvent",
    "Dispatch",
    "DispatchMessage",
    "DomainState",
    "Handover",
    "Language",
    "Mandate",
    "Member",
    "MemberImport",
    "MemberLogEntry",
    "Municipality",
    "Network",
    "NetworkNotice",
    "NetworkStreet",
    "PoliceZone",
    "Postcode",
    "Purpose",
    "RefusedRow",
    "Role",
    "SendingSwitch",
    "SentPageMixin",
    "Suppression",
    "Theme",
    "TipIndexPage",
    "TipIndexPageMixin",
    "TipPage",
    "TipPageMixin",
    "WorkerHeartbeat",
]
