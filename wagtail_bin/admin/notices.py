"""What everybody who sends must know: all is paused, this is a copy, this is a test."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.admin.ui.components import Component

from wagtail_bin.admin.labels import channel_label, moment
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.control import SWITCH_PERMISSION
from wagtail_bin.dispatch.gates import COPIED, cause_of
from wagtail_bin.models import ChannelName, SendingSwitch
from wagtail_bin.permissions import Capability, networks_for

SWITCH = "wagtail_bin_admin:switch"


@dataclasses.dataclass(frozen=True)
class Notice:
    """One banner.

    Attributes:
        level: ``critical``, ``warning`` or ``info``, as Wagtail's help blocks.
        links: (address, label) of where to go.
    """

    title: str
    text: str = ""
    level: str = "warning"
    links: Sequence[tuple[str, str]] = ()


def switch_state() -> tuple[str, SendingSwitch | None]:
    """Why nothing is sent at all, if so, and the switch. Only looks."""
    found = SendingSwitch.objects.select_related("changed_by").first()
    return (cause_of(found), found) if found else ("", None)


def sending_notices(user: Any) -> list[Notice]:
    """What concerns everybody's messages."""
    notices = []
    cause, switch = switch_state()
    if cause and switch:
        links = []
        if user.has_perm(SWITCH_PERMISSION):
            links = [(reverse(SWITCH), _("Go to the switch"))]
        notices.append(_halted(cause, switch, links))
    if conf.OVERRIDE_RECIPIENTS:
        notices.append(_override())
    return notices


def _halted(
    cause: str, switch: SendingSwitch, links: Sequence[tuple[str, str]]
) -> Notice:
    if cause == COPIED:
        return Notice(
            title=_("Nothing is sent from here: this is a copy, or was restored."),
            text=_(
                "What you confirm is kept, and waits until a person resumes sending."
            ),
            level="critical",
            links=links,
        )
    return Notice(
        title=_("All sending is paused."),
        text=_(
            "%(who)s paused it on %(when)s: “%(reason)s” What you confirm is kept, "
            "and goes out when sending is resumed."
        )
        % {
            "who": _name_of(switch.changed_by) or _("Somebody"),
            "when": moment(switch.changed_at),
            "reason": switch.reason,
        },
        level="critical",
        links=links,
    )


def _name_of(user: Any) -> str:
    return str(user.get_full_name() or user.get_username()) if user else ""


def _override() -> Notice:
    """Addresses of testers, set by whoever runs the site."""
    targets = [
        _("%(channel)s to %(addresses)s")
        % {
            "channel": channel_label(channel),
            "addresses": ", ".join(map(str, addresses)),
        }
        for channel, addresses in conf.OVERRIDE_RECIPIENTS.items()
        if channel in ChannelName.values
    ]
    return Notice(
        title=_("This is a test site: no member gets anything."),
        text=_("Everything goes to test addresses: %(targets)s.")
        % {"targets": "; ".join(targets) or _("none is set")},
    )


class SendingPanel(Component):
    """The banners, on the home page."""

    name = "bin_sending"
    template_name = "wagtail_bin/admin/sending/home_panel.html"
    order = 10

    def __init__(self, notices: Sequence[Notice]) -> None:
        self.notices = notices

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        """The banners."""
        return {"notices": self.notices}


def add_home_panel(request: HttpRequest, panels: list[Any]) -> None:
    """Put the banners on top of the home page of whoever may send."""
    user = request.user
    if user.has_perm(SWITCH_PERMISSION) or networks_for(user, Capability.SEND).exists():
        notices = sending_notices(user)
        if notices:
            panels.insert(0, SendingPanel(notices))
