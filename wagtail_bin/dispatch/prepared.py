"""Queries of the ORM whose SQL is built once and run many times.

A worker asks the same few questions for every part of a lot. Building their SQL
takes Django longer than the database takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, QuerySet


class Parameter(Expression):
    """A value that is known only when the query runs.

    Args:
        name: what :meth:`Prepared.rows` calls it.
        output_field: its type.
    """

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, _compiler: Any, _connection: Any) -> tuple[str, tuple[Any, ...]]:
        """A placeholder, and this object in the place of its value."""
        return "%s", (self,)

    def bind(self, values: dict[str, Any]) -> Any:
        """The value, as the database's driver takes it."""
        return self.output_field.get_db_prep_value(values[self.name], connection)


class Prepared:
    """A query whose values stand open.

    Args:
        make: gives the query, with ``values_list`` and :class:`Parameter`;
            called once per kind of database.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._make = make
        self._compiled: dict[str, tuple[str, list[Any], Any, Any]] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run the query.

        Args:
            values: one for each parameter, by name.
        """
        vendor = connection.vendor
        if vendor not in self._compiled:
            compiler = self._make().query.get_compiler(connection=connection)
            sql, parameters = compiler.as_sql()
            columns = [column for column, _sql, _alias in compiler.select]
            converters = compiler.get_converters(columns)
            self._compiled[vendor] = sql, list(parameters), compiler, converters
        sql, parameters, compiler, converters = self._compiled[vendor]
        bound = [p.bind(values) if isinstance(p, Parameter) else p for p in parameters]
        with connection.cursor() as cursor:
            cursor.execute(sql, bound)
            found = cursor.fetchall()
        if not converters:
            return list(found)
        return [tuple(row) for row in compiler.apply_converters(found, converters)]
