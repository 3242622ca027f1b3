"""An editor confirms: the page is published and the ledger filled, or neither."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import CharField, F, IntegerField, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.conf import conf
from wagtail_bin.dispatch import tasks
from wagtail_bin.dispatch.audience import Audience, recipients, survey
from wagtail_bin.dispatch.compose import compose
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.exceptions import (
    AlreadyDispatched,
    AudienceChanged,
    DispatchError,
    NotAllowed,
)
from wagtail_bin.models import (
    ChannelName,
    Delivery,
    Dispatch,
    Network,
    Purpose,
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


def approve_dispatch(
    *,
    page: Any,
    networks: Sequence[Network],
    user: Any,
    expected_recipients: int,
    seen_dispatch: uuid.UUID | None = None,
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

    Raises:
        NotAllowed: no mandate for one of the networks, or no right to publish.
        AlreadyDispatched: somebody, perhaps the same click, was first.
        AudienceChanged: the number of recipients is no longer the one seen.
        DispatchError: nobody can be reached, or the page cannot go live now.
        ValidationError: the page misses something it needs.
    """
    require(user, Capability.SEND, *networks)
    with transaction.atomic():
        locked = type(page)._default_manager.select_for_update(of=("self",))
        page = locked.get(pk=page.pk)
        newest = newest_dispatch(page)
        if newest is not None and newest.pk != seen_dispatch:
            raise AlreadyDispatched(_("This page has just been sent."))
        # A page made by a program may have none yet.
        revision = page.get_latest_revision() or page.save_revision()
        content = _publish(page, revision, user)
        ready = page_languages(content).ready
        networks = list(
            Network.objects.filter(pk__in=[n.pk for n in networks]).select_related(
                "municipality"
            )
        )
        audience = survey(networks=networks, available=tuple(ready))
        _check(audience, expected_recipients)
        dispatch = _store(content, revision, user, networks, audience)
        for layout in audience.languages:
            message = compose(pages=ready, layout=layout)
            message.dispatch = dispatch
            message.revision = ready[layout.partition("+")[0]].live_revision or revision
            message.save()
        count = _fill_ledger(dispatch, networks, tuple(ready))
        log(instance=content, action=audit.SEND, user=user, revision=revision)
        transaction.on_commit(partial(tasks.ring_all_for, str(dispatch.pk)))
    return Approval(dispatch, count)


def _publish(page: Any, revision: Any, user: Any) -> Any:
    """Publish the revision and return the page in that state."""
    permissions = page.permissions_for_user(user)
    if not permissions.can_publish():
        raise NotAllowed("publish")
    if permissions.page_locked():
        raise DispatchError(
            _("This page is locked. Unlock it, or ask the person who locked it.")
        )
    content = revision.as_object()
    if content.go_live_at and content.go_live_at > timezone.now():
        raise DispatchError(
            _(
                "This page goes live only on %(when)s. Send it then, or remove "
                "that date first."
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
    if content.expire_at and content.expire_at <= timezone.now():
        raise DispatchError(
            _("This page has expired. Change its expiry date before you send it.")
        )
    content.full_clean()
    revision.publish(user=user)
    content.refresh_from_db(fields=["live", "live_revision", "url_path"])
    return content


def _check(audience: Audience, expected: int) -> None:
    if audience.total == 0:
        raise DispatchError(
            _("None of the members of these BINs can be reached by e-mail.")
        )
    if audience.total != expected:
        raise AudienceChanged(
            _(
                "The number of recipients has changed from %(expected)d to "
                "%(actual)d since you opened this page. Look again and confirm."
            )
            % {"expected": expected, "actual": audience.total}
        )


def _store(
    page: Any,
    revision: Any,
    user: Any,
    networks: Sequence[Network],
    audience: Audience,
) -> Dispatch:
    dispatch = Dispatch.objects.create(
        page_id=page.pk,
        revision=revision,
        title=page.title,
        purpose=Purpose.TIPS,
        approved_by=user if user.pk else None,
        expires_at=timezone.now() + dt.timedelta(hours=conf.TIP_EXPIRES_HOURS),
        unreachable=audience.unreachable,
    )
    dispatch.networks.set(networks)
    return dispatch


LEDGER_COLUMNS = {
    "dispatch": "dispatch_id",
    "member": "member_id",
    "network": "network_id",
    "channel": "channel",
    "language": "language",
    "state": "state",
    "attempt": "attempt",
    "due_at": "due_at",
    "claimed_by": "claimed_by",
    "address": "address",
    "provider_id": "provider_id",
    "code": "code",
}


def _fill_ledger(
    dispatch: Dispatch, networks: Sequence[Network], available: Sequence[str]
) -> int:
    """One INSERT … SELECT: a row per recipient, however many there are."""
    selected = (
        recipients(networks=networks, available=available)
        .filter(unreachable="")
        .order_by()
        .values_list(
            Value(dispatch.pk, output_field=Dispatch._meta.pk),
            F("pk"),
            F("network"),
            Value(ChannelName.EMAIL, output_field=CharField()),
            F("layout"),
            Value(Delivery.State.QUEUED, output_field=CharField()),
            Value(0, output_field=IntegerField()),
            Now(),
            *(Value("", output_field=CharField()) for _column in range(4)),
        )
    )
    sql, parameters = selected.query.get_compiler(connection=connection).as_sql()
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in LEDGER_COLUMNS.values())
    table = quote(Delivery._meta.db_table)
    with connection.cursor() as cursor:
        # Table and column names are ours; all values are parameters.
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql}", parameters)
        return int(cursor.rowcount)


__all__ = ["Approval", "ValidationError", "approve_dispatch", "newest_dispatch"]
