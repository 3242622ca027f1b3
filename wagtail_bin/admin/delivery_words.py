"""What is known of one delivery, and what to do about it, in words."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.translation import gettext as _

from wagtail_bin.models import ChannelName, Delivery

State = Delivery.State
Report = Delivery.Report


@dataclasses.dataclass(frozen=True)
class Explanation:
    """One delivery in words.

    Attributes:
        tone: ``good``, ``bad`` or empty, for the colour of the tag.
        when: since when it is so; for what waits, when it is tried.
    """

    label: str
    advice: str = ""
    tone: str = ""
    when: dt.datetime | None = None


def explain(delivery: Delivery) -> Explanation:
    """What is known of a delivery, whose dispatch is loaded."""
    if delivery.state == State.QUEUED and delivery.dispatch.cancelled_at:
        # The sweep has yet to write it down.
        return dataclasses.replace(_cancelled(), when=delivery.dispatch.cancelled_at)
    if delivery.state == State.ACCEPTED:
        found = _accepted(delivery)
    else:
        found = _not_accepted(delivery)
    is_waiting = delivery.state == State.QUEUED
    when = delivery.due_at if is_waiting else delivery.settled_at
    return dataclasses.replace(found, when=when)


def _accepted(delivery: Delivery) -> Explanation:
    if delivery.report:
        return _REPORTS[Report(delivery.report)]()
    if delivery.code == "by_hand":
        return Explanation(_("Taken for sent, by a person"), tone="good")
    if delivery.channel == ChannelName.HANDOVER:
        return Explanation(_("Handed over to the other platform"), tone="good")
    if delivery.channel == ChannelName.SOCIAL:
        return Explanation(_("Posted"), tone="good")
    if delivery.channel == ChannelName.EMAIL:
        return Explanation(
            _("Handed over to the mail server"),
            _("Not in the inbox? Let the member look among unwanted mail."),
            tone="good",
        )
    return Explanation(_("Handed over to the telephone company"), tone="good")


def _delivered() -> Explanation:
    return Explanation(_("Delivered"), tone="good")


def _deferred() -> Explanation:
    return Explanation(
        _("Delayed"), _("The other side takes its time; it is tried again by itself.")
    )


def _soft_bounce() -> Explanation:
    return Explanation(
        _("Came back, for now"),
        _("The mailbox may be full. If it goes on, ask for another address."),
        tone="bad",
    )


def _hard_bounce() -> Explanation:
    return Explanation(
        _("Came back"),
        _("The address does not exist. Ask the member for another one."),
        tone="bad",
    )


def _complaint() -> Explanation:
    return Explanation(
        _("Reported as unwanted"),
        _("The member gets no more of this. Ask what was wrong."),
        tone="bad",
    )


_REPORTS = {
    Report.DELIVERED: _delivered,
    Report.DEFERRED: _deferred,
    Report.SOFT_BOUNCE: _soft_bounce,
    Report.HARD_BOUNCE: _hard_bounce,
    Report.COMPLAINT: _complaint,
}


def _not_accepted(delivery: Delivery) -> Explanation:
    state = State(delivery.state)
    if state is State.QUEUED:
        return _queued(delivery)
    if state is State.REJECTED:
        return Explanation(
            _("Refused"),
            _("The other side refuses the address. Ask the member for another one."),
            tone="bad",
        )
    if state is State.UNKNOWN:
        return Explanation(
            _("Unknown"),
            _("Ask the member. It is not sent again by itself."),
            tone="bad",
        )
    if state is State.SUPPRESSED:
        return Explanation(
            _("Withheld"),
            _("The member left, unsubscribed, or has an address that failed before."),
        )
    if state is State.EXPIRED:
        return Explanation(
            _("Given up"),
            _("It could not be sent for too long. It can be tried again."),
            tone="bad",
        )
    if state is State.CANCELLED:
        return _cancelled()
    return Explanation(_("On its way"))


def _cancelled() -> Explanation:
    return Explanation(_("Stopped for good"), _("Stopped by a person."))


def _queued(delivery: Delivery) -> Explanation:
    if delivery.channel == ChannelName.HANDOVER:
        return Explanation(
            _("Waits to be handed over"), _("Somebody does that by hand.")
        )
    if delivery.code == "later":
        return Explanation(
            _("Waits"), _("For the end of quiet hours or of an absence.")
        )
    if delivery.attempt:
        return Explanation(_("Waits for another attempt"))
    return Explanation(_("Waits for its turn"))
