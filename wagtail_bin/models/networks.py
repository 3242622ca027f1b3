"""The neighbourhood information networks and their streets."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel

from wagtail_bin.models.mandates import (
    OFFICER_BY_CHARTER,
    Mandate,
    MandateQuerySet,
    Office,
    Role,
)
from wagtail_bin.models.organisation import Municipality, PoliceZone
from wagtail_bin.validators import (
    display_phone,
    validate_boundary,
    validate_phone,
    validate_single_line,
)


class NetworkQuerySet(models.QuerySet["Network"]):
    """Networks by who asks: the only source of row-level permission."""

    def visible_to(
        self, user: Any, roles: frozenset[Office] | None = None
    ) -> NetworkQuerySet:
        """Networks covered by the user's active mandates.

        A mandate for a municipality or a police zone covers all its networks.

        Args:
            user: a Django user; superusers see all, anonymous users none.
            roles: count only mandates of these offices; None: of any. With
                ``OFFICER_BY_CHARTER`` those of a mandated officer count where the
                police zone says so.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_superuser:
            return self.all()
        covered = _covered_by(Mandate.objects.of(user, roles))
        if roles is not None and OFFICER_BY_CHARTER in roles:
            officer = frozenset({Role.MANDATED_OFFICER})
            covered |= _covered_by(Mandate.objects.of(user, officer)) & models.Q(
                police_zone__officer_access=PoliceZone.OfficerAccess.MEMBERS
            )
        return self.filter(covered)


def _covered_by(mandates: MandateQuerySet) -> models.Q:
    """Networks that one of the mandates is for, or for whose place it is."""
    networks = mandates.filter(network__isnull=False).values("network")
    towns = mandates.filter(municipality__isnull=False).values("municipality")
    zones = mandates.filter(police_zone__isnull=False).values("police_zone")
    return (
        models.Q(pk__in=networks)
        | models.Q(municipality__in=towns)
        | models.Q(police_zone__in=zones)
    )


class Network(ClusterableModel):
    """A BIN. Never a page: pages are copied and deleted, members must not be."""

    class Kind(models.TextChoices):
        """Whom the network is for."""

        RESIDENTS = "residents", _("residents")
        BUSINESS = "business", _("self-employed (BIN-Z)")
        THEMATIC = "thematic", _("thematic")

    name = models.CharField(
        _("name"), max_length=100, validators=[validate_single_line]
    )
    slug = models.SlugField(_("short name"), unique=True)
    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind.choices, default=Kind.RESIDENTS
    )
    municipality = models.ForeignKey(
        Municipality,
        verbose_name=_("municipality"),
        on_delete=models.PROTECT,
        related_name="networks",
    )
    police_zone = models.ForeignKey(
        PoliceZone,
        verbose_name=_("police zone"),
        on_delete=models.PROTECT,
        related_name="networks",
    )
    contact_name = models.CharField(
        _("public contact"),
        max_length=100,
        blank=True,
        help_text=_("Shown to everybody; a role is better than a person."),
    )
    contact_email = models.EmailField(_("public e-mail"), blank=True)
    contact_phone = models.CharField(
        _("public telephone"), max_length=16, blank=True, validators=[validate_phone]
    )
    boundary = models.JSONField(
        _("boundary"),
        null=True,
        blank=True,
        validators=[validate_boundary],
        help_text=_(
            "For the map, as GeoJSON: a Polygon or MultiPolygon with longitude before "
            "latitude. The streets decide who belongs to the BIN, never the boundary."
        ),
    )

    objects = NetworkQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("BIN")
        verbose_name_plural = _("BINs")

    def __str__(self) -> str:
        return self.name

    @property
    def display_phone(self) -> str:
        """The public telephone as people write it."""
        return display_phone(self.contact_phone)


class NetworkStreet(models.Model):
    """A street, or a part of it, that belongs to a network."""

    class Parity(models.TextChoices):
        """Which side of the street."""

        ALL = "all", _("all numbers")
        ODD = "odd", _("odd numbers")
        EVEN = "even", _("even numbers")

    network = ParentalKey(Network, on_delete=models.CASCADE, related_name="streets")
    name_nl = models.CharField(_("street in Dutch"), max_length=100, blank=True)
    name_fr = models.CharField(_("street in French"), max_length=100, blank=True)
    name_de = models.CharField(_("street in German"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=4)
    parity = models.CharField(
        _("side"), max_length=4, choices=Parity.choices, default=Parity.ALL
    )
    number_from = models.PositiveIntegerField(_("from number"), null=True, blank=True)
    number_to = models.PositiveIntegerField(_("to number"), null=True, blank=True)

    class Meta:
        ordering = ["name_nl", "name_fr", "name_de", "number_from"]
        verbose_name = _("street")
        verbose_name_plural = _("streets")
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_street_has_a_name",
                condition=~models.Q(name_nl="", name_fr="", name_de=""),
                violation_error_message=_("Give the street in at least one language."),
            ),
            models.CheckConstraint(
                name="wagtail_bin_street_numbers_ascend",
                condition=models.Q(number_from__isnull=True)
                | models.Q(number_to__isnull=True)
                | models.Q(number_to__gte=models.F("number_from")),
                violation_error_message=_("The last number is smaller than the first."),
            ),
        ]

    def __str__(self) -> str:
        return self.name_nl or self.name_fr or self.name_de

    def holds(self, number: int) -> bool:
        """Whether a house number is on this side and in this part of the street."""
        parity = {self.Parity.ODD: 1, self.Parity.EVEN: 0}.get(
            self.Parity(self.parity), number % 2
        )
        first = self.number_from or 0
        last = number if self.number_to is None else self.number_to
        return number % 2 == parity and first <= number <= last

    def name_in(self, language: str) -> str:
        """The street's name in a language, or else in any it has."""
        return getattr(self, f"name_{language[:2]}", "") or str(self)
