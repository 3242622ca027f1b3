"""Unsubscribing: a page that changes nothing, and a button that does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.membership.links import read_unsubscribe_token
from wagtail_bin.models import ChannelName, Consent, Member, Purpose
from wagtail_bin.selfservice.answers import answer, language_of


# The token is the proof; a mail provider posts without cookies (RFC 8058).
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class UnsubscribeView(View):
    """RFC 8058 one-click on POST, a page with one button on GET.

    The page never names the member: a forwarded mail gives nothing away.
    """

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the page. Mail scanners follow links, so nothing changes."""
        return self.respond(request, token, "unsubscribe")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Unsubscribe. A second time changes nothing and says the same."""
        return self.respond(request, token, "unsubscribed")

    def respond(self, request: HttpRequest, token: str, page: str) -> HttpResponse:
        """Read the token, act on POST, answer in the member's language."""
        context: dict[str, Any] = {}
        status = 200
        language = ""
        try:
            member_id, purpose, channel = read_unsubscribe_token(token)
            member = _member(member_id)
            language = language_of(member)
            if request.method == "POST":
                _withdraw(request, member_id, purpose, channel)
            context = {
                "network": member.network,
                "token": token,
                "purpose": purpose.label,
                "channel": channel.label,
            }
        except LinkInvalid:
            page, status = "link_invalid", 410
        return answer(request, page, context, language=language, status=status)


def _member(member_id: int) -> Member:
    member = (
        Member.objects.select_related("network__municipality")
        .filter(pk=member_id)
        .first()
    )
    if member is None:
        raise LinkInvalid("member")
    return member


def _withdraw(
    request: HttpRequest, member_id: int, purpose: Purpose, channel: ChannelName
) -> None:
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    withdraw_consent(
        member_id=member_id,
        purpose=purpose,
        channel=channel,
        basis=Consent.Basis.ONE_CLICK if one_click else Consent.Basis.LINK,
    )
