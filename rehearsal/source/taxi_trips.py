"""The database `taxi_trips`: eighteen tables that share out the trips of one file, and a business day of changes."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeVar

import pyarrow as pa

from rehearsal.source.database import SourceTable, to_sqlite
from rehearsal.source.generator import generate_trips
from rehearsal.source.operational_database import OperationalDatabase, Transaction
from rehearsal.source.trips import TRIPS

# Eighteen tables that share out the trips of one file.

SCHEMA_NAME = "taxi_trips"
TABLE_COUNT = 18
TABLE_SCHEMA = pa.schema([pa.field("PK_ID", pa.int64(), nullable=False), *TRIPS])


Database = TypeVar("Database", bound=OperationalDatabase)


def create_taxi_trips(
    database: Database, trips: pa.Table, *, tables: int = TABLE_COUNT, go_on: Callable[[], None] = lambda: None
) -> Database:
    """Deal the trips out to tables of an empty database in turn, each table numbering its rows from 1.

    Before each table `go_on` is asked; whatever it raises ends the work.
    """
    if trips.num_rows < tables:
        raise ValueError(f"{trips.num_rows} trips cannot fill {tables} tables: give at least one trip a table")
    for number in range(1, tables + 1):
        go_on()
        share = trips.take(pa.array(range(number - 1, trips.num_rows, tables)))
        table = SourceTable(f"table_{number}", TABLE_SCHEMA)
        database.create_table(table)
        database.load(table.name, share.add_column(0, "PK_ID", pa.array(range(1, share.num_rows + 1))))
    return database


# A seeded business day: inserts, updates and deletes that a replication must carry over in the right order.

# ruff: noqa: S311, S608 - draws must repeat, not be secret; only the table is named in a statement, values are parameters


CHANGED_TABLES = 6

STATEMENTS = {
    "insert": "INSERT INTO {table} VALUES ({values})",
    "update": "UPDATE {table} SET tip_amount = tip_amount + 1.25, total_amount = total_amount + 1.25",
    # an empty string is not NULL, and neither may turn into the other on the way
    "blank": "UPDATE {table} SET passenger_count = NULL, store_and_fwd_flag = ''",
    "fill": "UPDATE {table} SET passenger_count = 1, store_and_fwd_flag = NULL",
    # the lake is partitioned by the vendor: the row has to move
    "move": "UPDATE {table} SET VendorID = CASE VendorID WHEN 1 THEN 2 ELSE 1 END",
    "delete": "DELETE FROM {table}",
}
OPERATION = {"insert": "inserted", "delete": "deleted"}

EXISTING_ROWS = {
    ("update",): 400,
    ("blank",): 100,
    ("fill",): 50,
    ("move",): 150,
    ("delete",): 150,
    ("delete", "insert"): 30,
    ("update", "update", "move", "update"): 20,
    ("move", "move"): 10,
    ("move", "delete"): 10,
    ("delete", "insert", "delete"): 10,
    ("delete", "insert", "move"): 10,
}
NEW_ROWS = {("insert",): 200, ("insert", "update", "move"): 10, ("insert", "delete"): 10}
"""What happens to one row, step by step, and to how many of 10,000 rows; at least to one, while there are rows."""
PER = 10_000


@dataclass(frozen=True, slots=True)
class TableChanges:
    """How many statements of each kind one table saw."""

    table: str
    inserted: int
    updated: int
    deleted: int


def apply_changes(
    database: OperationalDatabase, seed: int = 7, *, tables: int = CHANGED_TABLES
) -> tuple[TableChanges, ...]:
    """Change some tables of trips, each in one transaction; the seed decides which tables, rows and in what order."""
    chosen = changed_tables(database, seed, tables=tables)
    return tuple(_change_table(database, table, f"{seed}/{table}") for table in chosen)


def changed_tables(database: OperationalDatabase, seed: int = 7, *, tables: int = CHANGED_TABLES) -> tuple[str, ...]:
    """Choose the tables of trips that a business day changes."""
    of_trips = sorted(trip_tables(database))
    return tuple(sorted(random.Random(seed).sample(of_trips, min(tables, len(of_trips))), key=_natural))


def trip_tables(database: OperationalDatabase) -> tuple[str, ...]:
    """The tables of trips in natural order."""
    found = (name for name, table in database.tables.items() if table.schema.equals(TABLE_SCHEMA))
    return tuple(sorted(found, key=_natural))


def _change_table(database: OperationalDatabase, table: str, seed: str) -> TableChanges:
    draw = random.Random(seed)
    with database.transaction() as connection:
        steps = list(_schedule(connection, table, draw))
        fresh = iter(_fresh_rows(sum(step == "insert" for _, step in steps), seed=draw.randrange(PER)))
        for key, step in steps:
            _run(connection, table, step, (key, *next(fresh)) if step == "insert" else (key,))
    done = Counter(OPERATION.get(step, "updated") for _, step in steps)
    return TableChanges(table, done["inserted"], done["updated"], done["deleted"])


def _schedule(connection: Transaction, table: str, draw: random.Random) -> Iterator[tuple[int, str]]:
    """Interleave the histories of all rows at random, each keeping the order of its own steps."""
    keys = [key for (key,) in connection.execute(f"SELECT PK_ID FROM {table} ORDER BY PK_ID")]
    draw.shuffle(keys)
    new_keys = count(max(keys, default=0) + 1)
    events: list[tuple[float, int, str]] = []
    for stories, supply in ((EXISTING_ROWS, iter(keys)), (NEW_ROWS, new_keys)):
        for story, share in stories.items():
            for key in islice(supply, max(1, len(keys) * share // PER)):
                moments = sorted(draw.random() for _ in story)
                events += [(moment, key, step) for moment, step in zip(moments, story, strict=True)]
    return ((key, step) for _, key, step in sorted(events))


def _run(connection: Transaction, table: str, step: str, values: Sequence[object]) -> None:
    statement = STATEMENTS[step].format(table=table, values=", ".join("?" * len(values)))
    connection.execute(statement if step == "insert" else f"{statement} WHERE PK_ID = ?", values)


def _fresh_rows(rows: int, seed: int) -> Iterator[tuple[object, ...]]:
    trips = generate_trips(rows, seed)
    # generated trips come ordered by time: enough for new rows, as their keys are drawn
    return zip(*(to_sqlite(trips.column(name)) for name in TRIPS.names), strict=True)


def _natural(table: str) -> tuple[str, int]:
    name, _, number = table.rpartition("_")
    return (name, int(number)) if number.isdigit() else (table, 0)
