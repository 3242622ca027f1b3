"""wagtail_bin as a contender of the performance harness.

    python -m benchmarks.contender prepare   # its members become ours, a tip is approved
    python -m benchmarks.contender run       # send it; again after a crash

``BENCH_DB`` names the database, which holds the harness's ``bench_member``;
``CONTENDER_WORKERS``, ``CONTENDER_CONNECTIONS``, ``CONTENDER_BATCH`` and
``BENCH_BACKEND`` (smtp, mailgun, brevo) choose the variant.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.contender_settings"

LANGUAGES = ("nl", "fr", "de", "en")
SENTENCE = (
    "Rentrez ce qui traîne sur la terrasse, videz les corniches et vérifiez les "
    "soupiraux de la cave avant la nuit. "
)


def mark(what: str) -> None:
    """Tell the harness that the work begins or ends."""
    usage = [
        sum(resource.getrusage(who)[:2])
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    print(f"@@{what} {time.monotonic():.6f} {sum(usage):.4f} {resident}", flush=True)


def prepare() -> None:
    """Our tables, the harness's members in them, and an approved dispatch."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.surroundings import approve, make_page
    from tests.factories import NetworkFactory
    from wagtail_bin.models import ChannelName, Consent, Member, Purpose

    call_command("migrate", verbosity=0)
    network = NetworkFactory(municipality__languages="nl,fr,de,en")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, email, language FROM bench_member")
        people = cursor.fetchall()
    members = []
    for name, email, language in people:
        first, _, last = name.partition(" ")
        member = Member(
            network=network,
            first_name=first,
            last_name=last,
            email=email,
            language=language,
            state=Member.State.ACTIVE,
        )
        member.compute_keys()
        members.append(member)
    Consent.objects.bulk_create(
        (
            Consent(
                member=member,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                is_given=True,
                basis=Consent.Basis.ENROLMENT,
            )
            for member in Member.objects.bulk_create(members, batch_size=2000)
        ),
        batch_size=2000,
    )
    page = make_page()
    page.body = [("paragraph", f"<p>{SENTENCE}</p>") for _number in range(7)]
    page.save_revision().publish()
    translate(page)
    approve(page, network, len(people))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def translate(page: object) -> None:
    """The tip in the other languages."""
    from wagtail.models import Locale

    for language in LANGUAGES[1:]:
        locale, _made = Locale.objects.get_or_create(language_code=language)
        copy = page.copy_for_translation(locale, copy_parents=True, alias=False)  # type: ignore[attr-defined]
        copy.save_revision().publish()


def work() -> None:
    """Deliver until nothing is left, waiting for leases of a crashed run."""
    from wagtail_bin.dispatch import sweep
    from wagtail_bin.dispatch.deliver import deliver_due
    from wagtail_bin.models import Delivery

    while True:
        sweep.settle_leases()
        deliver_due(seconds=3600)
        if not Delivery.objects.filter(state__in=Delivery.OPEN_STATES).exists():
            return
        time.sleep(0.2)


def run() -> None:
    """Send with as many worker processes as asked for."""
    from django.db import connection

    workers = int(os.environ.get("CONTENDER_WORKERS", "1"))
    mark("start")
    children = []
    for _number in range(workers - 1):
        connection.close()
        pid = os.fork()
        if not pid:
            try:
                work()
            finally:
                os._exit(0)
        children.append(pid)
    work()
    for pid in children:
        os.waitpid(pid, 0)
    mark("end")


if __name__ == "__main__":
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    {"prepare": prepare, "run": run}[sys.argv[1]]()
