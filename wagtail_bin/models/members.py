"""Members, what they consented to, and addresses never to be written to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.models.mandates import Office
from wagtail_bin.models.networks import Network
from wagtail_bin.models.organisation import Language
from wagtail_bin.validators import (
    address_digest,
    display_phone,
    household_key,
    name_key,
    validate_phone,
    validate_single_line,
)


class ChannelName(models.TextChoices):
    """How a message reaches a member."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    VOICE = "voice", _("voice message")
    HANDOVER = "handover", _("hand-over to another platform")
    SOCIAL = "social", _("social media")


# By which one member is reached. The others reach whoever reads them.
PERSONAL_CHANNELS = (
    ChannelName.EMAIL,
    ChannelName.SMS,
    ChannelName.VOICE,
    ChannelName.HANDOVER,
)


class Purpose(models.TextChoices):
    """What a member may consent to, each apart."""

    TIPS = "tips", _("prevention tips")
    ALERTS = "alerts", _("warnings of the police")


def full_name(first_name: str, last_name: str, organisation: str) -> str:
    """First and last name, or the organisation."""
    return f"{first_name} {last_name}".strip() or organisation


class MemberQuerySet(models.QuerySet["Member"]):
    """Members by who asks."""

    def visible_to(
        self, user: Any, roles: frozenset[Office] | None = None
    ) -> MemberQuerySet:
        """Members of the networks that :meth:`NetworkQuerySet.visible_to` gives."""
        return self.filter(network__in=Network.objects.visible_to(user, roles))


class Member(models.Model):
    """One row in one network's list.

    Two members may share an address; a person in two networks is two members.
    """

    class State(models.TextChoices):
        """Where the membership stands."""

        UNCONFIRMED = "unconfirmed", _("not yet confirmed")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        LEFT = "left", _("left")
        EXCLUDED = "excluded", _("excluded")

    class Source(models.TextChoices):
        """How the member came onto the list."""

        IMPORT = "import", _("imported list")
        PAPER = "paper", _("paper form")
        WEB = "web", _("website")

    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.PROTECT,
        related_name="members",
    )
    first_name = models.CharField(
        _("first name"), max_length=100, blank=True, validators=[validate_single_line]
    )
    last_name = models.CharField(
        _("last name"), max_length=100, blank=True, validators=[validate_single_line]
    )
    organisation = models.CharField(
        _("organisation"),
        max_length=150,
        blank=True,
        validators=[validate_single_line],
    )
    email = models.EmailField(_("e-mail"), blank=True)
    mobile = models.CharField(
        _("mobile"), max_length=16, blank=True, validators=[validate_phone]
    )
    phone = models.CharField(
        _("landline"), max_length=16, blank=True, validators=[validate_phone]
    )
    street = models.CharField(_("street"), max_length=150, blank=True)
    number = models.CharField(_("number"), max_length=10, blank=True)
    box = models.CharField(_("box"), max_length=10, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    locality = models.CharField(_("town"), max_length=100, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, blank=True
    )
    state = models.CharField(
        _("state"), max_length=11, choices=State.choices, default=State.UNCONFIRMED
    )
    suspended_until = models.DateField(_("suspended until"), null=True, blank=True)
    quiet_from = models.TimeField(_("quiet hours from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet hours until"), null=True, blank=True)
    away_from = models.DateField(_("no messages from"), null=True, blank=True)
    away_until = models.DateField(_("no messages until"), null=True, blank=True)
    house_rules_version = models.CharField(
        _("accepted house rules"), max_length=20, blank=True
    )
    house_rules_accepted_at = models.DateTimeField(
        _("accepted on"), null=True, blank=True
    )
    source = models.CharField(
        _("source"), max_length=6, choices=Source.choices, default=Source.PAPER
    )
    joined_at = models.DateTimeField(_("member since"), default=timezone.now)
    left_at = models.DateTimeField(_("left on"), null=True, blank=True)
    # When the membership was last asked to be confirmed by e-mail.
    invited_at = models.DateTimeField(_("invited on"), null=True, editable=False)
    # Computed from the fields above whenever they are saved, so that lists are
    # matched and suppressions applied inside the database.
    name_key = models.CharField(max_length=350, blank=True, editable=False)
    email_digest = models.CharField(max_length=64, blank=True, editable=False)
    mobile_digest = models.CharField(max_length=64, blank=True, editable=False)
    phone_digest = models.CharField(max_length=64, blank=True, editable=False)
    # Empty where it is not known in which house the member lives.
    household_key = models.CharField(max_length=350, blank=True, editable=False)

    COMPUTED = (
        "name_key",
        "email_digest",
        "mobile_digest",
        "phone_digest",
        "household_key",
    )

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name", "pk"]
        verbose_name = _("member")
        verbose_name_plural = _("members")
        indexes = [
            models.Index(fields=["network", "state"], name="wagtail_bin_member_state"),
            models.Index(fields=["network", "email"], name="wagtail_bin_member_email"),
            models.Index(
                fields=["network", "mobile"],
                name="wagtail_bin_member_mobile",
                condition=~models.Q(mobile=""),
            ),
            models.Index(
                fields=["network", "phone"],
                name="wagtail_bin_member_phone",
                condition=~models.Q(phone=""),
            ),
            models.Index(
                fields=["network", "household_key"],
                name="wagtail_bin_member_household",
                condition=~models.Q(household_key=""),
            ),
            models.Index(
                fields=["suspended_until"],
                name="wagtail_bin_member_suspended",
                condition=models.Q(suspended_until__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="wagtail_bin_member_can_be_reached",
                condition=~models.Q(email="", mobile="", phone=""),
                violation_error_message=_("Give an e-mail address or a telephone."),
            ),
            models.CheckConstraint(
                name="wagtail_bin_member_has_a_name",
                condition=~models.Q(first_name="", last_name="", organisation=""),
                violation_error_message=_("Give a name or an organisation."),
            ),
        ]

    def __str__(self) -> str:
        # Copied into logs, messages and revisions: never personal data.
        return f"{self._meta.verbose_name} {self.pk}"

    def save(
        self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        """Save, keeping the computed columns true."""
        self.compute_keys()
        if update_fields is not None:
            update_fields = {*update_fields, *self.COMPUTED}
        super().save(*args, update_fields=update_fields, **kwargs)

    def compute_keys(self) -> None:
        """Bring the computed columns in line. Bulk writers call this themselves."""
        self.name_key = name_key(self.first_name, self.last_name, self.organisation)
        self.email_digest = address_digest(self.email)
        self.mobile_digest = address_digest(self.mobile)
        self.phone_digest = address_digest(self.phone)
        self.household_key = household_key(self.street, self.number, self.box)

    @property
    def full_name(self) -> str:
        """First and last name, or the organisation."""
        return full_name(self.first_name, self.last_name, self.organisation)

    @property
    def address_line(self) -> str:
        """Street, number and box on one line; empty without a street."""
        if not self.street:
            return ""
        line = f"{self.street} {self.number}".strip()
        return f"{line} / {self.box}" if self.box else line

    @property
    def display_mobile(self) -> str:
        """The mobile number as people write it."""
        return display_phone(self.mobile)

    @property
    def display_landline(self) -> str:
        """The landline as people write it."""
        return display_phone(self.phone)


class Consent(models.Model):
    """One statement of a member, append-only. The newest one counts."""

    class Basis(models.TextChoices):
        """How the statement came to us."""

        ENROLMENT = "enrolment", _("signed enrolment form")
        TRANSFER = "transfer", _("list of the coordinator; members were informed")
        LINK = "link", _("link in a message")
        ONE_CLICK = "one_click", _("unsubscribe button of the mail program")
        OFFICE = "office", _("told to the coordinator or the prevention service")
        COMPLAINT = "complaint", _("reported a message as unwanted")
        PROVIDER = "provider", _("told to the service that sends the messages")
        UNDONE = "undone", _("the list that said so was taken back")

    member = models.ForeignKey(
        Member, on_delete=models.CASCADE, related_name="consents"
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=ChannelName.choices)
    is_given = models.BooleanField(_("given"))
    basis = models.CharField(_("basis"), max_length=10, choices=Basis.choices)
    text = models.CharField(
        _("wording"),
        max_length=255,
        blank=True,
        help_text=_("The text that was agreed to, or its version."),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(
                fields=["member", "purpose", "channel", "-id"],
                name="wagtail_bin_consent_newest",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class Suppression(models.Model):
    """An address that must not be written to, as a keyed hash. Outlives erasure."""

    class Reason(models.TextChoices):
        """Why the address is suppressed."""

        BOUNCE = "bounce", _("does not exist")
        SOFT_BOUNCES = "soft", _("did not take messages, several times")
        COMPLAINT = "complaint", _("reported as unwanted")
        ERASED = "erased", _("erased on request")
        MANUAL = "manual", _("by hand")

    digest = models.CharField(max_length=64, unique=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
