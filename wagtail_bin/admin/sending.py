"""Publish and send: choose, look, test, confirm."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from wagtail_bin.admin.chosen import SendingView
from wagtail_bin.admin.content_notices import content_notices
from wagtail_bin.admin.message_preview import channel_row, shares_of, texts_of
from wagtail_bin.admin.notices import sending_notices
from wagtail_bin.admin.translation_links import translation_url
from wagtail_bin.dispatch.approve import approve_dispatch, newest_dispatch
from wagtail_bin.dispatch.audience import survey
from wagtail_bin.dispatch.estimate import estimate
from wagtail_bin.dispatch.four_eyes import check_four_eyes
from wagtail_bin.dispatch.preview import preview, send_test
from wagtail_bin.exceptions import (
    AlreadyDispatched,
    AudienceChanged,
    DispatchError,
    NeedsColleague,
    NotAllowed,
)
from wagtail_bin.models import ChannelName, Dispatch, Language, Member
from wagtail_bin.permissions import Capability, networks_for
from wagtail_bin.validators import name_key

MEMBERS_FOUND = 10


class SendView(WagtailAdminTemplateMixin, SendingView):
    """The confirmation page."""

    template_name = "wagtail_bin/admin/sending/confirm.html"
    page_title = gettext_lazy("Publish and send")
    header_icon = "mail"

    def get_page_subtitle(self) -> str:
        """The page's title."""
        return str(self.page.title)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Back to the editor, then here."""
        edit = reverse("wagtailadmin_pages:edit", args=[self.page.pk])
        return [
            *self.breadcrumbs_items,
            {"url": edit, "label": self.page.title},
            {"url": "", "label": self.get_page_title()},
        ]

    def get(self, request: HttpRequest, page_id: int) -> HttpResponse:
        """Show who would get what. Changes nothing."""
        return self.show()

    def post(self, request: HttpRequest, page_id: int) -> HttpResponse:
        """Show another example, send a test to the user, or publish and send."""
        if "look" in request.POST:
            # What is searched for is a person: it is in no address.
            return self.show()
        try:
            if "test" in request.POST:
                return self.send_test()
            return self.confirm()
        except NotAllowed:
            raise PermissionDenied from None
        except ValidationError as error:
            messages.validation_error(
                request,
                _("The page is not complete: %(problems)s")
                % {"problems": " ".join(error.messages)},
                None,
                buttons=[
                    messages.button(
                        reverse("wagtailadmin_pages:edit", args=[page_id]), _("Edit")
                    )
                ],
            )
        except (AudienceChanged, DispatchError) as error:
            messages.error(request, str(error))
        return redirect(self.address_with_choice())

    def send_test(self) -> HttpResponse:
        """Send the mail as shown to the user's own address."""
        send_test(page=self.page, member=self.recipient, user=self.request.user)
        messages.success(
            self.request,
            _("The test is on its way to %(address)s.")
            % {"address": self.request.user.email},  # type: ignore[union-attr]
        )
        return redirect(self.address_with_choice())

    def confirm(self) -> HttpResponse:
        """Publish and send; the same click twice sends once."""
        if self.timing.is_bound and not self.timing.is_valid():
            messages.error(
                self.request, _("Nothing was sent: look at the moment you chose.")
            )
            return redirect(self.address_with_choice())
        try:
            approval = approve_dispatch(
                page=self.page,
                networks=self.chosen,
                user=self.request.user,
                expected_recipients=_integer(self.data.get("expected")),
                seen_dispatch=_uuid(self.data.get("seen")),
                channels=self.channels,
                not_before=self.not_before,
            )
        except AlreadyDispatched:
            dispatch = newest_dispatch(self.page)
            messages.warning(
                self.request,
                _("This page had just been sent. Nothing was sent a second time."),
            )
            return redirect("wagtail_bin_admin:dispatch", dispatch.pk)  # type: ignore[union-attr]
        return redirect("wagtail_bin_admin:dispatch", approval.dispatch.pk)

    def show(self) -> HttpResponse:
        """The screen."""
        audience = self.audience
        newest = newest_dispatch(self.page)
        context = self.get_context_data(
            page=self.page,
            notices=sending_notices(self.request.user),
            rows=self.rows(),
            channels=self.channel_rows(),
            places=range(1, len(self.offered) + 1),
            is_by_email=ChannelName.EMAIL in self.channels,
            choice=self.choice,
            moment=self.moment,
            timing=self.timing,
            audience=audience,
            **shares_of(
                audience,
                estimate(page=self.page, pages=self.languages.ready, audience=audience),
            ),
            missing=self.missing(),
            remarks=content_notices(
                languages=self.languages,
                municipalities=[network.municipality for network in self.chosen],
                told=audience.missing,
            ),
            languages=self.languages,
            hindrance=self.hindrance(),
            previous=self.previous(),
            seen=newest.pk if newest else "",
            recipient=self.recipient,
            recipient_key=self.recipient_key(),
            examples=self.examples(),
            found=self.found(),
            q=self.searched,
            may_see_members=networks_for(
                self.request.user, Capability.VIEW_MEMBERS
            ).exists(),
            preview_url=self.address_with_choice("wagtail_bin_admin:send_preview"),
            mail=preview(page=self.page, member=self.recipient),
            texts=texts_of(self.page, self.recipient, self.channels),
            media=self.timing.media,
        )
        response: HttpResponse = self.render_to_response(context)
        # It may hold a member's data.
        response["Cache-Control"] = "no-store, private"
        return response

    def hindrance(self) -> str:
        """Why it is a colleague who must confirm; empty: the user may."""
        try:
            check_four_eyes(self.page, self.chosen, self.request.user)
        except NeedsColleague as error:
            return str(error)
        return ""

    def rows(self) -> list[dict[str, Any]]:
        """Each BIN with its numbers, ticked or not, and when it got this page."""
        everyone = survey(networks=self.networks, terms=self.terms)
        sent: dict[int, Dispatch] = {}
        for dispatch in self.page.dispatches():
            for network in dispatch.networks.all():
                sent.setdefault(network.pk, dispatch)
        chosen = set(self.chosen)
        return [
            {
                "network": part.network,
                "total": part.total,
                "unreachable": sum(part.unreachable.values()),
                "is_chosen": part.network in chosen,
                "sent": sent.get(part.network.pk),
            }
            for part in everyone.networks
        ]

    def channel_rows(self) -> list[dict[str, Any]]:
        """Each channel, its place in the order, and whom it would reach.

        For a channel that is not chosen: whom no other one reaches.
        """
        if len(self.offered) < 2:
            return []
        rest = [name for name in self.offered if name not in self.channels]
        terms = self.terms_by([*self.channels, *rest])
        reached = survey(networks=self.chosen, terms=terms).channels
        return [
            channel_row(
                name,
                place=self.channels.index(name) + 1 if name in self.channels else 0,
                reached=reached.get(name, 0),
            )
            for name in self.offered
        ]

    def previous(self) -> list[tuple[Dispatch, list[str]]]:
        """The last times that it was sent, to which of the user's BINs."""
        own = networks_for(self.request.user, Capability.VIEW_NETWORK)
        visible = set(own.values_list("pk", flat=True))
        return [
            (dispatch, [n.name for n in dispatch.networks.all() if n.pk in visible])
            for dispatch in self.page.dispatches()[:3]
        ]

    def missing(self) -> list[dict[str, Any]]:
        """Languages that recipients would have had, and the way to them."""
        found = []
        for code, count in self.audience.missing.items():
            translated, reason = self.languages.unready.get(
                code, (None, _("not translated yet"))
            )
            found.append(
                {
                    "label": Language(code).label,
                    "count": count,
                    "reason": reason,
                    "url": translation_url(self.page, translated),
                }
            )
        return found

    def recipient_key(self) -> str:
        """The value of the choice that stands for the recipient shown."""
        choice = self.recipient.pk or self.recipient.language
        return f"{self.recipient.network_id}-{choice}"

    def examples(self) -> list[dict[str, Any]]:
        """An example member for each BIN ticked and language that occurs there."""
        return [
            {
                "key": f"{network.pk}-{code}",
                "label": _("An example member of %(network)s, in %(language)s")
                % {"network": network.name, "language": Language(code).label},
            }
            for network in self.chosen
            for code in network.municipality.language_order
        ]

    def found(self) -> list[Member]:
        """Members that the user searched for, to see their mail."""
        words = self.searched.split()
        if not words:
            return []
        members = self.visible_members
        for word in words:
            members = members.filter(
                name_key__contains=name_key(word)
            ) | members.filter(email__icontains=word)
        return list(members[:MEMBERS_FOUND])


@xframe_options_sameorigin
def send_preview(request: HttpRequest, page_id: int) -> HttpResponse:
    """The HTML part of the mail, for the frame of the confirmation page."""
    view = SendingView()
    view.setup(request, page_id=page_id)
    mail = preview(page=view.page, member=view.recipient)
    response = HttpResponse(mail.html)
    response["Cache-Control"] = "no-store, private"
    # Nothing in a mail may act within the admin.
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    return response


def _integer(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 10 else 0


def _uuid(value: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(value or "")
    except ValueError:
        return None


urlpatterns = [
    path("send/<int:page_id>/", SendView.as_view(), name="send"),
    path("send/<int:page_id>/preview/", send_preview, name="send_preview"),
]
