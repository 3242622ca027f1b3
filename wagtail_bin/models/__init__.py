"""The schema: fields, constraints, QuerySets. A file per aggregate.

Files import each other in this direction only: organisation, mandates,
networks, charters, members, sanctions, segments, audit_log, imports, dispatches, officer_review,
deliveries, handovers, sending, themes, blocks, public_pages, tip_pages, plain_pages,
finder, bin_pages.
"""

from wagtail_bin.models.audit_log import OF_SANCTIONS, MemberLogEntry
from wagtail_bin.models.bin_pages import (
    BINIndexPage,
    BINIndexPageMixin,
    BINPage,
    BINPageMixin,
)
from wagtail_bin.models.charters import Charter
from wagtail_bin.models.deliveries import Delivery, DeliveryEvent
from wagtail_bin.models.dispatches import Dispatch, DispatchMessage
from wagtail_bin.models.handovers import Handover
from wagtail_bin.models.imports import ColumnMapping, ImportRow, MemberImport
from wagtail_bin.models.mandates import (
    OFFICER_BY_CHARTER,
    Mandate,
    MandateState,
    Office,
    Role,
)
from wagtail_bin.models.members import (
    PERSONAL_CHANNELS,
    ChannelName,
    Consent,
    Member,
    Purpose,
    Suppression,
)
from wagtail_bin.models.networks import Network, NetworkStreet
from wagtail_bin.models.officer_review import OfficerReviewTask
from wagtail_bin.models.organisation import (
    Language,
    Municipality,
    PoliceZone,
    Postcode,
)
from wagtail_bin.models.plain_pages import (
    ContactPage,
    ContactPageMixin,
    FoundingPage,
    FoundingPageMixin,
)
from wagtail_bin.models.public_pages import (
    PublicPageMixin,
    SentPageMixin,
    lead_of,
    model_of,
    page_beside,
    register_message_preview,
    valid_on_a_day,
)
from wagtail_bin.models.sanctions import Sanction, SanctionLift
from wagtail_bin.models.segments import Segment
from wagtail_bin.models.sending import (
    ChannelState,
    DomainState,
    NetworkNotice,
    SendingSwitch,
    WorkerHeartbeat,
)
from wagtail_bin.models.themes import Theme
from wagtail_bin.models.tip_pages import (
    Season,
    TipIndexPage,
    TipIndexPageMixin,
    TipPage,
    TipPageMixin,
)

__all__ = [
    "OFFICER_BY_CHARTER",
    "OF_SANCTIONS",
    "PERSONAL_CHANNELS",
    "BINIndexPage",
    "BINIndexPageMixin",
    "BINPage",
    "BINPageMixin",
    "ChannelName",
    "ChannelState",
    "Charter",
    "ColumnMapping",
    "Consent",
    "Delivery",
    "DeliveryEvent",
    "Dispatch",
    "DispatchMessage",
    "DomainState",
    "Handover",
    "ImportRow",
    "Language",
    "Mandate",
    "MandateState",
    "Member",
    "MemberImport",
    "MemberLogEntry",
    "Municipality",
    "Network",
    "NetworkNotice",
    "NetworkStreet",
    "Office",
    "PoliceZone",
    "Postcode",
    "Purpose",
    "Role",
    "Sanction",
    "SanctionLift",
    "Segment",
    "SendingSwitch",
    "SentPageMixin",
    "Suppression",
    "Theme",
    "TipIndexPage",
    "TipIndexPageMixin",
    "TipPage",
    "TipPageMixin",
    "WorkerHeartbeat",
    "ContactPage",
    "ContactPageMixin",
    "FoundingPage",
    "FoundingPageMixin",
    "PublicPageMixin",
    "Season",
    "lead_of",
    "model_of",
    "page_beside",
    "valid_on_a_day",
    "OfficerReviewTask",
    "register_message_preview",
]
