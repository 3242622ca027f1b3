"""What the history of a member says. No entry holds anything about the person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_bin import audit
from wagtail_bin.models import ChannelName, Consent, Member, Purpose, Sanction


def _label(choices: Any, value: str) -> str:
    """A choice in words; as it stands where the code does not know it any more."""
    return str(choices(value).label) if value in choices.values else value


def field_labels(names: Iterable[str]) -> str:
    """Fields of a member in words, one after the other."""
    labels = []
    for name in names:
        try:
            labels.append(str(Member._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
        except FieldDoesNotExist:
            labels.append(name)
    return ", ".join(labels)


def _changed(data: dict[str, Any]) -> str:
    said = _("Changed: %(fields)s") % {"fields": field_labels(data.get("fields", ()))}
    if data.get("state"):
        said += " → " + _label(Member.State, data["state"])
    return said


def _consented(data: dict[str, Any]) -> str:
    said = (
        _("Agreed to %(purpose)s by %(channel)s (%(basis)s)")
        if data.get("is_given")
        else _("Withdrew the consent to %(purpose)s by %(channel)s (%(basis)s)")
    )
    return said % {
        "purpose": _label(Purpose, data.get("purpose", "")),
        "channel": _label(ChannelName, data.get("channel", "")),
        "basis": _label(Consent.Basis, data.get("basis", "")),
    }


def _imported(data: dict[str, Any]) -> str:
    if not data.get("fields"):
        return _("Put on the list by an import")
    return _("Changed by an import: %(fields)s") % {
        "fields": field_labels(data["fields"])
    }


def _import_undone(data: dict[str, Any]) -> str:
    if not data.get("fields"):
        return _("Taken off the list again: the import was undone")
    return _("As before an import that was undone: %(fields)s") % {
        "fields": field_labels(data["fields"])
    }


def _moved(data: dict[str, Any]) -> str:
    return _("Moved from %(origin)s to %(target)s (%(basis)s)") % {
        "origin": data.get("from", ""),
        "target": data.get("to", ""),
        "basis": _label(Consent.Basis, data.get("basis", "")),
    }


def _invited(data: dict[str, Any]) -> str:
    if data.get("failed"):
        return _("The invitation by e-mail could not be sent")
    return _("Invited by e-mail to confirm the membership")


def _exported(data: dict[str, Any]) -> str:
    number = data.get("rows", 0)
    said = ngettext(
        "Exported %(number)d member as %(format)s: %(columns)s",
        "Exported %(number)d members as %(format)s: %(columns)s",
        number,
    )
    return said % {
        "number": number,
        "format": str(data.get("format", "")).upper(),
        "columns": ", ".join(data.get("columns", ())),
    }


def _sanction(data: dict[str, Any]) -> str:
    kind = _label(Sanction.Kind, data.get("kind", ""))
    until = parse_date(data.get("until", ""))
    if until is None:
        return kind
    return _("%(sanction)s until %(day)s") % {
        "sanction": kind,
        "day": date_format(until, "j F Y"),
    }


def _imposed(data: dict[str, Any]) -> str:
    return _("Sanctioned: %(sanction)s") % {"sanction": _sanction(data)}


def _lifted(data: dict[str, Any]) -> str:
    return _("Lifted: %(sanction)s") % {"sanction": _sanction(data)}


MEMBER_ACTIONS: list[tuple[str, Any, Any]] = [
    (audit.CHANGE_MEMBER, gettext_lazy("Change a member"), _changed),
    (audit.CONSENT, gettext_lazy("Note what a member agrees to"), _consented),
    (audit.IMPORT_MEMBER, gettext_lazy("Import a member"), _imported),
    (
        audit.IMPORT_UNDONE,
        gettext_lazy("Undo the import of a member"),
        _import_undone,
    ),
    (audit.MOVE_MEMBER, gettext_lazy("Move a member"), _moved),
    (audit.INVITE_MEMBER, gettext_lazy("Invite a member"), _invited),
    (
        audit.CONFIRM_MEMBER,
        gettext_lazy("Confirm a membership"),
        gettext_lazy("Confirmed the membership with the link of the invitation"),
    ),
    (audit.EXPORT_MEMBERS, gettext_lazy("Export members"), _exported),
    (audit.IMPOSE_SANCTION, gettext_lazy("Sanction a member"), _imposed),
    (audit.LIFT_SANCTION, gettext_lazy("Lift a sanction"), _lifted),
    (
        audit.END_SUSPENSION,
        gettext_lazy("End a suspension"),
        gettext_lazy("The suspension was over"),
    ),
]
