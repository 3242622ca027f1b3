"""By which channels, at what price, at what moment: choices of the confirmation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import GroupPagePermission

from tests.factories import MemberFactory
from tests.ledgers import make_dispatch
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    Member,
    Network,
    Purpose,
    TipPage,
)

MEMORY = "wagtail_bin.channels.memory.MemoryChannel"


@pytest.fixture(autouse=True)
def channels(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": MEMORY,
        "sms": {"BACKEND": MEMORY, "PRICE": "0.08"},
        "voice": {"BACKEND": MEMORY, "PRICE": "0.25"},
        "social": {
            "BACKEND": MEMORY,
            "OPTIONS": {"TARGETS": {"Mastodon van de stad": "json://localhost"}},
        },
    }


@pytest.fixture
def editor(web_editor: Client, home: Any) -> Client:
    """A web editor who may publish on the site."""
    group = Group.objects.create(name="editors")
    for codename in ("add_page", "change_page", "publish_page"):
        GroupPagePermission.objects.create(
            group=group, page=home, permission=Permission.objects.get(codename=codename)
        )
    web_editor.user.groups.add(group)  # type: ignore[attr-defined]
    return web_editor


def by_phone(network: Network, channel: ChannelName, **values: Any) -> Member:
    """A member without e-mail who agreed to be reached by telephone."""
    member = MemberFactory(network=network, email="", consent=False, **values)
    Consent.objects.create(
        member=member,
        purpose=Purpose.TIPS,
        channel=channel,
        is_given=True,
        basis=Consent.Basis.ENROLMENT,
    )
    return member


@pytest.fixture
def members(heide: Network) -> None:
    """Three by mail, two by SMS, one by voice."""
    MemberFactory.create_batch(3, network=heide)
    for _number in range(2):
        by_phone(heide, ChannelName.SMS, mobile="+32473865387")
    by_phone(heide, ChannelName.VOICE, phone="+3236202929")


def send_url(tip: TipPage) -> str:
    return reverse("wagtail_bin_admin:send", args=[tip.pk])


def confirm(editor: Client, tip: TipPage, expected: int, **data: Any) -> Any:
    choice = {"expected": expected, "seen": "", "confirm": "1"} | data
    return editor.post(send_url(tip), choice)


def by_channel() -> dict[str, int]:
    found: dict[str, int] = {}
    for channel in Delivery.objects.values_list("channel", flat=True):
        found[channel] = found.get(channel, 0) + 1
    return found


ALL = {"channel-email": "1", "channel-sms": "2", "channel-voice": "3"}


@pytest.mark.usefixtures("members")
class TestChannels:
    def test_mail_alone_is_chosen_and_the_others_say_whom_they_add(
        self, editor: Client, tip: TipPage
    ) -> None:
        response = editor.get(send_url(tip))
        assert response.context["audience"].channels == {"email": 3}
        rows = response.context["channels"]
        assert [(r["name"], r["place"], r["reached"]) for r in rows] == [
            ("email", 1, 3),
            ("sms", 0, 2),
            ("voice", 0, 1),
            ("social", 0, 0),
        ]
        html = response.content.decode()
        assert "2 more" in html
        assert "Mastodon van de stad" in html
        assert "localhost" not in html

    def test_each_member_is_counted_at_the_first_that_reaches_them(
        self, editor: Client, tip: TipPage, heide: Network
    ) -> None:
        both = by_phone(heide, ChannelName.SMS, mobile="+32473865387")
        Member.objects.filter(pk=both.pk).update(email="both@example.org")
        Consent.objects.create(
            member=both, purpose="tips", channel="email", is_given=True, basis="office"
        )
        mail_first = editor.get(send_url(tip), ALL).context["audience"]
        assert mail_first.channels == {"email": 4, "sms": 2, "voice": 1}
        sms_first = editor.get(send_url(tip), ALL | {"channel-email": "4"})
        assert sms_first.context["audience"].channels == {
            "sms": 3,
            "email": 3,
            "voice": 1,
        }

    def test_price_and_length_stand_there_before_anything_is_sent(
        self, editor: Client, tip: TipPage
    ) -> None:
        response = editor.get(send_url(tip), ALL)
        estimates = {
            part["channel"]: part["estimate"] for part in response.context["shares"]
        }
        sms, voice = estimates["sms"], estimates["voice"]
        assert estimates["email"] is None
        assert (sms.recipients, sms.encoding, voice.recipients) == (2, "GSM-7", 1)
        assert 160 * (sms.parts - 1) < sms.characters < 160 * sms.parts
        assert sms.price == 2 * sms.parts * Decimal("0.08")
        assert 0 < voice.seconds <= 60
        assert voice.price == Decimal("0.25")
        assert response.context["price"] == sms.price + voice.price
        html = response.content.decode()
        assert f"{sms.characters} characters, GSM-7" in html
        assert f"about {voice.seconds} seconds" in html
        shown = {text.channel: text.text for text in response.context["texts"]}
        assert shown["sms"].startswith("BIN Heide: Donkere maanden")
        assert "Laat een lamp branden" in shown["voice"]

    def test_a_title_outside_the_alphabet_costs_more(
        self, editor: Client, tip: TipPage
    ) -> None:
        tip.title = "Donkere maanden ✨"
        tip.save_revision()
        (part,) = [
            part
            for part in editor.get(send_url(tip), ALL).context["shares"]
            if part["channel"] == "sms"
        ]
        assert part["estimate"].encoding == "UCS-2"
        assert part["estimate"].parts > 2

    def test_what_is_confirmed_goes_by_the_channels_shown(
        self, editor: Client, tip: TipPage
    ) -> None:
        confirm(editor, tip, 6, **ALL, **{"channel-social": "9"})
        assert by_channel() == {"email": 3, "sms": 2, "voice": 1, "social": 1}
        dispatch = Dispatch.objects.get()
        assert dispatch.channels == ["email", "sms", "voice", "social"]
        channels = set(dispatch.messages.values_list("channel", flat=True))
        assert channels == {"email", "sms", "voice", "social"}

    def test_a_channel_that_is_not_configured_cannot_be_chosen(
        self, editor: Client, tip: TipPage
    ) -> None:
        data = {"channel-email": "1", "channel-handover": "2", "channel-x": "3"}
        confirm(editor, tip, 3, **data)
        assert Dispatch.objects.get().channels == ["email"]

    def test_without_any_channel_nothing_can_be_confirmed(
        self, editor: Client, tip: TipPage
    ) -> None:
        none = dict.fromkeys(ALL, "")
        assert editor.get(send_url(tip), none).context["audience"].total == 0
        confirm(editor, tip, 0, **none)
        assert not Dispatch.objects.exists()

    def test_with_mail_only_there_is_nothing_to_choose(
        self, editor: Client, tip: TipPage, settings: Any
    ) -> None:
        settings.WAGTAIL_BIN_CHANNELS = {"email": MEMORY}
        response = editor.get(send_url(tip))
        assert response.context["channels"] == []
        assert "By which channel" not in response.content.decode()


@pytest.mark.usefixtures("members")
class TestMoment:
    def test_it_can_be_sent_later_in_local_time(
        self, editor: Client, tip: TipPage
    ) -> None:
        day = timezone.localdate() + dt.timedelta(days=3)
        data = {"timing": "later", "not_before": f"{day:%Y-%m-%d} 19:00"}
        response = confirm(editor, tip, 3, **data)
        dispatch = Dispatch.objects.get()
        local = timezone.localtime(dispatch.not_before)
        assert (local.date(), local.hour) == (day, 19)
        page = editor.get(response["Location"]).content.decode()
        assert "Will be sent on" in page
        tip.refresh_from_db()
        assert tip.live

    def test_now_is_now_whatever_the_other_field_says(
        self, editor: Client, tip: TipPage
    ) -> None:
        confirm(editor, tip, 3, timing="now", not_before="2020-01-01 10:00")
        assert Dispatch.objects.get().not_before <= timezone.now()

    @pytest.mark.parametrize(
        ("moment", "said"),
        [
            ("2020-01-01 10:00", "That moment is past"),
            ("", "Choose a date and a time"),
            ("straks", "Enter a valid date/time"),
        ],
    )
    def test_f22_a_moment_that_will_not_come_sends_nothing_and_says_so(
        self, editor: Client, tip: TipPage, moment: str, said: str
    ) -> None:
        response = confirm(editor, tip, 3, timing="later", not_before=moment)
        html = editor.get(response["Location"]).content.decode()
        assert said in html
        assert "Nothing was sent" in html
        assert not Dispatch.objects.exists()
        tip.refresh_from_db()
        assert not tip.live

    def test_the_numbers_are_those_of_that_day(
        self, editor: Client, tip: TipPage
    ) -> None:
        """Who is away then is not counted; the screen comes back with the number."""
        day = timezone.localdate() + dt.timedelta(days=30)
        away = Member.objects.filter(email__gt="").order_by("pk")[:1]
        Member.objects.filter(pk__in=away).update(
            away_from=day - dt.timedelta(days=1), away_until=day + dt.timedelta(days=30)
        )
        data = {"timing": "later", "not_before": f"{day:%Y-%m-%d} 19:00"}
        response = confirm(editor, tip, 3, **data)
        assert not Dispatch.objects.exists()
        shown = editor.get(response["Location"])
        assert shown.context["audience"].total == 2
        assert f'value="{day:%Y-%m-%d} 19:00"' in shown.content.decode()
        confirm(editor, tip, 2, **data)
        assert Dispatch.objects.count() == 1

    def test_f27_the_same_click_twice_schedules_once(
        self, editor: Client, tip: TipPage
    ) -> None:
        data = {"timing": "later", "not_before": "2099-01-01 10:00"}
        first, second = (confirm(editor, tip, 3, **data) for _click in range(2))
        assert first["Location"] == second["Location"]
        assert Dispatch.objects.count() == 1


def test_a_dispatch_to_others_names_none_of_them(
    editor: Client,
    as_role: Callable[..., Client],
    tip: TipPage,
    heide: Network,
    elders: Network,
) -> None:
    make_dispatch(networks=[heide, elders], page_id=tip.pk)
    html = editor.get(send_url(tip)).content.decode()
    assert "to BIN Heide." in html
    assert "BIN Elders" not in html
    Dispatch.objects.get().networks.remove(heide)
    html = editor.get(send_url(tip)).content.decode()
    assert "to other BINs" in html
    assert "BIN Elders" not in html
