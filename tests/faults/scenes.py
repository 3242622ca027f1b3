"""What a process under test does. Runs in children of ``forks``, or as a program:

python -m tests.faults.scenes SCENE '{"name": "value"}'
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def command(*, name: str, arguments: list[str] | None = None) -> None:
    """A management command."""
    from django.core.management import call_command

    call_command(name, *(arguments or []))


def approve(*, page: int, network: int, user: int, members: int) -> None:
    """Somebody confirms."""
    from django.contrib.auth import get_user_model

    from wagtail_bin.dispatch.approve import approve_dispatch
    from wagtail_bin.models import Network, TipPage

    approve_dispatch(
        page=TipPage.objects.get(pk=page),
        networks=list(Network.objects.filter(pk=network)),
        user=get_user_model().objects.get(pk=user),
        expected_recipients=members,
    )


def drain(*, dispatch: str) -> None:
    """A worker answers a ring."""
    from wagtail_bin.dispatch import tasks

    tasks.drain(dispatch)


def sweep() -> None:
    """A worker sweeps."""
    from wagtail_bin.dispatch import tasks

    tasks.sweep()


def sweep_only() -> None:
    """What a sweep does before it delivers."""
    from wagtail_bin.dispatch import sweep as sweeping

    sweeping.settle()


def resume(*, user: int) -> None:
    """Somebody lets sending go on."""
    from django.contrib.auth import get_user_model

    from wagtail_bin.dispatch import control

    control.resume_all(user=get_user_model().objects.get(pk=user))


def claim_all(*, dispatch: str, directory: str, number: int) -> None:
    """Claim rows together with others, until there are none; note which."""
    import uuid

    from wagtail_bin.dispatch import ledger

    wait_for(Path(directory) / "go")
    claimed: list[int] = []
    while ids := ledger.claim(
        owner=str(uuid.uuid4()),
        dispatch_id=uuid.UUID(dispatch),
        channel="email",
        limit=3,
    ):
        claimed += ids
        # SQLite lets whoever is at it go on, unless it pauses.
        time.sleep(0.01)
    (Path(directory) / str(number)).write_text(json.dumps(claimed))


def deliver_together(*, directory: str) -> None:
    """Sweep and deliver together with others."""
    from wagtail_bin.dispatch import deliver
    from wagtail_bin.dispatch import sweep as sweeping

    wait_for(Path(directory) / "go")
    sweeping.settle()
    deliver.deliver_due(seconds=60)
    sweeping.settle()


def wait_for(path: Path) -> None:
    """Until the file is there."""
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.001)


def main(scene: str, arguments: dict[str, Any]) -> None:
    """Run one scene in this process."""
    import django

    django.setup()
    globals()[scene](**arguments)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
