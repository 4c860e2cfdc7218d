"""A source table of a history whose every change is also made in a real database."""

from collections.abc import Collection, Mapping
from random import Random
from typing import Any, Self

from rehearsal.torture.real_source.engines import RealEngine
from rehearsal.torture.source_table import OF_A_LOAD_ONLY, Key, Row, SourceTable


class MirroredTable(SourceTable):
    """Makes each change in the database too, as an application would; what no log may show is not logged there."""

    @classmethod
    def of(cls, table: SourceTable, name: str, engine: RealEngine) -> Self:
        """Mirror a table that has no rows yet; `name` is what statements call it."""
        mirrored = cls(table.key, 0)
        vars(mirrored).update(vars(table))
        mirrored.begin(name, engine)
        return mirrored

    def begin(self, name: str, engine: RealEngine) -> None:
        """Create the table in the database."""
        self.name, self.engine, self._execute = name, engine, engine.execute
        self._create()
        self.ends = [engine.end_of_log()]
        """Where the real log ended before the first line of the tester's log, and after each."""
        self.unlogged: set[int] = set()
        """The lines that changed no value: a real log has none of them."""
        self.logged_rows: list[Row] = []
        """The row of each line, without values for which the table had no column then."""

    def truncate(self) -> None:
        """Remove every row."""
        super().truncate()
        self._execute(f"TRUNCATE TABLE {self.name}")

    def add_column(self) -> None:
        """Add a nullable column."""
        before = set(self.columns)
        super().add_column()
        (added,) = set(self.columns) - before
        self._execute(f"ALTER TABLE {self.name} ADD COLUMN {self._declared(added)}")

    def widen(self, draw: Random) -> None:
        """Let one column hold more."""
        before = dict(self.columns)
        super().widen(draw)
        for name, type_ in self.columns.items():
            if before[name] != type_:
                self._execute(f"ALTER TABLE {self.name} {self.engine.retyped(name, self.engine.SQL_TYPES[type_])}")

    def alter(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> str:
        """Change a column; a dropped or retyped one has other values, which only a load may bring."""
        before = dict(self.columns)
        how = super().alter(draw, kept, keeps_all=keeps_all)
        if how in OF_A_LOAD_ONLY:
            changed = [name for name, type_ in before.items() if self.columns.get(name) != type_]
            for name in changed:
                self._execute(f"ALTER TABLE {self.name} DROP COLUMN {self.engine.quoted(name)}")
                if name in self.columns:
                    self._execute(f"ALTER TABLE {self.name} ADD COLUMN {self._declared(name)}")
            self._write_without_log()
        return how

    def create_again(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> None:
        """Drop the table and create one of its name."""
        super().create_again(draw, kept, keeps_all=keeps_all)
        self._execute(f"DROP TABLE {self.name}")
        self._create()

    def _write(self, operation: str, row: Row, old_key: Key | None = None) -> None:
        super()._write(operation, row, old_key)
        row = {name: value for name, value in row.items() if name in self.columns}
        self.logged_rows.append(row)
        if not self._changes(operation, row, old_key):
            self.unlogged.add(len(self.log) - 1)
        self.ends.append(self.engine.end_of_log())

    def _changes(self, operation: str, row: Row, old_key: Key | None) -> int:
        where = " AND ".join(f"{self.engine.quoted(name)} = %s" for name in self.key)
        if operation == "I":
            return self._insert_row(row)
        if operation == "D":
            return self._execute(f"DELETE FROM {self.name} WHERE {where}", self.key_of(row))  # noqa: S608
        values = ", ".join(f"{self.engine.quoted(name)} = %s" for name in row)
        statement = f"UPDATE {self.name} SET {values} WHERE {where}"  # noqa: S608
        return self._execute(statement, (*row.values(), *(old_key or self.key_of(row))))

    def _insert_row(self, row: Mapping[str, Any]) -> int:
        names, places = ", ".join(map(self.engine.quoted, row)), ", ".join(["%s"] * len(row))
        return self._execute(f"INSERT INTO {self.name} ({names}) VALUES ({places})", tuple(row.values()))  # noqa: S608

    def _write_without_log(self) -> None:
        begin, end = self.engine.without_log(self.name)
        self._execute(begin)
        self._execute(f"DELETE FROM {self.name}")  # noqa: S608
        for row in self.rows.values():
            self._insert_row({name: value for name, value in row.items() if name in self.columns})
        self._execute(end)

    def _create(self) -> None:
        columns = ", ".join(map(self._declared, self.columns))
        key = ", ".join(map(self.engine.quoted, self.key))
        self._execute(f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY ({key}))")

    def _declared(self, name: str) -> str:
        null = " NOT NULL" if name in self.key else " NULL"
        return f"{self.engine.quoted(name)} {self.engine.SQL_TYPES[self.columns[name]]}{null}"
