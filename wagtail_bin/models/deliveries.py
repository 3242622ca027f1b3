"""The ledger: who must get what, and what is known of it.

The states and their meaning stand in docs/delivery.md; the rules that hold
between them are kept by wagtail_bin.dispatch, never by save().
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.models.dispatches import Dispatch
from wagtail_bin.models.members import ChannelName, Member
from wagtail_bin.models.networks import Network


class Delivery(models.Model):
    """One member by one channel: a row of the ledger."""

    class State(models.TextChoices):
        """What is known. Only ``queued`` is ever tried (again) by itself."""

        QUEUED = "queued", _("waiting")
        CLAIMED = "claimed", _("taken up")
        SENDING = "sending", _("being sent")
        ACCEPTED = "accepted", _("handed over")
        REJECTED = "rejected", _("refused")
        SUPPRESSED = "suppressed", _("withheld")
        EXPIRED = "expired", _("given up")
        CANCELLED = "cancelled", _("cancelled")
        UNKNOWN = "unknown", _("unknown")

    OPEN_STATES = (State.QUEUED, State.CLAIMED, State.SENDING)

    class Report(models.TextChoices):
        """The gravest thing a provider has said since it took the message.

        In this order: a later member outranks an earlier one, in whatever order
        the reports come in.
        """

        NONE = "", _("nothing heard")
        DEFERRED = "deferred", _("delayed")
        DELIVERED = "delivered", _("delivered")
        SOFT_BOUNCE = "soft_bounce", _("came back, for now")
        HARD_BOUNCE = "hard_bounce", _("came back")
        COMPLAINT = "complaint", _("reported as unwanted")

    # Few rows have such a report, and something follows from each.
    TROUBLE = (Report.SOFT_BOUNCE, Report.HARD_BOUNCE, Report.COMPLAINT)

    dispatch = models.ForeignKey(
        Dispatch,
        on_delete=models.PROTECT,
        related_name="deliveries",
        # Several indexes below begin with it.
        db_index=False,
    )
    # None for a broadcast, and for a member erased since.
    member = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    # None for a broadcast.
    network = models.ForeignKey(
        Network, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    channel = models.CharField(_("channel"), max_length=10, choices=ChannelName.choices)
    # Which account a broadcast is posted to, or which platform it is handed to.
    target = models.CharField(_("target"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=11)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # How often it was sent again although it may have gone out before.
    repeats = models.PositiveSmallIntegerField(_("repeats"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    claimed_by = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    # When the last call was about to be made, by the database's clock.
    tried_at = models.DateTimeField(_("tried on"), null=True)
    # Written when the call is about to be made, from what the member has then.
    address = models.CharField(_("address"), max_length=254, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    code = models.CharField(_("reply code"), max_length=40, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    report = models.CharField(
        _("report"), max_length=11, choices=Report.choices, blank=True
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["dispatch", "member", "channel"],
                name="wagtail_bin_delivery_once_per_member",
            ),
            models.UniqueConstraint(
                fields=["dispatch", "channel", "target"],
                name="wagtail_bin_broadcast_once_per_target",
                condition=models.Q(network=None),
            ),
        ]
        indexes = [
            models.Index(
                fields=["dispatch", "state"], name="wagtail_bin_delivery_state"
            ),
            models.Index(
                fields=["dispatch", "channel", "due_at", "id"],
                name="wagtail_bin_delivery_due",
                condition=models.Q(state="queued"),
            ),
            models.Index(
                fields=["provider_id"],
                name="wagtail_bin_delivery_provider",
                condition=~models.Q(provider_id=""),
            ),
            models.Index(
                fields=["lease_until"],
                name="wagtail_bin_delivery_lease",
                condition=models.Q(state__in=["claimed", "sending"]),
            ),
            models.Index(
                fields=["claimed_by"],
                name="wagtail_bin_delivery_claim",
                condition=~models.Q(claimed_by=""),
            ),
            models.Index(
                fields=["address"],
                name="wagtail_bin_delivery_trouble",
                condition=models.Q(
                    report__in=["soft_bounce", "hard_bounce", "complaint"]
                ),
            ),
            models.Index(
                fields=["dispatch", "report"],
                name="wagtail_bin_delivery_reports",
                condition=models.Q(
                    report__in=["soft_bounce", "hard_bounce", "complaint"]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class DeliveryEvent(models.Model):
    """What was said of a delivery, by a provider or a person. Append-only.

    Erased after ``WAGTAIL_BIN_EVENT_KEEP_DAYS``; what it came to stays above.
    """

    # None while no delivery is known that it belongs to.
    delivery = models.ForeignKey(
        Delivery, null=True, on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(_("what"), max_length=20)
    source = models.CharField(_("provider"), max_length=40)
    event_id = models.CharField(max_length=255, blank=True)
    # Our reference and the provider's id, to find the delivery later.
    reference = models.CharField(max_length=100, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    code = models.CharField(_("reply code"), max_length=40, blank=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "event_id"],
                name="wagtail_bin_event_once",
                condition=~models.Q(event_id=""),
            )
        ]
        indexes = [
            models.Index(
                fields=["at"],
                name="wagtail_bin_event_unmatched",
                condition=models.Q(delivery=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
