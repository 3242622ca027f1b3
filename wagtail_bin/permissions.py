"""Which office may do what. Rows follow from mandates, never from groups.

The table below is the whole policy; ``docs/permissions.md`` shows it to
people, and a test keeps the two the same.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from wagtail.permission_policies.base import BasePermissionPolicy

from wagtail_bin.exceptions import NotAllowed
from wagtail_bin.models import (
    OFFICER_BY_CHARTER,
    Mandate,
    Network,
    Office,
    PoliceZone,
    Role,
)


class Capability(enum.Enum):
    """Something that a mandate may allow within its networks."""

    VIEW_NETWORK = "view_network"
    VIEW_COUNTS = "view_counts"
    VIEW_MEMBERS = "view_members"
    EDIT_MEMBERS = "edit_members"
    IMPORT_MEMBERS = "import_members"
    EXPORT_MEMBERS = "export_members"
    VIEW_SANCTIONS = "view_sanctions"
    IMPOSE_SANCTIONS = "impose_sanctions"
    COMPOSE = "compose"
    SEND = "send"
    MANAGE_CHARTERS = "manage_charters"


LIST_KEEPERS = frozenset(
    {Role.COORDINATOR, Role.DEPUTY_COORDINATOR, Role.PREVENTION_OFFICER}
)

AUTHORS = frozenset({Role.WEB_EDITOR, Role.PREVENTION_OFFICER, Role.MANDATED_OFFICER})

ROLES: dict[Capability, frozenset[Office]] = {
    Capability.VIEW_NETWORK: frozenset(Role),
    Capability.VIEW_COUNTS: frozenset(Role),
    Capability.VIEW_MEMBERS: LIST_KEEPERS | {OFFICER_BY_CHARTER},
    Capability.EDIT_MEMBERS: LIST_KEEPERS,
    Capability.IMPORT_MEMBERS: LIST_KEEPERS,
    Capability.EXPORT_MEMBERS: LIST_KEEPERS,
    Capability.VIEW_SANCTIONS: frozenset(
        {Role.COORDINATOR, Role.DEPUTY_COORDINATOR, OFFICER_BY_CHARTER}
    ),
    Capability.IMPOSE_SANCTIONS: frozenset({Role.COORDINATOR, OFFICER_BY_CHARTER}),
    Capability.COMPOSE: AUTHORS,
    Capability.SEND: AUTHORS,
    Capability.MANAGE_CHARTERS: frozenset(
        {Role.COORDINATOR, Role.PREVENTION_OFFICER, Role.MANDATED_OFFICER}
    ),
}


def networks_for(user: Any, capability: Capability) -> models.QuerySet[Network]:
    """The networks in which a user may do something.

    Args:
        user: a Django user.
        capability: what is to be done.
    """
    return Network.objects.visible_to(user, ROLES[capability])


def holders(
    networks: Iterable[Network], capability: Capability
) -> models.QuerySet[Any]:
    """Active users whose mandate of today lets them do something in a network.

    Args:
        networks: any of them is enough.
        capability: what is to be done.
    """
    networks, roles = list(networks), ROLES[capability]
    active = Mandate.objects.active()
    held = active.covering(networks).filter(role__in=roles)
    if OFFICER_BY_CHARTER in roles:
        agreed = PoliceZone.objects.filter(
            pk__in={network.police_zone_id for network in networks},
            officer_access=PoliceZone.OfficerAccess.MEMBERS,
        )
        zones = set(agreed.values_list("pk", flat=True))
        held |= active.covering(
            network for network in networks if network.police_zone_id in zones
        ).filter(role=Role.MANDATED_OFFICER)
    users = get_user_model()._default_manager.filter(is_active=True)
    return users.filter(pk__in=held.values("user"))


def require(user: Any, capability: Capability, *networks: Network) -> None:
    """Refuse unless the user may do this in every one of the networks.

    Raises:
        NotAllowed: for at least one network no mandate allows it.
    """
    wanted = {network.pk for network in networks}
    allowed = networks_for(user, capability).filter(pk__in=wanted).count()
    if not wanted or allowed != len(wanted):
        raise NotAllowed(capability.value)


class MandatePermissionPolicy(BasePermissionPolicy):
    """Wagtail's permission policy for networks and for rows that belong to one.

    It decides about rows; Wagtail's views ask it about the model alone. What
    makes them ask about the row is ``wagtail_bin.admin.scope``.

    Args:
        model: a model whose default manager has ``visible_to(user, roles)``.
        capabilities: Wagtail action (``view``, ``add``, ``change``, ``delete``)
            to what it takes; an action left out is nobody's but a superuser's.
    """

    def __init__(self, model: Any, capabilities: dict[str, Capability]) -> None:
        super().__init__(model)
        self.capabilities = capabilities

    def _roles(self, actions: Iterable[str]) -> frozenset[Office]:
        found = [
            ROLES[self.capabilities[action]]
            for action in actions
            if action in self.capabilities
        ]
        return frozenset().union(*found)

    def networks(self, user: Any, actions: Iterable[str]) -> models.QuerySet[Network]:
        """The networks in which the user may do one of these."""
        return Network.objects.visible_to(user, self._roles(actions))

    def user_has_permission(self, user: Any, action: str) -> bool:
        """Whether the user may do this in at least one network."""
        return self.user_has_any_permission(user, [action])

    def user_has_any_permission(self, user: Any, actions: Iterable[str]) -> bool:
        """Whether the user may do one of these in at least one network."""
        if user.is_active and user.is_superuser:
            return True
        roles = self._roles(actions)
        return bool(roles) and Network.objects.visible_to(user, roles).exists()

    def users_with_any_permission(self, actions: Iterable[str]) -> Any:
        """Users with a mandate, in force today, of a fitting office."""
        found = get_user_model()._default_manager.filter(
            is_superuser=True, is_active=True
        )
        networks = list(Network.objects.all())
        for action in actions:
            if action in self.capabilities:
                found |= holders(networks, self.capabilities[action])
        return found

    def user_has_any_permission_for_instance(
        self, user: Any, actions: Iterable[str], instance: Any
    ) -> bool:
        """Whether the user may do one of these with this row."""
        return bool(
            self.instances_user_has_any_permission_for(user, actions)
            .filter(pk=instance.pk)
            .exists()
        )

    def user_has_permission_for_instance(
        self, user: Any, action: str, instance: Any
    ) -> bool:
        """Whether the user may do this with this row."""
        return self.user_has_any_permission_for_instance(user, [action], instance)

    def instances_user_has_any_permission_for(
        self, user: Any, actions: Iterable[str]
    ) -> Any:
        """The rows with which the user may do one of these."""
        return self.model._default_manager.visible_to(user, self._roles(actions))

    def users_with_any_permission_for_instance(
        self, actions: Iterable[str], instance: Any
    ) -> Any:
        """Users who may do one of these with this row."""
        candidates = self.users_with_any_permission(actions)
        return candidates.filter(
            pk__in=[
                user.pk
                for user in candidates
                if self.user_has_any_permission_for_instance(user, actions, instance)
            ]
        )
