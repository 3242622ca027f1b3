"""Who gets a page, in which language, and who cannot be reached.

The counts that an editor sees and the rows of the ledger come from the same
query: :func:`recipients`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Case, CharField, Count, F, QuerySet, Value, When
from django.utils.translation import gettext as _

from wagtail_bin.membership.reach import Unreachable, with_reach
from wagtail_bin.models import (
    ChannelName,
    Language,
    Member,
    Municipality,
    Network,
    Purpose,
)


@dataclasses.dataclass(frozen=True)
class NetworkAudience:
    """One network's part of an audience.

    Attributes:
        parts: (channel, layout such as ``nl`` or ``nl+fr``) to number of recipients.
        unreachable: reason to number of members.
    """

    network: Network
    parts: Mapping[tuple[str, str], int]
    unreachable: Mapping[str, int]

    @property
    def total(self) -> int:
        """Number of recipients."""
        return sum(self.parts.values())


@dataclasses.dataclass(frozen=True)
class Audience:
    """Everybody a page would go to.

    Attributes:
        missing: language code to number of recipients who would have had the
            page in that language, if it were available.
    """

    networks: Sequence[NetworkAudience]
    missing: Mapping[str, int]

    @property
    def total(self) -> int:
        """Number of recipients."""
        return sum(part.total for part in self.networks)

    @property
    def parts(self) -> dict[tuple[str, str], int]:
        """(Channel, layout) to number of recipients, largest first."""
        return _sum(network.parts for network in self.networks)

    @property
    def languages(self) -> dict[str, int]:
        """Layout to number of recipients, largest first."""
        return _sum({layout: n} for (_channel, layout), n in self.parts.items())

    @property
    def channels(self) -> dict[str, int]:
        """Channel to number of recipients, largest first."""
        return _sum({channel: n} for (channel, _layout), n in self.parts.items())

    @property
    def unreachable(self) -> dict[str, int]:
        """Reason to number of members, largest first."""
        return _sum(part.unreachable for part in self.networks)

    @property
    def unreachable_reasons(self) -> list[tuple[str, int]]:
        """The reasons in words, with the number of members."""
        return [
            (str(Unreachable(reason).label), count)
            for reason, count in self.unreachable.items()
        ]


Key = TypeVar("Key")


def _sum(counts: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    total: Counter[Key] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())


def layout_for(
    municipality: Municipality, language: str, available: Sequence[str]
) -> str:
    """The languages one member's message has, joined by ``+``, first one on top.

    Args:
        municipality: its language rules decide.
        language: the member's own language; may be empty.
        available: languages the page has, the page's own first.
    """
    ordered = [code for code in municipality.language_order if code in available]
    if not ordered:
        return available[0]
    if municipality.message_language == Municipality.MessageLanguage.ALL:
        return "+".join(ordered)
    return language if language in ordered else ordered[0]


def layout_label(layout: str) -> str:
    """``nl+fr`` in words."""
    names = [str(Language(code).label) for code in layout.split("+")]
    return _(" and ").join(names)


@dataclasses.dataclass(frozen=True)
class Terms:
    """What decides who of some networks' members gets something, and how.

    Attributes:
        available: languages the page has, the page's own first.
        channels: personal ones, in the order of preference.
        on: the day it is to be sent (default: today).
        until: the day after which it is not worth sending (default: ``on``).
    """

    available: Sequence[str]
    channels: Sequence[str] = (ChannelName.EMAIL,)
    purpose: str = Purpose.TIPS
    on: dt.date | None = None
    until: dt.date | None = None


def recipients(*, networks: Sequence[Network], terms: Terms) -> QuerySet[Any]:
    """All members of the networks, with ``reach`` and ``layout``.

    Args:
        networks: with their municipality loaded.
    """
    available = terms.available
    branches = []
    by_rule: dict[tuple[str, str], list[Network]] = {}
    for network in networks:
        municipality = network.municipality
        rule = (municipality.languages, municipality.message_language)
        by_rule.setdefault(rule, []).append(network)
    for same_rule in by_rule.values():
        municipality = same_rule[0].municipality
        for language in ("", *Language.values):
            layout = layout_for(municipality, language, available)
            branches.append(
                When(network__in=same_rule, language=language, then=Value(layout))
            )
    members = with_reach(
        Member.objects.filter(network__in=networks),
        purpose=terms.purpose,
        channels=terms.channels,
        on=terms.on,
        until=terms.until,
    )
    chosen = Case(*branches, default=Value(available[0]), output_field=CharField())
    annotated: QuerySet[Any] = members.annotate(layout=chosen)
    return annotated


def survey(*, networks: Sequence[Network], terms: Terms) -> Audience:
    """Count an audience, in one query.

    Args:
        networks: with their municipality loaded.
    """
    available = terms.available
    rows = (
        recipients(networks=networks, terms=terms)
        .order_by()
        .values("network", "reach", "layout", own=F("language"))
        .annotate(count=Count("pk"))
    )
    parts: dict[int, Counter[tuple[str, str]]] = {n.pk: Counter() for n in networks}
    unreachable: dict[int, Counter[str]] = {n.pk: Counter() for n in networks}
    missing: Counter[str] = Counter()
    by_pk = {network.pk: network for network in networks}
    for row in rows:
        pk, count = row["network"], row["count"]
        if row["reach"] not in terms.channels:
            unreachable[pk][row["reach"]] += count
            continue
        parts[pk][row["reach"], row["layout"]] += count
        missing.update(
            dict.fromkeys(
                _missing(by_pk[pk].municipality, row["own"], available), count
            )
        )
    return Audience(
        networks=[
            NetworkAudience(n, dict(parts[n.pk]), dict(unreachable[n.pk]))
            for n in networks
        ],
        missing=dict(missing.most_common()),
    )


def _missing(
    municipality: Municipality, own: str, available: Sequence[str]
) -> list[str]:
    """The languages that a member should have had but the page lacks."""
    order = municipality.language_order
    if municipality.message_language == Municipality.MessageLanguage.ALL:
        wanted = list(order)
    else:
        wanted = [own if own in order else order[0]]
    return [code for code in wanted if code not in available]
