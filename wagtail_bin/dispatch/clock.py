"""Moments by the database's clock, which all workers share."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

# ``Now()`` for SQL of our own, and a moment so many seconds later.
SQL_NOW = {
    "postgresql": "statement_timestamp()",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
}
SQL_AFTER = {
    "postgresql": "statement_timestamp() + {} * interval '1 second'",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', {} || ' seconds')",
}


def after(seconds: float) -> Combinable:
    """A moment so many seconds from now."""
    return ExpressionWrapper(
        Now() + Value(dt.timedelta(seconds=seconds)), output_field=DateTimeField()
    )


def now() -> dt.datetime:
    """This moment (aware), whatever the clock of this machine says."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SQL_NOW[connection.vendor]}", [])
        (found,) = cursor.fetchone()
    moment: dt.datetime = found
    if isinstance(found, str):
        moment = dt.datetime.fromisoformat(found)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
