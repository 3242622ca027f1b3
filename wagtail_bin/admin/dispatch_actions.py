"""What people do to a dispatch: stop it, go on, another moment, again, decide."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wagtail_bin.admin.delivery_words import explain
from wagtail_bin.admin.labels import moment
from wagtail_bin.admin.one_dispatch import ControlView
from wagtail_bin.admin.timing import TimingForm
from wagtail_bin.dispatch import control
from wagtail_bin.dispatch.control import Resolution
from wagtail_bin.dispatch.progress import progress_of
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.models import Delivery
from wagtail_bin.permissions import Capability, networks_for

# Unknown deliveries that are listed, to choose from.
LISTED = 100


class PauseView(ControlView):
    """Send nothing more until it is resumed."""

    def act(self) -> str:
        """Pause."""
        control.pause_dispatch(dispatch=self.sending, user=self.request.user)
        return _("Paused. What is on its way at this moment still arrives.")


class ResumeView(ControlView):
    """Go on."""

    def act(self) -> str:
        """Resume."""
        control.resume_dispatch(dispatch=self.sending, user=self.request.user)
        return _("Resumed.")


class RetryView(ControlView):
    """Try once more what was refused or given up."""

    def act(self) -> str:
        """Queue it again."""
        changed = control.retry_failed(dispatch=self.sending, user=self.request.user)
        if not changed.deliveries:
            return _("There was nothing left to try again.")
        return ngettext(
            "%(number)d message is tried again.",
            "%(number)d messages are tried again.",
            changed.deliveries,
        ) % {"number": changed.deliveries}


class FormView(ControlView):
    """A screen with a question, before something is done."""

    http_method_names = ["get", "post"]
    # What was filled in, once it is in order.
    answers: dict[str, Any]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask. Changes nothing."""
        return self.ask(self.form())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do it, or ask once more."""
        form = self.form(request.POST)
        if not form.is_valid():
            return self.ask(form)
        self.answers = form.cleaned_data
        return self.do()

    def form(self, data: Any = None) -> forms.Form:
        """The form of the screen."""
        return forms.Form(data)

    def ask(self, form: forms.Form) -> HttpResponse:
        """The screen."""
        return self.show(form=form, media=form.media, **self.particulars())

    def particulars(self) -> dict[str, Any]:
        """What else the screen shows."""
        return {"progress": progress_of(self.sending)}


class CancelView(FormView):
    """Send nothing more, for good: asks first."""

    page_title = gettext_lazy("Stop it for good")
    template_name = "wagtail_bin/admin/sending/cancel.html"

    def act(self) -> str:
        """Cancel."""
        changed = control.cancel_dispatch(dispatch=self.sending, user=self.request.user)
        return ngettext(
            "Cancelled: %(number)d message is not sent.",
            "Cancelled: %(number)d messages are not sent.",
            changed.deliveries,
        ) % {"number": changed.deliveries}


class RescheduleView(FormView):
    """Send what is scheduled now, or at another moment."""

    page_title = gettext_lazy("Send now, or at another moment")
    template_name = "wagtail_bin/admin/sending/reschedule.html"

    def form(self, data: Any = None) -> forms.Form:
        """Begins with the moment as it is."""
        initial = {"timing": TimingForm.LATER, "not_before": self.sending.not_before}
        return TimingForm(data, initial=initial)

    def act(self) -> str:
        """Reschedule."""
        when = self.answers["not_before"]
        control.reschedule_dispatch(
            dispatch=self.sending,
            user=self.request.user,
            not_before=when or timezone.now(),
        )
        if when is None:
            return _("It is being sent now.")
        return _("It will be sent on %(when)s.") % {"when": moment(when)}


class ResolveForm(forms.Form):
    """What became of messages about which nothing is known, in a person's view."""

    resolution = forms.ChoiceField(
        label=gettext_lazy("What should be done?"),
        widget=forms.RadioSelect,
        choices=[
            (
                Resolution.SENT.value,
                gettext_lazy(
                    "Take them for sent. Whoever did not get it will not get it."
                ),
            ),
            (
                Resolution.RESEND.value,
                gettext_lazy(
                    "Send them again. Whoever did get it gets it twice; the message "
                    "says so on top."
                ),
            ),
        ],
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Which ones?"),
        widget=forms.RadioSelect,
        choices=[
            ("all", gettext_lazy("All of them")),
            ("chosen", gettext_lazy("Only those ticked in the list below")),
        ],
        initial="all",
    )
    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy(
            "A few words, such as “the provider's own list shows them as sent”. They "
            "are kept in the history, with your name. Do not name members."
        ),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say in a few words why.")},
    )
    deliveries = forms.TypedMultipleChoiceField(required=False, coerce=int)
    # How many there were when the person looked.
    expected = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, total: int, listed: list[Delivery]) -> None:
        super().__init__(data, initial={"expected": total})
        self.total = total
        self.fields["deliveries"].choices = [(row.pk, row.pk) for row in listed]  # type: ignore[attr-defined]
        if not listed:
            del self.fields["scope"], self.fields["deliveries"]

    @property
    def ticked(self) -> list[int]:
        """The rows ticked, when the form is shown once more."""
        if not self.is_bound or "deliveries" not in self.fields:
            return []
        chosen: list[int] = self.cleaned_data.get("deliveries") or []
        return chosen

    def clean(self) -> dict[str, Any]:
        """Something must be chosen, of what the person saw.

        Raises:
            ValidationError: nothing is ticked, or there are others now.
        """
        cleaned = super().clean() or {}
        if cleaned.get("scope") != "chosen":
            cleaned["deliveries"] = None
            if cleaned.get("expected") != self.total:
                seen: Any = self.data.copy()  # type: ignore[attr-defined]
                seen["expected"] = str(self.total)
                self.data = seen
                raise ValidationError(
                    _(
                        "There are %(number)d by now. Look again, then press the "
                        "button once more."
                    )
                    % {"number": self.total}
                )
        elif cleaned.get("deliveries"):
            # The others are not decided, however many there are.
            cleaned["expected"] = None
        else:
            raise ValidationError(_("Tick at least one in the list."))
        return cleaned


class ResolveView(FormView):
    """Decide about messages that may or may not have gone out."""

    page_title = gettext_lazy("Decide about what is unknown")
    template_name = "wagtail_bin/admin/sending/resolve.html"

    @cached_property
    def total(self) -> int:
        """How many there are."""
        return self.unknown.count()

    @property
    def unknown(self) -> Any:
        """Deliveries about which nothing is known."""
        return self.sending.deliveries.filter(state=Delivery.State.UNKNOWN)

    @cached_property
    def listed(self) -> list[Delivery]:
        """Those of them whose members the user may see."""
        own = networks_for(self.request.user, Capability.VIEW_MEMBERS)
        rows = self.unknown.filter(network__in=own)
        rows = rows.select_related("member", "network").order_by("pk")
        return list(rows[:LISTED])

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask, while there is something to decide."""
        if not self.total:
            return self.do()
        return super().get(request, pk)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Decide; a second click finds nothing left."""
        if not self.total:
            return self.do()
        return super().post(request, pk)

    def form(self, data: Any = None) -> forms.Form:
        """The form, with a list to choose from for who may see members."""
        return ResolveForm(data, total=self.total, listed=self.listed)

    def particulars(self) -> dict[str, Any]:
        """The list."""
        return {
            "total": self.total,
            "rows": [(row, explain(row)) for row in self.listed],
        }

    def act(self) -> str:
        """Carry out what was decided."""
        if not self.total:
            raise DispatchError(_("Nothing is unknown any more."))
        resolution = Resolution(self.answers["resolution"])
        changed = control.resolve_unknown(
            dispatch=self.sending,
            user=self.request.user,
            resolution=resolution,
            reason=self.answers["reason"],
            deliveries=self.answers["deliveries"],
            expected=self.answers["expected"],
        )
        if resolution is Resolution.RESEND:
            return ngettext(
                "%(number)d message is sent again.",
                "%(number)d messages are sent again.",
                changed.deliveries,
            ) % {"number": changed.deliveries}
        return ngettext(
            "%(number)d message now counts as sent.",
            "%(number)d messages now count as sent.",
            changed.deliveries,
        ) % {"number": changed.deliveries}


urlpatterns = [
    path(f"dispatches/<uuid:pk>/{verb}/", view.as_view(), name=f"dispatch_{verb}")
    for verb, view in {
        "pause": PauseView,
        "resume": ResumeView,
        "retry": RetryView,
        "cancel": CancelView,
        "reschedule": RescheduleView,
        "resolve": ResolveView,
    }.items()
]
