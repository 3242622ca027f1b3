"""Members as a spreadsheet, with the columns that were asked for. Logged.

tablib, on which django-import-export stands, keeps a whole table in memory, and
writes ``=…`` as a formula: :mod:`wagtail_bin.spreadsheets` writes it instead.
"""

from __future__ import annotations

import dataclasses
import enum
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from wagtail_bin import audit
from wagtail_bin.channels.registry import channel_names
from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.membership.reach import Unreachable, reaching_channels, with_reach
from wagtail_bin.models import PERSONAL_CHANNELS, ChannelName, Member, Network
from wagtail_bin.permissions import Capability, networks_for
from wagtail_bin.spreadsheets import write_csv, write_workbook
from wagtail_bin.validators import display_phone

CHUNK = 1000


class ExportFormat(enum.Enum):
    """Kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def content_type(self) -> str:
        """The media type (RFC 6838)."""
        if self is ExportFormat.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclasses.dataclass(frozen=True)
class Exported:
    """How many members a file holds."""

    rows: int


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its header, and what a member has there."""

    label: Any
    value: Callable[[Any], str]


def export_number(e164: str) -> str:
    """A number as people write it, which no spreadsheet takes for a formula.

    National for Belgium, with its zero: ``0473 86 53 87``. A foreign one begins
    with ``00``, as it is dialled, and not with ``+``. An import reads both.
    """
    shown = display_phone(e164)
    return f"00{shown[1:]}" if shown.startswith("+") else shown


def _day(value: Any) -> str:
    if value is None:
        return ""
    day = timezone.localdate(value) if hasattr(value, "hour") else value
    # As Belgian offices write it, and as an import reads it.
    return date_format(day, "d/m/Y")


def _reach(member: Any) -> str:
    if member.channels:
        return ", ".join(str(ChannelName(name).label) for name in member.channels)
    return _("no: %(reason)s") % {"reason": Unreachable(member.unreachable).label}


def _plain(name: str) -> Callable[[Any], str]:
    return lambda member: getattr(member, name)


def _chosen(name: str) -> Callable[[Any], str]:
    return lambda member: str(getattr(member, f"get_{name}_display")())


# The headers are those that an import knows, so that a file comes back as it went.
COLUMNS: dict[str, Column] = {
    "last_name": Column(gettext_lazy("last name"), _plain("last_name")),
    "first_name": Column(gettext_lazy("first name"), _plain("first_name")),
    "organisation": Column(gettext_lazy("organisation"), _plain("organisation")),
    "street": Column(gettext_lazy("street"), _plain("street")),
    "number": Column(gettext_lazy("number"), _plain("number")),
    "box": Column(gettext_lazy("box"), _plain("box")),
    "postcode": Column(gettext_lazy("postcode"), _plain("postcode")),
    "locality": Column(gettext_lazy("town"), _plain("locality")),
    "email": Column(gettext_lazy("e-mail"), _plain("email")),
    "mobile": Column(gettext_lazy("mobile"), lambda m: export_number(m.mobile)),
    "phone": Column(gettext_lazy("landline"), lambda m: export_number(m.phone)),
    "language": Column(gettext_lazy("language"), _plain("language")),
    "network": Column(gettext_lazy("BIN"), lambda m: m.network.name),
    "state": Column(gettext_lazy("state"), _chosen("state")),
    "suspended_until": Column(
        gettext_lazy("suspended until"), lambda m: _day(m.suspended_until)
    ),
    "reach": Column(gettext_lazy("gets tips by"), _reach),
    "joined_at": Column(gettext_lazy("member since"), lambda m: _day(m.joined_at)),
    "left_at": Column(gettext_lazy("left on"), lambda m: _day(m.left_at)),
    "source": Column(gettext_lazy("source"), _chosen("source")),
    "house_rules_version": Column(
        gettext_lazy("accepted house rules"), _plain("house_rules_version")
    ),
}


def exportable(members: QuerySet[Member], user: Any) -> QuerySet[Member]:
    """Those of the members that a user may export."""
    return members.filter(network__in=networks_for(user, Capability.EXPORT_MEMBERS))


def export_members(
    *,
    members: QuerySet[Member],
    columns: Sequence[str],
    file_format: ExportFormat,
    target: IO[bytes],
    user: Any,
) -> Exported:
    """Write members into a file, and who did so into the log of each network.

    Constant memory; per 1,000 members as many queries as there are channels, and
    none of them where ``reach`` is not asked for. The log says how many, which
    columns and in which format; never what they hold.

    Args:
        members: any; those that the user may not export are left out.
        columns: keys of :data:`COLUMNS`, in the order of the file.
        target: opened for writing.
        user: who exports.

    Raises:
        NotAllowed: the user may export none of these members.
        ValueError: no columns, or unknown ones.
    """
    if not columns or not set(columns) <= set(COLUMNS):
        raise ValueError("columns")
    allowed = exportable(members, user).order_by("pk")
    per_network = dict(
        allowed.order_by().values_list("network").annotate(number=Count("pk"))
    )
    if not per_network:
        raise NotAllowed(Capability.EXPORT_MEMBERS.value)
    for network in Network.objects.filter(pk__in=per_network):
        log(
            instance=network,
            action=audit.EXPORT_MEMBERS,
            user=user,
            data={
                "rows": per_network[network.pk],
                "columns": list(columns),
                "format": file_format.value,
            },
        )
    if file_format is ExportFormat.XLSX:
        write_workbook(target, _lines(allowed, columns), title=_("Members"))
    else:
        # The mark tells Excel that it is UTF-8.
        text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="")
        write_csv(text, _lines(allowed, columns))
        text.detach()
    return Exported(sum(per_network.values()))


def _lines(
    members: QuerySet[Member], columns: Sequence[str]
) -> Iterator[Sequence[str]]:
    chosen = [COLUMNS[name] for name in columns]
    yield [str(column.label) for column in chosen]
    for chunk in _chunks(members, with_channels="reach" in columns):
        for member in chunk:
            yield [column.value(member) for column in chosen]


def _chunks(
    members: QuerySet[Member], *, with_channels: bool
) -> Iterator[Iterable[Any]]:
    """Members in the order of their keys, so many at a time."""
    last = 0
    while True:
        # By key rather than by a cursor: no transaction stays open meanwhile.
        found: Any = members.filter(pk__gt=last).select_related("network")
        channels = [name for name in channel_names() if name in PERSONAL_CHANNELS]
        if with_channels:
            found = with_reach(found, channels=channels)
        chunk = list(found[:CHUNK])
        if not chunk:
            return
        if with_channels:
            reaching = reaching_channels([m.pk for m in chunk], channels=channels)
            for member in chunk:
                member.channels = reaching[member.pk]
        yield chunk
        last = chunk[-1].pk
