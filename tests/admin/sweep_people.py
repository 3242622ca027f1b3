"""The roles that walk every address, and what each may see and do with its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from wagtail.models import GroupPagePermission

from tests.factories import (
    MandateFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin.models import (
    OFFICER_BY_CHARTER,
    Network,
    PoliceZone,
    Role,
    TipPage,
)
from wagtail_bin.permissions import ROLES, Capability

TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)


# Of these everybody here has all of Django's permissions, which count for nothing.
GIVEN = ["charter", "consent", "member", "memberlogentry", "sanction", "segment"]


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who walks.

    Attributes:
        log_in: makes the user for a network; None: nobody is logged in.
        role: the office in force, if there is one.
        sees_members: whether the charters of the zone say so.
    """

    log_in: Callable[[Network], Any] | None
    role: Role | None = None
    sees_members: bool = False

    def may(self, needed: set[Capability]) -> bool:
        """Whether the office allows all of these, in its own networks."""
        offices = {self.role, OFFICER_BY_CHARTER} if self.sees_members else {self.role}
        return all(offices & ROLES[capability] for capability in needed)


def allowed_by_django(user: Any) -> Any:
    """May do everything as far as Django's and Wagtail's own permissions go."""
    editors, _ = Group.objects.get_or_create(name="Editors of the sweep")
    for page in TipPage.objects.all():
        for codename in ("change_page", "publish_page"):
            GroupPagePermission.objects.get_or_create(
                group=editors,
                page=page,
                permission=Permission.objects.get(
                    content_type__app_label="wagtailcore", codename=codename
                ),
            )
    user.groups.add(editors)
    user.user_permissions.add(
        *Permission.objects.filter(
            content_type__app_label="wagtail_bin",
            content_type__model__in=GIVEN,
        )
    )
    return user


def user_with(role: Role | None, **scope: Any) -> Any:
    """A user with an office and everything that Django allows."""
    user = allowed_by_django(UserFactory())
    if role is not None:
        MandateFactory(user=user, role=role, **scope)
    return user


def _of_network(role: Role) -> Callable[[Network], Any]:
    return lambda network: user_with(role, network=network)


def _of_municipality(role: Role) -> Callable[[Network], Any]:
    return lambda network: user_with(
        role, network=None, municipality=network.municipality
    )


def _officer(network: Network) -> Any:
    return user_with(
        Role.MANDATED_OFFICER, network=None, police_zone=network.police_zone
    )


def _officer_with_members(network: Network) -> Any:
    PoliceZone.objects.filter(pk=network.police_zone_id).update(
        officer_access=PoliceZone.OfficerAccess.MEMBERS
    )
    return _officer(network)


def _on_other_days(network: Network) -> Any:
    user = user_with(Role.COORDINATOR, network=network, ends_on=TODAY - DAY)
    MandateFactory(user=user, network=network, starts_on=TODAY + DAY)
    return user


def _inactive(network: Network) -> Any:
    user = user_with(Role.COORDINATOR, network=network)
    user.is_active = False
    user.save()
    return user


# Who holds an office: of the network of the canaries, or of one beside it.
HOLDERS = {
    "web editor": Person(_of_municipality(Role.WEB_EDITOR), Role.WEB_EDITOR),
    "prevention officer": Person(
        _of_municipality(Role.PREVENTION_OFFICER), Role.PREVENTION_OFFICER
    ),
    "mandated officer, counts": Person(_officer, Role.MANDATED_OFFICER),
    "mandated officer, members": Person(
        _officer_with_members, Role.MANDATED_OFFICER, sees_members=True
    ),
    "coordinator": Person(_of_network(Role.COORDINATOR), Role.COORDINATOR),
    "deputy coordinator": Person(
        _of_network(Role.DEPUTY_COORDINATOR), Role.DEPUTY_COORDINATOR
    ),
    "steering group": Person(_of_network(Role.STEERING_GROUP), Role.STEERING_GROUP),
}
# Who holds none today; all of them once did, will, or could.
OTHERS = {
    "anonymous": Person(None),
    "without a mandate": Person(lambda network: user_with(None)),
    "mandates of other days": Person(_on_other_days),
    "inactive": Person(_inactive),
}


# Strong in the next network, and weak in the one of the canaries: what an office
# allows in one place counts for nothing in another.
BESIDE = {
    "coordinator": "mandated officer, members",
    "prevention officer": "steering group",
}


def beside(role: Role, network: Network) -> Network:
    """A network as near as can be that the office of another one does not cover."""
    town = network.municipality
    if role in {Role.WEB_EDITOR, Role.PREVENTION_OFFICER}:
        # The same police zone.
        town = MunicipalityFactory(police_zone=town.police_zone)
    elif role is Role.MANDATED_OFFICER:
        town = MunicipalityFactory()
    return NetworkFactory(municipality=town)


SEE = Capability.VIEW_NETWORK
VIEW, EDIT = Capability.VIEW_MEMBERS, Capability.EDIT_MEMBERS
TAKE, LOAD = Capability.EXPORT_MEMBERS, Capability.IMPORT_MEMBERS
WRITE, SEND = Capability.COMPOSE, Capability.SEND
READ, JUDGE = Capability.VIEW_SANCTIONS, Capability.IMPOSE_SANCTIONS
AGREE = Capability.MANAGE_CHARTERS

# Where something of a member, or of who holds an office, is seen, and all that it
# takes; nowhere else is any.
SHOWS: dict[str, set[Capability]] = {
    "bin-networks:inspect": {SEE},
    "wagtail_bin_admin:dispatch_deliveries": {VIEW},
    "wagtail_bin_admin:dispatch_deliveries_export": {TAKE},
    "wagtail_bin_admin:dispatch_deliveries_results": {VIEW},
    "wagtail_bin_admin:handover_download": {SEND, TAKE},
    "wagtail_bin_admin:households": {VIEW},
    "wagtail_bin_admin:households_results": {VIEW},
    "wagtail_bin_admin:import_columns": {LOAD},
    "wagtail_bin_admin:import_plan": {LOAD},
    "wagtail_bin_admin:import_refused": {LOAD},
    "wagtail_bin_admin:import_result": {LOAD},
    "wagtail_bin_admin:import_rows": {LOAD},
    "wagtail_bin_admin:import_undo": {LOAD},
    "wagtail_bin_admin:import_upload": {LOAD},
    "wagtail_bin_admin:member_sanction": {JUDGE},
    "wagtail_bin_admin:members_export": {TAKE},
    "wagtail_bin_admin:sanction_lift": {JUDGE},
    "wagtail_bin_admin:sanctions": {READ},
    "wagtail_bin_admin:sanctions_results": {READ},
    "wagtail_bin_admin:segment_delete": {EDIT},
    "wagtail_bin_admin:segments": {VIEW},
    "wagtail_bin_admin:send": {WRITE, VIEW},
    "wagtail_bin_admin:send_preview": {WRITE, VIEW},
    "wagtail_bin_admin:worklist": {EDIT},
    "wagtail_bin_admin:worklist_lift": {EDIT},
    "wagtail_bin_admin:worklist_results": {EDIT},
    # Who else has it open.
    "wagtailadmin_editing_sessions:ping:charter": {AGREE},
    "wagtailadmin_editing_sessions:ping:member": {EDIT},
    "wagtailadmin_reports:site_history": {VIEW},
    "wagtailadmin_reports:site_history_results": {VIEW},
    "wagtailsnippets_wagtail_bin_charter:edit": {AGREE},
    "wagtailsnippets_wagtail_bin_charter:history": {AGREE},
    "wagtailsnippets_wagtail_bin_charter:history_results": {AGREE},
    "wagtailsnippets_wagtail_bin_member:delete": {EDIT},
    "wagtailsnippets_wagtail_bin_member:edit": {EDIT},
    "wagtailsnippets_wagtail_bin_member:history": {EDIT},
    "wagtailsnippets_wagtail_bin_member:history_results": {EDIT},
    "wagtailsnippets_wagtail_bin_member:list": {VIEW},
    "wagtailsnippets_wagtail_bin_member:list_results": {VIEW},
    "wagtail_bulk_action:member:export": {TAKE},
    "wagtail_bulk_action:member:invite": {EDIT},
    "wagtail_bulk_action:member:move": {EDIT},
    "wagtail_bulk_action:member:suspend": {JUDGE},
}
# Where a POST changes something of the network, and all that it takes.
CHANGES: dict[str, set[Capability]] = {
    "wagtail_bin_admin:dispatch_cancel": {SEND},
    "wagtail_bin_admin:dispatch_pause": {SEND},
    "wagtail_bin_admin:dispatch_retry": {SEND},
    "wagtail_bin_admin:import_cancel": {LOAD},
    "wagtail_bin_admin:import_columns": {LOAD},
    "wagtail_bin_admin:import_start": {LOAD},
    "wagtail_bin_admin:import_undo": {LOAD},
    "wagtail_bin_admin:import_upload": {LOAD},
    "wagtail_bin_admin:member_sanction": {JUDGE},
    "wagtail_bin_admin:sanction_lift": {JUDGE},
    "wagtail_bin_admin:segment_add": {EDIT},
    "wagtail_bin_admin:segment_delete": {EDIT},
    "wagtail_bin_admin:worklist_lift": {EDIT},
    "wagtail_bulk_action:member:delete": {EDIT},
    "wagtail_bulk_action:member:invite": {EDIT},
    "wagtail_bulk_action:member:suspend": {JUDGE},
    "wagtailsnippets_wagtail_bin_charter:add": {AGREE},
    "wagtailsnippets_wagtail_bin_charter:edit": {AGREE},
    "wagtailsnippets_wagtail_bin_member:add": {EDIT},
    "wagtailsnippets_wagtail_bin_member:delete": {EDIT},
    "wagtailsnippets_wagtail_bin_member:edit": {EDIT},
}
