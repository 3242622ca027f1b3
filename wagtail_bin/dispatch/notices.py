"""Telling people what they must look after: by mail, without personal data.

Noted where it happens, told by the sweep: a webhook does not wait for a mail
server. Each notice is taken before it is sent, so that two sweeps send one.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from wagtail_bin.conf import conf
from wagtail_bin.dispatch.clock import after
from wagtail_bin.membership.worklist import with_problems
from wagtail_bin.models import (
    ChannelName,
    ChannelState,
    Delivery,
    Dispatch,
    Mandate,
    Member,
    Network,
    NetworkNotice,
    Role,
)
from wagtail_bin.permissions import Capability, holders
from wagtail_bin.validators import clean_text

logger = logging.getLogger(__name__)

LIST_OWNERS = (Role.COORDINATOR, Role.DEPUTY_COORDINATOR)
# RFC 3834: no machine answers it.
HEADERS = {"Auto-Submitted": "auto-generated"}
# When mail cannot be sent, it is tried again after so many seconds.
TRY_AGAIN_AFTER = 3600
FAILED = "wagtail_bin.notices.failed"


@dataclasses.dataclass(frozen=True)
class Notice:
    """A subject and a plain text, in the language active when it was made."""

    subject: str
    text: str


class NotSent(Exception):  # noqa: N818
    """Nobody could be told; to be tried again."""


@dataclasses.dataclass(frozen=True)
class Told:
    """How many notices were sent, by what they are about."""

    networks: int = 0
    dispatches: int = 0
    channels: int = 0


def tell() -> Told:
    """Send the notices that are due. May run at any time, in any number."""
    if cache.get(FAILED):
        return Told()
    return Told(
        networks=tell_coordinators(),
        dispatches=tell_senders(),
        channels=tell_of_channels(),
    )


def tell_coordinators() -> int:
    """Tell of members whom nothing reaches: once a day and network at most.

    Returns:
        Number of networks of which somebody was told.
    """
    told = 0
    waiting = NetworkNotice.objects.filter(due_at__lte=Now())
    for notice in waiting.select_related("network"):
        mine = NetworkNotice.objects.filter(pk=notice.pk, due_at__lte=Now())
        if not mine.update(due_at=None, told_at=timezone.now()):
            continue
        network = notice.network
        try:
            told += _send(coordinators_of(network), partial(_bad_addresses, network))
        except NotSent:
            NetworkNotice.objects.filter(pk=notice.pk).update(due_at=Now())
    return told


def tell_senders() -> int:
    """Tell whoever sent a dispatch that it met with trouble.

    Returns:
        Number of dispatches of which somebody was told.
    """
    told = 0
    for dispatch in Dispatch.objects.filter(tripped_at__isnull=False, told_at=None):
        mine = Dispatch.objects.filter(pk=dispatch.pk, told_at=None)
        if not mine.update(told_at=timezone.now()):
            continue
        try:
            told += _send(senders_of([dispatch]), partial(_trouble, dispatch))
        except NotSent:
            Dispatch.objects.filter(pk=dispatch.pk).update(told_at=None)
    return told


def tell_of_channels() -> int:
    """Tell of channels that have not worked for long, and of what waits for them.

    Returns:
        Number of channels of which somebody was told.
    """
    told = 0
    failing = ChannelState.objects.filter(
        failing_since__lte=after(-3600 * conf.BREAKER_TELL_HOURS), told_at=None
    )
    for state in failing:
        waiting = [d for d in Dispatch.objects.open() if state.name in d.channels]
        mine = ChannelState.objects.filter(pk=state.pk, told_at=None)
        if not waiting or not mine.update(told_at=timezone.now()):
            continue
        users = senders_of(waiting) | prevention_officers_of(waiting)
        try:
            told += _send(users, partial(_channel_fails, state, len(waiting)))
        except NotSent:
            ChannelState.objects.filter(pk=state.pk).update(told_at=None)
    return told


def coordinators_of(network: Network) -> QuerySet[Any]:
    """The users who keep a network's list; else its prevention officers."""
    owners = _holders([network], LIST_OWNERS)
    if owners.exists():
        return owners
    return _holders([network], [Role.PREVENTION_OFFICER])


def senders_of(dispatches: Iterable[Dispatch]) -> QuerySet[Any]:
    """Whoever confirmed the dispatches; where they no longer hold the office, who does.

    A superuser holds none and is told all the same.
    """
    users = get_user_model().objects.filter(is_active=True)
    found = users.none()
    for dispatch in dispatches:
        may = holders(dispatch.networks.all(), Capability.SEND)
        confirmed = users.filter(pk__in=[dispatch.approved_by_id])
        own = confirmed.filter(pk__in=may.values("pk"))
        own |= confirmed.filter(is_superuser=True)
        found |= own if own.exists() else may
    return found


def prevention_officers_of(dispatches: Iterable[Dispatch]) -> QuerySet[Any]:
    """The prevention officers of the networks that dispatches go to."""
    networks = Network.objects.filter(dispatches__in=list(dispatches))
    return _holders(networks, [Role.PREVENTION_OFFICER])


def _holders(networks: Iterable[Network], roles: Iterable[Role]) -> QuerySet[Any]:
    """Users with an active mandate of one of the offices that covers a network."""
    held = Mandate.objects.active().covering(networks).filter(role__in=list(roles))
    users = get_user_model().objects.filter(is_active=True)
    return users.filter(pk__in=held.values("user"))


def _send(users: QuerySet[Any], write: Callable[[], Notice | None]) -> bool:
    """Send a notice to each user, in the user's language.

    Args:
        users: those without an address are left out.
        write: makes the notice; None: there is nothing to tell any more.

    Returns:
        Whether somebody was told.

    Raises:
        NotSent: there was somebody, and no mail could be sent.
    """
    told = False
    tried = False
    field = get_user_model().get_email_field_name()
    for user in users.exclude(**{field: ""}).distinct():
        with translation.override(_language_of(user)):
            notice = write()
        if notice is None:
            break
        tried = True
        mail = EmailMessage(
            subject=clean_text(notice.subject),
            body=notice.text,
            from_email=conf.from_email,
            to=[getattr(user, field)],
            headers=HEADERS,
        )
        try:
            mail.send()
        except Exception as error:  # noqa: BLE001 -- as many kinds as there are backends
            # The kind only: its text may hold the address.
            logger.error("A notice was not sent: %s", type(error).__name__)  # noqa: TRY400
        else:
            told = True
    if tried and not told:
        cache.set(FAILED, True, TRY_AGAIN_AFTER)  # noqa: FBT003
        raise NotSent
    return told


def _language_of(user: Any) -> str | None:
    profile = getattr(user, "wagtail_userprofile", None)
    return profile.get_preferred_language() if profile else translation.get_language()


def _bad_addresses(network: Network) -> Notice | None:
    members = with_problems(Member.objects.filter(network=network))
    count = members.order_by().count()
    if not count:
        return None
    facts = {"network": network.name, "count": count, "url": _url("worklist")}
    return Notice(
        subject=_("%(network)s: members who cannot be reached") % facts,
        text=_(
            "In %(network)s there are addresses that do not work, or from which a "
            "message was reported as unwanted.\n"
            "Number of members concerned: %(count)s.\n\n"
            "Here you see who they are, and can enter another address:\n%(url)s\n\n"
            "You get this message once a day at most."
        )
        % facts,
    )


def _trouble(dispatch: Dispatch) -> Notice:
    report = Delivery.Report
    rows = dispatch.deliveries.all()
    facts = {
        "title": dispatch.title,
        "accepted": rows.filter(state=Delivery.State.ACCEPTED).count(),
        "bounces": rows.filter(report=report.HARD_BOUNCE).count(),
        "complaints": rows.filter(report=report.COMPLAINT).count(),
        "url": _url("dispatch", dispatch.pk),
    }
    if dispatch.pause_code:
        subject = _("Paused: %(title)s")
        advice = _("It is paused. Look at it, then resume or cancel it:")
    else:
        subject = _("Many messages came back: %(title)s")
        advice = _("Look at it before you send to the same BINs again:")
    numbers = _(
        "Of “%(title)s”, %(accepted)s messages were handed over so far.\n"
        "Came back because the address does not exist: %(bounces)s.\n"
        "Reported as unwanted: %(complaints)s."
    )
    return Notice(
        subject=subject % facts,
        text=f"{numbers % facts}\n\n{advice}\n{facts['url']}",
    )


def _channel_fails(state: ChannelState, waiting: int) -> Notice:
    since = timezone.localtime(state.failing_since)
    facts = {
        "channel": ChannelName(state.name).label,
        "since": date_format(since, "SHORT_DATETIME_FORMAT"),
        "count": waiting,
        "url": _url("dispatch_index"),
    }
    return Notice(
        subject=_("Nothing can be sent by %(channel)s") % facts,
        text=_(
            "Since %(since)s nothing could be sent by %(channel)s.\n"
            "Number of dispatches that wait for it: %(count)s.\n\n"
            "It is tried again by itself, and nothing is lost; but what waits for "
            "too long is given up:\n%(url)s"
        )
        % facts,
    )


def _url(name: str, *args: Any) -> str:
    """The absolute address of one of our admin screens, or of the admin."""
    try:
        path = reverse(f"wagtail_bin_admin:{name}", args=args)
    except NoReverseMatch:
        path = reverse("wagtailadmin_home")
    return f"{conf.admin_base_url}{path}"
