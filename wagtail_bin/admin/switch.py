"""The switch of all sending, among Wagtail's settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.admin.notices import SWITCH, switch_state
from wagtail_bin.dispatch.control import SWITCH_PERMISSION, pause_all, resume_all
from wagtail_bin.dispatch.gates import COPIED
from wagtail_bin.models import Delivery, SendingSwitch


class PauseForm(forms.Form):
    """Why all sending is paused."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Everybody who sends sees this. Do not name members."),
        max_length=255,
        error_messages={"required": gettext_lazy("Say in a few words why.")},
    )


class ResumeCopyForm(forms.Form):
    """Nobody resumes a copy by mistake."""

    is_sure = forms.BooleanField(
        label=gettext_lazy(
            "This is the real site now, and no other copy of it sends any more."
        ),
        error_messages={"required": gettext_lazy("Tick this to resume.")},
    )


class SwitchView(WagtailAdminTemplateMixin, View):
    """Pause all sending, or resume it."""

    page_title = gettext_lazy("Pause all sending")
    header_icon = "warning"
    template_name = "wagtail_bin/admin/sending/switch.html"
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for those who may."""
        if not may_switch(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def state(self) -> tuple[str, SendingSwitch | None]:
        """Why nothing is sent, if so, and the switch."""
        return switch_state()

    def get(self, request: HttpRequest) -> HttpResponse:
        """How it stands."""
        return self.show(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Throw the switch; a second click finds it thrown."""
        cause, _switch = self.state
        if bool(cause) == ("pause" in request.POST):
            messages.warning(request, _("Somebody was first: see how it stands now."))
            return redirect(SWITCH)
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form)
        if cause:
            resume_all(user=request.user)
            messages.success(request, _("Sending goes on."))
        else:
            pause_all(user=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("All sending is paused."))
        return redirect(SWITCH)

    def form(self, data: Any = None) -> forms.Form:
        """What the next throw asks for."""
        cause, _switch = self.state
        if cause == COPIED:
            return ResumeCopyForm(data)
        return forms.Form(data) if cause else PauseForm(data)

    def show(self, form: forms.Form) -> HttpResponse:
        """The screen."""
        cause, switch = self.state
        waiting = Delivery.objects.filter(
            state__in=Delivery.OPEN_STATES, due_at__lte=Now()
        )
        response: HttpResponse = self.render_to_response(
            self.get_context_data(
                cause=cause, switch=switch, form=form, waiting=waiting.count()
            )
        )
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Home, then here."""
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]


def may_switch(user: Any) -> bool:
    """Whether the user may pause everybody's messages."""
    return bool(user.has_perm(SWITCH_PERMISSION))


def switch_permission() -> QuerySet[Permission]:
    """The permission, for the form of a group."""
    return Permission.objects.filter(
        content_type__app_label="wagtail_bin", codename="change_sendingswitch"
    )


urlpatterns = [path("switch/", SwitchView.as_view(), name="switch")]
