"""Confirming a membership: a page that changes nothing, and a button that does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.membership.confirm import confirm_membership
from wagtail_bin.membership.links import read_confirmation_token
from wagtail_bin.models import Member, Purpose
from wagtail_bin.selfservice.answers import answer, language_of

QUESTION = _("By e-mail I want to get:")


# The token is the proof, and mail programs open links without cookies.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class ConfirmView(View):
    """The page never names the member: a forwarded mail gives nothing away."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Show the page. Mail scanners follow links, so nothing changes."""
        try:
            member = invited(token)
        except LinkInvalid:
            return answer(request, "confirmation_invalid", status=410)
        return answer(
            request,
            "confirm",
            {
                "network": member.network,
                "token": token,
                "question": QUESTION,
                "purposes": list(Purpose),
            },
            language=language_of(member),
        )

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Confirm, with what was ticked. A second time says the same."""
        chosen = set(request.POST.getlist("purposes"))
        purposes = [purpose for purpose in Purpose if purpose.value in chosen]
        try:
            member = invited(token)
            confirm_membership(
                member_id=member.pk,
                agreed={purpose: wording(member, purpose) for purpose in purposes},
            )
        except LinkInvalid:
            return answer(request, "confirmation_invalid", status=410)
        return answer(
            request,
            "confirmed",
            {"network": member.network, "purposes": purposes},
            language=language_of(member),
        )


def wording(member: Member, purpose: Purpose) -> str:
    """What the member read beside the box, with the language it was in."""
    language = language_of(member)
    with translation.override(language):
        return f"{language}: {QUESTION} {purpose.label}"


def invited(token: str) -> Member:
    """The member of a link.

    Raises:
        LinkInvalid: forged, too old, or not for this member and address any more.
    """
    member_id, digest = read_confirmation_token(token)
    state = Member.State
    member = (
        Member.objects.select_related("network__municipality")
        .filter(pk=member_id, state__in=[state.UNCONFIRMED, state.ACTIVE])
        .first()
    )
    if member is None or not member.email_digest.startswith(digest):
        raise LinkInvalid("member")
    return member
