"""What stands in the database, word for word, while two versions work on it.

While a new version is installed, and whenever one is taken back, processes of the
previous one read what the new one has written, and the other way round. They know a
code by its text. So no code changes within one release:

add
    One release knows the new code wherever it may meet it, and writes it nowhere. The
    next one writes it.
rename
    Add the new code as above. The release that writes it reads both, and so does the
    next, whose data migration replaces the old code; the one after that forgets it.
remove
    One release writes it no more. A data migration of the next replaces it where it
    stands; the one after that forgets it.

Before the first release the list may simply follow the code. Columns are likewise:
added by one release, and dropped by one whose previous does not ask for them.
"""

from __future__ import annotations

import inspect

from django.apps import apps
from django.utils.module_loading import import_string

from wagtail_bin.channels.base import Outcome
from wagtail_bin.channels.events import EventKind
from wagtail_bin.dispatch.queues import Queue

CHANNELS = {"email", "sms", "voice", "handover", "social"}
PURPOSES = {"tips", "alerts"}

# What is chosen from a list, by model and field.
CODES = {
    "Delivery.state": {
        *("queued", "claimed", "sending", "accepted", "rejected"),
        *("suppressed", "expired", "cancelled", "unknown"),
    },
    "Delivery.report": {
        *("", "deferred", "delivered", "soft_bounce", "hard_bounce", "complaint"),
    },
    "Delivery.channel": CHANNELS,
    "DispatchMessage.channel": CHANNELS,
    "Dispatch.purpose": PURPOSES,
    "Consent.channel": CHANNELS,
    "Consent.purpose": PURPOSES,
    "Consent.basis": {
        *("enrolment", "transfer", "link", "one_click", "office", "complaint"),
        *("provider", "undone"),
    },
    "Suppression.reason": {"bounce", "soft", "complaint", "erased", "manual"},
    "Member.state": {"unconfirmed", "active", "suspended", "left", "excluded"},
    "Member.source": {"import", "paper", "web"},
    "Member.language": {"nl", "fr", "de", "en"},
    "MemberImport.state": {
        *("uploaded", "planning", "planned", "applying", "applied", "cancelled"),
        *("failed", "undoing", "undone"),
    },
    "MemberImport.failure": {"unreadable", "erased", "worker"},
    "MemberImport.policy": {"update", "fill", "skip"},
    "ImportRow.kind": {"new", "changed", "same", "kept_out", "refused"},
    "ImportRow.note": {
        *("left", "excluded", "barred", "withdrew", "suppressed", "policy"),
    },
    "ImportRow.outcome": {"", "written", "overtaken", "undone", "kept"},
    "ImportRow.kept": {"edited", "messages", "consent", "related", "gone"},
    "Mandate.role": {
        *("coordinator", "deputy_coordinator", "steering_group", "mandated_officer"),
        *("chief_of_police", "prevention_officer", "web_editor", "mayor"),
    },
    "Municipality.message_language": {"own", "all"},
    "PoliceZone.officer_access": {"counts", "members"},
    "Sanction.kind": {"reprimand", "temporary", "permanent"},
    "Sanction.state_before": {
        *("unconfirmed", "active", "suspended", "left", "excluded"),
    },
    "Network.kind": {"residents", "business", "thematic"},
    "NetworkStreet.parity": {"all", "odd", "even"},
    "TipPage.season": {"all_year", "dark_months", "summer"},
}

# What processes say to each other besides.
KINDS = {
    Outcome: {"accepted", "rejected", "retry", "unknown"},
    EventKind: {
        *("accepted", "delivered", "deferred", "soft_bounce", "hard_bounce"),
        *("complaint", "unsubscribed", "rejected", "other"),
    },
    Queue: {"urgent", "default"},
}

# What waits in the queue, or stands in a schedule, with the arguments that it has.
TASKS = {
    "wagtail_bin.exchange.tasks.work": ["00000000-0000-0000-0000-000000000000"],
    "wagtail_bin.dispatch.tasks.drain": ["00000000-0000-0000-0000-000000000000"],
    "wagtail_bin.dispatch.tasks.sweep": ["default"],
}


def test_f26_stored_codes_are_those_that_the_previous_version_knows() -> None:
    stored = {
        f"{model.__name__}.{field.name}": {code for code, _label in field.flatchoices}
        for model in apps.get_app_config("wagtail_bin").get_models()
        for field in model._meta.fields
        if field.choices
    }
    assert stored == CODES
    assert {kind: {one.value for one in kind} for kind in KINDS} == KINDS


def test_f26_tasks_of_the_previous_version_are_understood() -> None:
    for path, arguments in TASKS.items():
        inspect.signature(import_string(path)).bind(*arguments)
