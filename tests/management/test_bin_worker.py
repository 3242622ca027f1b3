"""The command that runs clusters; tests/processes runs it for real."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from wagtail_bin.dispatch.queues import Queue
from wagtail_bin.management.commands import bin_worker


class Supervisor:
    """Stands for the real one, and keeps what it was asked."""

    asked: list[Queue]

    def __init__(self, queues: list[Queue], **_kwargs: object) -> None:
        Supervisor.asked = queues

    def run(self) -> None:
        """Return at once."""

    def stop(self, *_signal: object) -> None:
        """Nothing to stop."""


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bin_worker, "Supervisor", Supervisor)
    monkeypatch.setattr(bin_worker.signal, "signal", lambda *_args: None)


@pytest.mark.parametrize(
    ("arguments", "queues"),
    [
        ([], [Queue.URGENT, Queue.DEFAULT]),
        (["--queue", "urgent"], [Queue.URGENT]),
        (["--queue", "default"], [Queue.DEFAULT]),
    ],
)
def test_both_queues_or_one(arguments: list[str], queues: list[Queue]) -> None:
    call_command("bin_worker", *arguments)
    assert Supervisor.asked == queues


def test_a_site_with_one_cluster_has_no_other(settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"ALT_CLUSTERS": {}}
    call_command("bin_worker")
    assert Supervisor.asked == [Queue.DEFAULT]
    with pytest.raises(CommandError, match="has no 'example_site-urgent'"):
        call_command("bin_worker", "--queue", "urgent")
