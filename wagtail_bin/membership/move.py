"""Moving members to another network, which takes their word.

What was agreed to, the history and the sanctions go along: they are the person's.
What was sent stays counted where it was sent. The house rules of the other
network are others, so nobody has accepted them yet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from wagtail_bin import audit
from wagtail_bin.models import Consent, Member, MemberLogEntry, Network
from wagtail_bin.permissions import Capability, require

# How a member can have said so. A list of the coordinator is no word of theirs.
BASES = (Consent.Basis.ENROLMENT, Consent.Basis.OFFICE)


@dataclasses.dataclass(frozen=True)
class Moved:
    """Who was moved, as primary keys.

    Attributes:
        already_there: whom the other list has already; they were left alone.
    """

    moved: tuple[int, ...]
    already_there: tuple[int, ...]


def move_members(
    *, members: Sequence[Member], target: Network, basis: Consent.Basis, user: Any
) -> Moved:
    """Put members on the list of another network.

    Constant queries, but for one per member that looks whether the other list has
    the person already: the same name with the same e-mail address or number.

    Args:
        members: of any networks.
        target: where they go.
        basis: how they agreed to it; one of :data:`BASES`.
        user: who moves; must be allowed to edit members of all the networks.

    Raises:
        NotAllowed: the user may not edit members of one of the networks.
        ValueError: another basis.
    """
    if basis not in BASES:
        raise ValueError(basis)
    require(user, Capability.EDIT_MEMBERS, target, *(m.network for m in members))
    with transaction.atomic():
        # One at a time: two movers would not see each other's members.
        Network.objects.select_for_update(no_key=True).get(pk=target.pk)
        rows = Member.objects.select_for_update(of=("self",), no_key=True)
        held = list(
            rows.filter(pk__in=[member.pk for member in members])
            .exclude(network=target)
            .select_related("network")
            .order_by("pk")
        )
        there = {member.pk for member in held if _is_there(member, target)}
        going = [member for member in held if member.pk not in there]
        # In the history of the network they leave; it goes along with the member.
        MemberLogEntry.objects.log_each(
            audit.MOVE_MEMBER,
            (
                (
                    member,
                    {
                        "from": member.network.name,
                        "to": target.name,
                        "basis": str(basis),
                    },
                )
                for member in going
            ),
            user=user,
        )
        moved = tuple(member.pk for member in going)
        Member.objects.filter(pk__in=moved).update(
            network=target, house_rules_version="", house_rules_accepted_at=None
        )
    return Moved(moved, tuple(sorted(there)))


def _is_there(member: Member, target: Network) -> bool:
    same_address = Q()
    for name in ("email", "mobile", "phone"):
        if value := getattr(member, name):
            same_address |= Q(**{name: value})
    found = Member.objects.filter(
        same_address, network=target, name_key=member.name_key
    )
    return found.exists()
