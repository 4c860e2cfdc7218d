"""Files of DMS are applied to one table by both engines, each refresh by one of chance.

What the source had is a plain dictionary; Spark and duckdb read the table.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
import pytest
from odp.file_processor.apply.table_writer import SparkTableWriter
from odp.native.table_writer import NativeTableWriter
from odp.ports import TableWriter
from odp.records import LandedFile, RawTableConfig
from odp.refresh import RefreshKind, RefreshPlan, TableState
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFile
from pyspark.sql import SparkSession

from lake.tables.iceberg_native.lake_io import LakeIO
from lake.tables.iceberg_native.table import open_tables
from tests.spark.tables.native import CATALOG, Catalogs, two_catalogs
from tests.spark.tables.turns import ENGINES
from tests.unit.lake.iceberg_native.lake import Lake

DATABASE, NAMES = "sales_raw", ("ID", "CODE", "V", "REGION")
CODES = ("a", "a,b", "a\\", "é'")
"""Parts of keys that are escaped where a key is one text: both engines must write the same text."""
Row = tuple[Any, ...]


class BucketsIO(LakeIO):
    """Buckets as folders, as the session of these tests has them."""

    folder: ClassVar[str] = ""

    def _file(self, location: str) -> PyArrowFile:
        file = super()._file(location.replace("s3://", f"file://{self.folder}/", 1))
        return type(file)(location=location, path=file._path, fs=file._filesystem)


@pytest.fixture(scope="module")
def catalogs(spark: SparkSession, buckets: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    BucketsIO.folder = str(buckets)
    folder = tmp_path_factory.mktemp("refreshes")
    two_catalogs(spark, folder, DATABASE)
    io = {"py-io-impl": f"{BucketsIO.__module__}.{BucketsIO.__name__}"}
    catalog = SqlCatalog("buckets", uri=f"sqlite:///{folder}/buckets.db", warehouse="s3://raw", **io)
    catalog.create_namespace(DATABASE)
    return Catalogs(spark, Lake("s3://raw", catalog, catalog))


@dataclass
class Source:
    """A table of a source database, its files, and the table of the lake that is refreshed from them."""

    catalogs: Catalogs
    config: RawTableConfig
    land: Callable[[str, pa.Table], LandedFile]
    writers: dict[str, TableWriter]
    rows: dict[Row, Row] = field(default_factory=dict)
    generation: int = 0

    def load(self, engine: str, rows: list[Row]) -> None:
        """Load the table, for the first time or again."""
        kind = RefreshKind.RELOAD if self.generation else RefreshKind.INITIAL
        self.generation += 1
        self.rows = {self._key(row): row for row in rows}
        self._refresh(engine, kind, "LOAD00000001", _table(rows))

    def change(self, engine: str, number: int, operations: list[str], rows: list[Row]) -> None:
        """Change rows in this order; a delete has the values of its key only."""
        for operation, row in zip(operations, rows, strict=True):
            self.rows.pop(self._key(row), None)
            if operation != "D":
                self.rows[self._key(row)] = row
        bare = [(*row[:2], None, None) if op == "D" else row for op, row in zip(operations, rows, strict=True)]
        changes = _table(bare).add_column(0, "Op", pa.array(operations))
        self._refresh(engine, RefreshKind.CHANGES, f"20260101-{number:09}", changes)

    def _key(self, row: Row) -> Row:
        return row[: len(self.config.primary_key)]

    def _refresh(self, engine: str, kind: RefreshKind, name: str, content: pa.Table) -> None:
        file = self.land(f"{self.config.source_table_name.replace('.', '/')}/{name}.parquet", content)
        plan = RefreshPlan(kind, (file,), (), TableState(self.generation))
        committed = self.writers[engine].apply(self.config, plan, lambda: None)
        hand_over = self.catalogs.to_spark if engine == "native" else self.catalogs.to_native
        hand_over(DATABASE, self.config.raw_table_name)
        assert committed.file_ids == {file.file_id}
        assert [self.writers[each].last_refresh(self.config) for each in ENGINES] == [committed, committed]

    def found(self) -> tuple[list[Row], list[Row]]:
        """The rows as Spark and duckdb read them."""
        name = f"{DATABASE}.{self.config.raw_table_name}"
        frame = self.catalogs.spark.table(f"{CATALOG}.{name}").select(*NAMES)
        tasks = self.catalogs.lake.reader.load_table(name).scan().plan_files()
        files = [task.file.file_path.replace("s3://", f"{BucketsIO.folder}/", 1) for task in tasks]
        rows = [tuple(row[name] for name in NAMES) for row in read(files)]
        return sorted((tuple(row) for row in frame.collect()), key=repr), sorted(rows, key=repr)


def read(files: list[str]) -> list[dict[str, Any]]:
    """The rows of data files by names; no column of these tests was ever dropped or renamed."""
    if not files:
        return []
    found = duckdb.read_parquet(files, union_by_name=True, hive_partitioning=False)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def _table(rows: list[Row]) -> pa.Table:
    types = (pa.int64(), pa.string(), pa.string(), pa.string())
    columns = {
        name: pa.array([row[at] for row in rows], type_)
        for at, (name, type_) in enumerate(zip(NAMES, types, strict=True))
    }
    return pa.table(columns)


@pytest.mark.parametrize(
    ("key", "seed"),
    [
        # tables of both engines are refreshed in the histories of tests/embedded/torture, and changes take turns
        # in tests/embedded/tables
        pytest.param(("ID", "CODE"), 1, marks=pytest.mark.slow),
        pytest.param(("ID",), 0, marks=pytest.mark.slow),
        pytest.param(("ID",), 1, marks=pytest.mark.slow),
        pytest.param(("ID", "CODE"), 0, marks=pytest.mark.slow),
    ],
)
def test_table_has_what_the_source_had_whichever_engine_refreshed_it(
    catalogs: Catalogs,
    buckets: Path,
    table_config: Callable[..., RawTableConfig],
    land_file: Callable[[str, pa.Table], LandedFile],
    monkeypatch: pytest.MonkeyPatch,
    key: tuple[str, ...],
    seed: int,
) -> None:
    monkeypatch.setattr("lake.tables.iceberg.catalog.CATALOG", CATALOG)
    native = NativeTableWriter(
        open_tables(catalogs.lake.catalog), lambda file: (buckets / "staging" / file.key).open("rb")
    )
    config = table_config(table_format="iceberg", primary_key=key, change_sequence=None, hudi_table_type="")
    source = Source(catalogs, config, land_file, {"native": native, "spark": SparkTableWriter(catalogs.spark)})
    chance = random.Random(seed)  # noqa: S311

    def row(number: int) -> Row:
        return (chance.randrange(8), chance.choice(CODES), f"v{number}", chance.choice(["a", "b/c", None]))

    for number in range(7):
        engine = chance.choice(ENGINES)
        if not number or chance.random() < 0.15:
            source.load(engine, list({each[: len(key)]: each for each in [row(number) for _ in range(6)]}.values()))
        else:
            some = [row(number) for _ in range(8)]
            source.change(engine, number, [chance.choice("IUUD") for _ in some], some)
        expected = sorted(source.rows.values(), key=repr)
        assert source.found() == (expected, expected)
