"""The installation, done as docs/install.md says, word by word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STEP = re.compile(r"<!-- (append|write): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
VISIT = """
import django
django.setup()
from django.test import Client
from wagtail.models import Locale, Page, Site
from wagtail_bin.models import TipIndexPage
home = Site.objects.get().root_page
page = home.add_child(instance=TipIndexPage(title="Tips", slug="tips"))
client = Client()
assert client.get("/admin/login/").status_code == 200
response = client.get(page.url)
assert response.status_code == 200, response
html = response.content.decode()
assert "tel:112" in html
assert "css/mysite" in html, "the site's own document"
assert client.get("/bin/feeds/tips.atom").status_code == 200
"""


@pytest.mark.any_database
def test_a_site_that_wagtail_starts_takes_the_app_in(tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE", "REDIS_URL"}
    } | {"PYTHONPATH": str(ROOT)}

    def run(*command: str) -> None:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    run("-m", "wagtail.bin.wagtail", "start", "mysite", ".")
    steps = STEP.findall((ROOT / "docs/install.md").read_text())
    assert len(steps) == 4
    for how, name, text in steps:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if how == "append" else ""
        path.write_text(before + "\n" + text)
    run("manage.py", "check", "--fail-level", "WARNING")
    run("manage.py", "makemigrations", "--check", "--dry-run", "wagtail_bin")
    run("manage.py", "migrate", "-v", "0")
    environment["DJANGO_SETTINGS_MODULE"] = "mysite.settings.dev"
    run("-c", VISIT)
