"""A Core statement, compiled once for each database and then run as plain SQL on the driver's own cursor.

The hot path runs thousands of statements a second: the driver takes a microsecond for one, Core's `execute` fifteen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, BindParameter, bindparam, literal_column
from sqlalchemy.engine.interfaces import Dialect as Compiler
from sqlalchemy.sql import ClauseElement, ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import Table

from bot.store.dialect import Dialect

Params = Mapping[str, Any]


class Prepared:
    """SQL text, and how to put named parameters into its order."""

    __slots__ = ("order", "sql")

    def __init__(self, clause: ClauseElement, compiler: Compiler) -> None:
        """Compile for one database."""
        compiled = clause.compile(dialect=compiler)
        if not isinstance(compiled, SQLCompiler):  # pragma: no cover - DDL never comes here
            raise TypeError(f"{clause!r} is not a statement that reads or writes rows.")
        self.sql = compiled.string
        names = tuple(compiled.positiontup or ())
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        self.order = _ordering(names, constants)


def _ordering(names: tuple[str, ...], constants: Params) -> Callable[[Params], tuple[Any, ...]]:
    """A function from named parameters to the positional ones; constants are what Core itself put into the SQL."""
    if len(names) > 1 and not constants:
        return itemgetter(*names)
    return lambda params: tuple(constants[name] if name in constants else params[name] for name in names)


class Statement:
    """A statement by how it is built; each database's text is made the first time that it is wanted."""

    __slots__ = ("_build", "_prepared")

    def __init__(self, build: Callable[[Dialect], ClauseElement]) -> None:
        """Keep the builder."""
        self._build = build
        self._prepared: dict[type[Dialect], Prepared] = {}

    def on(self, dialect: Dialect) -> Prepared:
        """The statement as this database wants it."""
        prepared = self._prepared.get(type(dialect))
        if prepared is None:
            prepared = self._prepared[type(dialect)] = Prepared(self._build(dialect), dialect.compiler)
        return prepared


def param(name: str) -> BindParameter[Any]:
    """A parameter by its name."""
    return bindparam(name)


def limit() -> BindParameter[int]:
    """The parameter `limit`."""
    return bindparam("limit", type_=BigInteger())


def constant(word: str) -> ColumnElement[str]:
    """A word of our own, spelt out in the SQL: a partial index is used only where its condition can be seen."""
    return literal_column(f"'{word}'")


def number(value: int) -> ColumnElement[int]:
    """A number of our own, spelt out in the SQL."""
    return literal_column(str(value), BigInteger())


def insert_row(table: Table) -> Statement:
    """INSERT of every column but the database's own `seq`."""
    return Statement(lambda d: d.insert(table).values(_parameters(table)))


def upsert_row(table: Table, *key: str) -> Statement:
    """INSERT, or replace the row with the same key, which keeps its `seq`."""

    def build(dialect: Dialect) -> ClauseElement:
        insert = dialect.insert(table).values(_parameters(table))
        changed = {name: insert.excluded[name] for name in _parameters(table) if name not in key}
        return insert.on_conflict_do_update(index_elements=list(key), set_=changed)

    return Statement(build)


def insert_if_new(table: Table, *key: str) -> Statement:
    """INSERT, unless a row with the same key exists, which stays as it is."""
    return Statement(
        lambda d: d.insert(table).values(_parameters(table)).on_conflict_do_nothing(index_elements=list(key))
    )


def _parameters(table: Table) -> dict[str, BindParameter[Any]]:
    return {column.name: bindparam(column.name) for column in table.columns if column.name != "seq"}
