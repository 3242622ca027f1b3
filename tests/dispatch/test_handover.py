"""Handing over: the file, the texts, and the word of a person that it was sent."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from wagtail.models import Locale, ModelLogEntry

from tests.factories import (
    MandateFactory,
    MemberFactory,
    MunicipalityFactory,
    NetworkFactory,
    UserFactory,
)
from wagtail_bin import audit
from wagtail_bin.channels.handover import HandoverPlatform
from wagtail_bin.channels.measure import measure_sms, measure_voice
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.control import (
    cancel_dispatch,
    pause_all,
    pause_dispatch,
    retry_failed,
)
from wagtail_bin.dispatch.handover import (
    confirm_handover,
    make_handover,
    take_file,
)
from wagtail_bin.dispatch.handover_texts import handover_texts
from wagtail_bin.dispatch.sweep import settle
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.exceptions import DispatchError, NotAllowed
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Dispatch,
    Handover,
    Member,
    Municipality,
    Network,
    Purpose,
    Role,
    TipPage,
)

pytestmark = pytest.mark.django_db

State = Delivery.State
PLATFORM = HandoverPlatform(
    name="handover",
    label="BE-Alert",
    columns=("first_name", "last_name", "mobile", "phone", "language", "network"),
    format="csv",
)


@pytest.fixture
def network() -> Network:
    municipality = MunicipalityFactory(languages="nl,fr")
    return NetworkFactory(name="BIN Heide", municipality=municipality)


@pytest.fixture
def officer(network: Network) -> Any:
    """Sends to the BIN and sees its members; may publish anything."""
    user = UserFactory(is_superuser=True)
    MandateFactory(role=Role.PREVENTION_OFFICER, network=network, user=user)
    return user


def by_phone(network: Network, **values: Any) -> Member:
    """A member who agreed to an SMS, and has no e-mail address."""
    member = MemberFactory(
        network=network,
        email="",
        consent=False,
        **{"mobile": "+32473865387"} | values,
    )
    Consent.objects.create(
        member=member,
        purpose=Purpose.TIPS,
        channel=ChannelName.SMS if member.mobile else ChannelName.VOICE,
        is_given=True,
        basis=Consent.Basis.ENROLMENT,
    )
    return member


def approve(tip: TipPage, network: Network, user: Any, expected: int) -> Dispatch:
    return approve_dispatch(
        page=tip,
        networks=[network],
        user=user,
        expected_recipients=expected,
        channels=["email", "handover"],
    ).dispatch


def lines(handover: Handover) -> list[list[str]]:
    content = bytes(Handover.objects.get(pk=handover.pk).content or b"")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def make(dispatch: Dispatch, user: Any, seen: int | None = None) -> Any:
    return make_handover(
        dispatch=dispatch, user=user, platform=PLATFORM, seen_handover=seen
    )


def states(dispatch: Dispatch) -> list[str]:
    rows = dispatch.deliveries.filter(channel=ChannelName.HANDOVER).order_by("pk")
    return list(rows.values_list("state", flat=True))


@pytest.fixture
def members(network: Network) -> list[Member]:
    """One by mobile, one by landline; a third gets mail."""
    MemberFactory(network=network)
    return [
        by_phone(network, last_name="Mobiel"),
        by_phone(network, last_name="Vast", mobile="", phone="+3236202929"),
    ]


@pytest.fixture
def dispatch(tip: TipPage, network: Network, officer: Any, members: Any) -> Dispatch:
    return approve(tip, network, officer, 3)


def test_the_file_holds_who_is_reached_this_way_and_the_number_only(
    dispatch: Dispatch, officer: Any
) -> None:
    made = make(dispatch, officer)
    assert made.deliveries == 2
    _header, *rows = lines(made.handover)
    assert [row[1:] for row in rows] == [
        ["Mobiel", "0473865387", "", "nl", "BIN Heide"],
        ["Vast", "", "036202929", "nl", "BIN Heide"],
    ]
    assert states(dispatch) == [State.QUEUED] * 2
    entry = ModelLogEntry.objects.get(action=audit.HAND_OVER)
    assert entry.data == {"rows": 2, "platform": "BE-Alert"}


def test_confirming_moves_them_to_accepted_with_the_hand_over_as_id(
    dispatch: Dispatch, officer: Any
) -> None:
    handover = make(dispatch, officer).handover
    confirmed = confirm_handover(handover=handover, user=officer)
    assert confirmed.deliveries == 2
    rows = dispatch.deliveries.filter(channel=ChannelName.HANDOVER)
    assert set(rows.values_list("state", "provider_id")) == {
        (State.ACCEPTED, f"handover-{handover.pk}")
    }
    assert (
        DeliveryEvent.objects.filter(
            kind="accepted", source=f"user {officer.pk}"
        ).count()
        == 2
    )
    assert not [found for found in verify() if found.count]
    # The mail is another matter.
    mail = dispatch.deliveries.get(channel=ChannelName.EMAIL)
    assert mail.state == State.QUEUED
    handover.refresh_from_db()
    assert (handover.confirmed_by, handover.rows) == (officer, 2)


def test_f27_each_verb_done_twice_is_done_once(
    dispatch: Dispatch, officer: Any
) -> None:
    first = make(dispatch, officer, seen=None)
    again = make(dispatch, officer, seen=None)
    assert (again.handover, again.is_new) == (first.handover, False)
    confirm_handover(handover=first.handover, user=officer)
    assert not confirm_handover(handover=first.handover, user=officer).is_new
    assert Handover.objects.count() == 1
    actions = ModelLogEntry.objects.values_list("action", flat=True)
    assert list(actions).count(audit.CONFIRM_HANDOVER) == 1


def test_i08_who_unsubscribed_since_is_in_no_file(
    dispatch: Dispatch, officer: Any, members: list[Member]
) -> None:
    withdraw_consent(
        member_id=members[0].pk,
        purpose=Purpose.TIPS,
        channel=ChannelName.SMS,
        basis=Consent.Basis.LINK,
    )
    made = make(dispatch, officer)
    assert [row[1] for row in lines(made.handover)[1:]] == ["Vast"]
    assert states(dispatch) == [State.SUPPRESSED, State.QUEUED]


def test_i08_a_no_that_comes_after_the_file_breaks_no_promise(
    dispatch: Dispatch, officer: Any, members: list[Member]
) -> None:
    handover = make(dispatch, officer).handover
    withdraw_consent(
        member_id=members[0].pk,
        purpose=Purpose.TIPS,
        channel=ChannelName.SMS,
        basis=Consent.Basis.LINK,
    )
    confirm_handover(handover=handover, user=officer)
    assert not [found for found in verify() if found.count]


def test_who_is_away_today_is_left_for_a_later_file(
    dispatch: Dispatch, officer: Any, members: list[Member]
) -> None:
    today = timezone.localdate()
    Member.objects.filter(pk=members[0].pk).update(away_from=today, away_until=today)
    handover = make(dispatch, officer).handover
    confirm_handover(handover=handover, user=officer)
    assert states(dispatch) == [State.QUEUED, State.ACCEPTED]
    Member.objects.filter(pk=members[0].pk).update(away_from=None, away_until=None)
    second = make(dispatch, officer, seen=handover.pk)
    assert [row[1] for row in lines(second.handover)[1:]] == ["Mobiel"]


def test_a_file_made_anew_takes_the_place_of_the_one_before(
    dispatch: Dispatch, officer: Any
) -> None:
    first = make(dispatch, officer).handover
    second = make(dispatch, officer, seen=first.pk).handover
    assert Handover.objects.get(pk=first.pk).content is None
    with pytest.raises(DispatchError, match="nieuwer bestand"):
        confirm_handover(handover=first, user=officer)
    assert confirm_handover(handover=second, user=officer).deliveries == 2


@pytest.mark.parametrize("fate", ["cancelled", "expired", "queued"])
def test_what_was_sent_there_is_sent_whatever_happened_here(
    dispatch: Dispatch, officer: Any, fate: str
) -> None:
    handover = make(dispatch, officer).handover
    if fate == "cancelled":
        cancel_dispatch(dispatch=dispatch, user=officer)
    else:
        Dispatch.objects.update(expires_at=timezone.now())
        settle()
    if fate == "queued":
        retry_failed(dispatch=dispatch, user=officer)
    assert states(dispatch) == [fate] * 2
    assert confirm_handover(handover=handover, user=officer).deliveries == 2
    assert states(dispatch) == [State.ACCEPTED] * 2


def test_a_file_settles_whom_no_newer_file_has(
    dispatch: Dispatch, officer: Any, members: list[Member]
) -> None:
    first = make(dispatch, officer).handover
    Dispatch.objects.update(expires_at=timezone.now())
    settle()
    retry_failed(dispatch=dispatch, user=officer)
    today = timezone.localdate()
    Member.objects.filter(pk=members[0].pk).update(away_from=today, away_until=today)
    second = make(dispatch, officer, seen=first.pk).handover
    assert confirm_handover(handover=first, user=officer).deliveries == 1
    assert states(dispatch) == [State.ACCEPTED, State.QUEUED]
    assert confirm_handover(handover=second, user=officer).deliveries == 1
    assert states(dispatch) == [State.ACCEPTED] * 2
    assert not [found for found in verify() if found.count]


def test_nothing_is_handed_over_while_sending_is_held_back(
    dispatch: Dispatch, officer: Any
) -> None:
    pause_dispatch(dispatch=dispatch, user=officer)
    with pytest.raises(DispatchError, match="gepauzeerd"):
        make(dispatch, officer)
    Dispatch.objects.update(
        paused_at=None, not_before=timezone.now() + dt.timedelta(days=1)
    )
    with pytest.raises(DispatchError, match="nog geen tijd"):
        make(dispatch, officer)
    Dispatch.objects.update(not_before=timezone.now())
    pause_all(user=officer, reason="Storing")
    with pytest.raises(DispatchError, match="gepauzeerd"):
        make(dispatch, officer)
    assert not Handover.objects.exists()


def test_with_nobody_left_there_is_no_file(dispatch: Dispatch, officer: Any) -> None:
    confirm_handover(handover=make(dispatch, officer).handover, user=officer)
    newest = Handover.objects.get()
    with pytest.raises(DispatchError, match="geen leden meer"):
        make(dispatch, officer, seen=newest.pk)
    assert Handover.objects.count() == 1


@pytest.mark.parametrize("role", [Role.WEB_EDITOR, Role.COORDINATOR])
def test_it_takes_both_to_send_and_to_see_the_members(
    dispatch: Dispatch, officer: Any, network: Network, role: str
) -> None:
    user = MandateFactory(role=role, network=network).user
    handover = make(dispatch, officer).handover
    with pytest.raises(NotAllowed):
        make(dispatch, user)
    with pytest.raises(NotAllowed):
        confirm_handover(handover=handover, user=user)
    with pytest.raises(NotAllowed):
        take_file(handover=handover, user=user)


def test_taking_the_file_is_logged_and_it_is_erased_in_time(
    dispatch: Dispatch, officer: Any, settings: Any
) -> None:
    handover = make(dispatch, officer).handover
    assert b"Mobiel" in take_file(handover=handover, user=officer)
    assert ModelLogEntry.objects.filter(action=audit.DOWNLOAD_HANDOVER).count() == 1
    hours = dt.timedelta(hours=settings.WAGTAIL_BIN_HANDOVER_KEEP_HOURS)
    for wait, is_there in ((-60, True), (60, False)):
        with time_machine.travel(
            handover.made_at + hours + dt.timedelta(seconds=wait), tick=False
        ):
            settle()
        kept = Handover.objects.get(pk=handover.pk)
        assert (kept.content is not None) == is_there
    assert (kept.rows, kept.made_by) == (2, officer)
    with pytest.raises(DispatchError, match="gewist"):
        take_file(handover=handover, user=officer)


@pytest.fixture(autouse=True)
def keep_hours(settings: Any) -> None:
    settings.WAGTAIL_BIN_HANDOVER_KEEP_HOURS = 4


def test_p07_erasing_a_member_erases_the_files_they_are_in(
    dispatch: Dispatch, officer: Any, members: list[Member]
) -> None:
    handover = make(dispatch, officer).handover
    members[0].delete()
    assert Handover.objects.get(pk=handover.pk).content is None


class TestTexts:
    def test_they_are_for_everybody_and_hold_no_personal_link(
        self, dispatch: Dispatch
    ) -> None:
        (text,) = handover_texts(dispatch, PLATFORM)
        assert (text.layout, text.language) == ("nl", "nl")
        assert text.sms.startswith("BIN Heide: Donkere maanden")
        assert "/tips/donkere-maanden/" in text.sms
        assert "112" in text.sms
        assert "unsubscribe" not in text.sms
        assert "@@" not in text.sms + text.voice
        assert measure_sms(text.sms).parts == 1
        assert "Laat een lamp branden" in text.voice

    def test_they_are_cut_to_what_the_platform_takes_but_for_what_must_stay(
        self, tip: TipPage, network: Network, officer: Any, members: Any
    ) -> None:
        tip.title = "Let op voor inbrekers " * 11
        tip.introduction = "Laat een lamp branden en sluit de deur. " * 60
        tip.save_revision()
        dispatch = approve(tip, network, officer, 3)
        platform = HandoverPlatform(label="x", sms_parts=2, voice_seconds=60)
        (text,) = handover_texts(dispatch, platform)
        assert measure_sms(text.sms).parts == 2
        assert "112" in text.sms
        assert "/tips/donkere-maanden/" in text.sms
        assert 50 < measure_voice(text.voice, "nl") <= 60
        assert "112" in text.voice

    def test_of_several_bins_none_is_named(
        self, dispatch: Dispatch, network: Network
    ) -> None:
        dispatch.networks.add(NetworkFactory(name="BIN Elders"))
        (text,) = handover_texts(dispatch, PLATFORM)
        assert "BIN Heide" not in text.sms + text.voice
        assert "BIN Elders" not in text.sms + text.voice

    def test_where_members_get_two_languages_each_has_its_texts(
        self, tip: TipPage, network: Network, officer: Any, members: Any
    ) -> None:
        Municipality.objects.update(message_language="all")
        french = tip.copy_for_translation(
            Locale.objects.get_or_create(language_code="fr")[0], copy_parents=True
        )
        french.title = "Mois sombres"
        french.save_revision().publish()
        dispatch = approve(tip, network, officer, 3)
        texts = handover_texts(dispatch, PLATFORM)
        assert [(t.layout, t.language) for t in texts] == [
            ("nl+fr", "nl"),
            ("nl+fr", "fr"),
        ]
        assert "Donkere maanden" in texts[0].sms
        assert "Mois sombres" in texts[1].sms
        assert all(measure_sms(text.sms).parts == 1 for text in texts)
