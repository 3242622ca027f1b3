"""Charters: their versions, and when they hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from tests.factories import CharterFactory, NetworkFactory
from wagtail_bin.models import Charter

TODAY = dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("dates", "is_in_force"),
    [
        ({}, True),
        ({"ends_on": TODAY}, True),
        ({"ends_on": TODAY - dt.timedelta(days=1)}, False),
        ({"approved_on": None}, False),
        ({"approved_on": TODAY}, True),
        ({"approved_on": TODAY + dt.timedelta(days=1)}, False),
    ],
)
def test_a_charter_holds_from_its_approval_to_its_end(
    db: Any, dates: dict[str, Any], is_in_force: bool
) -> None:
    charter = CharterFactory(**dates)
    assert Charter.objects.in_force(TODAY).filter(pk=charter.pk).exists() == is_in_force


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ({"signed_on": None}, "approved_on"),
        ({"approved_on": dt.date(2025, 2, 28)}, "approved_on"),
        ({"ends_on": dt.date(2025, 2, 28)}, "ends_on"),
    ],
)
def test_dates_in_an_order_that_cannot_be_are_refused(
    db: Any, dates: dict[str, Any], field: str
) -> None:
    charter = CharterFactory.build(network=NetworkFactory(), **dates)
    with pytest.raises(ValidationError) as caught:
        charter.full_clean()
    assert set(caught.value.message_dict) == {field}


def test_a_version_stands_once(db: Any) -> None:
    charter = CharterFactory()
    CharterFactory(network=charter.network, version=2)
    CharterFactory(version=2)
    with translation.override("en"), pytest.raises(ValidationError, match="next"):
        CharterFactory.build(network=charter.network, version=2).full_clean()


@pytest.mark.parametrize(
    ("dates", "state"),
    [
        ({"signed_on": None, "approved_on": None}, "draft"),
        ({"approved_on": None}, "signed"),
        ({}, "approved"),
        ({"ends_on": dt.date(2025, 12, 31)}, "ended"),
    ],
)
def test_its_state_is_said_in_a_word(dates: dict[str, Any], state: str) -> None:
    charter = CharterFactory.build(network=None, **dates)
    with translation.override("en"):
        assert str(charter.state) == state
