"""Processes to be killed, a provider that notes, and what must hold ever after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_q.brokers import get_broker

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from tests.faults import scenes
from tests.faults.forks import Forks
from tests.faults.provider import Provider
from wagtail_bin.channels.events import EventKind, ProviderEvent
from wagtail_bin.dispatch import control, sweep
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.receipts import receive
from wagtail_bin.dispatch.verify import verify
from wagtail_bin.models import Delivery, Dispatch, Member, Network

State = Delivery.State

# One message at a time, unless a test says otherwise.
ONE_BY_ONE = {"CONNECTIONS": 1, "BATCH": 1}


# First, so that pytest-django sees the marks when it puts these tests last.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Everything here needs what is committed, and processes of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)
            item.add_marker(
                pytest.mark.django_db(transaction=True, serialized_rollback=True)
            )


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().running() as provider:
        yield provider


@pytest.fixture(scope="session")
def all_forks(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Forks]:
    with Forks(tmp_path_factory.mktemp("forks") / "log") as forks:
        yield forks


@pytest.fixture
def forks(all_forks: Forks, provider: Provider, db: Any) -> Forks:
    """Processes whose mail goes to the provider, one message at a time."""
    all_forks.settings = settings_for(provider)
    return all_forks


def settings_for(provider: Provider, **channel: Any) -> dict[str, Any]:
    """Django's settings of a process that delivers."""
    entry = {"BACKEND": "wagtail_bin.channels.email.EmailChannel"}
    return {
        "EMAIL_PORT": provider.port,
        "EMAIL_TIMEOUT": 10,
        "WAGTAIL_BIN_CHANNELS": {"email": entry | ONE_BY_ONE | channel},
    }


@dataclasses.dataclass
class Story:
    """A tip for the members of one network, and what becomes of it."""

    page: Any
    network: Network
    user: Any
    members: list[Member]
    provider: Provider

    @property
    def arguments(self) -> dict[str, Any]:
        """What a scene needs to approve it."""
        return {
            "page": self.page.pk,
            "network": self.network.pk,
            "user": self.user.pk,
            "members": len(self.members),
        }

    def approve(self, **arguments: Any) -> Dispatch:
        """Approve it here."""
        newest = Dispatch.objects.filter(page=self.page.pk).first()
        self.page.refresh_from_db()
        self.page.save_revision()
        dispatch = approve_dispatch(
            page=self.page,
            networks=[self.network],
            user=self.user,
            expected_recipients=len(self.members),
            seen_dispatch=newest and newest.pk,
            **arguments,
        ).dispatch
        get_broker().purge_queue()
        return dispatch

    def states(self) -> dict[str, list[str]]:
        """State to the addresses in it."""
        found: dict[str, list[str]] = {}
        rows = Delivery.objects.order_by("pk").values_list("state", "member__email")
        for state, address in rows:
            found.setdefault(state, []).append(address)
        return found

    def counts(self) -> dict[str, int]:
        """State to number of rows."""
        return {state: len(found) for state, found in self.states().items()}

    def check(self) -> None:
        """What must hold at every moment, however a process died."""
        broken = [finding for finding in verify() if finding.count]
        assert broken == []
        states = self.states()
        copies = self.provider.copies
        # Nobody lost, nobody twice, nobody taken for served who is not.
        assert sum(map(len, states.values())) == len(self.members)
        assert set(copies.values()) <= {1}
        assert set(states.get(State.ACCEPTED, [])) <= set(copies)
        may_have_gone = {State.ACCEPTED, State.SENDING, State.UNKNOWN}
        known = {a for state in may_have_gone for a in states.get(state, [])}
        assert set(copies) <= known

    def let_leases_end(self) -> None:
        """As if the time of a lease had passed; then sweep."""
        scenes.let_leases_end()
        sweep.settle()

    def reconcile(self) -> None:
        """A person looks into the provider's log, and decides."""
        for address in self.states().get(State.UNKNOWN, []):
            is_there = address in self.provider.copies
            kinds = control.Resolution
            row = Delivery.objects.get(member__email=address, state=State.UNKNOWN)
            control.resolve_unknown(
                dispatch=row.dispatch,
                user=self.user,
                resolution=kinds.SENT if is_there else kinds.RESEND,
                reason="seen in the log",
                deliveries=[row.pk],
            )
        get_broker().purge_queue()

    def hear(self) -> None:
        """The provider reports, each thing twice."""
        receive(
            [
                ProviderEvent(
                    source="smtp",
                    event_id=mail.message_id,
                    kind=EventKind.DELIVERED,
                    reference=mail.message_id.strip("<>").partition("@")[0],
                )
                for mail in self.provider.mails
            ]
            * 2
        )

    def finish(self, forks: Forks) -> None:
        """Go on until everybody has it; once."""
        assert forks.run("command", name="bin_deliver") == 0, forks.log
        self.check()
        self.reconcile()
        assert forks.run("command", name="bin_deliver") == 0, forks.log
        self.check()
        assert self.counts() == {State.ACCEPTED: len(self.members)}
        assert set(self.provider.copies) == {m.email for m in self.members}


@pytest.fixture
def story(tip: Any, provider: Provider) -> Story:
    """A tip for three members, not approved yet."""
    get_broker().purge_queue()
    return make_story(tip, provider, 3)


def make_story(tip: Any, provider: Provider, members: int) -> Story:
    """A tip for so many members."""
    network = NetworkFactory()
    return Story(
        page=tip,
        network=network,
        user=UserFactory(is_superuser=True),
        members=MemberFactory.create_batch(members, network=network),
        provider=provider,
    )


needs_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="is about PostgreSQL"
)
