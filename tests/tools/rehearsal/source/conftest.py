"""Small databases and a sink that remembers, shared by the tests of the source."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rehearsal.source.database import SourceDatabase, SourceTable


class RememberingSink:
    """Keeps every file in the order it came; a file put twice is kept twice."""

    def __init__(self) -> None:
        self.puts: list[tuple[str, bytes]] = []

    def put(self, key: str, body: bytes) -> None:
        self.puts.append((key, body))

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.puts]

    def tables(self, *, containing: str = "") -> list[pa.Table]:
        return [pq.read_table(pa.BufferReader(body)) for key, body in self.puts if containing in key]

    def rows(self, *, containing: str = "") -> list[dict[str, Any]]:
        return [row for table in self.tables(containing=containing) for row in table.to_pylist()]


@pytest.fixture
def sink() -> RememberingSink:
    return RememberingSink()


RIDES = SourceTable(
    "rides",
    pa.schema(
        [
            pa.field("PK_ID", pa.int64(), nullable=False),
            ("vendor", pa.int64()),
            ("fare", pa.float64()),
            ("flag", pa.string()),
            ("started", pa.timestamp("us")),
        ]
    ),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SourceDatabase]:
    """Three rides, loaded before anything is captured."""
    with SourceDatabase(tmp_path / "source.db") as database:
        database.create_table(RIDES)
        rows = {
            "PK_ID": [1, 2, 3],
            "vendor": [1, 2, None],
            "fare": [1.5, None, -0.25],
            "flag": ["N", "", None],
            "started": [1_609_459_200_000_001, None, 0],
        }
        database.load("rides", pa.table(rows).cast(RIDES.schema))
        yield database
