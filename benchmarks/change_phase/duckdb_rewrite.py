"""The machine's limit: duckdb rewrites the Parquet files with the changes in them; no table format, no commit."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.change_phase.workload import CHANGES, KEY, LOAD, PARTITION, SEQUENCE, STAGING, SourceTable

DUCKDB = "duckdb"


class DuckDbRewrite:
    """One table after the other, with the cores that Spark has too."""

    def __init__(self, buckets: Path, *, threads: int) -> None:
        self._buckets = buckets
        self._connection = duckdb.connect(config={"threads": threads})

    def load(self, tables: Sequence[SourceTable]) -> None:
        """Write the full loads, partitioned."""
        for table in tables:
            self._write(f"FROM read_parquet('{self._source(table, LOAD)}')", self._folder(table, "loaded"))

    def change(self, tables: Sequence[SourceTable]) -> None:
        """Write every row that no change names, and what remains of those that one does."""
        for table in tables:
            changes, loaded = self._source(table, CHANGES), self._folder(table, "loaded")
            query = f"""
                WITH latest AS (
                    SELECT * FROM read_parquet('{changes}')
                    QUALIFY row_number() OVER (PARTITION BY {KEY} ORDER BY {SEQUENCE} DESC) = 1)
                SELECT * FROM read_parquet('{loaded}/*/*.parquet') ANTI JOIN latest USING ({KEY})
                UNION ALL BY NAME SELECT * EXCLUDE (Op) FROM latest WHERE Op <> 'D'"""  # noqa: S608 - constants
            self._write(query, self._folder(table, "changed"))

    def export(self, table: SourceTable, folder: Path) -> None:
        """Put a table's rows into a folder."""
        folder.mkdir(parents=True)
        changed = f"FROM read_parquet('{self._folder(table, 'changed')}/*/*.parquet')"
        self._connection.execute(f"COPY ({changed}) TO '{folder}/rows.parquet' (FORMAT parquet)")

    def _write(self, query: str, folder: Path) -> None:
        folder.mkdir(parents=True)
        options = f"FORMAT parquet, PARTITION_BY ({PARTITION}), WRITE_PARTITION_COLUMNS"
        self._connection.execute(f"COPY ({query}) TO '{folder}' ({options})")

    def _source(self, table: SourceTable, file: str) -> Path:
        return self._buckets / STAGING / table.key(file)

    def _folder(self, table: SourceTable, state: str) -> Path:
        return self._buckets / DUCKDB / table.name / state
