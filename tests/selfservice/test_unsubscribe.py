"""Unsubscribing: a button, or the mail program's; never a link alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.membership.links import read_unsubscribe_token, unsubscribe_token
from wagtail_bin.membership.reach import with_reach
from wagtail_bin.models import Consent, Member, Purpose

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Any:
    return MemberFactory(
        network=NetworkFactory(name="BIN Heide"), first_name="Geheim", language="fr"
    )


def url_for(member: Member) -> str:
    token = unsubscribe_token(member_id=member.pk, purpose=Purpose.TIPS)
    return reverse("wagtail_bin:unsubscribe", args=[token])


def is_reached(member: Member) -> bool:
    return not with_reach(Member.objects.filter(pk=member.pk)).get().unreachable


@pytest.mark.parametrize("method", ["get", "head"])
def test_i10_d02_s19_following_the_link_changes_nothing(
    member: Any, client: Client, method: str
) -> None:
    response = getattr(client, method)(url_for(member))
    assert response.status_code == 200
    assert is_reached(member)
    assert Consent.objects.count() == 1


def test_the_page_speaks_the_members_language_and_names_nobody(
    member: Any, client: Client
) -> None:
    response = client.get(url_for(member))
    page = response.content.decode()
    assert response["Content-Language"] == "fr"
    assert 'lang="fr"' in page
    assert "BIN Heide" in page
    assert member.first_name not in page
    assert member.email not in page
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]


def test_d02_one_click_needs_no_cookie_no_redirect_and_may_repeat(member: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        response = client.post(url_for(member), {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert not is_reached(member)
    withdrawn = Consent.objects.get(is_given=False)
    assert withdrawn.basis == Consent.Basis.ONE_CLICK
    assert not client.cookies


def test_the_button_unsubscribes_and_the_membership_stays(
    member: Any, client: Client
) -> None:
    response = client.post(url_for(member))
    assert response.status_code == 200
    assert not is_reached(member)
    member.refresh_from_db()
    assert member.state == Member.State.ACTIVE
    assert Consent.objects.get(is_given=False).basis == Consent.Basis.LINK


def test_somebody_else_at_the_same_address_keeps_getting_tips(
    member: Any, client: Client
) -> None:
    partner = MemberFactory(network=member.network, email=member.email)
    client.post(url_for(member))
    assert not is_reached(member)
    assert is_reached(partner)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token.replace("-tips", "-alerts"),
        lambda token: "9" + token,
        lambda token: token.swapcase(),
        lambda token: "x",
        lambda token: Signer(sep=".").sign(token.rpartition(".")[0]),
    ],
    ids=["cut", "purpose", "member", "case", "nonsense", "other salt"],
)
def test_s18_a_spoilt_token_does_nothing_and_says_so(
    member: Any, client: Client, spoil: Any
) -> None:
    token = spoil(unsubscribe_token(member_id=member.pk, purpose=Purpose.TIPS))
    with pytest.raises(LinkInvalid):
        read_unsubscribe_token(token)
    response = client.post(reverse("wagtail_bin:unsubscribe", args=[token]))
    assert response.status_code == 410
    assert is_reached(member)


def test_o14_a_link_survives_a_rotated_secret_key(
    member: Any, client: Client, settings: Any
) -> None:
    url = url_for(member)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert client.post(url).status_code == 200
    assert not is_reached(member)


def test_the_link_of_an_erased_member_says_that_nothing_is_left(
    member: Any, client: Client
) -> None:
    url = url_for(member)
    member.delete()
    assert client.get(url).status_code == 410
    assert client.post(url).status_code == 410
