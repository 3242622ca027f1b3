"""What Wagtail's log says of our actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.log_actions import LogFormatter

from wagtail_bin import audit
from wagtail_bin.admin.labels import moment
from wagtail_bin.admin.member_log_words import MEMBER_ACTIONS
from wagtail_bin.dispatch.control import Resolution


def _imported(data: dict[str, Any]) -> str:
    if "created" not in data:
        return _("Imported a list of members")
    return _("Imported a list. New members: %(created)d, changed: %(updated)d") % {
        "created": data["created"],
        "updated": data.get("updated", 0),
    }


def _import_undone(data: dict[str, Any]) -> str:
    if not data.get("not_restored"):
        return _("Undid the import of a list")
    return _(
        "Undid the import of a list. Undone: %(restored)d, left as they are: %(kept)d"
    ) % {"restored": data.get("restored", 0), "kept": data["not_restored"]}


def _paused(data: dict[str, Any]) -> str:
    if data.get("code"):
        return _("Paused by itself, because of trouble")
    return _("Paused")


def _cancelled(data: dict[str, Any]) -> str:
    number = data.get("deliveries", 0)
    return ngettext(
        "Cancelled: %(number)d message is not sent",
        "Cancelled: %(number)d messages are not sent",
        number,
    ) % {"number": number}


def _rescheduled(data: dict[str, Any]) -> str:
    when = parse_datetime(data.get("not_before", ""))
    return _("To be sent on %(when)s") % {"when": moment(when) if when else "–"}


def _retried(data: dict[str, Any]) -> str:
    number = data.get("deliveries", 0)
    return ngettext(
        "Tried %(number)d failed message again",
        "Tried %(number)d failed messages again",
        number,
    ) % {"number": number}


def _resolved(data: dict[str, Any]) -> str:
    number = data.get("deliveries", 0)
    if data.get("resolution") == Resolution.RESEND.value:
        said = ngettext(
            "Sent %(number)d unknown message again: %(reason)s",
            "Sent %(number)d unknown messages again: %(reason)s",
            number,
        )
    else:
        said = ngettext(
            "Took %(number)d unknown message for sent: %(reason)s",
            "Took %(number)d unknown messages for sent: %(reason)s",
            number,
        )
    return said % {"number": number, "reason": data.get("reason", "")}


def _paused_all(data: dict[str, Any]) -> str:
    return _("Paused all sending: %(reason)s") % {"reason": data.get("reason", "")}


def _resumed_all(data: dict[str, Any]) -> str:
    if not data.get("was_copy"):
        return _("Resumed all sending")
    return _(
        "Resumed all sending after a restore; %(number)d messages became unknown"
    ) % {"number": data.get("unknown", 0)}


def _exported(data: dict[str, Any]) -> str:
    return _("Exported the list of %(number)d deliveries") % {
        "number": data.get("rows", 0)
    }


def _handed_over(data: dict[str, Any]) -> str:
    return _("Made a file of %(number)d members for %(platform)s") % {
        "number": data.get("rows", 0),
        "platform": data.get("platform", ""),
    }


def _confirmed_handover(data: dict[str, Any]) -> str:
    return _("Sent to %(number)d members with %(platform)s, by hand") % {
        "number": data.get("deliveries", 0),
        "platform": data.get("platform", ""),
    }


def _handed_over_mandate(data: dict[str, Any]) -> str:
    day = parse_date(data.get("starts_on", ""))
    return _("Handed over from %(day)s on, to mandate %(number)s") % {
        "day": date_format(day, "j F Y") if day else "–",
        "number": data.get("to", "–"),
    }


def _lifted(data: dict[str, Any]) -> str:
    return _("Noted that the address works again: %(reason)s") % {
        "reason": data.get("reason", "")
    }


Message = Any  # a lazy text, or a function of the entry's data

ACTIONS: list[tuple[str, Any, Message]] = [
    (
        audit.SEND,
        gettext_lazy("Publish and send"),
        gettext_lazy("Published and sent to members"),
    ),
    (
        audit.SEND_TEST,
        gettext_lazy("Send a test"),
        gettext_lazy("Sent a test to themselves"),
    ),
    (audit.IMPORT, gettext_lazy("Import members"), _imported),
    (audit.UNDO_IMPORT, gettext_lazy("Undo an import"), _import_undone),
    (audit.PAUSE, gettext_lazy("Pause a dispatch"), _paused),
    (audit.RESUME, gettext_lazy("Resume a dispatch"), gettext_lazy("Resumed")),
    (audit.CANCEL, gettext_lazy("Cancel a dispatch"), _cancelled),
    (audit.RESCHEDULE, gettext_lazy("Reschedule a dispatch"), _rescheduled),
    (audit.RETRY, gettext_lazy("Try again what failed"), _retried),
    (audit.RESOLVE, gettext_lazy("Decide about what is unknown"), _resolved),
    (audit.PAUSE_ALL, gettext_lazy("Pause all sending"), _paused_all),
    (audit.RESUME_ALL, gettext_lazy("Resume all sending"), _resumed_all),
    (audit.EXPORT_DELIVERIES, gettext_lazy("Export deliveries"), _exported),
    (audit.HAND_OVER, gettext_lazy("Make a file to hand over"), _handed_over),
    (
        audit.DOWNLOAD_HANDOVER,
        gettext_lazy("Download a file to hand over"),
        gettext_lazy("Downloaded the file to hand over"),
    ),
    (
        audit.CONFIRM_HANDOVER,
        gettext_lazy("Confirm a hand-over"),
        _confirmed_handover,
    ),
    (
        audit.HAND_OVER_MANDATE,
        gettext_lazy("Hand over a mandate"),
        _handed_over_mandate,
    ),
    (audit.LIFT_SUPPRESSION, gettext_lazy("Use an address again"), _lifted),
    *MEMBER_ACTIONS,
]


def register_actions(registry: Any) -> None:
    """Make Wagtail's log know our actions."""
    for name, label, message in ACTIONS:
        if callable(message):
            registry.register_action(name)(_formatter(label, message))
        else:
            registry.register_action(name, label, message)


def _formatter(name_in_words: Any, words: Callable[[dict[str, Any]], str]) -> type:
    """A formatter whose message depends on what the entry holds."""

    class Formatter(LogFormatter):
        label = name_in_words

        def format_message(self, log_entry: Any) -> str:
            return words(log_entry.data or {})

    return Formatter
