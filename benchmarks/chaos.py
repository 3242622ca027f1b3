"""Kill workers at random, again and again, and count what became of each message.

    python -m benchmarks chaos --seeds 1 --recipients 200 --kills 20
    python -m benchmarks chaos --seeds 20 --recipients 1000 --kills 60 --stops 3

Real worker processes over a real database; a mail server on loopback keeps what
it truly accepted. Afterwards everything unknown is reconciled: what the server
reports is taken for true, the rest is sent again by a person's decision. With
``--stops`` a PostgreSQL server of its own is stopped as by a power cut as well,
so many times a seed. Ends with 1 unless nothing was lost and nothing came twice.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.surroundings import (
    approve,
    database,
    make_members,
    make_page,
    running_sink,
)

WORKERS = 4
# Seconds a provider takes, and between two kills.
DELAY = 0.06
PAUSE = 0.2
PATIENCE = 120


@dataclasses.dataclass
class Count:
    """What the ledger says, held against what the mail server has."""

    kills: int
    states: dict[str, int]
    lost: int
    duplicated: int
    unknown: int
    unaccounted: int

    def __str__(self) -> str:
        return (
            f"{self.kills} kills: lost {self.lost}, duplicated {self.duplicated}, "
            f"unknown {self.unknown}, unaccounted {self.unaccounted}"
        )


def work() -> None:
    """What a worker process does, for ever."""
    from django.db import Error, close_old_connections, connections

    from wagtail_bin.dispatch import sweep
    from wagtail_bin.dispatch.deliver import deliver_due

    connections.close_all()
    while True:
        with contextlib.suppress(Error):
            sweep.settle()
            deliver_due(seconds=2)
        close_old_connections()
        time.sleep(0.05)


def start_worker() -> int:
    """A new worker process; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        # Its own dice, and no part in our clean-up.
        random.seed()
        work()
    finally:
        os._exit(1)


def kill(pid: int) -> None:
    """End a worker at once."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def rampage(
    dispatch: Any, dice: random.Random, kills: int, stops: int, cluster: Any
) -> int:
    """Let workers deliver, and kill one after the other; how many were killed."""
    from django.db import connection

    connection.close()
    # The database goes away at these kills.
    stop_at = set(dice.sample(range(1, kills), stops))
    workers = [start_worker() for _number in range(WORKERS)]
    done = 0
    deadline = time.monotonic() + PATIENCE + kills * PAUSE
    try:
        while time.monotonic() < deadline:
            time.sleep(dice.uniform(0, 2 * PAUSE))
            if done < kills:
                victim = dice.randrange(WORKERS)
                kill(workers[victim])
                done += 1
                if done in stop_at:
                    connection.close()
                    cluster.stop("immediate")
                    cluster.start()
                workers[victim] = start_worker()
            elif is_settled(dispatch):
                break
    finally:
        for pid in workers:
            kill(pid)
    return done


def is_settled(dispatch: Any) -> bool:
    """Whether nothing more will happen by itself."""
    from wagtail_bin.models import Delivery

    return not dispatch.deliveries.filter(state__in=Delivery.OPEN_STATES).exists()


def received(directory: Path) -> Counter[str]:
    """Address to number of copies that the mail server truly accepted."""
    from example_site.mail_sink import ENVELOPE_TO, messages

    return Counter(str(message[ENVELOPE_TO]) for message in messages(directory))


def count(dispatch: Any, directory: Path, kills: int) -> Count:
    """Hold the ledger against what was accepted."""
    from wagtail_bin.models import Delivery

    State = Delivery.State  # noqa: N806
    copies = received(directory)
    rows = list(dispatch.deliveries.values_list("member__email", "state"))
    states = Counter(state for _address, state in rows)
    known = {State.ACCEPTED, State.UNKNOWN}
    return Count(
        kills=kills,
        states=dict(states),
        lost=sum(state not in known for _address, state in rows)
        + sum(
            state == State.ACCEPTED and not copies[address] for address, state in rows
        ),
        duplicated=sum(number - 1 for number in copies.values()),
        unknown=states[State.UNKNOWN],
        unaccounted=len(
            set(copies) - {address for address, state in rows if state in known}
        ),
    )


def reconcile(dispatch: Any, directory: Path, dice: random.Random) -> None:
    """Hear what the server has to say, twice and in any order; then decide the rest."""
    from example_site.mail_sink import messages
    from tests.factories import UserFactory
    from wagtail_bin.channels.events import EventKind, ProviderEvent
    from wagtail_bin.dispatch import sweep
    from wagtail_bin.dispatch.control import Resolution, resolve_unknown
    from wagtail_bin.dispatch.deliver import deliver_due
    from wagtail_bin.dispatch.receipts import receive

    events = [
        ProviderEvent(
            source="chaos",
            event_id=str(message["Message-ID"]),
            kind=EventKind.DELIVERED,
            reference=str(message["Message-ID"])[1:].partition("@")[0],
            provider_id=str(message["Message-ID"]),
        )
        for message in messages(directory)
    ] * 2
    dice.shuffle(events)
    receive(events)
    resolve_unknown(
        dispatch=dispatch,
        user=UserFactory(is_superuser=True),
        resolution=Resolution.RESEND,
        reason="The mail server has no trace of it.",
    )
    deliver_due(seconds=60)
    sweep.settle()


def run_seed(page: Any, seed: int, options: Any, cluster: Any) -> bool:
    """One dispatch of the page; whether all went well."""
    from django.conf import settings

    dice = random.Random(seed)
    recipients, kills, stops = options.recipients, options.kills, options.stops
    settings.WAGTAIL_BIN_LEASE, settings.WAGTAIL_BIN_CALL_TIMEOUT = 4, 2
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": {
            "BACKEND": "wagtail_bin.channels.email.EmailChannel",
            "BATCH": 1,
            "CONNECTIONS": 1,
        }
    }
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with running_sink(directory, DELAY) as port:
            settings.EMAIL_PORT = port
            dispatch = approve(page, make_members(recipients), recipients)
            before = count(
                dispatch, directory, rampage(dispatch, dice, kills, stops, cluster)
            )
            print(f"seed {seed}, {recipients} recipients, {before}", flush=True)
            reconcile(dispatch, directory, dice)
            after = count(dispatch, directory, kills)
            reached = len(received(directory))
            print(
                f"seed {seed}, reconciled: {reached} of {recipients}, {after}",
                flush=True,
            )
    return (
        before.lost == before.duplicated == before.unaccounted == 0
        # One message at a time: at most one in flight in each worker killed, and
        # in each that loses its database.
        and before.unknown <= kills + stops * WORKERS
        and before.kills == kills
        and after.lost == after.duplicated == after.unknown == 0
        and reached == recipients
    )


def main(arguments: list[str]) -> None:
    """Run all seeds."""
    parser = argparse.ArgumentParser(prog="chaos")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--stops", type=int, default=0)
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        cluster = None
        if options.stops:
            from tests.postgres import private_cluster

            cluster = stack.enter_context(private_cluster())
            os.environ["DATABASE_URL"] = cluster.url
        stack.enter_context(database())
        page = make_page()
        outcomes = [
            run_seed(page, seed, options, cluster)
            for seed in range(1, options.seeds + 1)
        ]
    if not all(outcomes):
        sys.exit("Chaos: not what was promised.")
