"""The database `taxi_trips`: eighteen tables that share out the trips of one file."""

from pathlib import Path

import pyarrow as pa

from rehearsal.source.database import SourceDatabase, SourceTable
from rehearsal.source.trips import TRIPS

SCHEMA_NAME = "taxi_trips"
TABLE_COUNT = 18
TABLE_SCHEMA = pa.schema([pa.field("PK_ID", pa.int64(), nullable=False), *TRIPS])


def create_taxi_trips(path: Path, trips: pa.Table, *, tables: int = TABLE_COUNT) -> SourceDatabase:
    """Create the database and deal the trips out to its tables in turn, each table numbering its rows from 1."""
    if trips.num_rows < tables:
        raise ValueError(f"{trips.num_rows} trips cannot fill {tables} tables: give at least one trip a table")
    database = SourceDatabase(path)
    for number in range(1, tables + 1):
        share = trips.take(pa.array(range(number - 1, trips.num_rows, tables)))
        table = SourceTable(f"table_{number}", TABLE_SCHEMA)
        database.create_table(table)
        database.load(table.name, share.add_column(0, "PK_ID", pa.array(range(1, share.num_rows + 1))))
    return database
