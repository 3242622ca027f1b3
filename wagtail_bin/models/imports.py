"""Uploaded member lists: how they were read, what they plan, what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wagtail_bin.conf import conf
from wagtail_bin.models.members import Member
from wagtail_bin.models.networks import Network


class MemberImport(models.Model):
    """One uploaded list and its way into a network.

    The file is kept in the row, not among the media, until it is imported or
    forgotten: media are public, and every web process sees the database.
    """

    class State(models.TextChoices):
        """How far the import is."""

        UPLOADED = "uploaded", _("waiting for its columns")
        PLANNING = "planning", _("is being looked through")
        PLANNED = "planned", _("waiting for confirmation")
        APPLYING = "applying", _("is being imported")
        APPLIED = "applied", _("imported")
        CANCELLED = "cancelled", _("stopped half-way")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("is being undone")
        UNDONE = "undone", _("undone")

    class Policy(models.TextChoices):
        """What becomes of members whom the list knows already."""

        UPDATE = "update", _("take over what the file says")
        FILL = "fill", _("only fill in what is empty")
        SKIP = "skip", _("leave them as they are")

    class Failure(models.TextChoices):
        """Why an import failed."""

        UNREADABLE = "unreadable", _("the file cannot be read to its end")
        ERASED = "erased", _("the file was erased, since nobody confirmed it in time")
        WORKER = "worker", _("the program ended time after time")

    # Somebody works on it, or should.
    WORKING = (State.PLANNING, State.APPLYING, State.UNDOING)
    # Nothing was written yet: the upload may be erased.
    WAITING = (State.UPLOADED, State.PLANNING, State.PLANNED)
    # Nobody works on it, and what was written, if anything, may be undone.
    ENDED = (State.APPLIED, State.CANCELLED, State.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    network = models.ForeignKey(
        Network,
        verbose_name=_("BIN"),
        on_delete=models.CASCADE,
        related_name="imports",
    )
    user = models.ForeignKey(
        conf.user_model,
        verbose_name=_("by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.UPLOADED
    )
    failure = models.CharField(
        _("failure"), max_length=10, choices=Failure.choices, blank=True
    )
    file_name = models.CharField(_("file"), max_length=255)
    content = models.BinaryField(null=True, editable=False)
    basis = models.CharField(_("basis"), max_length=10, blank=True)
    policy = models.CharField(
        _("members already on the list"),
        max_length=6,
        choices=Policy.choices,
        default=Policy.UPDATE,
    )
    # {"line": …, "header": […], "fields": […]}: exchange.mapping.Mapping.
    mapping = models.JSONField(_("columns"), default=dict)

    # Who works on it, until when (the database's clock), and how far.
    owner = models.CharField(max_length=36, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    position = models.PositiveIntegerField(default=0, editable=False)
    total = models.PositiveIntegerField(_("rows"), null=True)
    done = models.PositiveIntegerField(_("rows done"), default=0)
    # The newest member when the plan was made: later ones it did not see.
    last_member = models.PositiveBigIntegerField(default=0, editable=False)

    # Of the plan; once the import has ended, of what was done.
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("already there"), default=0)
    kept_out = models.PositiveIntegerField(_("not brought back"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    overtaken = models.PositiveIntegerField(_("changed meanwhile"), default=0)
    missing = models.PositiveIntegerField(_("missing from the file"), default=0)
    restored = models.PositiveIntegerField(_("undone"), default=0)
    not_restored = models.PositiveIntegerField(_("could not be undone"), default=0)

    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    planned_at = models.DateTimeField(_("planned"), null=True)
    # The end of writing, whether everything was or somebody stopped it.
    applied_at = models.DateTimeField(_("imported"), null=True)
    cancelled_by = models.ForeignKey(
        conf.user_model,
        verbose_name=_("stopped by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    undone_at = models.DateTimeField(_("undone on"), null=True)
    undone_by = models.ForeignKey(
        conf.user_model,
        verbose_name=_("undone by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ["-uploaded_at"]
        verbose_name = _("import of members")
        verbose_name_plural = _("imports of members")
        indexes = [
            models.Index(
                fields=["lease_until"],
                name="wagtail_bin_import_working",
                condition=models.Q(state__in=["planning", "applying", "undoing"]),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["network"],
                name="wagtail_bin_one_import_writes",
                condition=models.Q(state__in=["applying", "undoing"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class ImportRow(models.Model):
    """A row of a list: what it plans, what it wrote, and how to take that back.

    It holds particulars of people, so it does not last: retention erases the
    rows of an upload with its file, and all others after the days in which an
    import can be undone.
    """

    class Kind(models.TextChoices):
        """What is planned."""

        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        SAME = "same", _("already there")
        KEPT_OUT = "kept_out", _("not brought back")
        REFUSED = "refused", _("refused")

    class Note(models.TextChoices):
        """What else there is to say of it."""

        # Why the row is kept out.
        LEFT = "left", _("has left")
        EXCLUDED = "excluded", _("is excluded")
        BARRED = "barred", _("asked never to be written to again")
        # Written, but nothing is sent to the address.
        WITHDREW = "withdrew", _("withdrew consent, which stays so")
        SUPPRESSED = "suppressed", _("has an address that does not work")
        # The policy leaves things as they are on the list.
        POLICY = "policy", _("differs, and stays as it is on the list")

    class Outcome(models.TextChoices):
        """What became of a new or a changed row."""

        PENDING = "", _("not imported")
        WRITTEN = "written", _("imported")
        OVERTAKEN = "overtaken", _("the list was changed meanwhile")
        UNDONE = "undone", _("undone")
        KEPT = "kept", _("could not be undone")

    class Kept(models.TextChoices):
        """Why a row cannot be undone."""

        EDITED = "edited", _("was changed since")
        MESSAGES = "messages", _("has got messages since")
        CONSENT = "consent", _("agreed or unsubscribed since")
        RELATED = "related", _("has something on record since")
        GONE = "gone", _("is no longer on the list")

    # Rows come and go by the hundred thousand: the database does not check each.
    member_import = models.ForeignKey(
        MemberImport,
        on_delete=models.CASCADE,
        related_name="rows",
        db_constraint=False,
        # The unique constraint begins with it.
        db_index=False,
    )
    line = models.PositiveIntegerField(_("line"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    note = models.CharField(_("note"), max_length=10, choices=Note.choices, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=9, choices=Outcome.choices, blank=True
    )
    kept = models.CharField(_("reason"), max_length=8, choices=Kept.choices, blank=True)
    # Whom it is about; of a new row, who it became. An erased member takes it along.
    member = models.ForeignKey(
        Member,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
    )
    # Primary key of what the member agreed to by this row.
    consent_id = models.BigIntegerField(null=True)
    # The fields that change, as they were, and as the row makes them, with the
    # computed ones; of a new member all that is not empty. None: nothing is written.
    fields: Any = models.JSONField(_("fields"), null=True)
    before: Any = models.JSONField(_("before"), null=True)
    after: Any = models.JSONField(_("after"), null=True)
    # As it stands in the file, where it cannot be imported.
    cells: Any = models.JSONField(_("cells"), null=True)
    # [{"field": …, "code": …, "value": …}]: rendered in the reader's language.
    problems: Any = models.JSONField(_("problems"), null=True)

    class Meta:
        ordering = ["line"]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        constraints = [
            models.UniqueConstraint(
                fields=["member_import", "line"], name="wagtail_bin_one_row_per_line"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.line}"


class ColumnMapping(models.Model):
    """What a person said that the columns of a network's lists mean."""

    network = models.ForeignKey(
        Network, on_delete=models.CASCADE, related_name="column_mappings"
    )
    # Of the headers: exchange.columns.signature.
    signature = models.CharField(max_length=64)
    fields = models.JSONField(_("columns"))
    chosen_by = models.ForeignKey(
        conf.user_model, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    chosen_at = models.DateTimeField(_("chosen on"), default=timezone.now)

    class Meta:
        verbose_name = _("meaning of columns")
        verbose_name_plural = _("meanings of columns")
        constraints = [
            models.UniqueConstraint(
                fields=["network", "signature"], name="wagtail_bin_one_mapping"
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
