"""A dispatch to deliver, by channels that do what the test says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wagtail.models import Page

from tests.content import make_tip
from tests.dispatch.doubles import Double, Script, channels
from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.pace import Pace
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    Dispatch,
    Member,
    Purpose,
    TipPage,
)

Send = Callable[..., Dispatch]


@pytest.fixture
def network() -> Any:
    return NetworkFactory()


@pytest.fixture
def scripts(settings: Any) -> Iterator[dict[str, Script]]:
    """A double for each channel, by name."""
    names = ["email", "sms", "voice", "social"]
    settings.WAGTAIL_BIN_CHANNELS = channels(**{name: {} for name in names})
    Double.scripts = {name: Script() for name in names}
    Pace.limits.clear()
    yield Double.scripts
    Double.scripts = {}


@pytest.fixture
def send(tip_index: Any, network: Any) -> Send:
    """Approve a new tip to members, made on the spot unless they are given."""

    def approve(
        members: int | list[Member],
        *,
        purpose: Purpose = Purpose.TIPS,
        channels: tuple[str, ...] = ("email",),
        **arguments: Any,
    ) -> Dispatch:
        if isinstance(members, int):
            members = MemberFactory.create_batch(members, network=network)
        for member in members:
            agree(member, purpose, channels)
        tip = TipPage.objects.first() or make_tip(tip_index)
        if tip.dispatches().exists():
            tip = tip.copy(update_attrs={"slug": f"tip-{Page.objects.count()}"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TipPage, "purpose", purpose)
            return approve_dispatch(
                page=tip,
                networks=[network],
                user=UserFactory(is_superuser=True),
                expected_recipients=Member.objects.filter(network=network).count(),
                channels=channels,
                **arguments,
            ).dispatch

    return approve


def agree(member: Member, purpose: str, names: tuple[str, ...]) -> None:
    """Note that a member wants this."""
    for channel in set(names) - {ChannelName.SOCIAL}:
        Consent.objects.create(
            member=member,
            purpose=purpose,
            channel=channel,
            is_given=True,
            basis=Consent.Basis.ENROLMENT,
        )


def states(**of: Any) -> dict[str, int]:
    """State to number of deliveries."""
    rows = Delivery.objects.filter(**of)
    return dict(Counter(rows.values_list("state", flat=True)))


def make_due() -> None:
    """Let all pauses be over."""
    Delivery.objects.filter(state=Delivery.State.QUEUED).update(
        due_at="2020-01-01 00:00:00+00:00"
    )
