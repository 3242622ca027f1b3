"""Delivering: each row once, to one recipient, with an outcome that is known."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.conftest import MailSink
from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.channels.base import Outcome, Receipt
from wagtail_bin.channels.memory import MemoryChannel
from wagtail_bin.dispatch import deliver, ledger, sweep
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.dispatch.pace import Pace
from wagtail_bin.membership.consent import withdraw_consent
from wagtail_bin.models import (
    ChannelName,
    Consent,
    Delivery,
    DeliveryEvent,
    Member,
    Municipality,
    Purpose,
)

pytestmark = pytest.mark.django_db
State = Delivery.State


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@pytest.fixture
def network() -> Any:
    return NetworkFactory(name="BIN Überheide", slug="uberheide")


def approve(tip: Any, network: Any, members: int) -> Any:
    return approve_dispatch(
        page=tip,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=members,
    ).dispatch


@pytest.fixture
def memory(settings: Any) -> Iterator[type[MemoryChannel]]:
    settings.WAGTAIL_BIN_CHANNELS = {
        "email": "wagtail_bin.channels.memory.MemoryChannel"
    }
    MemoryChannel.reset()
    Pace.limits.clear()
    yield MemoryChannel
    MemoryChannel.reset()


def test_i07_p04_each_member_gets_one_message_of_their_own(
    tip: Any, network: Any, sink: MailSink
) -> None:
    members = MemberFactory.create_batch(25, network=network)
    members.append(MemberFactory(network=network, email=members[0].email))
    approve(tip, network, 26)
    assert deliver.deliver_due(seconds=30) == 26
    assert states() == {"accepted": 26}
    mails = sink.messages
    assert len(mails) == 26
    assert sorted(m["X-Envelope-To"] for m in mails) == sorted(m.email for m in members)
    for mail in mails:
        assert mail["To"] == mail["X-Envelope-To"]
        assert "," not in mail["To"]
        assert mail["Cc"] is None
        assert mail["Bcc"] is None
    assert len({mail["Message-ID"] for mail in mails}) == 26
    row = Delivery.objects.get(member=members[1])
    assert row.provider_id in {mail["Message-ID"] for mail in mails}
    assert row.address == members[1].email
    assert DeliveryEvent.objects.filter(kind="accepted", source="smtp").count() == 26


def test_d01_d03_d04_d06_d07_the_mail_is_complete(
    tip: Any, network: Any, sink: MailSink
) -> None:
    member = MemberFactory(
        network=network,
        first_name="Zoë-Françoise <b>",
        last_name="Vandenbroucke-De Schuytener" * 3,
    )
    approve(tip, network, 1)
    deliver.deliver_due(seconds=30)
    (mail,) = sink.messages
    for header in ("From", "To", "Subject", "Date", "Message-ID"):
        assert len(mail.get_all(header)) == 1, header
    assert mail["Subject"] == "Donkere maanden"
    assert mail["List-Id"] == "<tips.uberheide.testserver>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip().strip("<>")
    assert link.startswith("http://testserver/bin/unsubscribe/")
    assert len(f"List-Unsubscribe: <{link}>") <= 200
    assert mail["Reply-To"] == network.contact_email
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert mail.get_content_type() == "multipart/alternative"
    assert len(html) < 100_000
    assert '<html lang="nl">' in html
    for part in (text, html):
        for fact in (link, "http://testserver", "112", "BIN Überheide", "Sluit af"):
            assert fact in part, fact
        assert "@@" not in part
    assert f"{member.first_name} {member.last_name}" in text
    assert "Zoë-Françoise &lt;b&gt;" in html
    assert "Zoë-Françoise <b>" not in html


def test_p12_the_mail_loads_nothing_from_anywhere(
    tip: Any, network: Any, sink: MailSink
) -> None:
    MemberFactory(network=network)
    approve(tip, network, 1)
    deliver.deliver_due(seconds=30)
    html = sink.messages[0].get_body(("html",)).get_content()
    assert "src=" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_s13_placeholders_in_a_tip_are_printed_as_they_stand(
    tip: Any, network: Any, sink: MailSink
) -> None:
    tip.introduction = "{{ salutation }} {% now %} @@x:network@@ %(name)s"
    tip.save_revision()
    MemberFactory(network=network, first_name="@@x:contact@@")
    approve(tip, network, 1)
    deliver.deliver_due(seconds=30)
    text = sink.messages[0].get_body(("plain",)).get_content()
    assert "{{ salutation }} {% now %} @@x:network@@ %(name)s" in text
    assert "@@x:contact@@" in text


def test_i05_a_lost_worker_leaves_unknown_never_a_second_copy(
    tip: Any, network: Any, memory: type[MemoryChannel]
) -> None:
    MemberFactory.create_batch(3, network=network)
    approve(tip, network, 3)
    tried, claimed, _queued = Delivery.objects.order_by("pk")
    over = timezone.now() - dt.timedelta(seconds=1)
    Delivery.objects.filter(pk=tried.pk).update(
        state=State.SENDING, attempt=1, claimed_by="x", lease_until=over
    )
    Delivery.objects.filter(pk=claimed.pk).update(
        state=State.CLAIMED, claimed_by="x", lease_until=over
    )
    assert sweep.settle_leases() == 1
    assert deliver.deliver_due(seconds=30) == 2
    assert states() == {"unknown": 1, "accepted": 2}
    assert len(memory.outbox) == 2


def test_a_lease_that_still_holds_is_left_alone(
    tip: Any, network: Any, memory: type[MemoryChannel]
) -> None:
    MemberFactory(network=network)
    approve(tip, network, 1)
    Delivery.objects.update(
        state=State.SENDING,
        claimed_by="x",
        lease_until=timezone.now() + dt.timedelta(seconds=60),
    )
    assert sweep.settle_leases() == 0
    assert deliver.deliver_due(seconds=5) == 0
    assert states() == {"sending": 1}


def test_f20_a_late_reply_settles_an_unknown_row(
    tip: Any, network: Any, memory: type[MemoryChannel], monkeypatch: Any
) -> None:
    MemberFactory(network=network)
    approve(tip, network, 1)
    original = ledger.record

    def late(**arguments: Any) -> None:
        Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        assert sweep.settle_leases() == 1
        assert states() == {"unknown": 1}
        original(**arguments)

    monkeypatch.setattr(ledger, "record", late)
    deliver.deliver_due(seconds=5)
    assert states() == {"accepted": 1}


@pytest.mark.parametrize("change", ["unsubscribe", "leave", "erase"])
def test_f28_who_left_after_the_approval_gets_nothing(
    tip: Any, network: Any, sink: MailSink, change: str
) -> None:
    kept, gone = MemberFactory.create_batch(2, network=network)
    approve(tip, network, 2)
    if change == "unsubscribe":
        withdraw_consent(
            member_id=gone.pk,
            purpose=Purpose.TIPS,
            channel=ChannelName.EMAIL,
            basis=Consent.Basis.LINK,
        )
    elif change == "leave":
        Member.objects.filter(pk=gone.pk).update(state=Member.State.LEFT)
    else:
        gone.delete()
    deliver.deliver_due(seconds=30)
    assert states() == {"accepted": 1, "suppressed": 1}
    assert [m["To"] for m in sink.messages] == [kept.email]


def test_f30_one_bad_row_does_not_stop_the_rest(
    tip: Any, network: Any, sink: MailSink
) -> None:
    MemberFactory.create_batch(3, network=network)
    bad = MemberFactory(network=network)
    Member.objects.filter(pk=bad.pk).update(email="c@d.be\r\nBcc: evil@x.be")
    approve(tip, network, 4)
    deliver.deliver_due(seconds=30)
    assert states() == {"accepted": 3, "rejected": 1}
    assert len(sink.messages) == 3


def test_a_server_that_cannot_be_reached_postpones_everything(
    tip: Any, network: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    member, *_others = MemberFactory.create_batch(3, network=network)
    approve(tip, network, 3)
    deliver.deliver_due(seconds=10)
    assert states() == {"queued": 3}
    row = Delivery.objects.get(member=member)
    assert row.due_at > timezone.now() + dt.timedelta(seconds=200)
    assert row.code == "ConnectionRefusedError"
    assert row.attempt == 0


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.REJECTED, State.REJECTED),
        (Outcome.RETRY, State.QUEUED),
        (Outcome.UNKNOWN, State.UNKNOWN),
    ],
)
def test_f17_each_row_has_its_own_outcome(
    tip: Any, network: Any, memory: type[MemoryChannel], outcome: Any, state: Any
) -> None:
    fine, odd = MemberFactory.create_batch(2, network=network)
    approve(tip, network, 2)
    memory.receipts[odd.email] = Receipt(outcome, code="x", source="memory")
    deliver.deliver_due(seconds=10)
    assert Delivery.objects.get(member=fine).state == State.ACCEPTED
    row = Delivery.objects.get(member=odd)
    assert row.state == state
    assert row.code == "x"
    if outcome is Outcome.RETRY:
        assert row.due_at > timezone.now() + dt.timedelta(seconds=200)
        assert row.settled_at is None


def test_what_is_not_worth_sending_any_more_is_given_up_and_shown(
    tip: Any, network: Any
) -> None:
    MemberFactory(network=network)
    dispatch = approve(tip, network, 1)
    dispatch.expires_at = timezone.now() - dt.timedelta(seconds=1)
    dispatch.save()
    assert deliver.deliver_due(seconds=5) == 0
    assert sweep.give_up_expired() == 1
    assert states() == {"expired": 1}


def test_m7_queries_per_batch_do_not_grow(
    tip: Any, network: Any, memory: type[MemoryChannel], settings: Any
) -> None:
    def queries(members: int) -> int:
        Delivery.objects.all().delete()
        sweep.close_finished()
        Member.objects.all().delete()
        MemberFactory.create_batch(members, network=network)
        page = type(tip).objects.get(pk=tip.pk)
        page.save_revision()
        newest = page.dispatches().first()
        approve_dispatch(
            page=page,
            networks=[network],
            user=UserFactory(is_superuser=True),
            expected_recipients=members,
            seen_dispatch=newest and newest.pk,
        )
        with CaptureQueriesContext(connection) as captured:
            deliver.deliver_due(seconds=60)
        return len(captured)

    def batch(size: int) -> None:
        settings.WAGTAIL_BIN_CHANNELS = {
            "email": {
                "BACKEND": "wagtail_bin.channels.memory.MemoryChannel",
                "BATCH": size,
            }
        }

    # A batch goes in two halves, so that one is on its way always.
    batch(10)
    queries(5)
    one, two, four = queries(10), queries(20), queries(40)
    assert four - two == 2 * (two - one)
    assert two - one <= 2 * 11
    batch(40)
    assert queries(40) == one


def test_the_template_is_rendered_once_per_language(
    tip: Any, memory: type[MemoryChannel], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []
    original = Template.render

    def render(self: Any, context: Any = None, request: Any = None) -> Any:
        rendered.append(self.template.name)
        return original(self, context, request)

    monkeypatch.setattr(Template, "render", render)
    network = NetworkFactory(municipality__languages="nl,fr")
    MemberFactory.create_batch(30, network=network)
    approve(tip, network, 30)
    deliver.deliver_due(seconds=60)
    assert len(memory.outbox) == 30
    assert rendered.count("wagtail_bin/email/tip_page.html") == 1
    assert rendered.count("wagtail_bin/email/tip_page.txt") == 1
    assert rendered.count("wagtail_bin/email/frame.html") == 1


def test_both_languages_of_a_bilingual_place_are_in_one_mail_in_order(
    tip: Any, sink: MailSink
) -> None:
    from wagtail.models import Locale

    french, _ = Locale.objects.get_or_create(language_code="fr")
    translated = tip.copy_for_translation(french, copy_parents=True, alias=False)
    translated.title = "Mois sombres"
    translated.introduction = "Laissez une lampe allumée."
    translated.save_revision().publish()
    network = NetworkFactory(
        municipality__languages="fr,nl",
        municipality__message_language=Municipality.MessageLanguage.ALL,
    )
    MemberFactory(network=network)
    approve(tip, network, 1)
    deliver.deliver_due(seconds=30)
    (mail,) = sink.messages
    assert mail["Subject"] == "Mois sombres / Donkere maanden"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,)).get_content()
        assert 0 < body.index("lampe allumée") < body.index("lamp branden")


def test_p07_an_erased_members_address_leaves_the_ledger(
    tip: Any, network: Any, memory: type[MemoryChannel]
) -> None:
    member = MemberFactory(network=network)
    approve(tip, network, 1)
    deliver.deliver_due(seconds=10)
    assert Delivery.objects.get().address == member.email
    member.delete()
    row = Delivery.objects.get()
    assert (row.address, row.provider_id, row.state) == ("", "", "accepted")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
def test_i08_an_unsubscribe_that_is_waited_for_wins(tip: Any, network: Any) -> None:
    member = MemberFactory(network=network)
    dispatch = approve(tip, network, 1)
    ids = ledger.claim(
        owner="x", dispatch_id=dispatch.pk, channel=ChannelName.EMAIL, limit=10
    )
    has_locked = threading.Event()

    def unsubscribe() -> None:
        with transaction.atomic():
            withdraw_consent(
                member_id=member.pk,
                purpose=Purpose.TIPS,
                channel=ChannelName.EMAIL,
                basis=Consent.Basis.LINK,
            )
            has_locked.set()
            time.sleep(0.5)
        connection.close()

    thread = threading.Thread(target=unsubscribe)
    thread.start()
    has_locked.wait()
    marked = ledger.mark_sending(
        owner="x", ids=ids, dispatch=dispatch, channel=ChannelName.EMAIL
    )
    assert marked == []
    thread.join()
    assert states() == {"suppressed": 1}
