"""The schema: fields, constraints, QuerySets. A file per aggregate.

Files import each other in this direction only: organisation, mandates,
networks, members, audit_log, imports, dispatches, themes, blocks, pages.
"""

from wagtail_bin.models.audit_log import MemberLogEntry
from wagtail_bin.models.dispatches import (
    Delivery,
    DeliveryEvent,
    Dispatch,
    DispatchMessage,
    WorkerHeartbeat,
)
from wagtail_bin.models.imports import MemberImport, RefusedRow
from wagtail_bin.models.mandates import Mandate, Role
from wagtail_bin.models.members import (
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
from wagtail_bin.models.themes import Theme

__all__ = [
    "BINIndexPage",
    "BINIndexPageMixin",
    "BINPage",
    "BINPageMixin",
    "ChannelName",
    "Consent",
    "Delivery",
    "DeliveryEvent",
    "Dispatch",
    "DispatchMessage",
    "Language",
    "Mandate",
    "Member",
    "MemberImport",
    "MemberLogEntry",
    "Municipality",
    "Network",
    "NetworkStreet",
    "PoliceZone",
    "Postcode",
    "Purpose",
    "RefusedRow",
    "Role",
    "SentPageMixin",
    "Suppression",
    "Theme",
    "TipIndexPage",
    "TipIndexPageMixin",
    "TipPage",
    "TipPageMixin",
    "WorkerHeartbeat",
]
