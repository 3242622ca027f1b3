"""An editor confirms: the page is published and the ledger filled, or neither."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit, faults
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import clock, ledger_fill, tasks
from wagtail_bin.dispatch.audience import Audience, Terms, survey
from wagtail_bin.dispatch.compose import compose
from wagtail_bin.dispatch.four_eyes import check_four_eyes
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.exceptions import (
    AlreadyDispatched,
    AudienceChanged,
    DispatchError,
    NotAllowed,
)
from wagtail_bin.models import (
    PERSONAL_CHANNELS,
    ChannelName,
    Dispatch,
    Network,
)
from wagtail_bin.permissions import Capability, require


@dataclasses.dataclass(frozen=True)
class Approval:
    """An approved dispatch and the number of its recipients."""

    dispatch: Dispatch
    recipients: int


def newest_dispatch(page: Any) -> Dispatch | None:
    """The last dispatch of exactly this page, or None."""
    return Dispatch.objects.filter(page=page.pk).order_by("-approved_at").first()


def terms_of(
    *,
    page: Any,
    available: Sequence[str],
    channels: Sequence[str],
    not_before: dt.datetime | None = None,
) -> Terms:
    """On what terms a page goes out; the same for looking and for approving.

    Args:
        page: a page with a tip's mixin.
        available: languages the page has, the page's own first.
        channels: chosen ones, broadcasts among them, in the order of preference.
        not_before: when it is to be sent (default: now).
    """
    start = not_before or timezone.now()
    return Terms(
        available=tuple(available),
        channels=tuple(c for c in channels if c in PERSONAL_CHANNELS),
        purpose=page.purpose,
        on=timezone.localdate(start),
        until=timezone.localdate(start + _worth_sending_for(page.purpose)),
    )


def _worth_sending_for(purpose: str) -> dt.timedelta:
    return dt.timedelta(hours=conf.EXPIRES_HOURS[purpose])


def approve_dispatch(
    *,
    page: Any,
    networks: Sequence[Network],
    user: Any,
    expected_recipients: int,
    seen_dispatch: uuid.UUID | None = None,
    channels: Sequence[str] = (ChannelName.EMAIL,),
    not_before: dt.datetime | None = None,
) -> Approval:
    """Publish a page's latest revision and store what must be sent, in one go.

    Nothing is sent here: the ledger is committed, then the queue is rung.

    Args:
        page: a page with a tip's mixin; its latest revision is what goes out.
        networks: to whose members.
        user: who confirms; must be allowed to publish the page and to send to
            each of the networks.
        expected_recipients: the number that the user saw and confirmed.
        seen_dispatch: id of the page's newest dispatch when the user looked.
            Another one since then means a second click or a second editor.
        channels: in the order of preference; each member gets the page by the
            first that reaches them, and each broadcast is posted once.
        not_before: when to send (aware); None: at once. Who gets it is decided
            now; who may still get it, when it is sent.

    Raises:
        NotAllowed: no mandate for one of the networks, or no right to publish.
        AlreadyDispatched: somebody, perhaps the same click, was first.
        AudienceChanged: the number of recipients is no longer the one seen.
        NeedsColleague: the user wrote the page, and a municipality wants
            somebody else to confirm it.
        DispatchError: nobody can be reached, or the page cannot go live now.
        ValidationError: the page misses something it needs.
    """
    require(user, Capability.SEND, *networks)
    now = clock.now()
    start = max(not_before or now, now)
    with transaction.atomic():
        ledger_fill.do_not_compile()
        locked = type(page)._default_manager.select_for_update(of=("self",))
        page = locked.get(pk=page.pk)
        newest = newest_dispatch(page)
        if newest is not None and newest.pk != seen_dispatch:
            raise AlreadyDispatched(_("This page has just been sent."))
        networks = list(
            Network.objects.filter(pk__in=[n.pk for n in networks]).select_related(
                "municipality"
            )
        )
        check_four_eyes(page, networks, user)
        # A page made by a program may have none yet.
        revision = page.get_latest_revision() or page.save_revision()
        content = _publish(page, revision, user, start)
        ready = page_languages(content).ready
        terms = terms_of(
            page=content, available=tuple(ready), channels=channels, not_before=start
        )
        audience = survey(networks=networks, terms=terms)
        _check(audience.total, expected_recipients)
        dispatch = Dispatch.objects.create(
            page_id=content.pk,
            revision=revision,
            title=content.title,
            purpose=content.purpose,
            channels=list(channels),
            approved_by=user if user.pk else None,
            not_before=start,
            awaits_page=not content.live,
            expires_at=start + _worth_sending_for(content.purpose),
            unreachable=audience.unreachable,
        )
        dispatch.networks.set(networks)
        _store_messages(dispatch, ready, audience, revision)
        # On PostgreSQL the two statements may see different members.
        filled = ledger_fill.fill(dispatch, networks, terms)
        _check(filled, expected_recipients)
        posts = ledger_fill.add_broadcasts(dispatch, language=next(iter(ready)))
        dispatch.recipients = filled + posts
        dispatch.save(update_fields=["recipients"])
        log(instance=content, action=audit.SEND, user=user, revision=revision)
        if not dispatch.awaits_page and start == now:
            transaction.on_commit(partial(faults.point, "K2"))
            transaction.on_commit(partial(tasks.ring_all_for, str(dispatch.pk)))
        faults.point("K1")
    return Approval(dispatch, audience.total)


def _publish(page: Any, revision: Any, user: Any, start: dt.datetime) -> Any:
    """Publish the revision and return the page in that state."""
    permissions = page.permissions_for_user(user)
    if not permissions.can_publish():
        raise NotAllowed("publish")
    if permissions.page_locked():
        raise DispatchError(
            _("This page is locked. Unlock it, or ask the person who locked it.")
        )
    content = revision.as_object()
    if content.go_live_at and content.go_live_at > start:
        raise DispatchError(
            _(
                "This page goes live only on %(when)s. Choose to send it then or "
                "later, or remove that date first."
            )
            % {
                "when": timezone.localtime(content.go_live_at).strftime(
                    "%d/%m/%Y %H:%M"
                )
            }
        )
    if not page.full_url:
        raise DispatchError(
            _("This page belongs to no website, so that nobody could read it there.")
        )
    if content.expire_at and content.expire_at <= start:
        raise DispatchError(
            _(
                "This page expires before it would be sent. Change its expiry date "
                "first."
            )
        )
    content.full_clean()
    revision.publish(user=user)
    content.refresh_from_db(fields=["live", "live_revision", "url_path"])
    return content


def _check(actual: int, expected: int) -> None:
    if actual == 0:
        raise DispatchError(
            _("None of the members of these BINs can be reached this way.")
        )
    if actual != expected:
        raise AudienceChanged(
            _(
                "The number of recipients has changed from %(expected)d to "
                "%(actual)d since you opened this page. Look again and confirm."
            )
            % {"expected": expected, "actual": actual}
        )


def _store_messages(
    dispatch: Dispatch, ready: Mapping[str, Any], audience: Audience, revision: Any
) -> None:
    """Freeze the content, for each channel and layout that somebody gets."""
    wanted = set(audience.parts)
    if ChannelName.SOCIAL in dispatch.channels:
        wanted.add((ChannelName.SOCIAL, next(iter(ready))))
    for channel, layout in list(wanted):
        if channel == ChannelName.HANDOVER:
            # The other platform sends it as an SMS or reads it aloud.
            wanted |= {(ChannelName.SMS, layout), (ChannelName.VOICE, layout)}
            wanted.discard((channel, layout))
    for channel, layout in sorted(wanted):
        message = compose(pages=ready, layout=layout, channel=channel)
        message.dispatch = dispatch
        message.revision = ready[layout.partition("+")[0]].live_revision or revision
        message.save()


__all__ = [
    "Approval",
    "ValidationError",
    "approve_dispatch",
    "newest_dispatch",
    "terms_of",
]
