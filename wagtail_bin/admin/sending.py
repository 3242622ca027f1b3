"""Publish and send: choose, look, test, confirm."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.models import Page

from wagtail_bin.dispatch.approve import approve_dispatch, newest_dispatch, terms_of
from wagtail_bin.dispatch.audience import Audience, Terms, survey
from wagtail_bin.dispatch.preview import example_member, preview, send_test
from wagtail_bin.dispatch.translations import PageLanguages, page_languages
from wagtail_bin.exceptions import (
    AlreadyDispatched,
    AudienceChanged,
    DispatchError,
    NotAllowed,
)
from wagtail_bin.models import (
    ChannelName,
    Dispatch,
    Language,
    Member,
    Network,
    SentPageMixin,
)
from wagtail_bin.permissions import ROLES, Capability, networks_for
from wagtail_bin.validators import name_key

MEMBERS_FOUND = 10


class SendingView(View):
    """What all screens of one sending share: the page and who may send it."""

    request: HttpRequest

    @cached_property
    def page(self) -> Any:
        """The page in its latest revision."""
        page = get_object_or_404(Page, pk=self.kwargs["page_id"]).specific
        if not issubclass(type(page), SentPageMixin) or page.alias_of_id:
            raise Http404
        if not page.permissions_for_user(self.request.user).can_publish():
            raise PermissionDenied
        return page.get_latest_revision_as_object()

    @cached_property
    def networks(self) -> list[Network]:
        """The BINs the user may send to."""
        found = (
            networks_for(self.request.user, Capability.SEND)
            .select_related("municipality__site", "police_zone")
            .order_by("municipality__name_nl", "municipality__name_fr", "name")
        )
        if not found:
            raise PermissionDenied
        return list(found)

    @cached_property
    def data(self) -> Any:
        """What was chosen, from the address or the form."""
        return self.request.POST if self.request.method == "POST" else self.request.GET

    @cached_property
    def chosen(self) -> list[Network]:
        """The BINs ticked; the only one there is counts as ticked."""
        if len(self.networks) == 1:
            return self.networks
        ticked = set(self.data.getlist("networks"))
        return [network for network in self.networks if str(network.pk) in ticked]

    @cached_property
    def languages(self) -> PageLanguages:
        """The languages the page can be sent in."""
        return page_languages(self.page)

    @cached_property
    def channels(self) -> list[str]:
        """The channels chosen, in the order of preference."""
        return [ChannelName.EMAIL]

    @cached_property
    def terms(self) -> Terms:
        """On what terms the page goes out."""
        return terms_of(
            page=self.page,
            available=tuple(self.languages.ready),
            channels=self.channels,
        )

    @cached_property
    def audience(self) -> Audience:
        """The audience of the BINs ticked."""
        return survey(networks=self.chosen, terms=self.terms)

    @cached_property
    def recipient(self) -> Member:
        """For whom the mail is shown: a real member if the user may see them."""
        network_id, _sep, choice = self.data.get("as", "").partition("-")
        if choice.isdecimal():
            member = self.visible_members.filter(pk=choice).first()
            if member is not None:
                return member
        network = next(
            (n for n in self.chosen if str(n.pk) == network_id),
            self.chosen[0] if self.chosen else self.networks[0],
        )
        known = choice in Language.values
        language = choice if known else network.municipality.language_order[0]
        return example_member(network, language)

    @cached_property
    def visible_members(self) -> Any:
        """Members of the BINs ticked, as far as the user may see members."""
        return (
            Member.objects.visible_to(self.request.user, ROLES[Capability.VIEW_MEMBERS])
            .filter(network__in=self.chosen)
            .exclude(email="")
            .select_related("network__municipality__site", "network__police_zone")
        )

    def address_with_choice(self, view_name: str = "wagtail_bin_admin:send") -> str:
        """The address of a screen with everything that was chosen."""
        query = [("networks", network.pk) for network in self.chosen]
        query += [(key, self.data[key]) for key in ("as", "q") if self.data.get(key)]
        return f"{reverse(view_name, args=[self.page.pk])}?{urlencode(query)}"


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
        """Send a test to the user, or publish and send."""
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
        try:
            approval = approve_dispatch(
                page=self.page,
                networks=self.chosen,
                user=self.request.user,
                expected_recipients=_integer(self.data.get("expected")),
                seen_dispatch=_uuid(self.data.get("seen")),
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
            rows=self.rows(),
            audience=audience,
            layouts=[(layout_label(key), n) for key, n in audience.languages.items()],
            missing=self.missing(),
            languages=self.languages,
            previous=self.page.dispatches()[:3],
            seen=newest.pk if newest else "",
            recipient=self.recipient,
            recipient_key=self.recipient_key(),
            examples=self.examples(),
            found=self.found(),
            q=self.data.get("q", ""),
            may_see_members=networks_for(
                self.request.user, Capability.VIEW_MEMBERS
            ).exists(),
            preview_url=self.address_with_choice("wagtail_bin_admin:send_preview"),
            mail=preview(page=self.page, member=self.recipient),
        )
        response: HttpResponse = self.render_to_response(context)
        # It may hold a member's data.
        response["Cache-Control"] = "no-store, private"
        return response

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

    def missing(self) -> list[dict[str, Any]]:
        """Languages that recipients would have had, and the way to them."""
        found = []
        for code, count in self.audience.missing.items():
            translated, reason = self.languages.unready.get(
                code, (None, _("not translated yet"))
            )
            if translated is not None:
                url = reverse("wagtailadmin_pages:edit", args=[translated.pk])
            else:
                url = reverse(
                    "wagtail_localize:submit_page_translation", args=[self.page.pk]
                )
            found.append(
                {
                    "label": Language(code).label,
                    "count": count,
                    "reason": reason,
                    "url": url,
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
        words = self.data.get("q", "").split()
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


def layout_label(layout: str) -> str:
    """``nl+fr`` in words."""
    names = [str(Language(code).label) for code in layout.split("+")]
    return _(" and ").join(names)


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
