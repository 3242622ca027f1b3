"""The process in which a workbook is parsed, seen from ours.

Whatever a file makes of its parser, it costs one process with little memory and
little time, and never the one that answers people or delivers messages.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wagtail_bin.conf import conf
from wagtail_bin.exchange.measure import broken, too_large

READER = Path(__file__).with_name("reader.py")
# How it ends when it wants more than it may have.
GREEDY = {os.EX_OSERR, -signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT}


def sheet_names(source: bytes) -> list[str]:
    """Names of the visible sheets of a workbook.

    Raises:
        ImportRejected: it cannot be read, or not within the limits.
    """
    return [name for names in _read(source) for name in names]


def sheet_rows(source: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Row number (from 1) and text cells of each row of a sheet.

    Raises:
        ImportRejected: it cannot be read, or not within the limits.
    """
    for lot in _read(source, name):
        yield from ((number, cells) for number, cells in lot)


def _read(source: bytes, *sheet: str) -> Iterator[list[Any]]:
    limits = [str(conf.IMPORT_CHILD_BYTES), str(conf.IMPORT_CHILD_SECONDS)]
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [_python(), "-P", str(READER), *limits, *sheet],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Wherever this process finds its packages, that one does.
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        try:
            yield from _lots(process, source)
        finally:
            process.kill()


def _lots(process: subprocess.Popen[bytes], source: bytes) -> Iterator[list[Any]]:
    if process.stdin is None or process.stdout is None:
        raise broken()
    # It reads all before it writes; it may also be gone by now.
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(source)
    for line in process.stdout:
        lot = json.loads(line)
        if lot is None:
            return
        yield lot
    if process.wait() in GREEDY:
        raise too_large()
    raise broken()


def _python() -> str:
    """The interpreter; where it is part of a server, the one of its environment."""
    executable = Path(sys.executable or "")
    if executable.name.startswith("python"):
        return str(executable)
    return str(Path(sys.prefix) / "bin" / "python")
