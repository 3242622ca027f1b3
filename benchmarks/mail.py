"""How fast and how large a dispatch is, as a table in Markdown.

    python -m benchmarks mail 1000 10000
    python -m benchmarks mail 10000 --distance

Each case runs in a process and a database of its own, against a server on
loopback. *Django's loop* renders each mail with Django's templates and sends it
over one connection, and remembers nothing. With ``--distance`` the SMTP server
answers 10 ms and the provider's API 200 ms late.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from benchmarks import sinks
from benchmarks.surroundings import approve, database, make_members, make_page, measured

CASES: dict[str, dict[str, Any]] = {
    "Django's loop": {"kind": "smtp", "connections": 0},
    "SMTP, 1 worker": {"kind": "smtp", "connections": 20, "batch": 10},
    "SMTP, 2 workers": {"kind": "smtp", "connections": 20, "batch": 10, "workers": 2},
    "SMTP, marked one by one": {"kind": "smtp", "connections": 4, "batch": 1},
    "batches of 500, 1 worker": {"kind": "mailgun", "connections": 4, "batch": 1000},
    "batches of 500, 2 workers": {
        "kind": "mailgun",
        "connections": 4,
        "batch": 1000,
        "workers": 2,
    },
}
DISTANCE = {"smtp": 0.01, "mailgun": 0.2}
# What is slow is measured on so many at most: near, and over a distance.
NEAR_LIMIT, FAR_LIMIT = 10_000, 300


def run_case(case: dict[str, Any], count: int, *, is_distant: bool) -> None:
    """One case; prints its figures as JSON."""
    with (
        database(),
        sinks.running(case["kind"], DISTANCE[case["kind"]] * is_distant) as sink,
    ):
        configure(case, sink.port)
        network = make_members(count)
        page = make_page()
        if not case["connections"]:
            with measured("messages", count):
                django_loop(page, network)
            return
        with measured("approved", count):
            dispatch = approve(page, network, count)
        with measured("messages", count):
            deliver(case.get("workers", 1))
        open_rows = dispatch.deliveries.exclude(state="accepted").count()
    if open_rows or sink.messages != count:
        sys.exit(f"Not all were accepted: {open_rows} not, {sink.messages} taken.")


def configure(case: dict[str, Any], port: int) -> None:
    """Point Django at the server."""
    from django.conf import settings

    if case["kind"] == "smtp":
        settings.EMAIL_PORT = port
    else:
        settings.EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
        settings.ANYMAIL = {
            "MAILGUN_API_KEY": "x",
            "MAILGUN_SENDER_DOMAIN": "example.org",
            "MAILGUN_API_URL": f"http://127.0.0.1:{port}/v3/",
        }
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": {
            "BACKEND": "wagtail_bin.channels.email.EmailChannel",
            "CONNECTIONS": case["connections"] or 1,
            "BATCH": case.get("batch", 1),
            "OPTIONS": {"batch_limit": 500},
        }
    }


def deliver(workers: int) -> None:
    """Deliver with so many processes."""
    from django.db import connection

    from wagtail_bin.dispatch.deliver import deliver_due

    children = []
    for _number in range(workers - 1):
        connection.close()
        pid = os.fork()
        if not pid:
            try:
                deliver_due(seconds=3600)
            finally:
                os._exit(0)
        children.append(pid)
    deliver_due(seconds=3600)
    for pid in children:
        os.waitpid(pid, 0)


def django_loop(page: Any, network: Any) -> None:
    """What a developer would write: render, and send over one connection."""
    from django.core.mail import EmailMultiAlternatives, get_connection
    from django.template.loader import render_to_string

    from wagtail_bin.dispatch.compose import sender_of

    sender = sender_of(network)
    connection = get_connection()
    connection.open()
    for member in network.members.iterator():
        context = {
            "page": page,
            "page_url": "https://example.org/tips/",
            "language": "nl",
            "emergency_number": "112",
            "salutation": member.full_name,
            "network": sender.name,
            "contact": sender.contact,
            "unsubscribe_url": f"{sender.unsubscribe_root}{member.pk}/",
        }
        mail = EmailMultiAlternatives(
            render_to_string("wagtail_bin/email/tip_page_subject.txt", context).strip(),
            render_to_string("wagtail_bin/email/tip_page.txt", context),
            to=[member.email],
            headers={"List-Unsubscribe": f"<{context['unsubscribe_url']}>"},
        )
        html = render_to_string("wagtail_bin/email/tip_page.html", context)
        mail.attach_alternative(html, "text/html")
        connection.send_messages([mail])
    connection.close()


def figures_of(name: str, count: int, *, is_distant: bool) -> dict[str, Any]:
    """Run one case in a process of its own."""
    command = [sys.executable, "-m", "benchmarks", "mail", str(count), "--case", name]
    if is_distant:
        command.append("--distance")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}, {count}: {done.stderr[-500:]}")
    figures: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            if "approved" in found:
                figures |= {f"approval_{key}": value for key, value in found.items()}
            else:
                figures |= found
    return figures


def table(counts: list[int], *, is_distant: bool) -> None:
    """Run all cases, and print a row for each."""
    print(
        "| members | by | messages/s | vs Django's loop | CPU s per 1,000 "
        "| peak MB (before) | SQL per 1,000 | approval s (SQL) |\n"
        "|---:|---|---:|---:|---:|---:|---:|---:|",
        flush=True,
    )
    for count in counts:
        base = 0.0
        for name, case in CASES.items():
            number = count
            if case.get("batch", 1) == 1:
                number = min(count, FAR_LIMIT if is_distant else NEAR_LIMIT)
            found = figures_of(name, number, is_distant=is_distant)
            rate = found["messages"] / found["seconds"]
            base = base or rate
            approval = (
                f"{found['approval_seconds']} ({found['approval_queries']})"
                if "approval_seconds" in found
                else ""
            )
            # A second worker's CPU, memory and SQL are its own.
            alone = case.get("workers", 1) == 1
            print(
                f"| {number:,} | {name} | {rate:,.0f} | {rate / base:.1f} "
                f"| {1000 * found['cpu_seconds'] / number:.2f} "
                f"| {found['peak_mb']} ({found['before_mb']}) "
                f"| {1000 * found['queries'] / number:,.0f} | {approval} |"
                if alone
                else f"| {number:,} | {name} | {rate:,.0f} | {rate / base:.1f} "
                f"| | | | {approval} |",
                flush=True,
            )


def main(arguments: list[str]) -> None:
    """The table, or one of its cases."""
    parser = argparse.ArgumentParser(prog="mail")
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--distance", action="store_true")
    parser.add_argument("--case", choices=CASES)
    options = parser.parse_args(arguments)
    if options.case:
        run_case(CASES[options.case], options.counts[0], is_distant=options.distance)
    else:
        table(options.counts, is_distant=options.distance)
