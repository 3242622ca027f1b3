"""Personal links: signed, for one thing each, without personal data in them."""

from __future__ import annotations

import datetime as dt

from django.core.signing import BadSignature, Signer, TimestampSigner
from django.urls import reverse

from wagtail_bin.conf import conf
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.models import ChannelName, Member, Network, Purpose


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


# So much of an address' hash is in a link: it dies with the address.
_DIGEST = 16


def _confirmation_signer() -> TimestampSigner:
    return TimestampSigner(salt="wagtail_bin.confirm", sep=".")


def confirmation_token(member: Member) -> str:
    """A token that confirms one membership, from one address, for some time."""
    return _confirmation_signer().sign(f"{member.pk}-{member.email_digest[:_DIGEST]}")


def read_confirmation_token(token: str) -> tuple[int, str]:
    """The member's id, and how the hash of the address begins.

    Raises:
        LinkInvalid: forged, damaged, or older than ``INVITATION_VALID_DAYS``.
    """
    valid = dt.timedelta(days=conf.INVITATION_VALID_DAYS)
    try:
        signed = _confirmation_signer().unsign(token, max_age=valid)
        member_id, digest = signed.split("-")
        if len(digest) != _DIGEST:
            raise LinkInvalid("confirm")
        return int(member_id), digest
    except (BadSignature, ValueError) as error:
        raise LinkInvalid("confirm") from error


def confirmation_url(member: Member) -> str:
    """The absolute address at which a member confirms."""
    path = reverse("wagtail_bin:confirm", args=[confirmation_token(member)])
    return site_root(member.network) + path


def site_root(network: Network) -> str:
    """Root of public links for a network's members, without a closing slash."""
    site = network.municipality.site
    return site.root_url if site else conf.base_url


def unsubscribe_url(*, network: Network, token: str) -> str:
    """The absolute address of the unsubscribe page; its root, without a token."""
    root = reverse("wagtail_bin:unsubscribe", args=["-"]).removesuffix("-/")
    return f"{site_root(network)}{root}{token}/" if token else site_root(network) + root
