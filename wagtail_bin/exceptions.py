"""What can go wrong, as one tree. Configuration errors stand outside it.

Messages may be shown to users; they name the thing and the way out, and never
carry a member's data.
"""


class WagtailBinError(Exception):
    """Base of every error that this app raises on purpose."""


class NotAllowed(WagtailBinError):  # noqa: N818 -- reads as a sentence where it is raised
    """The acting user holds no mandate that covers what was asked."""


class DispatchError(WagtailBinError):
    """A page cannot be sent as asked."""


class AudienceChanged(DispatchError):  # noqa: N818
    """The audience is no longer the one that the editor saw and confirmed."""


class AlreadyDispatched(DispatchError):  # noqa: N818
    """Somebody sent this page since the editor opened the confirmation."""


class ImportRejected(WagtailBinError):  # noqa: N818
    """A member list as a whole cannot be read. Nothing of it was written."""


class LinkInvalid(WagtailBinError):  # noqa: N818
    """A personal link is malformed, forged or for something else."""


class SuppressionStays(WagtailBinError):  # noqa: N818
    """No person may lift what keeps an address from being written to."""


class UnsafeMessage(WagtailBinError):  # noqa: N818
    """A message breaks the rule of one recipient and clean headers."""
