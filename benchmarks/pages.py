"""How fast public pages are, as a table in Markdown.

    python -m benchmarks pages
    python -m benchmarks pages --seconds 10

gunicorn with two workers, loaded by wrk over 8 connections, nothing cached: a tip, the
library with 500 tips, all BINs with 50 of them, and beside them the example site's home
page, which is a page of plain Wagtail. On SQLite, or where ``DATABASE_URL`` points.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.surroundings import database

TIPS, NETWORKS = 500, 50
CONNECTIONS = 8


def make_site() -> dict[str, str]:
    """A small site; name of a case to the path of its page."""
    from tests.content import make_home, make_tip, make_tip_index
    from tests.factories import NetworkFactory, NetworkStreetFactory, ThemeFactory
    from tests.pages.conftest import add_bin_page
    from wagtail_bin.models import BINIndexPage, TipPage

    home = make_home()
    library = make_tip_index(home)
    themes = ThemeFactory.create_batch(4, locale=home.locale)
    tip = make_tip(library)
    tip.themes = themes[:2]
    tip.save_revision().publish()
    body = tip.body.get_prep_value()
    for number in range(TIPS - 1):
        library.add_child(
            instance=TipPage(
                title=f"Tip {number}",
                slug=f"tip-{number}",
                locale=home.locale,
                introduction="Laat een lamp branden.",
                body=body,
                themes=themes[:2],
            )
        )
    index = BINIndexPage(title="BINs", slug="bin", locale=home.locale)
    home.add_child(instance=index)
    for _number in range(NETWORKS):
        network = NetworkFactory()
        NetworkStreetFactory.create_batch(10, network=network)
        add_bin_page(index, network)
    return {
        "a page of plain Wagtail": home.url,
        "a tip": TipPage.objects.get(pk=tip.pk).url,
        f"the library, {TIPS} tips": library.url,
        f"all BINs, {NETWORKS}": index.url,
    }


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The root address of the site under gunicorn."""
    from django.db import connection

    from example_site.mail_sink import free_port

    name = str(connection.settings_dict["NAME"])
    connection.close()
    root = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-m",
                "gunicorn",
                "--workers",
                "2",
                "--log-level",
                "error",
            ),
            *("--bind", root.removeprefix("http://")),
            "django.core.wsgi:get_wsgi_application()",
        ],
        env=os.environ | {"TEST_DATABASE": name},
    )
    try:
        for _attempt in range(100):
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                urlopen(Request(root + "/nl/"), timeout=30).close()
                break
        yield root
    finally:
        process.terminate()
        process.wait()


def load(url: str, seconds: int) -> tuple[float, float]:
    """Requests per second, and the 95th percentile in ms of each connection's turn."""
    done = subprocess.run(
        [
            *(
                "wrk",
                "-t",
                "2",
                "-c",
                str(CONNECTIONS),
                "-d",
                f"{seconds}s",
                "--latency",
            ),
            *("-s", "/dev/stdin", url),
        ],
        input="done = function(s, l, r) io.write('p95 ' .. l:percentile(95) .. '\\n') end",
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in done.stdout:
        sys.exit(f"{url} answers with errors.\n{done.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    p95 = re.search(r"p95 ([\d.]+)", done.stdout)
    if not (rate and p95):
        sys.exit(done.stdout)
    return float(rate[1]), float(p95[1]) / 1000


def queries(path: str) -> tuple[int, int]:
    """Statements of a request to a running site, and bytes of the answer."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    return len(captured), len(response.content)


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="pages")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        sys.exit("Pages are measured with wrk: apt-get install wrk.")
    with database():
        cases = make_site()
        facts: dict[str, Any] = {name: queries(path) for name, path in cases.items()}
        print(
            "| page | requests/s | p95 ms | queries | kB |\n|---|---:|---:|---:|---:|"
        )
        with served() as root:
            for name, path in cases.items():
                address = root + path.removeprefix("http://testserver")
                load(address, 1)
                rate, p95 = load(address, options.seconds)
                count, size = facts[name]
                print(
                    f"| {name} | {rate:,.0f} | {p95:,.0f} | {count} | {size / 1000:.0f} |",
                    flush=True,
                )
