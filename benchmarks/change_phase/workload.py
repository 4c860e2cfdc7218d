"""Tables as DMS writes them: a full load, then one file of changes with several to some keys, in the source's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from odp.records import FileType, LandedFile, RawTableConfig, RowHistory

from rehearsal.source.generator import generate_trips

STAGING = "staging"
SCHEMA = "taxi_trips"
KEY, SEQUENCE, PARTITION = "PK_ID", "CDC_TIMESTAMP_SEQ", "VENDORID"
LOAD, CHANGES = "LOAD00000001.parquet", "20210201-000000000.parquet"

_TRIPS = """
    SELECT row_number() OVER () AS PK_ID, * REPLACE (coalesce(VendorID, 1) AS VendorID) FROM trips
"""
_LOAD = """
    SELECT *, '' AS CDC_TIMESTAMP_SEQ FROM source
"""
_CHANGES = """
    WITH
        -- spread over the whole table, so that every part of it has some
        chosen AS (SELECT *, (PK_ID - 1) // {step} AS n FROM source WHERE (PK_ID - 1) % {step} = 0 AND n < {keys}),
        new AS (SELECT * REPLACE (PK_ID + {rows} AS PK_ID) FROM chosen WHERE n % 20 < 3),
        changes AS (
            SELECT 'U' AS Op, 1 AS step, * REPLACE (tip_amount + 1 AS tip_amount) FROM chosen WHERE n % 20 < 16
            UNION ALL SELECT 'D', 1, * FROM chosen WHERE n % 20 >= 16
            UNION ALL SELECT 'I', 2, * FROM new
            -- to some keys a second thing happens: updated again, deleted, inserted anew
            UNION ALL SELECT 'U', 3, * REPLACE (tip_amount + 5 AS tip_amount) FROM chosen WHERE n % 20 = 0
            UNION ALL SELECT 'D', 3, * FROM new WHERE n % 20 = 1
            UNION ALL SELECT 'I', 3, * REPLACE (tip_amount + 9 AS tip_amount) FROM chosen WHERE n % 20 = 16
        )
    SELECT * EXCLUDE (step, n), printf('20210201%027d', step * {rows} + n) AS CDC_TIMESTAMP_SEQ
    FROM changes ORDER BY CDC_TIMESTAMP_SEQ
"""
_CHANGES_PER_KEY = (20 + 3 + 1 + 1 + 1) / 20


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table and its two files below the staging bucket."""

    name: str

    def config(self, table_format: str, bucket: str) -> RawTableConfig:
        """How the lake's own writers have the table configured, in a bucket of the contender's."""
        return RawTableConfig(
            refresh_cadence="10_min_refresh",
            source_table_name=f"{SCHEMA}.{self.name}",
            primary_key=(KEY,),
            partition_key=PARTITION,
            change_sequence=SEQUENCE,
            hudi_table_type="copy_on_write" if table_format == "hudi" else "",
            history=RowHistory.LATEST,
            table_format=table_format,
            is_active=True,
            raw_database_name="taxi_trips_raw",
            raw_database_s3_bucket=bucket,
            raw_table_name=self.name,
        )

    def key(self, file: str) -> str:
        """The place of a file in the staging bucket."""
        return f"{SCHEMA}/{self.name}/{file}"

    def uri(self, file: str) -> str:
        """Where Spark finds a file."""
        return f"s3://{STAGING}/{self.key(file)}"

    def landed(self, file: str, buckets: Path) -> LandedFile:
        """Return a file as the File Manager registers it."""
        size = (buckets / STAGING / self.key(file)).stat().st_size
        kind = FileType.FULL_LOAD if file == LOAD else FileType.CHANGES
        landed_at = datetime(2021, 2, 1, 0, 0, int(file != LOAD), tzinfo=UTC).isoformat()
        name, file_id = f"{SCHEMA}.{self.name}", f"{self.name}/{file}"
        return LandedFile(name, file_id, kind, SCHEMA, self.name, STAGING, self.key(file), size, "", landed_at)


@dataclass(frozen=True, slots=True)
class Workload:
    """So many tables of so many rows, with about so many changes to each."""

    name: str
    tables: int
    rows: int
    changes: int

    @property
    def source_tables(self) -> Sequence[SourceTable]:
        """The tables by name."""
        return [SourceTable(f"{self.name}_{number}") for number in range(1, self.tables + 1)]

    def write(self, buckets: Path) -> None:
        """Write the files of every table; each has trips of its own."""
        keys = max(20, int(self.changes / _CHANGES_PER_KEY))
        sizes = {"rows": self.rows, "keys": keys, "step": max(1, self.rows // keys)}
        for seed, table in enumerate(self.source_tables):
            folder = (buckets / STAGING / table.key(LOAD)).parent
            folder.mkdir(parents=True)
            with duckdb.connect() as connection:
                connection.register("trips", generate_trips(self.rows, seed))
                connection.execute(f"CREATE TABLE source AS {_TRIPS}")
                for file, query in {LOAD: _LOAD, CHANGES: _CHANGES.format(**sizes)}.items():
                    connection.execute(
                        f"COPY ({_in_upper_case(connection, query)}) TO '{folder / file}' (FORMAT parquet)"
                    )


def _in_upper_case(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """DMS writes column names in upper case here, except its own operation column."""
    names = [column[0] for column in connection.execute(f"DESCRIBE {query}").fetchall()]
    renamed = ", ".join(name if name == "Op" else f"{name} AS {name.upper()}" for name in names)
    return f"SELECT {renamed} FROM ({query})"  # noqa: S608 - constants
