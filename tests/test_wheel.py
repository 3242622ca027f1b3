"""The wheel holds what a project needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.any_database
def test_the_wheel_holds_templates_static_files_locale_and_types(
    tmp_path: Path,
) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "wagtail_bin", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    source = tmp_path / "source"
    for name in tracked:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    (source / "example_site").mkdir()
    (source / "example_site" / "__init__.py").touch()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            tmp_path,
            source,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {name for name in tracked if name.startswith("wagtail_bin/")}
    assert wanted - names == set()
    assert "wagtail_bin/py.typed" in names
    kinds = {Path(name).suffix for name in wanted}
    assert {".html", ".txt", ".css", ".js", ".po", ".mo"} <= kinds
    assert not any(name.startswith(("example_site", "tests")) for name in names)
