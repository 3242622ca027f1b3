"""The app drops into a site with users, a base page and a document of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.any_database
def test_a_site_with_a_base_page_and_users_of_its_own(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name != "DATABASE_URL"
    } | {
        "DJANGO_SETTINGS_MODULE": "tests.dropin.settings",
        "PYTHONPATH": str(ROOT),
        "TEST_DATABASE": str(tmp_path / "town.sqlite3"),
    }
    for arguments in (
        ["django", "check", "--fail-level", "WARNING"],
        ["django", "makemigrations", "--check", "--dry-run"],
        ["django", "migrate", "-v", "0"],
        ["tests.dropin.smoke"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
