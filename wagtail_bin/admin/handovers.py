"""Hand over: for platforms that no program can reach, such as BE-Alert and BIN-net."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from wagtail_bin.admin.one_dispatch import ControlView
from wagtail_bin.channels.handover import HandoverPlatform, handover_platforms
from wagtail_bin.channels.measure import measure_sms, measure_voice
from wagtail_bin.conf import conf
from wagtail_bin.dispatch.handover import (
    confirm_handover,
    make_handover,
    take_file,
)
from wagtail_bin.dispatch.handover_texts import handover_texts
from wagtail_bin.dispatch.progress import progress_of
from wagtail_bin.exceptions import DispatchError
from wagtail_bin.models import ChannelName, Dispatch, Handover

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class HandOverControlView(ControlView):
    """A screen for whoever may send to all members of a dispatch, and see them."""

    def is_allowed(self) -> bool:
        """Both, in all BINs."""
        if ChannelName.HANDOVER not in self.sending.channels:
            raise Http404
        return self.sight.may_hand_over

    def get_success_url(self) -> str:
        """Back to the screen, with the platform that was chosen."""
        url = reverse("wagtail_bin_admin:dispatch_hand_over", args=[self.sending.pk])
        chosen = self.request.POST.get("platform", "")
        known = {platform.name for platform in handover_platforms()}
        return f"{url}?platform={chosen}" if chosen in known else url


class HandOverView(HandOverControlView):
    """The texts, the file, and the tick when it is sent."""

    http_method_names = ["get", "post"]
    page_title = gettext_lazy("Hand over")
    template_name = "wagtail_bin/admin/sending/hand_over.html"

    @cached_property
    def platforms(self) -> list[HandoverPlatform]:
        """What the project configured."""
        return handover_platforms()

    @cached_property
    def platform(self) -> HandoverPlatform | None:
        """The platform chosen; else the first one."""
        asked = self.request.POST or self.request.GET
        return next(
            (p for p in self.platforms if p.name == asked.get("platform")),
            self.platforms[0] if self.platforms else None,
        )

    @cached_property
    def newest(self) -> Handover | None:
        """The file made last."""
        handover: Handover | None = (
            self.sending.handovers.select_related("made_by", "confirmed_by")
            .defer("content")
            .first()
        )
        return handover

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show it. Changes nothing."""
        platform = self.platform
        newest = self.newest
        has_file = bool(
            newest
            and self.sending.handovers.filter(
                pk=newest.pk, content__isnull=False
            ).exists()
        )
        progress = progress_of(self.sending)
        return self.show(
            platform=platform,
            platforms=self.platforms,
            texts=self.texts() if platform else [],
            waiting=progress.to_hand_over,
            newest=newest,
            has_file=has_file,
            erased_at=newest.made_at + dt.timedelta(hours=conf.HANDOVER_KEEP_HOURS)
            if newest
            else None,
            earlier=self.sending.handovers.exclude(pk=newest.pk)
            .select_related("made_by", "confirmed_by")
            .defer("content")
            if newest
            else [],
        )

    def texts(self) -> list[dict[str, Any]]:
        """The texts with their lengths."""
        assert self.platform is not None  # noqa: S101 -- for the types
        return [
            {
                "text": text,
                "sms": measure_sms(text.sms),
                "seconds": measure_voice(text.voice, text.language),
            }
            for text in handover_texts(self.sending, self.platform)
        ]

    def act(self) -> str:
        """Make the file.

        Raises:
            DispatchError: it cannot be made now.
        """
        if self.platform is None:
            raise DispatchError(
                _("No platform is configured. Ask the person who runs this website.")
            )
        made = make_handover(
            dispatch=self.sending,
            user=self.request.user,
            platform=self.platform,
            seen_handover=_integer(self.request.POST.get("seen")),
        )
        if not made.is_new:
            return _("The file had just been made: here it is.")
        return ngettext(
            "The file with %(number)d member is ready. Download it below.",
            "The file with %(number)d members is ready. Download it below.",
            made.deliveries,
        ) % {"number": made.deliveries}


class OneHandoverView(HandOverControlView):
    """A button about one file; another BIN's does not exist."""

    @cached_property
    def handover(self) -> Handover:
        """The file."""
        return get_object_or_404(
            Handover.objects.select_related("dispatch").defer("content"),
            pk=self.kwargs["pk"],
            dispatch__in=Dispatch.objects.visible_to(self.request.user),
        )

    @cached_property
    def sending(self) -> Dispatch:
        """Its dispatch."""
        return self.handover.dispatch

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:  # type: ignore[override]
        """Do it."""
        return self.do()


class ConfirmHandoverView(OneHandoverView):
    """It was sent by the other platform."""

    def act(self) -> str:
        """Note it.

        Raises:
            DispatchError: the box is not ticked, or the file is an old one.
        """
        if "sent" not in self.request.POST:
            raise DispatchError(_("Tick that you have sent it there."))
        confirmed = confirm_handover(handover=self.handover, user=self.request.user)
        return ngettext(
            "Noted: %(number)d member got it by the other platform.",
            "Noted: %(number)d members got it by the other platform.",
            confirmed.deliveries,
        ) % {"number": confirmed.deliveries}


class DownloadHandoverView(OneHandoverView):
    """The file itself."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:  # type: ignore[override]
        """Download it; that is logged."""
        try:
            content = take_file(handover=self.handover, user=request.user)
        except DispatchError as error:
            messages.error(request, str(error))
            return redirect(self.get_success_url())
        name = self.handover.file_name
        return HttpResponse(
            content,
            content_type=CONTENT_TYPES[name.rpartition(".")[2]],
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store, private",
            },
        )


def _integer(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and len(value) < 10 else None


urlpatterns = [
    path(
        "dispatches/<uuid:pk>/hand-over/",
        HandOverView.as_view(),
        name="dispatch_hand_over",
    ),
    path(
        "hand-overs/<int:pk>/confirm/",
        ConfirmHandoverView.as_view(),
        name="handover_confirm",
    ),
    path(
        "hand-overs/<int:pk>/download/",
        DownloadHandoverView.as_view(),
        name="handover_download",
    ),
]
