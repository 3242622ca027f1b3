"""An office goes to somebody else: one mandate ends, the next begins.

The list of members, what there is to look after and the notices are the
network's, and go by mandate: nothing is copied, so that nothing can be lost.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.mandates.groups import sync_groups
from wagtail_bin.membership.worklist import with_problems
from wagtail_bin.models import Mandate, Member, Network
from wagtail_bin.permissions import Capability, holders

PERMISSIONS = ("wagtail_bin.add_mandate", "wagtail_bin.change_mandate")
DAY = dt.timedelta(days=1)
# What a network's page shows, to the same of a mandate.
PUBLIC = {
    "contact_name": "name",
    "contact_email": "public_email",
    "contact_phone": "public_phone",
}


@dataclasses.dataclass(frozen=True)
class Successor:
    """Who takes over, and what is said of them in public.

    Attributes:
        user: the account; None: there is none yet.
        public: ``public_email`` and ``public_phone`` of the new mandate; None:
            they stay what they are.
    """

    name: str
    user: Any = None
    screened_on: dt.date | None = None
    public: Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class MandateHandover:
    """What a hand-over does; made to be looked at, and then done.

    Attributes:
        ended: the mandate, with its last day.
        started: the new one; saved once it is done.
        public: what changes on the network's page: field to (old, new).
        public_later: whether that page still shows the old holder, since the new
            mandate begins on a later day.
        members: how many members there are in its networks.
        problems: how many of them have an address to look after.
        others: users who may look after the members too.
        also: other mandates of the successor in the same place; they go on.
    """

    ended: Mandate
    started: Mandate
    public: Mapping[str, tuple[str, str]]
    public_later: bool
    members: int
    problems: int
    others: int
    also: tuple[Mandate, ...]

    @property
    def has_gap(self) -> bool:
        """Whether nobody holds it for some days in between."""
        last = self.ended.ends_on
        return last is not None and last + DAY < self.started.starts_on


def may_hand_over(user: Any) -> bool:
    """Whether a user may give mandates and change them."""
    return bool(user.has_perms(PERMISSIONS))


def plan_handover(
    *, mandate: Mandate, successor: Successor, starts_on: dt.date
) -> MandateHandover:
    """What handing over would do. Changes nothing.

    Args:
        mandate: the one that ends.
        starts_on: first day of the new one; the old one ends the day before,
            unless it ends earlier anyway.

    Raises:
        ValidationError: it cannot be handed over so, with the reason by field.
    """
    _check_dates(mandate, starts_on)
    ended = Mandate.objects.get(pk=mandate.pk)
    ended.ends_on = min(filter(None, (ended.ends_on, starts_on - DAY)))
    kept = {"public_email": mandate.public_email, "public_phone": mandate.public_phone}
    started = Mandate(
        role=mandate.role,
        network=mandate.network,
        municipality=mandate.municipality,
        police_zone=mandate.police_zone,
        name=successor.name,
        user=successor.user,
        screened_on=successor.screened_on,
        starts_on=starts_on,
        **(kept if successor.public is None else successor.public),
    )
    started.full_clean()
    public = _public_changes(mandate, started)
    is_later = starts_on > timezone.localdate()
    members = Member.objects.filter(network__in=_networks_of(mandate))
    return MandateHandover(
        ended=ended,
        started=started,
        public={} if is_later else public,
        public_later=is_later and bool(public),
        members=members.count(),
        problems=with_problems(members).order_by().count(),
        others=_others(mandate, successor.user),
        also=_also(started),
    )


def hand_over_mandate(
    *, user: Any, mandate: Mandate, successor: Successor, starts_on: dt.date
) -> MandateHandover:
    """End one mandate and start another, both or neither.

    A second click finds that the successor holds the office already.

    Args:
        user: who does it; must be allowed to add and change mandates.
        mandate, successor, starts_on: as for :func:`plan_handover`.

    Raises:
        NotAllowed: the user may not.
        ValidationError: as for :func:`plan_handover`.
    """
    if not may_hand_over(user):
        raise NotAllowed("hand_over")
    with transaction.atomic():
        held = Mandate.objects.select_for_update(of=("self",)).get(pk=mandate.pk)
        done = plan_handover(mandate=held, successor=successor, starts_on=starts_on)
        done.ended.save(update_fields=["ends_on"])
        done.started.save()
        if done.public:
            new = {field: value for field, (_old, value) in done.public.items()}
            Network.objects.filter(pk=held.network_id).update(**new)
            log(instance=held.network, action="wagtail.edit", user=user)
        log(
            instance=done.ended,
            action=audit.HAND_OVER_MANDATE,
            user=user,
            data={"to": done.started.pk, "starts_on": starts_on.isoformat()},
        )
        log(instance=done.started, action="wagtail.create", user=user)
        sync_groups(filter(None, [held.user, successor.user]))
    return done


def _check_dates(mandate: Mandate, starts_on: dt.date) -> None:
    today = timezone.localdate()
    if mandate.ends_on is not None and mandate.ends_on < today - DAY:
        raise ValidationError(
            _(
                "This mandate has ended. Add a new one instead, under “Mandates”: "
                "nothing was lost meanwhile."
            )
        )
    if starts_on < today:
        raise ValidationError(
            {"starts_on": _("Choose today or a later day: what was, was.")}
        )
    if starts_on <= mandate.starts_on:
        raise ValidationError(
            {
                "starts_on": _(
                    "This mandate itself begins on %(day)s. Choose a later day, or "
                    "change or delete the mandate."
                )
                % {"day": date_format(mandate.starts_on, "j F Y")}
            }
        )


def _public_changes(old: Mandate, new: Mandate) -> dict[str, tuple[str, str]]:
    """What the network's page says of the old holder and should say of the new."""
    network = old.network
    if network is None:
        return {}
    found = {}
    for field, source in PUBLIC.items():
        shown, then = getattr(network, field), getattr(new, source)
        if shown and shown == getattr(old, source) and shown != then:
            found[field] = (shown, then)
    return found


def _networks_of(mandate: Mandate) -> Any:
    scopes = ("network", "municipality", "police_zone")
    (name,) = (n for n in scopes if getattr(mandate, f"{n}_id"))
    path = "pk" if name == "network" else name
    return Network.objects.filter(**{path: getattr(mandate, f"{name}_id")})


def _others(mandate: Mandate, successor: Any) -> int:
    networks = _networks_of(mandate)
    keys = [user.pk for user in (mandate.user, successor) if user]
    found = holders(networks, Capability.VIEW_MEMBERS).exclude(pk__in=keys)
    return int(found.count())


def _also(started: Mandate) -> tuple[Mandate, ...]:
    if started.user is None:
        return ()
    return tuple(
        Mandate.objects.filter(
            user=started.user,
            network=started.network,
            municipality=started.municipality,
            police_zone=started.police_zone,
        )
        .exclude(role=started.role)
        .active(started.starts_on)
    )
