"""Handing an office over: who, from when; then what it does; then done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.widgets import AdminDateInput

from wagtail_bin.admin.fields import EmailField, PhoneField
from wagtail_bin.admin.users import user_chooser
from wagtail_bin.mandates.handover import (
    MandateHandover,
    Successor,
    hand_over_mandate,
    may_hand_over,
    plan_handover,
)
from wagtail_bin.models import Mandate, MandateState
from wagtail_bin.validators import display_phone

INDEX = "bin-mandates:index"
HAND_OVER = "bin-mandates:hand_over"


def is_to_hand_over(mandate: Mandate) -> bool:
    """Whether there is still something to hand over."""
    return mandate.state != MandateState.PAST


class HandOverForm(forms.Form):
    """Who takes over, from which day, and what is said in public."""

    KEEP, NEW = "keep", "new"

    starts_on = forms.DateField(
        label=gettext_lazy("From which day?"),
        help_text=gettext_lazy("The mandate as it is now ends the day before."),
        widget=AdminDateInput,
    )
    user = forms.ModelChoiceField(
        label=gettext_lazy("User account"),
        queryset=get_user_model()._default_manager.filter(is_active=True),
        required=False,
        widget=user_chooser.widget_class,
        help_text=gettext_lazy(
            "Is there none yet? Leave it empty; somebody who manages users adds one "
            "under Settings, Users, and you choose it in the new mandate afterwards. "
            "Until then the successor cannot log in."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the successor"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("Empty: the name of the user account."),
    )
    screened_on = forms.DateField(
        label=gettext_lazy("Screened on"), required=False, widget=AdminDateInput
    )
    contact = forms.ChoiceField(
        label=gettext_lazy("Public contact"),
        widget=forms.RadioSelect,
        choices=[
            (KEEP, gettext_lazy("stays as it is, such as an address of the BIN")),
            (NEW, gettext_lazy("is that of the successor, given here")),
        ],
        initial=KEEP,
    )
    public_email = EmailField(label=gettext_lazy("Public e-mail"))
    public_phone = PhoneField(label=gettext_lazy("Public telephone"))

    def clean(self) -> dict[str, Any]:
        """The name may come from the account.

        Raises:
            ValidationError: there is neither.
        """
        cleaned = super().clean() or {}
        user = cleaned.get("user")
        if not cleaned.get("name") and user:
            cleaned["name"] = user.get_full_name() or user.get_username()
        if not cleaned.get("name"):
            self.add_error("name", _("Give a name, or choose a user account."))
        return cleaned

    @property
    def successor(self) -> Successor:
        """What was filled in."""
        given = self.cleaned_data
        public = {name: given[name] for name in ("public_email", "public_phone")}
        return Successor(
            name=given["name"],
            user=given["user"],
            screened_on=given["screened_on"],
            public=public if given["contact"] == self.NEW else None,
        )


class HandOverMandateView(WagtailAdminTemplateMixin, View):
    """The form; then what would be done; then, on the second button, done."""

    page_title = gettext_lazy("Hand over")
    header_icon = "key"
    template_name = "wagtail_bin/admin/mandates/hand_over.html"
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for whoever may give mandates and change them."""
        if not may_hand_over(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def mandate(self) -> Mandate:
        """The mandate that ends."""
        return get_object_or_404(
            Mandate.objects.select_related(
                "network", "municipality", "police_zone", "user"
            ),
            pk=self.kwargs["pk"],
        )

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask. Changes nothing."""
        initial = {
            "starts_on": timezone.localdate(),
            "public_email": self.mandate.public_email,
            "public_phone": self.mandate.public_phone,
        }
        return self.show(HandOverForm(initial=initial))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what would be done, or do it."""
        form = HandOverForm(request.POST)
        if not form.is_valid() or "back" in request.POST:
            return self.show(form)
        asked = {
            "mandate": self.mandate,
            "successor": form.successor,
            "starts_on": form.cleaned_data["starts_on"],
        }
        try:
            if "confirm" not in request.POST:
                return self.show(form, plan=plan_handover(**asked))
            done = hand_over_mandate(user=request.user, **asked)
        except ValidationError as error:
            _explain(form, error)
            return self.show(form)
        messages.success(
            request,
            _("Handed over: %(name)s holds the office from %(day)s on.")
            % {
                "name": done.started.name,
                "day": date_format(done.started.starts_on, "j F Y"),
            },
            buttons=[
                messages.button(
                    reverse("bin-mandates:edit", args=[done.started.pk]), _("Edit")
                )
            ],
        )
        return redirect(INDEX)

    def show(self, form: HandOverForm, plan: MandateHandover | None = None) -> Any:
        """The form, or what it would do."""
        return self.render_to_response(
            self.get_context_data(
                mandate=self.mandate,
                form=form,
                plan=plan,
                public=_public_words(plan) if plan else [],
                media=form.media,
            )
        )

    def get_page_subtitle(self) -> str:
        """The office and its place."""
        return f"{self.mandate.get_role_display()}, {self.mandate.place}"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Below the list."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse(INDEX), "label": _("Mandates")},
            {"url": "", "label": self.get_page_title()},
        ]


def _public_words(plan: MandateHandover) -> list[list[str]]:
    """What changes on the page of the BIN; telephones as people write them."""
    return [
        [
            display_phone(value) if field == "contact_phone" else value
            for value in change
        ]
        for field, change in plan.public.items()
    ]


def _explain(form: HandOverForm, error: ValidationError) -> None:
    """Say it beside the field that it is about, if that is in the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)
