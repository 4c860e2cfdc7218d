"""A source table of a history whose every change is also made in a real database."""

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any, Self

from rehearsal.dms.log import Position
from rehearsal.dms.mysql.columns import quoted
from rehearsal.torture.source_table import BIGINT, DOUBLE, FLOAT, INT, OF_A_LOAD_ONLY, STRING, Key, Row, SourceTable

Execute = Callable[[str, Sequence[Any]], int]
"""Runs a statement and returns how many rows it changed."""
SQL_TYPES = {INT: "INT", BIGINT: "BIGINT", FLOAT: "FLOAT", DOUBLE: "DOUBLE", STRING: "VARCHAR(200)"}


class MirroredTable(SourceTable):
    """Makes each change in the database too, as an application would; what no log may show is not logged there."""

    @classmethod
    def of(cls, table: SourceTable, name: str, execute: Execute, end_of_log: Callable[[], Position]) -> Self:
        """Mirror a table that has no rows yet; `name` is what statements call it."""
        mirrored = cls(table.key, 0)
        vars(mirrored).update(vars(table))
        mirrored.begin(name, execute, end_of_log)
        return mirrored

    def begin(self, name: str, execute: Execute, end_of_log: Callable[[], Position]) -> None:
        """Create the table in the database."""
        self.name, self._execute, self.end_of_log = name, execute, end_of_log
        self._create()
        self.ends = [end_of_log()]
        """Where the real log ended before the first line of the tester's log, and after each."""
        self.unlogged: set[int] = set()
        """The lines that changed no value: a real log has none of them."""
        self.logged_rows: list[Row] = []
        """The row of each line, without values for which the table had no column then."""

    def truncate(self) -> None:
        """Remove every row."""
        super().truncate()
        self._execute(f"TRUNCATE TABLE {self.name}", ())

    def add_column(self) -> None:
        """Add a nullable column."""
        before = set(self.columns)
        super().add_column()
        (added,) = set(self.columns) - before
        self._execute(f"ALTER TABLE {self.name} ADD COLUMN {self._declared(added)}", ())

    def widen(self, draw: Random) -> None:
        """Let one column hold more."""
        before = dict(self.columns)
        super().widen(draw)
        for name, type_ in self.columns.items():
            if before[name] != type_:
                self._execute(f"ALTER TABLE {self.name} MODIFY {self._declared(name)}", ())

    def alter(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> str:
        """Change a column; a dropped or retyped one has other values, which only a load may bring."""
        before = dict(self.columns)
        how = super().alter(draw, kept, keeps_all=keeps_all)
        if how in OF_A_LOAD_ONLY:
            changed = [name for name, type_ in before.items() if self.columns.get(name) != type_]
            for name in changed:
                self._execute(f"ALTER TABLE {self.name} DROP COLUMN {quoted(name)}", ())
                if name in self.columns:
                    self._execute(f"ALTER TABLE {self.name} ADD COLUMN {self._declared(name)}", ())
            self._write_without_log()
        return how

    def create_again(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> None:
        """Drop the table and create one of its name."""
        super().create_again(draw, kept, keeps_all=keeps_all)
        self._execute(f"DROP TABLE {self.name}", ())
        self._create()

    def _write(self, operation: str, row: Row, old_key: Key | None = None) -> None:
        super()._write(operation, row, old_key)
        row = {name: value for name, value in row.items() if name in self.columns}
        self.logged_rows.append(row)
        if not self._changes(operation, row, old_key):
            self.unlogged.add(len(self.log) - 1)
        self.ends.append(self.end_of_log())

    def _changes(self, operation: str, row: Row, old_key: Key | None) -> int:
        where = " AND ".join(f"{quoted(name)} = %s" for name in self.key)
        if operation == "I":
            return self._insert_row(row)
        if operation == "D":
            return self._execute(f"DELETE FROM {self.name} WHERE {where}", self.key_of(row))  # noqa: S608
        values = ", ".join(f"{quoted(name)} = %s" for name in row)
        statement = f"UPDATE {self.name} SET {values} WHERE {where}"  # noqa: S608
        return self._execute(statement, (*row.values(), *(old_key or self.key_of(row))))

    def _insert_row(self, row: Mapping[str, Any]) -> int:
        names, places = ", ".join(map(quoted, row)), ", ".join(["%s"] * len(row))
        return self._execute(f"INSERT INTO {self.name} ({names}) VALUES ({places})", tuple(row.values()))  # noqa: S608

    def _write_without_log(self) -> None:
        self._execute("SET SESSION sql_log_bin = 0", ())
        self._execute(f"DELETE FROM {self.name}", ())  # noqa: S608
        for row in self.rows.values():
            self._insert_row({name: value for name, value in row.items() if name in self.columns})
        self._execute("SET SESSION sql_log_bin = 1", ())

    def _create(self) -> None:
        columns = ", ".join(map(self._declared, self.columns))
        key = ", ".join(map(quoted, self.key))
        self._execute(f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY ({key}))", ())

    def _declared(self, name: str) -> str:
        null = " NOT NULL" if name in self.key else " NULL"
        return f"{quoted(name)} {SQL_TYPES[self.columns[name]]}{null}"
