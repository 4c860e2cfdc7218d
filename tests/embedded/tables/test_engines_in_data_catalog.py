"""Spark and the native engine take turns on tables of one Data Catalog, as deployed jobs and functions do."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from lake.errors import TableMovedError
from lake.spark_session import with_settings
from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.partitions import Partition
from rehearsal.emulator.glue_runner.spark_settings import JVM_OPTIONS
from rehearsal.emulator.process import Emulator
from rehearsal.local_spark import local_session
from tests.embedded.tables.conftest import lake_of, use
from tests.spark.tables.native import Catalogs
from tests.spark.tables.turns import ENGINES, Turns, refuse_nothing_after_compaction, take_turns
from tests.unit.lake.iceberg_native.lake import DATABASE, SCHEMA

ACCOUNT, BUCKET, NAME = "799999999999", "bucket-of-both-engines", "glue_catalog"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def glue(emulator: Emulator) -> Any:
    return emulator.client("glue", account=ACCOUNT)


@pytest.fixture(scope="module")
def catalogs(emulator: Emulator, glue: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogs]:
    emulator.client("s3", account=ACCOUNT).create_bucket(Bucket=BUCKET)
    glue.create_database(DatabaseInput={"Name": DATABASE})
    with pytest.MonkeyPatch.context() as variables, use(emulator, ACCOUNT, variables):
        session = _session(emulator, tmp_path_factory)
        yield Catalogs(session, lake_of(emulator, ACCOUNT, BUCKET), NAME, is_one=True)
        session.stop()


def _session(emulator: Emulator, folders: pytest.TempPathFactory) -> SparkSession:
    """A session whose catalog is that of the jobs; its JVM has the variables of this process."""
    iceberg = "org.apache.iceberg"
    catalog = {
        "catalog-impl": f"{iceberg}.aws.glue.GlueCatalog",
        "io-impl": f"{iceberg}.aws.s3.S3FileIO",
        "warehouse": f"s3://{BUCKET}/",
        "client.region": emulator.settings.region,
        "s3.path-style-access": "true",
        "s3.endpoint": emulator.endpoint,
        "glue.endpoint": emulator.endpoint,
    }
    further = {f"spark.sql.catalog.{NAME}.{name}": value for name, value in catalog.items()}
    folder = folders.mktemp("spark")
    return with_settings(local_session(folder, (), work=folder, java_options=JVM_OPTIONS, further=further))


@pytest.fixture
def turns(catalogs: Catalogs) -> Turns:
    name = f"turns_{next(_numbers)}"
    location = f"{catalogs.lake.root}/{DATABASE}/{name}"
    return Turns(catalogs, TableDefinition(DATABASE, name, location, "ID", ("ID",), Partition("REGION"), ("Op", "D")))


def entry(glue: Any, turns: Turns) -> dict[str, Any]:
    found: dict[str, Any] = glue.get_table(DatabaseName=DATABASE, Name=turns.definition.name)["Table"]
    return found


@pytest.mark.parametrize("seed", [11, pytest.param(12, marks=pytest.mark.slow)])
def test_trap_t5_rows_and_proof_are_right_whichever_engine_wrote_before(turns: Turns, seed: int) -> None:
    take_turns(turns, seed, changes=6)


@pytest.mark.parametrize(("paused", "other", "last_check"), [("native", "spark", 1), ("spark", "native", 2)])
def test_commit_after_which_the_other_engine_committed_is_refused_by_the_version_of_the_entry(
    turns: Turns, paused: str, other: str, last_check: int
) -> None:
    turns.change(other, [("I", 1, 1, "a"), ("I", 2, 2, "b")], SCHEMA)
    checks: list[int] = []

    def overtaken() -> None:
        checks.append(1)
        if len(checks) == last_check:
            turns.change(other, [("U", 1, 9, "a")], SCHEMA, proof={"odp.file_ids": '["other"]'})

    with pytest.raises(TableMovedError):
        turns.change(paused, [("U", 1, 5, "a"), ("D", 2, None, None)], SCHEMA, check_lease=overtaken)
    found = turns.found(SCHEMA)
    assert set(map(str, found.values())) == {str([("I", 2, 2, "b"), ("U", 1, 9, "a")])}
    assert turns.told()[1].proof == {"odp.file_ids": '["other"]'}  # type: ignore[union-attr]


@pytest.mark.parametrize("engine", ENGINES)
def test_table_that_was_compacted_between_two_refreshes_has_its_proof_and_goes_on(turns: Turns, engine: str) -> None:
    refuse_nothing_after_compaction(turns, engine)


def test_both_engines_write_the_same_entry_and_the_same_properties(catalogs: Catalogs, glue: Any) -> None:
    """What the one keeps of snapshots, files and metadata, the other keeps too."""
    found = []
    for engine in ENGINES:
        name = f"made_{engine}"
        location = f"{catalogs.lake.root}/{DATABASE}/{name}"
        made = Turns(catalogs, TableDefinition(DATABASE, name, location, "ID", ("ID",), Partition("REGION")))
        for _ in range(2):
            made.change(engine, [("I", 1, 1, "a")], SCHEMA, ChangeKind.REPLACE)
        stored = catalogs.lake.reader.load_table((DATABASE, name))
        of_entry = entry(glue, made)
        columns = [(column["Name"], column["Type"]) for column in of_entry["StorageDescriptor"]["Columns"]]
        place = of_entry["StorageDescriptor"]["Location"].removesuffix(name)
        found.append((dict(stored.properties), of_entry["TableType"], columns, place))
    assert found[0] == found[1]


def seen_by_pyiceberg(turns: Turns) -> list[tuple[int, int]]:
    stored = turns.catalogs.lake.reader.load_table((DATABASE, turns.definition.name))
    return [(row["ID"], row["V"]) for row in stored.scan().to_arrow().to_pylist()]


def seen_by_spark(turns: Turns) -> list[tuple[int, int]]:
    frame = turns.catalogs.spark.table(f"{NAME}.{turns.definition.qualified_name}")
    return [(row.ID, row.V) for row in frame.select("ID", "V").collect()]


def seen_by_duckdb(turns: Turns, s3: Any, folder: Path) -> list[tuple[int, int]]:
    """Of the data files that the table's metadata names."""
    stored = turns.catalogs.lake.reader.load_table((DATABASE, turns.definition.name))
    files = []
    for number, task in enumerate(stored.scan().plan_files()):
        _, key = task.file.file_path.removeprefix("s3://").split("/", 1)
        files.append(str(folder / f"{number}.parquet"))
        s3.download_file(BUCKET, key, files[-1])
    cursor = duckdb.connect()
    return [(row[0], row[1]) for row in cursor.read_parquet(files).select("ID", "V").fetchall()]


def test_readers_never_see_half_a_commit_of_either_engine(turns: Turns, emulator: Emulator, tmp_path: Path) -> None:
    """Each commit gives all rows its number and other partitions."""
    s3, places = emulator.client("s3", account=ACCOUNT), ("a", "b", None)
    turns.change("native", [("I", key, 0, "a") for key in range(6)], SCHEMA)
    ended = threading.Event()

    def read(reader: Callable[[], list[tuple[int, int]]]) -> set[int]:
        seen: set[int] = set()
        while not ended.is_set():
            rows = sorted(reader())
            assert [key for key, _ in rows] == list(range(6))
            (value,) = {value for _, value in rows}
            seen.add(value)
        return seen

    readers = (
        lambda: seen_by_pyiceberg(turns),
        lambda: seen_by_spark(turns),
        lambda: seen_by_duckdb(turns, s3, tmp_path),
    )
    with ThreadPoolExecutor(len(readers)) as threads:
        reading = [threads.submit(read, reader) for reader in readers]
        try:
            for number in range(1, 6):
                rows = [("U", key, number, places[(key + number) % 3]) for key in range(6)]
                turns.change(ENGINES[number % 2], rows, SCHEMA)
        finally:
            ended.set()
        for seen in reading:
            assert seen.result() <= set(range(6))
