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


class NeedsColleague(DispatchError):  # noqa: N818
    """Who wrote a page may not be the one who confirms it."""


class ImportRejected(WagtailBinError):  # noqa: N818
    """A member list as a whole cannot be read. Nothing of it was written."""


class ImportBusy(ImportRejected):
    """Another list is on its way into this network, or out of it. Try again later."""


class PlanOutdated(ImportRejected):
    """Another list came in since the plan was made. It is made anew: look at it."""


class LinkInvalid(WagtailBinError):  # noqa: N818
    """A personal link is malformed, forged or for something else."""


class SanctionRefused(WagtailBinError):  # noqa: N818
    """A sanction cannot be imposed or lifted like this. Nothing has changed.

    Args:
        message: why, and the way out.
        field: of the form that it is about; empty: of none.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class SuppressionStays(WagtailBinError):  # noqa: N818
    """No person may lift what keeps an address from being written to."""


class UnsafeMessage(WagtailBinError):  # noqa: N818
    """A message breaks the rule of one recipient and clean headers."""
