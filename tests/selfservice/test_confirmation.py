"""Confirming a membership: the link shows, the button confirms."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.exceptions import LinkInvalid
from wagtail_bin.membership.links import confirmation_token, read_confirmation_token
from wagtail_bin.membership.reach import with_reach
from wagtail_bin.models import Member, MemberLogEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return MemberFactory(
        network=NetworkFactory(name="BIN Heide"),
        first_name="Geheim",
        language="fr",
        state="unconfirmed",
        consent=False,
    )


def url_for(member: Member) -> str:
    return reverse("wagtail_bin:confirm", args=[confirmation_token(member)])


@pytest.mark.parametrize("method", ["get", "head"])
def test_i10_following_the_link_changes_nothing(
    member: Member, client: Client, method: str
) -> None:
    response = getattr(client, method)(url_for(member))
    assert response.status_code == 200
    member.refresh_from_db()
    assert member.state == "unconfirmed"
    assert not MemberLogEntry.objects.exists()


def test_the_page_speaks_the_members_language_names_nobody_and_ticks_nothing(
    member: Member, client: Client
) -> None:
    response = client.get(url_for(member))
    page = response.content.decode()
    assert response["Content-Language"] == "fr"
    assert "BIN Heide" in page
    assert member.first_name not in page
    assert member.email not in page
    assert "checked" not in page
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("purposes", [["tips"], ["tips", "alerts"], []])
def test_p01_the_button_confirms_with_what_was_ticked(
    member: Member, client: Client, purposes: list[str]
) -> None:
    for _time in range(2):
        response = client.post(url_for(member), {"purposes": purposes})
        assert response.status_code == 200
    member.refresh_from_db()
    assert member.state == "active"
    given = member.consents.order_by("pk").values_list(
        "purpose", "channel", "is_given", "basis"
    )
    assert set(given) == {(purpose, "email", True, "link") for purpose in purposes}
    assert len(given) == len(purposes)
    # What stood on the page is kept, word for word.
    page = client.get(url_for(member)).content.decode()
    for text in member.consents.values_list("text", flat=True):
        language, question, answer = re.fullmatch(r"(\w\w): (.+:) (.+)", text).groups()  # type: ignore[union-attr]
        assert language == "fr"
        assert question in page
        assert answer.lower() in page.lower()
    reached = with_reach(Member.objects.all()).get()
    assert (not reached.unreachable) == ("tips" in purposes)
    actions = [entry.action for entry in MemberLogEntry.objects.order_by("pk")]
    assert actions.count("wagtail_bin.confirm_member") == 1


@pytest.mark.parametrize("state", ["suspended", "left", "excluded"])
def test_nobody_is_brought_back_by_an_old_link(
    member: Member, client: Client, state: str
) -> None:
    Member.objects.update(state=state)
    for response in (
        client.get(url_for(member)),
        client.post(url_for(member), {"purposes": ["tips"]}),
    ):
        assert response.status_code == 410
    member.refresh_from_db()
    assert member.state == state
    assert not member.consents.exists()


def test_a_link_dies_with_its_address(member: Member, client: Client) -> None:
    old = url_for(member)
    member.email = "nieuw@example.org"
    member.save()
    assert client.post(old, {"purposes": ["tips"]}).status_code == 410
    assert client.post(url_for(member), {}).status_code == 200


def test_a_link_dies_of_age(member: Member, client: Client, settings: Any) -> None:
    settings.WAGTAIL_BIN_INVITATION_VALID_DAYS = 5
    url = url_for(member)
    with time_machine.travel(timezone.now() + dt.timedelta(days=4), tick=False):
        assert client.get(url).status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(days=6), tick=False):
        assert client.post(url).status_code == 410
    member.refresh_from_db()
    assert member.state == "unconfirmed"


@pytest.mark.parametrize("token", ["x", "1-abc", "1-abc:x:y", "-.-.-"])
def test_a_damaged_or_forged_link_says_so(client: Client, token: str) -> None:
    with pytest.raises(LinkInvalid):
        read_confirmation_token(token)
    response = client.get(reverse("wagtail_bin:confirm", args=[token]))
    assert response.status_code == 410


def test_an_unsubscribe_link_confirms_nothing(member: Member) -> None:
    from wagtail_bin.membership.links import unsubscribe_token

    token = unsubscribe_token(member_id=member.pk, purpose="tips")
    with pytest.raises(LinkInvalid):
        read_confirmation_token(token)
