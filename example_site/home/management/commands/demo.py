"""``manage.py demo``: the whole story once, and then the site to play with."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from example_site.demo import content, lists, main_job, people, places
from example_site.demo.processes import (
    Children,
    DemoFailed,
    free_port,
    is_listening,
    status_of,
)
from example_site.demo.tips import DRAFT
from wagtail_bin.exceptions import WagtailBinError
from wagtail_bin.models import Dispatch, TipPage

SETTLE_SECONDS = 180


class Command(BaseCommand):
    """Build the demo from nothing, do the main job, check it, and serve."""

    help = (
        "Builds the demo from nothing, imports six member lists, publishes and sends "
        "a tip, checks what came of it, and serves the site until Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the switch that stops after the main job."""
        parser.add_argument(
            "--once",
            action="store_true",
            help="Stop after the main job; the last line of output is JSON.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it all; whatever goes wrong, no child process is left behind."""
        folder: Path | None = getattr(settings, "DEMO_DIR", None)
        if folder is None:
            raise CommandError("Use the settings example_site.settings.demo.")
        _choose_ports(options)
        logging.getLogger("django-q").setLevel(logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        # A shell that starts us in the background has had SIGINT ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with (folder / "lock").open("w") as lock:
            _lock(lock)
            self._clear(folder)
            children = Children(settings.BASE_DIR, folder / "log")
            try:
                figures = self._run(children, folder)
                if not options["once"]:
                    self._serve(children)
            except (DemoFailed, WagtailBinError) as error:
                raise CommandError(f"The demo failed. {error}") from error
            except KeyboardInterrupt:
                self.stdout.write("\nStopping …")
                if options["once"]:
                    sys.exit(130)
            finally:
                children.stop()
        if options["once"]:
            self.stdout.write(json.dumps(dataclasses.asdict(figures)))

    def _clear(self, folder: Path) -> None:
        connections.close_all()
        for name in ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"):
            (folder / name).unlink(missing_ok=True)
        for name in ("mail", "lists", "log"):
            shutil.rmtree(folder / name, ignore_errors=True)

    def _run(self, children: Children, folder: Path) -> main_job.Figures:
        page = self._load()
        self._start(children)
        self.stdout.write(f"Importing member lists from {folder / 'lists'}:")
        member_lists = lists.write_lists(folder / "lists")
        user = get_user_model().objects.get(username="preventie")
        main_job.import_lists(member_lists, user, self.stdout.write)
        started = time.monotonic()
        dispatch = main_job.publish_and_send(page, user)
        self.stdout.write(f"Published and confirmed: “{dispatch.title}”")
        children.wait_until(
            lambda: main_job.is_settled(dispatch),
            SETTLE_SECONDS,
            f"the worker has not settled every delivery; see {folder / 'log'}",
        )
        figures = main_job.check(dispatch, member_lists, settings.MAIL_SINK_DIR)
        self._tell(figures, dispatch, time.monotonic() - started)
        return figures

    def _load(self) -> TipPage:
        self.stdout.write("Making the database …")
        call_command("migrate", verbosity=0)
        site, homes = content.load_site()
        networks = places.load_places(site)
        people.load_people(homes)
        self.stdout.write("Making the website, in Dutch, French and German …")
        return content.load_content(site, networks)

    def _start(self, children: Children) -> None:
        mail_port, port = settings.EMAIL_PORT, settings.DEMO_PORT
        children.start(
            "mail sink",
            *("example_site.mail_sink", str(settings.MAIL_SINK_DIR), str(mail_port)),
        )
        children.start(
            "website", *("django", "runserver", "--noreload", f"127.0.0.1:{port}")
        )
        children.start("worker", "django", "bin_worker")
        children.wait_until(
            lambda: is_listening(mail_port), 30, "the mail sink does not answer"
        )
        home = f"{settings.WAGTAILADMIN_BASE_URL}/nl/"
        children.wait_until(
            lambda: status_of(home) == 200, 60, f"{home} does not answer", pause=0.5
        )

    def _tell(
        self, figures: main_job.Figures, dispatch: Dispatch, seconds: float
    ) -> None:
        layouts = ", ".join(
            f"{dispatch.deliveries.filter(language=code).count()} in {code}"
            for code in dispatch.messages.values_list("language", flat=True)
        )
        self.stdout.write(
            f"""
What happened:
  {figures.imported} members came from the lists; {figures.refused} rows were refused and kept aside.
  {figures.recipients} members with an e-mail address should get the tip; {figures.without_email} have none.
  {figures.accepted} messages were accepted within {seconds:.0f} s ({layouts}),
  each of them found in the mail sink, with one recipient and no other.
  The tip can be read on {figures.posted_on} municipal website.
"""
        )

    def _serve(self, children: Children) -> None:
        base = settings.WAGTAILADMIN_BASE_URL
        width = max(len(person.username) for person in people.PEOPLE)
        log_ins = "\n".join(
            f"  {person.username:<{width}}  {people.PASSWORD}  {person.office}"
            for person in people.PEOPLE
        )
        self.stdout.write(
            f"""The website  {base}/nl/
The admin    {base}/admin/
The mailbox  {base}/mailbox/

Log-ins:
{log_ins}

To send a tip yourself: log in as “web”, open “{DRAFT.title[0]}” among the
pages and choose “Publish and send”.

Ctrl-C stops the demo. The next `make demo` starts from nothing again.
"""
        )
        self.stdout.flush()
        while True:
            children.check()
            time.sleep(1)


def _choose_ports(options: dict[str, Any]) -> None:
    """Start again with other ports when these are taken: settings are read once."""
    taken = {"DEMO_PORT": settings.DEMO_PORT, "DEMO_SMTP_PORT": settings.EMAIL_PORT}
    ports = {name: free_port(port) for name, port in taken.items()}
    if ports == taken:
        return
    os.environ.update({name: str(port) for name, port in ports.items()})
    command = [sys.executable, str(settings.BASE_DIR / "example_site" / "manage.py")]
    flags = ["--once"] if options["once"] else []
    os.execv(sys.executable, [*command, "demo", *flags])  # noqa: S606


def _lock(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(
            "Another demo runs here. Stop it first, or set DEMO_DIR to another folder."
        ) from None
