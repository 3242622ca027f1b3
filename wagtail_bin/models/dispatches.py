"""What is sent: one approved sending, and its content, frozen."""

from __future__ import annotations

import uuid
from typing import Any

import swapper
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.mandates import Office
from wagtail_bin.models.members import ChannelName, Purpose
from wagtail_bin.models.networks import Network


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    """Dispatches by who asks."""

    def visible_to(
        self, user: Any, roles: frozenset[Office] | None = None
    ) -> DispatchQuerySet:
        """Dispatches to at least one network that the user's mandates cover."""
        covered = Network.objects.visible_to(user, roles)
        return self.filter(
            pk__in=Dispatch.networks.through.objects.filter(network__in=covered).values(
                "dispatch"
            )
        )

    def open(self) -> DispatchQuerySet:
        """Those that still have, or will have, something to send by themselves."""
        return self.filter(settled_at=None)

    def urgent(self) -> DispatchQuerySet:
        """Those that cannot wait: warm messages of the police."""
        return self.filter(purpose=Purpose.ALERTS)

    def not_urgent(self) -> DispatchQuerySet:
        """Those that can wait for the urgent ones."""
        return self.exclude(purpose=Purpose.ALERTS)


def default_channels() -> list[str]:
    """E-mail alone."""
    return [ChannelName.EMAIL.value]


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
    # In the order of preference: each member gets it by the first that reaches.
    channels = models.JSONField(_("channels"), default=default_channels)
    approved_at = models.DateTimeField(_("confirmed on"), default=timezone.now)
    not_before = models.DateTimeField(_("to be sent on"), default=timezone.now)
    # The page has a go-live date: nothing leaves before readers can see it.
    awaits_page = models.BooleanField(default=False)
    expires_at = models.DateTimeField(_("given up after"))
    paused_at = models.DateTimeField(_("paused on"), null=True)
    # Empty: by a person; else the kind of trouble that paused it.
    pause_code = models.CharField(max_length=40, blank=True)
    # When it met such trouble; only once, so that whoever resumes it decides.
    tripped_at = models.DateTimeField(null=True)
    # When whoever sent it was told of the trouble.
    told_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(_("cancelled on"), null=True)
    # Nothing more will happen by itself.
    settled_at = models.DateTimeField(_("finished on"), null=True)
    # Rows that its ledger got when it was approved, and has for ever.
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    # Reason -> number of members who could not be reached when it was approved.
    unreachable = models.JSONField(default=dict)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        ordering = ["-approved_at"]
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")
        indexes = [
            models.Index(
                fields=["not_before"],
                name="wagtail_bin_dispatch_open",
                condition=models.Q(settled_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_urgent(self) -> bool:
        """Whether it cannot wait."""
        return self.purpose == Purpose.ALERTS


class DispatchMessage(models.Model):
    """The content of a dispatch by one channel in one language, frozen.

    ``subject``, ``html`` and ``text`` hold placeholders that only ``token``
    can form, so that nothing in a page can pass for one.
    """

    dispatch = models.ForeignKey(
        Dispatch, on_delete=models.CASCADE, related_name="messages"
    )
    revision = models.ForeignKey(
        "wagtailcore.Revision", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=ChannelName.choices,
        default=ChannelName.EMAIL,
    )
    # "nl", or "nl+fr" where every message is in all languages of the place.
    language = models.CharField(_("language"), max_length=11)
    token = models.CharField(max_length=16)
    subject = models.CharField(_("subject"), max_length=255, blank=True)
    html = models.TextField(blank=True)
    text = models.TextField()

    class Meta:
        verbose_name = _("message of a dispatch")
        verbose_name_plural = _("messages of a dispatch")
        constraints = [
            models.UniqueConstraint(
                fields=["dispatch", "channel", "language"],
                name="wagtail_bin_message_once_per_language",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.language})"
