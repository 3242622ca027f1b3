"""How fast and how large an import is, as a table in Markdown.

    python -m benchmarks import 10000
    python -m benchmarks import 10000 100000 --rounds 3

Each case runs in a process of its own, on a copy of an empty database: a list of new
members, and one of which the list knows six rows of ten as they are and two otherwise.
Beside ours stands django-import-export on the same file: a resource as its manual
has it, and one tuned for speed; its dry run is our plan. What is slow is measured on
fewer rows. Memory is that of the process and, at its own highest, that of the child
which parses a workbook.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import lists
from benchmarks.surroundings import a_copy, database, measured, peak_of

FORMATS = {"csv": lists.as_csv, "xlsx": lists.as_xlsx}
LISTS = ("new", "mixed")
OURS, DEFAULT, TUNED = "wagtail_bin", "import-export", "import-export, tuned"
# So many rows at most: import-export's default takes the longer the more there are.
LIMITS = {DEFAULT: 2_000, TUNED: 10_000}
PHASES = ("plan", "apply", "undo")


def known(count: int) -> None:
    """The list before a file comes that says the same, something else, or is new."""
    from django.db import connection

    from wagtail_bin.exchange.rows import parse_row
    from wagtail_bin.models import Member, Network

    network = Network.objects.get()
    members = []
    for n, cells in enumerate(lists.rows(count)):
        values, problems = parse_row(cells, lists.FIELDS)
        if problems or n % 10 >= 8:
            continue
        if n % 10 == 6:
            values = values._replace(street="Elders", phone="+3236661235")
        elif n % 10 == 7:
            values = values._replace(email="", locality="")
        member = Member(network=network, state=Member.State.ACTIVE, **values._asdict())
        member.compute_keys()
        members.append(member)
    Member.objects.bulk_create(members, batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def apart(work: Callable[..., None], *arguments: Any) -> None:
    """Do something in a child, so that its memory is not counted as ours."""
    from django.db import connection

    connection.close()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work(*arguments)
            connection.close()
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(pid, 0)[1]:
        sys.exit("The list could not be made.")


def make_network() -> None:
    """Whose list it is."""
    from tests.factories import NetworkFactory

    NetworkFactory()


def ours(source: bytes, count: int) -> None:
    """Upload and plan, confirm, take back."""
    from wagtail_bin.exchange import control, jobs
    from wagtail_bin.exchange.uploads import let_work, store_upload
    from wagtail_bin.models import MemberImport, Network

    with measured("plan", count):
        stored = store_upload(
            network=Network.objects.get(),
            user=None,
            source=source,
            file_name="leden",
            basis="enrolment",
        )
        let_work(stored, MemberImport.State.PLANNING)
        jobs.work_on(stored.pk)
    with measured("apply", count):
        control.start_import(member_import=stored, user=None)
        jobs.work_on(stored.pk)
    with measured("undo", count):
        control.undo_import(member_import=stored, user=None)
        jobs.work_on(stored.pk)
    stored.refresh_from_db()
    if stored.state != MemberImport.State.UNDONE or stored.not_restored:
        sys.exit(f"Not undone: {stored.state}, {stored.not_restored}")


def theirs(source: bytes, count: int, *, is_tuned: bool) -> None:
    """Dry run, as its preview does it; then the import."""
    from import_export import resources
    from import_export.fields import Field
    from import_export.instance_loaders import CachedInstanceLoader
    from import_export.widgets import CharWidget
    from tablib import Dataset

    from wagtail_bin.models import Member, Network

    network = Network.objects.get()
    settings: dict[str, Any] = {}
    if is_tuned:
        settings = {
            "use_bulk": True,
            "skip_diff": True,
            "batch_size": 1000,
            "instance_loader_class": CachedInstanceLoader,
        }

    class MemberResource(resources.ModelResource):  # type: ignore[misc]
        for name, column in zip(lists.FIELDS, lists.HEADER, strict=True):
            locals()[name] = Field(name, column, widget=CharWidget())

        Meta = type(
            "Meta",
            (),
            {
                "model": Member,
                "fields": lists.FIELDS,
                "import_id_fields": ("email",),
                **settings,
            },
        )

        def get_queryset(self) -> Any:
            return Member.objects.filter(network=network)

        def before_save_instance(
            self, instance: Any, *_row: Any, **_kwargs: Any
        ) -> Any:
            instance.network = network
            instance.compute_keys()

    resource = MemberResource()
    with measured("plan", count):
        dataset = Dataset()
        if source.startswith(b"PK"):
            dataset.load(source, "xlsx")
        else:
            dataset.load(source.decode("cp1252"), "csv", delimiter=";")
        resource.import_data(dataset, dry_run=True, raise_errors=True)
    with measured("apply", count):
        resource.import_data(dataset, raise_errors=True)


def run_case(by: str, kind: str, count: int, file: Path) -> None:
    """One case, in this process; prints its figures as JSON."""
    import django

    django.setup()
    apart(make_network)
    if kind == "mixed":
        apart(known, count)
    source = file.read_bytes()
    if by == OURS:
        ours(source, count)
    else:
        theirs(source, count, is_tuned=by == TUNED)


def figures_of(by: str, kind: str, count: int, file: Path) -> dict[str, Any]:
    """Run one case in a process of its own, and watch the memory of its children."""
    with a_copy() as name:
        command = [sys.executable, "-m", "benchmarks", "import", str(count)]
        command += ["--case", by, kind, str(file)]
        process = subprocess.Popen(
            command,
            env=os.environ | {"TEST_DATABASE": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        parsing = 0
        while process.poll() is None:
            parsing = max([parsing, *map(peak_of, parsers(process.pid))])
            time.sleep(0.02)
        output, errors = process.communicate()
    if process.returncode:
        sys.exit(f"{by}, {kind}, {file.name}: {errors[-2000:]}")
    found = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
    figures: dict[str, Any] = {}
    for phase in PHASES:
        for one in found:
            if phase in one:
                figures[phase] = one[phase] / one["seconds"]
    figures["before"] = found[0]["before_mb"]
    figures["peak"] = max(one["peak_mb"] for one in found) + parsing
    figures["queries"] = 1000 * sum(one["queries"] for one in found) / count
    return figures


def parsers(pid: int) -> list[int]:
    """The children of a process that parse a workbook."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [
            int(one)
            for one in found
            if "reader.py" in Path(f"/proc/{one}/cmdline").read_text()
        ]
    except OSError:
        return []


def median_of(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Of each figure the one in the middle."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def table(counts: Iterable[int], rounds: int) -> None:
    """Run all cases, in turn, and print a row for each."""
    print(
        "| rows | file | list | by | plan rows/s | × | apply rows/s | × | undo rows/s"
        " | peak MB (before) | SQL per 1,000 |\n"
        "|---:|---|---|---|---:|---:|---:|---:|---:|---:|---:|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as directory, database():
        for count, form, kind in itertools.product(counts, FORMATS, LISTS):
            cases = {}
            for by in (DEFAULT, TUNED, OURS):
                number = min(count, LIMITS.get(by, count))
                file = Path(directory) / f"{number}.{form}"
                if not file.exists():
                    file.write_bytes(FORMATS[form](number))
                cases[by] = (kind, number, file)
            found: dict[str, list[dict[str, Any]]] = {by: [] for by in cases}
            for _round in range(rounds):
                for by, case in cases.items():
                    found[by].append(figures_of(by, *case))
            base = median_of(found[DEFAULT])
            for by, (_kind, number, _file) in cases.items():
                one = median_of(found[by])
                rates = " | ".join(
                    f"{one[phase]:,.0f} | {one[phase] / base[phase]:.1f}"
                    for phase in ("plan", "apply")
                )
                undo = f"{one['undo']:,.0f}" if "undo" in one else ""
                print(
                    f"| {number:,} | {form} | {kind} | {by} | {rates} | {undo} "
                    f"| {one['peak']:.0f} ({one['before']:.0f}) "
                    f"| {one['queries']:,.0f} |",
                    flush=True,
                )
    print(f"\nLoad of the machine at the end: {os.getloadavg()[1]:.1f}")


def main(arguments: list[str]) -> None:
    """The table, or one of its cases."""
    parser = argparse.ArgumentParser(prog="import")
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--case", nargs=3, metavar=("BY", "LIST", "FILE"))
    options = parser.parse_args(arguments)
    if options.case:
        by, kind, file = options.case
        run_case(by, kind, options.counts[0], Path(file))
    else:
        table(options.counts, options.rounds)
