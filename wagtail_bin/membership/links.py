"""Personal links: signed, for one thing each, without personal data in them."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import Network, Purpose


def _signer() -> Signer:
    # HMAC-SHA-256; SECRET_KEY_FALLBACKS keep old links alive after a rotation.
    return Signer(salt="wagtail_bin.unsubscribe", sep=".")


def unsubscribe_token(*, member_id: int, purpose: Purpose) -> str:
    """A token that unsubscribes one member from one purpose and does only that.

    It does not expire: a mail may be opened years later (RFC 8058).
    """
    return _signer().sign(f"{member_id}-{purpose}")


def read_unsubscribe_token(token: str) -> tuple[int, Purpose]:
    """The member's id and the purpose of a token.

    Raises:
        LinkInvalid: forged, damaged, or for something else.
    """
    try:
        member_id, _, purpose = _signer().unsign(token).partition("-")
        return int(member_id), Purpose(purpose)
    except (BadSignature, ValueError) as error:
        raise LinkInvalid("unsubscribe") from error


def site_root(network: Network) -> str:
    """Root of public links for a network's members, without a closing slash."""
    site = network.municipality.site
    return site.root_url if site else conf.base_url


def unsubscribe_url(*, network: Network, token: str) -> str:
    """The absolute address of the unsubscribe page."""
    return site_root(network) + reverse("wagtail_bin:unsubscribe", args=[token])
