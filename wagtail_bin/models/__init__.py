"""The schema: fields, constraints, QuerySets. A file per aggregate.

Files import each other in this direction only: organisation, mandates,
networks, charters, members, sanctions, segments, audit_log, imports, dispatches,
officer_review, deliveries, handovers, sending, themes, blocks, public_pages, tip_pages, plain_pages,
finder, bin_pages, pages.
"""

from wagtail_bin.conf import conf
from wagtail_bin.models.audit_log import OF_SANCTIONS, MemberLogEntry
from wagtail_bin.models.bin_pages import (
    BINIndexPageMixin,
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
    ContactPageMixin,
    FoundingPageMixin,
)
from wagtail_bin.models.public_pages import (
    PublicPageMixin,
    SentPageMixin,
    base_page_model,
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
    TipIndexPageMixin,
    TipPageMixin,
)

__all__ = [
    "OFFICER_BY_CHARTER",
    "OF_SANCTIONS",
    "PERSONAL_CHANNELS",
    "BINIndexPageMixin",
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
    "TipIndexPageMixin",
    "TipPageMixin",
    "WorkerHeartbeat",
    "ContactPageMixin",
    "FoundingPageMixin",
    "PublicPageMixin",
    "Season",
    "base_page_model",
    "lead_of",
    "model_of",
    "page_beside",
    "valid_on_a_day",
    "OfficerReviewTask",
    "register_message_preview",
]

if conf.has_own_pages:
    from wagtail_bin.models.pages import (
        BINIndexPage,
        BINPage,
        ContactPage,
        FoundingPage,
        TipIndexPage,
        TipPage,
    )

    __all__ += [
        "BINIndexPage",
        "BINPage",
        "ContactPage",
        "FoundingPage",
        "TipIndexPage",
        "TipPage",
    ]
