"""Personal links: signed, for one thing each, without personal data in them."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import ChannelName, Network, Purpose


def _signer() -> Signer:
    # HMAC-SHA-256; SECRET_KEY_FALLBACKS keep old links alive after a rotation.
    return Signer(salt="wagtail_bin.unsubscribe", sep=".")


def unsubscribe_token(
    *, member_id: int, purpose: str, channel: str = ChannelName.EMAIL
) -> str:
    """A token that ends one purpose by one channel for one member, and only that.

    It does not expire: a mail may be opened years later (RFC 8058).
    """
    return _signer().sign(f"{member_id}-{purpose}-{channel}")


def read_unsubscribe_token(token: str) -> tuple[int, Purpose, ChannelName]:
    """The member's id, the purpose and the channel of a token.

    Raises:
        LinkInvalid: forged, damaged, or for something else.
    """
    try:
        member_id, purpose, channel = _signer().unsign(token).split("-")
        return int(member_id), Purpose(purpose), ChannelName(channel)
    except (BadSignature, ValueError) as error:
        raise LinkInvalid("unsubscribe") from error


def site_root(network: Network) -> str:
    """Root of public links for a network's members, without a closing slash."""
    site = network.municipality.site
    return site.root_url if site else conf.base_url


def unsubscribe_url(*, network: Network, token: str) -> str:
    """The absolute address of the unsubscribe page; its root, without a token."""
    root = reverse("wagtail_bin:unsubscribe", args=["-"]).removesuffix("-/")
    return f"{site_root(network)}{root}{token}/" if token else site_root(network) + root
