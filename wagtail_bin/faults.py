"""Places where a test may end the process, to see what the ledger makes of it.

``WAGTAIL_BIN_FAULT=K4:2`` in the environment kills the process the second time
it comes to ``K4``; ``*:7`` at the seventh place of any name. Unset: nothing.
"""

from __future__ import annotations

import os
import signal

ENVIRONMENT = "WAGTAIL_BIN_FAULT"


class _Fuse:
    """Counts down to the kill."""

    def __init__(self, setting: str) -> None:
        self.name, _sep, count = setting.partition(":")
        self.left = int(count or 1)

    def burn(self, name: str) -> None:
        if self.name in {name, "*"}:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


_fuse = _Fuse(os.environ[ENVIRONMENT]) if ENVIRONMENT in os.environ else None


def point(name: str) -> None:
    """A place of this name is reached.

    Args:
        name: ``K1`` before approval commits, ``K2`` before the ring, ``K3`` after
            the claim, ``K4`` after marking, ``K7`` before recording, ``K8`` after
            it, ``K9`` inside a webhook.
    """
    if _fuse is not None:
        _fuse.burn(name)
