"""Where a dispatch stands and what can be done about it, in words and buttons."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail_bin.admin.labels import moment
from wagtail_bin.admin.notices import Notice
from wagtail_bin.admin.one_dispatch import Sight
from wagtail_bin.dispatch.progress import (
    FAILED_STATES,
    Progress,
    Situation,
    next_attempt,
)
from wagtail_bin.models import ChannelName, ChannelState, Delivery, Dispatch

State = Delivery.State
SECONDARY = "button-secondary"


@dataclasses.dataclass(frozen=True)
class Act:
    """A button of the dispatch page.

    Attributes:
        is_post: it acts at once; else it leads to another screen.
        style: Wagtail's classes.
    """

    label: str
    url: str
    icon: str
    is_post: bool = True
    style: str = SECONDARY


def situation_notice(
    dispatch: Dispatch, progress: Progress, situation: Situation
) -> Notice:
    """Where it stands, in a sentence or two."""
    return _NOTICES[situation](dispatch, progress)


def _cancelled(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=_("Cancelled on %(when)s.") % {"when": moment(dispatch.cancelled_at)},
        text=_("%(sent)d had gone out before; those arrive. %(stopped)d were not sent.")
        % {
            "sent": progress.states.get(State.ACCEPTED, 0),
            "stopped": progress.states.get(State.CANCELLED, 0),
        },
    )


def _finished(dispatch: Dispatch, progress: Progress) -> Notice:
    accepted, bounced = progress.states.get(State.ACCEPTED, 0), progress.whole.bounced
    if accepted == progress.total and bounced:
        return Notice(
            title=_("Done."),
            text=ngettext(
                "All %(total)d messages were handed over; %(bounced)d came back "
                "afterwards. The coordinator finds it under “Addresses to check”.",
                "All %(total)d messages were handed over; %(bounced)d came back "
                "afterwards. The coordinator finds them under “Addresses to check”.",
                bounced,
            )
            % {"total": accepted, "bounced": bounced},
        )
    if accepted == progress.total:
        return Notice(
            title=_("Done."),
            text=ngettext(
                "The message to %(number)d member was handed over.",
                "The messages to all %(number)d members were handed over.",
                accepted,
            )
            % {"number": accepted},
            level="info",
        )
    return Notice(
        title=_("Done, but not everybody was reached."),
        text=_("Below you see for each state what it means and what you can do."),
    )


def _trouble(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=_("Paused by itself on %(when)s, because of trouble.")
        % {"when": moment(dispatch.paused_at)},
        text=trouble_in_words(dispatch.pause_code),
        level="critical",
    )


def trouble_in_words(code: str) -> str:
    """Why a dispatch paused itself, and what to do."""
    known = {
        "bounces": _(
            "So many addresses turned out not to exist that mail servers would begin "
            "to take us for senders of spam. Look at the list of deliveries, correct "
            "the addresses, then resume."
        ),
        "complaints": _(
            "Several members reported the message as unwanted. Find out why before "
            "you resume: mail servers stop taking our messages otherwise."
        ),
    }
    return known.get(code) or _(
        "Resume when it is solved. The technical code is: %(code)s."
    ) % {"code": code}


def _paused(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=_("Paused since %(when)s.") % {"when": moment(dispatch.paused_at)},
        text=_("%(number)d still wait. They go out when somebody resumes it.")
        % {"number": progress.waiting},
    )


def _waits_for_page(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=_("Waits until the page is on the website."),
        text=_("Nothing is sent before readers can see it there."),
        level="info",
    )


def _scheduled(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=_("Will be sent on %(when)s.") % {"when": moment(dispatch.not_before)},
        text=ngettext(
            "To %(number)d member, as far as still a member then and willing.",
            "To %(number)d members, as far as still members then and willing.",
            progress.total,
        )
        % {"number": progress.total},
        level="info",
    )


def _to_hand_over(dispatch: Dispatch, progress: Progress) -> Notice:
    return Notice(
        title=ngettext(
            "%(number)d member still has to be handed over to the other platform.",
            "%(number)d members still have to be handed over to the other platform.",
            progress.to_hand_over,
        )
        % {"number": progress.to_hand_over},
        text=_("Somebody does that by hand: choose “Hand over”."),
    )


def _sending(dispatch: Dispatch, progress: Progress) -> Notice:
    later = next_attempt(dispatch)
    title = _("%(settled)d of %(total)d done.") % {
        "settled": progress.settled,
        "total": progress.total,
    }
    if later and not _is_on_its_way(progress):
        text = _(
            "The others wait for another attempt, for the end of somebody's quiet "
            "hours, or for a member to come back. The next one is due on %(when)s."
        ) % {"when": moment(later)}
    else:
        text = _("It is being sent. You may leave this page: it goes on.")
    return Notice(title=title, text=text, level="info")


def _is_on_its_way(progress: Progress) -> bool:
    states = progress.states
    return bool(states.get(State.CLAIMED) or states.get(State.SENDING))


_NOTICES = {
    Situation.CANCELLED: _cancelled,
    Situation.FINISHED: _finished,
    Situation.TROUBLE: _trouble,
    Situation.PAUSED: _paused,
    Situation.WAITS_FOR_PAGE: _waits_for_page,
    Situation.SCHEDULED: _scheduled,
    Situation.TO_HAND_OVER: _to_hand_over,
    Situation.SENDING: _sending,
}


def resting_notices(dispatch: Dispatch) -> list[Notice]:
    """Channels of the dispatch that do not work at the moment."""
    now = timezone.now()
    return [
        _resting(state)
        for state in ChannelState.objects.filter(
            name__in=dispatch.channels, open_until__gt=now
        ).order_by("name")
    ]


def _resting(state: ChannelState) -> Notice:
    sentences = {
        ChannelName.EMAIL: _("The mail server does not take messages at the moment."),
        ChannelName.SMS: _("The SMS provider does not take messages at the moment."),
        ChannelName.VOICE: _("The telephone provider makes no calls at the moment."),
        ChannelName.SOCIAL: _("The social media take no posts at the moment."),
    }
    return Notice(
        title=sentences.get(
            ChannelName(state.name), _("A channel does not work at the moment.")
        ),
        text=_(
            "Not since %(since)s; the next try is at %(next)s. Nothing is lost: what "
            "waits goes out as soon as it works again. Technical code: %(code)s."
        )
        % {
            "since": moment(state.failing_since or state.open_until),
            "next": moment(state.open_until),
            "code": state.code or "–",
        },
    )


def acts_of(
    dispatch: Dispatch, progress: Progress, situation: Situation, sight: Sight
) -> Sequence[Act]:
    """The buttons, for who may press them."""
    if not sight.may_control:
        return []
    acts = _flow_acts(dispatch, situation)
    if situation is Situation.CANCELLED:
        return acts
    if ChannelName.HANDOVER in dispatch.channels and sight.may_hand_over:
        acts.append(_link(dispatch, "hand_over", _("Hand over"), "upload", style=""))
    failed = sum(progress.states.get(state, 0) for state in FAILED_STATES)
    if failed:
        label = ngettext(
            "Try the %(number)d that failed again",
            "Try the %(number)d that failed again",
            failed,
        ) % {"number": failed}
        acts.append(_post(dispatch, "retry", label, "rotate"))
    unknown = progress.states.get(State.UNKNOWN, 0)
    if unknown:
        label = ngettext(
            "Decide about %(number)d unknown",
            "Decide about %(number)d unknown",
            unknown,
        ) % {"number": unknown}
        acts.append(_link(dispatch, "resolve", label, "help"))
    return acts


def _flow_acts(dispatch: Dispatch, situation: Situation) -> list[Act]:
    """Stop it, and go on."""
    stop = _link(dispatch, "cancel", _("Stop it for good"), "cross", style="no")
    if situation in {Situation.SENDING, Situation.TO_HAND_OVER}:
        return [_post(dispatch, "pause", _("Pause"), "time", style=""), stop]
    if situation in {Situation.PAUSED, Situation.TROUBLE}:
        return [
            _post(dispatch, "resume", _("Resume"), "arrow-right", style=""),
            stop,
        ]
    do_not = _link(dispatch, "cancel", _("Do not send"), "cross", style="no")
    if situation is Situation.SCHEDULED:
        return [
            _link(
                dispatch,
                "reschedule",
                _("Send now, or at another moment"),
                "calendar-alt",
                style="",
            ),
            do_not,
        ]
    if situation is Situation.WAITS_FOR_PAGE:
        return [do_not]
    return []


def _post(
    dispatch: Dispatch, verb: str, label: str, icon: str, style: str = SECONDARY
) -> Act:
    return Act(label, _url(dispatch, verb), icon, style=style)


def _link(
    dispatch: Dispatch, verb: str, label: str, icon: str, style: str = SECONDARY
) -> Act:
    return Act(label, _url(dispatch, verb), icon, style=style, is_post=False)


def _url(dispatch: Dispatch, verb: str) -> str:
    return reverse(f"wagtail_bin_admin:dispatch_{verb}", args=[dispatch.pk])
