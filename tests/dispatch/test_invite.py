"""Members are asked to confirm: one mail each, seldom, and nobody who said no."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from tests.conftest import MailSink
from tests.factories import MandateFactory, MemberFactory, NetworkFactory
from wagtail_bin.dispatch.gates import switch
from wagtail_bin.dispatch.invite import invitable, invite_members
from wagtail_bin.exceptions import DispatchError, NotAllowed
from wagtail_bin.models import (
    Consent,
    Member,
    MemberLogEntry,
    Network,
    Role,
    Suppression,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def network() -> Network:
    return NetworkFactory(name="BIN Heide")


@pytest.fixture
def user(network: Network) -> Any:
    return MandateFactory(network=network, role=Role.COORDINATOR).user


def waiting(network: Network, **more: Any) -> Member:
    return MemberFactory(
        network=network, **{"state": "unconfirmed", "consent": False, **more}
    )


def said(member: Member) -> list[str]:
    with translation.override("en"):
        entries = MemberLogEntry.objects.for_instance(member)
        return [str(entry.message) for entry in entries]


def test_each_gets_one_mail_of_their_own_in_their_language(
    sink: MailSink, network: Network, user: Any, client: Client
) -> None:
    members = [
        waiting(network, email="an@example.org", last_name="Peeters"),
        waiting(network, email="luc@example.org", language="fr"),
    ]
    done = invite_members(members=members, user=user)
    assert (done.sent, done.failed, done.left_out) == (2, 0, 0)
    by_address = {mail["To"]: mail for mail in sink.messages}
    assert set(by_address) == {"an@example.org", "luc@example.org"}
    mail = by_address["an@example.org"]
    assert "BIN Heide" in mail["Subject"]
    assert mail["Content-Language"] == "nl"
    assert by_address["luc@example.org"]["Content-Language"] == "fr"
    # The way out is one click, also of the mail program.
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()
    assert "Peeters" in text
    found = re.search(r"http://testserver(/\S*/confirm/\S+)", text)
    assert found is not None
    assert client.get(found[1]).status_code == 200
    assert found[1] in mail.get_body(("html",)).get_content()
    assert all(m.invited_at for m in Member.objects.all())
    assert said(members[0]) == ["Invited by e-mail to confirm the membership"]


def test_nobody_is_invited_again_so_soon(
    sink: MailSink, network: Network, user: Any, settings: Any
) -> None:
    settings.WAGTAIL_BIN_INVITE_AGAIN_DAYS = 10
    member = waiting(network)
    assert invite_members(members=[member], user=user).sent == 1
    again = invite_members(members=[member], user=user)
    assert (again.sent, again.left_out) == (0, 1)
    Member.objects.update(invited_at=timezone.now() - dt.timedelta(days=11))
    assert invite_members(members=[member], user=user).sent == 1
    assert len(sink.messages) == 2


def test_only_who_may_be_asked_is_invited(network: Network) -> None:
    wanted = waiting(network)
    waiting(network, email="", phone="+3236202929")
    for state in ("active", "suspended", "left", "excluded"):
        waiting(network, state=state)
    refused = waiting(network)
    refused.consents.create(
        purpose="tips", channel="email", is_given=False, basis=Consent.Basis.LINK
    )
    bounced = waiting(network)
    Suppression.objects.create(digest=bounced.email_digest, reason="bounce")
    assert list(invitable(Member.objects.all())) == [wanted]


def test_a_mail_server_that_is_away_is_no_invitation(
    network: Network, user: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    member = waiting(network)
    with pytest.raises(DispatchError):
        invite_members(members=[member], user=user)
    member.refresh_from_db()
    assert member.invited_at is None
    assert said(member)[0] == "The invitation by e-mail could not be sent"


def test_an_address_that_is_refused_may_be_invited_again(
    sink: MailSink, network: Network, user: Any
) -> None:
    member = waiting(network)
    Member.objects.update(email="two@example.org,three@example.org")
    done = invite_members(members=[member], user=user)
    assert (done.sent, done.failed) == (0, 1)
    member.refresh_from_db()
    assert member.invited_at is None
    assert not sink.messages


@pytest.mark.parametrize("addresses", [["test@city.example"], []])
def test_outside_production_test_addresses_get_it_or_nobody(
    sink: MailSink, network: Network, user: Any, settings: Any, addresses: list[str]
) -> None:
    settings.WAGTAIL_BIN_OVERRIDE_RECIPIENTS = {"email": addresses}
    done = invite_members(members=[waiting(network)], user=user)
    assert done.sent == len(addresses)
    assert [mail["To"] for mail in sink.messages] == addresses


def test_no_invitation_goes_out_while_all_sending_is_paused(
    sink: MailSink, network: Network, user: Any
) -> None:
    state = switch()
    state.is_paused = True
    state.save()
    with pytest.raises(DispatchError, match="(?i)pau"):
        invite_members(members=[waiting(network)], user=user)
    assert not sink.messages


def test_inviting_takes_a_mandate_for_each_member(network: Network) -> None:
    member = waiting(network)
    for role in (Role.WEB_EDITOR, Role.MANDATED_OFFICER):
        user = MandateFactory(network=network, role=role).user
        with pytest.raises(NotAllowed):
            invite_members(members=[member], user=user)
