"""A small file system of its own, which can really be full."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

FILLER = "filler"


class NoDisk(Exception):  # noqa: N818
    """This user may not mount a file system."""


class Disk:
    """A mounted file system.

    Attributes:
        path: where it is mounted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.path / FILLER).open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(2**16))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        """Somebody tidies up."""
        (self.path / FILLER).unlink()


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """An empty file system in memory, gone afterwards. Only root may mount one.

    Raises:
        NoDisk: it cannot be mounted here.
    """
    with tempfile.TemporaryDirectory() as directory:
        options = f"size={megabytes}m,mode=0777"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory]
        try:
            subprocess.run(mount, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise NoDisk("mount is not installed") from error
        except subprocess.CalledProcessError as error:
            raise NoDisk(f"no small disk: {error.stderr.strip()}") from error
        try:
            yield Disk(Path(directory))
        finally:
            subprocess.run(["umount", directory], check=True)
