"""The buttons and forms of a dispatch."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from tests.ledgers import State, deliver_to, make_dispatch
from wagtail_bin import audit
from wagtail_bin.dispatch import ledger
from wagtail_bin.dispatch.sweep import settle
from wagtail_bin.models import Delivery, Dispatch, Network, Role

VERBS = ("pause", "resume", "retry", "cancel", "reschedule", "resolve")


def url_of(dispatch: Dispatch, verb: str) -> str:
    return reverse(f"wagtail_bin_admin:dispatch_{verb}", args=[dispatch.pk])


def said(client: Client, dispatch: Dispatch, verb: str, **data: Any) -> str:
    """What a press of the button says in the end."""
    response = client.post(url_of(dispatch, verb), data, follow=True)
    assert response.status_code == 200
    return " ".join(str(message) for message in response.context["messages"])


def states(dispatch: Dispatch) -> list[str]:
    return list(dispatch.deliveries.order_by("pk").values_list("state", flat=True))


def entries(action: str) -> int:
    return ModelLogEntry.objects.filter(action=action).count()


def wait_for_a_lock() -> None:
    """Until another connection to this database waits for one."""
    waits = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    with connection.cursor() as cursor:
        for _moment in range(200):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waits)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("Nobody waits.")


@pytest.fixture
def sending(heide: Network) -> Dispatch:
    """Three are done, two wait."""
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, State.ACCEPTED, number=3)
    deliver_to(dispatch, heide, State.QUEUED, number=2)
    return dispatch


def test_f27_pausing_and_resuming_twice_is_doing_it_once(
    officer: Client, sending: Dispatch
) -> None:
    for _click in range(2):
        assert "Paused" in said(officer, sending, "pause")
    sending.refresh_from_db()
    assert sending.paused_at is not None
    for _click in range(2):
        assert "Resumed" in said(officer, sending, "resume")
    sending.refresh_from_db()
    assert sending.paused_at is None
    assert (entries(audit.PAUSE), entries(audit.RESUME)) == (1, 1)


def test_stopping_for_good_asks_first_and_f27_happens_once(
    officer: Client, sending: Dispatch
) -> None:
    asked = officer.get(url_of(sending, "cancel")).content.decode()
    assert "<strong>2</strong> members" in asked
    assert states(sending).count(State.CANCELLED) == 0
    assert "2 messages are not sent" in said(officer, sending, "cancel")
    assert "0 messages are not sent" in said(officer, sending, "cancel")
    assert states(sending) == [State.ACCEPTED] * 3 + [State.CANCELLED] * 2
    assert entries(audit.CANCEL) == 1


def test_f29_stopping_while_a_worker_has_some_in_hand_stops_those_too(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    lease = timezone.now() + dt.timedelta(seconds=90)
    for state in (State.CLAIMED, State.SENDING):
        deliver_to(dispatch, heide, state, claimed_by="worker", lease_until=lease)
    deliver_to(dispatch, heide)
    assert "1 message is not sent" in said(officer, dispatch, "cancel")
    # The worker gives back what it has not begun, and finishes what it has.
    ledger.release(owner="worker")
    settle()
    assert states(dispatch) == [State.CANCELLED, State.SENDING, State.CANCELLED]


def test_f29_nothing_of_a_paused_dispatch_is_marked(
    officer: Client, sending: Dispatch
) -> None:
    ids = ledger.claim(
        owner="worker", dispatch_id=sending.pk, channel="email", limit=10
    )
    said(officer, sending, "pause")
    marked = ledger.mark_sending(
        owner="worker", ids=ids, dispatch=sending, channel="email"
    )
    assert (len(ids), marked) == (2, [])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    ("verb", "state", "after", "data"),
    [
        ("retry", State.REJECTED, State.QUEUED, {}),
        ("cancel", State.QUEUED, State.CANCELLED, {}),
        (
            "resolve",
            State.UNKNOWN,
            State.QUEUED,
            {"resolution": "resend", "reason": "x", "scope": "all", "expected": 3},
        ),
    ],
)
def test_f27_many_clicks_at_once_act_once(
    officer: Client,
    heide: Network,
    verb: str,
    state: str,
    after: str,
    data: dict[str, Any],
) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, state, number=3)
    user = officer.user  # type: ignore[attr-defined]

    def click(_number: int) -> int:
        client = Client()
        client.force_login(user)
        try:
            return client.post(url_of(dispatch, verb), data).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(click, range(6))) == {302}
    assert states(dispatch) == [after] * 3
    assert set(dispatch.deliveries.values_list("repeats", flat=True)) == {
        int(verb == "resolve")
    }
    assert ModelLogEntry.objects.count() == 1


def test_what_has_gone_out_cannot_be_stopped(officer: Client, heide: Network) -> None:
    dispatch = make_dispatch(networks=[heide])
    deliver_to(dispatch, heide, State.ACCEPTED)
    assert "nothing left to stop" in said(officer, dispatch, "cancel")
    dispatch.refresh_from_db()
    assert dispatch.cancelled_at is None


def test_only_what_failed_is_tried_again_f27_once(
    officer: Client, heide: Network
) -> None:
    dispatch = make_dispatch(networks=[heide])
    for state in (State.REJECTED, State.EXPIRED, State.ACCEPTED, State.UNKNOWN):
        deliver_to(dispatch, heide, state)
    assert "2 messages are tried again" in said(officer, dispatch, "retry")
    assert "nothing left to try" in said(officer, dispatch, "retry")
    queued = [State.QUEUED, State.QUEUED, State.ACCEPTED, State.UNKNOWN]
    assert states(dispatch) == queued
    assert entries(audit.RETRY) == 1


class TestAnotherMoment:
    @pytest.fixture
    def scheduled(self, heide: Network) -> Dispatch:
        when = timezone.now() + dt.timedelta(days=2)
        dispatch = make_dispatch(networks=[heide], not_before=when)
        deliver_to(dispatch, heide, due_at=when)
        return dispatch

    def test_it_can_be_moved_and_times_are_local(
        self, officer: Client, scheduled: Dispatch
    ) -> None:
        form = officer.get(url_of(scheduled, "reschedule")).content.decode()
        local = timezone.localtime(scheduled.not_before)
        assert f'value="{local:%Y-%m-%d %H:%M}"' in form
        day = timezone.localdate() + dt.timedelta(days=5)
        moment = f"{day:%Y-%m-%d} 18:30"
        for _click in range(2):
            text = said(
                officer, scheduled, "reschedule", timing="later", not_before=moment
            )
            assert "18:30" in text
        scheduled.refresh_from_db()
        assert timezone.localtime(scheduled.not_before).strftime("%H:%M") == "18:30"
        assert scheduled.deliveries.get().due_at == scheduled.not_before

    def test_it_can_be_sent_now(self, officer: Client, scheduled: Dispatch) -> None:
        assert "being sent now" in said(officer, scheduled, "reschedule", timing="now")
        scheduled.refresh_from_db()
        assert scheduled.not_before <= timezone.now()

    @pytest.mark.parametrize(
        ("moment", "refusal"),
        [
            ("2020-01-01 10:00", "That moment is past"),
            ("", "Choose a date and a time"),
            ("morgen", "Enter a valid date/time"),
            ("2099-03-29 02:30", "couldn’t be interpreted"),
        ],
    )
    def test_f22_a_moment_that_is_past_or_never_was_is_refused(
        self, officer: Client, scheduled: Dispatch, moment: str, refusal: str
    ) -> None:
        before = scheduled.not_before
        response = officer.post(
            url_of(scheduled, "reschedule"), {"timing": "later", "not_before": moment}
        )
        assert refusal in response.content.decode()
        scheduled.refresh_from_db()
        assert scheduled.not_before == before

    def test_what_has_begun_cannot_be_moved(
        self, officer: Client, sending: Dispatch
    ) -> None:
        text = said(officer, sending, "reschedule", timing="now")
        assert "pause it instead" in text

    def test_do_not_send_is_stopping_it(
        self, officer: Client, scheduled: Dispatch
    ) -> None:
        said(officer, scheduled, "cancel")
        assert states(scheduled) == [State.CANCELLED]


class TestDeciding:
    @pytest.fixture
    def unsure(self, heide: Network) -> Dispatch:
        """Two about which nothing is known, and one that arrived."""
        dispatch = make_dispatch(networks=[heide])
        deliver_to(
            dispatch,
            heide,
            State.UNKNOWN,
            number=2,
            member={"last_name": "Onzeker"},
        )
        deliver_to(dispatch, heide, State.ACCEPTED)
        return dispatch

    @pytest.mark.parametrize(
        ("resolution", "state", "text"),
        [
            ("sent", State.ACCEPTED, "2 messages now count as sent"),
            ("resend", State.QUEUED, "2 messages are sent again"),
        ],
    )
    def test_all_are_decided_with_a_reason_f27_once(
        self,
        officer: Client,
        unsure: Dispatch,
        resolution: str,
        state: str,
        text: str,
    ) -> None:
        data = {"resolution": resolution, "scope": "all", "expected": 2}
        data["reason"] = "Nagevraagd bij de provider"
        assert text in said(officer, unsure, "resolve", **data)
        assert "Nothing is unknown" in said(officer, unsure, "resolve", **data)
        assert states(unsure) == [state, state, State.ACCEPTED]
        entry = ModelLogEntry.objects.get(action=audit.RESOLVE)
        assert entry.data["reason"] == "Nagevraagd bij de provider"

    def test_chosen_ones_alone_can_be_decided(
        self, officer: Client, unsure: Dispatch
    ) -> None:
        first, second, *_rest = unsure.deliveries.order_by("pk")
        text = said(
            officer,
            unsure,
            "resolve",
            resolution="sent",
            scope="chosen",
            reason="x",
            deliveries=[first.pk],
            expected=2,
        )
        assert "1 message now counts" in text
        second.refresh_from_db()
        assert second.state == State.UNKNOWN

    @pytest.mark.parametrize(
        ("wrong", "refusal"),
        [
            ({"reason": " "}, "Say in a few words why"),
            ({"scope": "chosen"}, "Tick at least one"),
            ({"expected": 1}, "There are 2 by now"),
            ({"resolution": "other"}, "Select a valid choice"),
        ],
    )
    def test_without_a_reason_or_a_choice_nothing_is_decided(
        self,
        officer: Client,
        unsure: Dispatch,
        wrong: dict[str, Any],
        refusal: str,
    ) -> None:
        data = {"resolution": "sent", "scope": "all", "reason": "x", "expected": 2}
        response = officer.post(url_of(unsure, "resolve"), data | wrong)
        assert refusal in response.content.decode()
        assert states(unsure).count(State.UNKNOWN) == 2
        assert not Delivery.objects.filter(code="by_hand").exists()

    @pytest.mark.django_db(transaction=True, serialized_rollback=True)
    @pytest.mark.skipif(connection.vendor != "postgresql", reason="needs row locks")
    def test_i05_what_became_unknown_since_the_click_is_not_decided_with_it(
        self, officer: Client, unsure: Dispatch
    ) -> None:
        data = {"resolution": "sent", "scope": "all", "reason": "x", "expected": 2}
        texts: list[str] = []

        def click() -> None:
            texts.append(said(officer, unsure, "resolve", **data))
            connection.close()

        thread = threading.Thread(target=click)
        with transaction.atomic():
            Dispatch.objects.select_for_update().get(pk=unsure.pk)
            thread.start()
            wait_for_a_lock()
            unsure.deliveries.filter(state=State.ACCEPTED).update(state=State.UNKNOWN)
        thread.join(20)
        assert ["There are 3 by now" in text for text in texts] == [True]
        assert states(unsure) == [State.UNKNOWN] * 3

    def test_members_are_listed_for_who_may_see_them_only(
        self, officer: Client, web_editor: Client, unsure: Dispatch
    ) -> None:
        url = url_of(unsure, "resolve")
        assert "Onzeker" in officer.get(url).content.decode()
        html = web_editor.get(url).content.decode()
        assert "Onzeker" not in html
        assert "@example.org" not in html
        data = {"resolution": "sent", "reason": "x", "expected": 2}
        assert "2 messages now count" in said(web_editor, unsure, "resolve", **data)

    def test_a_list_chosen_from_holds_no_foreign_delivery(
        self, officer: Client, unsure: Dispatch, elders: Network
    ) -> None:
        other = make_dispatch(networks=[elders])
        (foreign,) = deliver_to(other, elders, State.UNKNOWN)
        response = officer.post(
            url_of(unsure, "resolve"),
            {
                "resolution": "sent",
                "scope": "chosen",
                "reason": "x",
                "expected": 2,
                "deliveries": [foreign.pk],
            },
        )
        assert response.status_code == 200
        foreign.refresh_from_db()
        assert foreign.state == State.UNKNOWN


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.MAYOR])
def test_s03_who_may_not_send_is_refused(
    as_role: Callable[..., Client],
    heide: Network,
    sending: Dispatch,
    role: str,
    verb: str,
) -> None:
    client = as_role(role, heide)
    before = list(Dispatch.objects.values()), list(Delivery.objects.values())
    for method in (client.get, client.post):
        response = method(url_of(sending, verb))
        assert response.status_code in {302, 405}
        if response.status_code == 302:
            assert response["Location"] == reverse("wagtailadmin_home")
    assert before == (list(Dispatch.objects.values()), list(Delivery.objects.values()))


@pytest.mark.parametrize("verb", VERBS)
def test_s01_who_may_send_to_some_of_the_bins_only_is_refused(
    officer: Client, heide: Network, elders: Network, sending: Dispatch, verb: str
) -> None:
    sending.networks.add(elders)
    response = officer.post(url_of(sending, verb), {"timing": "now"})
    assert response["Location"] == reverse("wagtailadmin_home")
    assert states(sending).count(State.QUEUED) == 2


@pytest.mark.parametrize("verb", VERBS)
def test_i10_looking_changes_nothing_and_csrf_is_asked(
    officer: Client, sending: Dispatch, verb: str
) -> None:
    before = list(Dispatch.objects.values()), list(Delivery.objects.values())
    officer.get(url_of(sending, verb), {"timing": "now", "resolution": "sent"})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(officer.user)  # type: ignore[attr-defined]
    assert strict.post(url_of(sending, verb), {"timing": "now"}).status_code == 403
    assert before == (list(Dispatch.objects.values()), list(Delivery.objects.values()))
