"""A table may change its engine at every refresh: Spark and the native writer take turns on one Iceberg table."""

import pytest
from pyspark.sql import SparkSession

from lake.errors import LeaseLostError, TableMovedError
from lake.tables.change import ChangeKind, TableDefinition
from lake.tables.partitions import Partition
from tests.spark.tables.native import CATALOG, Catalogs, two_catalogs
from tests.spark.tables.turns import ENGINES, Turns, refuse_nothing_after_compaction, take_turns
from tests.unit.lake.iceberg_native.lake import SCHEMA


@pytest.fixture(scope="module")
def catalogs(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    return two_catalogs(spark, tmp_path_factory.mktemp("turns"), "turns")


@pytest.fixture
def turns(catalogs: Catalogs, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr("lake.tables.iceberg.catalog.CATALOG", CATALOG)
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    location = f"{catalogs.lake.root}/turns/{name}"
    return Turns(catalogs, TableDefinition("turns", name, location, "ID", ("ID",), Partition("REGION"), ("Op", "D")))


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.slow) for seed in range(4)])
def test_trap_t5_rows_and_proof_are_right_whichever_engine_wrote_before(turns: Turns, seed: int) -> None:
    """Slow: tests/embedded/tables does it in the Data Catalog, test_refreshes_take_turns with files of DMS."""
    take_turns(turns, seed, changes=7)


@pytest.mark.parametrize("newer", ENGINES)
def test_run_of_an_older_lease_is_refused_whichever_engine_it_has(turns: Turns, newer: str) -> None:
    def lost() -> None:
        raise LeaseLostError

    turns.change(newer, [("I", 1, 1, "a")], SCHEMA, fence=2)
    for engine in ENGINES:
        with pytest.raises(LeaseLostError):
            turns.change(engine, [("U", 1, 2, "a")], SCHEMA, fence=1, check_lease=lost)
    assert turns.found(SCHEMA)["pyiceberg"] == [("I", 1, 1, "a")]


@pytest.mark.parametrize(("paused", "other"), [("native", "spark"), ("spark", "native")])
def test_commit_of_one_engine_refuses_that_of_the_other_which_was_paused_after_its_check(
    turns: Turns, paused: str, other: str
) -> None:
    """The check of the lease has passed; the catalog has the last word."""
    turns.change("native", [("I", 1, 1, "a"), ("I", 2, 2, "b")], SCHEMA)
    name = turns.definition.database, turns.definition.name
    checks: list[int] = []

    def overtaken() -> None:
        checks.append(1)
        if len(checks) == (1 if paused == "native" else 2):
            turns.change(other, [("U", 1, 9, "a")], SCHEMA, proof={"odp.file_ids": '["other"]'})

    with pytest.raises(TableMovedError):
        turns.change(paused, [("U", 1, 5, "a"), ("D", 2, None, None)], SCHEMA, check_lease=overtaken)
    assert turns.catalogs.lake.reader.table_exists(name)
    found = turns.found(SCHEMA)
    assert found["pyiceberg"] == found["spark"] == [("I", 2, 2, "b"), ("U", 1, 9, "a")]
    assert turns.told()[1].proof == {"odp.file_ids": '["other"]'}  # type: ignore[union-attr]


@pytest.mark.slow  # tests/embedded/tables does it in the Data Catalog
@pytest.mark.parametrize("engine", ENGINES)
def test_table_that_was_compacted_between_two_refreshes_has_its_proof_and_goes_on(turns: Turns, engine: str) -> None:
    refuse_nothing_after_compaction(turns, engine)


def test_both_engines_make_tables_with_the_same_properties(catalogs: Catalogs, turns: Turns) -> None:
    """What the one keeps of snapshots, files and metadata, the other keeps too."""
    found = []
    for engine in ENGINES:
        name = f"properties_{engine}"
        definition = TableDefinition(
            "turns", name, f"{catalogs.lake.root}/turns/{name}", "ID", ("ID",), Partition("REGION")
        )
        made = Turns(catalogs, definition)
        for _ in range(2):
            made.change(engine, [("I", 1, 1, "a")], SCHEMA, ChangeKind.REPLACE)
        stored = catalogs.lake.reader.load_table(("turns", name))
        found.append((dict(stored.properties), stored.metadata.format_version, str(stored.spec().fields)))
    assert found[0] == found[1]
