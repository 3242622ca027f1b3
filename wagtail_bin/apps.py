"""The app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WagtailBinConfig(AppConfig):
    """Neighbourhood information networks."""

    name = "wagtail_bin"
    label = "wagtail_bin"
    verbose_name = _("Neighbourhood information networks")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks, permission policies, receivers and what follows ``migrate``."""
        from django.db.models.signals import post_migrate, pre_delete
        from wagtail.permissions import register_permission_policy

        from wagtail_bin import checks, permissions, signal_handlers  # noqa: F401
        from wagtail_bin.dispatch import preview_modes
        from wagtail_bin.dispatch.schedule import install_sweeps
        from wagtail_bin.membership.retention import forget_addresses
        from wagtail_bin.models import Charter, Member, Network, Sanction, Segment
        from wagtail_bin.permissions import Capability, MandatePermissionPolicy

        pre_delete.connect(forget_addresses, sender=Member)
        post_migrate.connect(install_sweeps, sender=self)
        signal_handlers.connect()
        preview_modes.register()
        register_permission_policy(
            Member,
            MandatePermissionPolicy(
                Member,
                {
                    "view": Capability.VIEW_MEMBERS,
                    "add": Capability.EDIT_MEMBERS,
                    "change": Capability.EDIT_MEMBERS,
                    "delete": Capability.EDIT_MEMBERS,
                },
            ),
        )
        register_permission_policy(
            Charter,
            # Never deleted: the next version takes its place.
            MandatePermissionPolicy(
                Charter,
                {
                    "view": Capability.VIEW_NETWORK,
                    "add": Capability.MANAGE_CHARTERS,
                    "change": Capability.MANAGE_CHARTERS,
                },
            ),
        )
        register_permission_policy(
            Network,
            # Whoever holds a mandate sees the BIN; a superuser manages it.
            MandatePermissionPolicy(Network, {"view": Capability.VIEW_NETWORK}),
        )
        register_permission_policy(
            Sanction,
            # Written down and lifted, never changed.
            MandatePermissionPolicy(
                Sanction,
                {
                    "view": Capability.VIEW_SANCTIONS,
                    "add": Capability.IMPOSE_SANCTIONS,
                },
            ),
        )
        register_permission_policy(
            Segment,
            MandatePermissionPolicy(Segment, {"view": Capability.VIEW_MEMBERS}),
        )
