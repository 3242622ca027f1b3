"""The ledger: who must get what, and what is known of it.

The states and their meaning stand in docs/delivery.md; the rules that hold
between them are kept by wagtail_bin.dispatch, never by save().
"""

from __future__ import annotations

import uuid
from typing import Any

import swapper
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.mandates import Role
from wagtail_bin.models.members import ChannelName, Member, Purpose
from wagtail_bin.models.networks import Network


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    """Dispatches by who asks."""

    def visible_to(
        self, user: Any, roles: frozenset[Role] | None = None
    ) -> DispatchQuerySet:
        """Dispatches to at least one network that the user's mandates cover."""
        covered = Network.objects.visible_to(user, roles)
        return self.filter(
            pk__in=Dispatch.networks.through.objects.filter(network__in=covered).values(
                "dispatch"
            )
        )


class Dispatch(models.Model):
    """One approved sending of one page revision to a frozen audience."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    page = models.ForeignKey(
        swapper.get_model_name("wagtailcore", "Page"),
        verbose_name=_("page"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    revision = models.ForeignKey(
        "wagtailcore.Revision",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    title = models.CharField(_("title"), max_length=255)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    networks = models.ManyToManyField(
        Network, verbose_name=_("BINs"), related_name="dispatches"
    )
    approved_by = models.ForeignKey(
        conf.user_model,
        verbose_name=_("confirmed by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("confirmed on"), default=timezone.now)
    expires_at = models.DateTimeField(_("given up after"))
    # Reason -> number of members who could not be reached when it was approved.
    unreachable = models.JSONField(default=dict)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        ordering = ["-approved_at"]
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")

    def __str__(self) -> str:
        return self.title


class DispatchMessage(models.Model):
    """The content of a dispatch in one language, rendered once and frozen.

    ``subject``, ``html`` and ``text`` hold placeholders that only ``token``
    can form, so that nothing in a page can pass for one.
    """

    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.CASCADE, related_name="messages"
    )
    revision = models.ForeignKey(
        "wagtailcore.Revision", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # "nl", or "nl+fr" where every message is in all languages of the place.
    language = models.CharField(_("language"), max_length=11)
    token = models.CharField(max_length=16)
    subject = models.CharField(_("subject"), max_length=255)
    html = models.TextField()
    text = models.TextField()

    class Meta:
        verbose_name = _("message of a dispatch")
        verbose_name_plural = _("messages of a dispatch")
        constraints = [
            models.UniqueConstraint(
                fields=["dispatch", "language"],
                name="wagtail_bin_message_once_per_language",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.language})"


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

    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.PROTECT, related_name="deliveries"
    )
    member = models.ForeignKey(
        Member, null=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    network = models.ForeignKey(
        Network, on_delete=models.PROTECT, related_name="deliveries"
    )
    channel = models.CharField(_("channel"), max_length=10, choices=ChannelName.choices)
    language = models.CharField(_("language"), max_length=11)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.QUEUED
    )
    attempt = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    claimed_by = models.CharField(max_length=36, blank=True)
    lease_until = models.DateTimeField(null=True)
    # Written when the call is about to be made, from what the member has then.
    address = models.CharField(_("address"), max_length=254, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=255, blank=True)
    code = models.CharField(_("reply code"), max_length=40, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["dispatch", "member", "channel"],
                name="wagtail_bin_delivery_once_per_member",
            )
        ]
        indexes = [
            models.Index(
                fields=["dispatch", "state"], name="wagtail_bin_delivery_state"
            ),
            models.Index(
                fields=["due_at", "id"],
                name="wagtail_bin_delivery_due",
                condition=models.Q(state="queued"),
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
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class DeliveryEvent(models.Model):
    """What a provider said of a delivery. Append-only."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(_("what"), max_length=20)
    source = models.CharField(_("provider"), max_length=40)
    event_id = models.CharField(max_length=255, blank=True)
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

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class WorkerHeartbeat(models.Model):
    """When a worker's cluster last did some work: proof that it is not hanging."""

    worker = models.CharField(max_length=100, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker heartbeat")
        verbose_name_plural = _("worker heartbeats")

    def __str__(self) -> str:
        return self.worker
