"""The command for cron: everything due, and then it ends."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from tests.factories import MemberFactory, NetworkFactory, UserFactory
from wagtail_bin.dispatch.approve import approve_dispatch
from wagtail_bin.models import Delivery

pytestmark = pytest.mark.django_db


def run() -> str:
    output = StringIO()
    call_command("bin_deliver", stdout=output)
    return output.getvalue().strip()


def test_f12_delivers_what_is_due_without_a_queue(sink: Any, tip: Any) -> None:
    network = NetworkFactory()
    MemberFactory.create_batch(3, network=network)
    approve_dispatch(
        page=tip,
        networks=[network],
        user=UserFactory(is_superuser=True),
        expected_recipients=3,
    )
    OrmQ.objects.all().delete()
    assert run() == "Worked on: 3. Given up: 0. Became unknown: 0."
    assert len(sink.messages) == 3
    assert set(Delivery.objects.values_list("state", flat=True)) == {"accepted"}


def test_nothing_due_is_no_error(sink: Any) -> None:
    assert run() == "Worked on: 0. Given up: 0. Became unknown: 0."
    assert sink.messages == []
