"""What a provider says of a message after the call that sent it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum


class EventKind(enum.Enum):
    """What happened, in the words of every provider."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    SOFT_BOUNCE = "soft_bounce"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"
    REJECTED = "rejected"
    OTHER = "other"


@dataclasses.dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing that a provider reported. It holds no address.

    Attributes:
        source: which provider says so, as in :class:`~.base.Receipt`.
        event_id: the same for each repetition of the report, and for no other
            event of ``source``.
        kind: what happened.
        reference: our own id, where the provider handed it back; else empty.
        provider_id: the provider's id of the message; may be empty.
        code: the provider's word or number for it.
        at: when it happened, aware; ``None`` where the provider does not say.
        is_permanent: the address will never do, so that it may be suppressed;
            a ``HARD_BOUNCE`` always is, a ``REJECTED`` only where the reason
            lies with the address.
    """

    source: str
    event_id: str
    kind: EventKind
    reference: str = ""
    provider_id: str = ""
    code: str = ""
    at: dt.datetime | None = None
    is_permanent: bool = False
