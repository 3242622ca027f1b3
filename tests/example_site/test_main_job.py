"""The demo's own check: it must see what went wrong."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from example_site.demo import main_job
from example_site.demo.lists import MemberList
from example_site.demo.processes import DemoFailed
from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.models import Delivery, Dispatch, Member

LISTS = [MemberList("x", "x.csv", b"", ({}, {}, {}), 1)]


@pytest.fixture
def sent(
    tip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Dispatch, Path]:
    """Two members of three, each with a message in the sink."""
    # Whether the tip answers over HTTP is for `make demo` to see.
    monkeypatch.setattr(main_job, "_count_sites", lambda _dispatch: 1)
    dispatch = Dispatch.objects.create(
        page=tip,
        title="Tip",
        purpose="tips",
        expires_at=timezone.now() + dt.timedelta(1),
    )
    network = NetworkFactory()
    MemberFactory(network=network, source="import", email="", mobile="+32470000001")
    (tmp_path / "new").mkdir()
    for number in (1, 2):
        member = MemberFactory(network=network, source="import")
        Delivery.objects.create(
            dispatch=dispatch,
            member=member,
            network=network,
            channel="email",
            language="nl",
            due_at=timezone.now(),
            state=Delivery.State.ACCEPTED,
            address=member.email,
            provider_id=f"<{number}@heidebeek.example>",
        )
        keep(tmp_path, number, member.email)
    return dispatch, tmp_path


def keep(sink: Path, number: int, to: str, **headers: str) -> None:
    message = EmailMessage()
    message["X-Envelope-To"] = headers.pop("envelope", to)
    message["To"] = to
    message["Message-ID"] = f"<{number}@heidebeek.example>"
    for name, value in headers.items():
        message[name] = value
    message.set_content("Dag")
    name = f"{number}-{len(list((sink / 'new').iterdir()))}"
    (sink / "new" / name).write_bytes(bytes(message))


def test_the_figures_are_counted_where_things_ended_up(
    sent: tuple[Dispatch, Path],
) -> None:
    figures = main_job.check(sent[0], LISTS, sent[1])
    assert figures == main_job.Figures(
        imported=3, refused=0, recipients=2, accepted=2, without_email=1, posted_on=1
    )


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda sink: keep(sink, 3, "a@example.org"), "3 messages arrived, 2 are in"),
        (lambda sink: keep(sink, 1, "a@example.org"), "the same Message-ID"),
        (
            lambda sink: keep(sink, 3, "a@example.org", Cc="b@example.org"),
            "a Cc or a Bcc",
        ),
        (
            lambda sink: keep(sink, 3, "a@example.org", Bcc="b@example.org"),
            "a Cc or a Bcc",
        ),
        (
            lambda sink: keep(sink, 3, "a@example.org, b@example.org"),
            "another recipient than its one To",
        ),
        (
            lambda sink: keep(sink, 3, "a@example.org", envelope="b@example.org"),
            "another recipient than its one To",
        ),
        (lambda sink: next((sink / "new").iterdir()).unlink(), "1 messages arrived"),
        (
            lambda sink: Delivery.objects.update(address="a@example.org"),
            "another address than the ledger",
        ),
        (
            lambda sink: Member.objects.filter(email="").delete(),
            "The lists have 3 rows",
        ),
        (
            lambda sink: (
                MemberFactory(
                    source="import", network=NetworkFactory(), email="late@example.org"
                )
                and Member.objects.filter(email="").delete()
            ),
            "Not everybody with an e-mail address",
        ),
    ],
)
def test_whatever_does_not_agree_fails_the_demo(
    sent: tuple[Dispatch, Path], spoil: Any, complaint: str
) -> None:
    spoil(sent[1])
    with pytest.raises(DemoFailed, match=complaint):
        main_job.check(sent[0], LISTS, sent[1])


def test_a_message_that_was_not_accepted_fails_the_demo(
    sent: tuple[Dispatch, Path],
) -> None:
    lost = Delivery.objects.last()
    assert lost
    next((sent[1] / "new").glob("2-*")).unlink()
    Delivery.objects.filter(pk=lost.pk).update(state=Delivery.State.UNKNOWN)
    assert main_job.is_settled(sent[0])
    with pytest.raises(DemoFailed, match="Not every message was accepted"):
        main_job.check(sent[0], LISTS, sent[1])


def test_a_delivery_that_waits_is_not_settled(sent: tuple[Dispatch, Path]) -> None:
    assert main_job.is_settled(sent[0])
    Delivery.objects.update(state=Delivery.State.SENDING)
    assert not main_job.is_settled(sent[0])
