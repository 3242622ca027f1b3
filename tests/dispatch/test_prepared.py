"""Queries built once: the same answers as Django's own, with other values each time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import CharField, DateField
from django.test.utils import CaptureQueriesContext

from tests.factories import MemberFactory, NetworkFactory
from wagtail_bin.dispatch.prepared import Parameter, Prepared
from wagtail_bin.models import Member

pytestmark = pytest.mark.django_db


def absent() -> Any:
    """Who of a language is away on a day."""
    day = Parameter("day", DateField())
    found = Member.objects.filter(
        language=Parameter("language", CharField()),
        away_from__lte=day,
        away_until__gte=day,
    )
    return found.order_by("pk").values_list("first_name", "quiet_from", "joined_at")


def test_m7_a_query_is_built_once_and_answers_as_djangos_own() -> None:
    network = NetworkFactory()
    away = {"away_from": dt.date(2026, 7, 1), "away_until": dt.date(2026, 7, 14)}
    for name, language in (("Zoë", "nl"), ("Émile", "fr")):
        MemberFactory(
            network=network,
            first_name=name,
            language=language,
            quiet_from=dt.time(22),
            **away,
        )
    built = 0

    def make() -> Any:
        nonlocal built
        built += 1
        return absent()

    query = Prepared(make)
    inside, outside = dt.date(2026, 7, 14), dt.date(2026, 7, 15)
    [(name, quiet_from, joined_at)] = query.rows(language="nl", day=inside)
    assert (name, quiet_from) == ("Zoë", dt.time(22))
    assert joined_at == Member.objects.get(first_name="Zoë").joined_at
    assert [row[0] for row in query.rows(language="fr", day=inside)] == ["Émile"]
    assert query.rows(language="fr", day=outside) == []
    assert query.rows(language="'; --", day=inside) == []
    assert built == 1


def test_what_is_not_given_is_an_error(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0) as captured, pytest.raises(KeyError):
        Prepared(absent).rows(language="nl")
    assert isinstance(captured, CaptureQueriesContext)
