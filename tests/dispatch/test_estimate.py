"""What messages that are paid for will cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.dispatch.approve import terms_of
from wagtail_bin.dispatch.audience import survey
from wagtail_bin.dispatch.estimate import Estimate, estimate
from wagtail_bin.dispatch.translations import page_languages
from wagtail_bin.models import Consent, Network, TipPage

pytestmark = pytest.mark.django_db

MEMORY = "wagtail_bin.channels.memory.MemoryChannel"


@pytest.fixture(autouse=True)
def channels(settings: Any) -> None:
    settings.WAGTAIL_BIN_CHANNELS = {
        "sms": {"BACKEND": MEMORY, "PRICE": "0.075"},
        "voice": {"BACKEND": MEMORY, "PRICE": "0.20"},
    }


def reached_by(channel: str, network: Network, number: int) -> None:
    for _number in range(number):
        member = MemberFactory(
            network=network, email="", mobile="+32473865387", consent=False
        )
        Consent.objects.create(
            member=member,
            purpose="tips",
            channel=channel,
            is_given=True,
            basis="enrolment",
        )


def estimates(tip: TipPage, *networks: Network) -> dict[str, Estimate]:
    ready = page_languages(tip).ready
    terms = terms_of(page=tip, available=tuple(ready), channels=["sms", "voice"])
    audience = survey(networks=networks, terms=terms)
    return {e.channel: e for e in estimate(page=tip, pages=ready, audience=audience)}


def test_each_bin_pays_for_the_length_of_its_own_name(tip: TipPage) -> None:
    tip.title = "Donkere maanden: laat een lamp branden en sluit alle deuren af"
    short = NetworkFactory(name="BIN Heide")
    long = NetworkFactory(name="BIN " + "Sint-Job-in-'t-Goor " * 4)
    reached_by("sms", short, 3)
    reached_by("sms", long, 2)
    alone = {n: estimates(tip, n)["sms"] for n in (short, long)}
    assert alone[long].parts == alone[short].parts + 1
    both = estimates(tip, short, long)["sms"]
    assert both.recipients == 5
    assert both.price == sum(e.price for e in alone.values())
    assert alone[short].price == 3 * alone[short].parts * Decimal("0.075")
    # What is shown is the longest.
    assert (both.parts, both.characters) == (alone[long].parts, alone[long].characters)


def test_a_long_tip_is_cut_to_a_minute_and_a_minute_begun_is_paid_for(
    tip: TipPage,
) -> None:
    short = NetworkFactory(name="BIN Heide")
    # Digits take long to say; a name is filled in after the text was cut.
    long = NetworkFactory(name="BIN " + "112 " * 24)
    for network in (short, long):
        reached_by("voice", network, 2)
    assert estimates(tip, short)["voice"].seconds < 30
    tip.introduction = "Laat een lamp branden en sluit de deur. " * 30
    one = estimates(tip, short)["voice"]
    assert (one.seconds <= 60, one.price) == (True, Decimal("0.40"))
    two = estimates(tip, long)["voice"]
    assert (two.seconds > 60, two.price) == (True, Decimal("0.80"))


def test_mail_is_free_and_not_measured(tip: TipPage, settings: Any) -> None:
    network = NetworkFactory()
    MemberFactory(network=network)
    ready = page_languages(tip).ready
    terms = terms_of(page=tip, available=tuple(ready), channels=["email"])
    audience = survey(networks=[network], terms=terms)
    assert audience.total == 1
    assert estimate(page=tip, pages=ready, audience=audience) == []
