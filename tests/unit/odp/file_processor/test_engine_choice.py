"""Which engine refreshes a table, and how a plan divides tables of two engines into batches."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odp.file_processor.batches import MOST_BATCHES
from odp.file_processor.engines import LARGEST_NATIVE, NATIVE_BYTES, NATIVE_FILES, NATIVE_TABLES, SHARE_OF_A_TABLE
from odp.records import RawTableConfig, TableLease

from lake.tables.capabilities import Engine
from lake.tables.iceberg_native.row_change import Limits
from lake.tables.size import TableSize
from tests.unit.odp.file_processor.test_batch_plan import World
from tests.unit.odp.samples import batch_config, table_config

SMALL = TableSize(rows=1000, bytes=100_000, files=3)
LEFT = TableLease(beyond_engine="BeyondEngineError: too many rows", engine=Engine.NATIVE)


def table(number: int, table_format: str = "iceberg", engine: str = "auto") -> RawTableConfig:
    names = {"source_table_name": f"s.t{number}", "raw_table_name": f"t{number}"}
    return table_config(**names, table_format=table_format, engine=engine)


def engines(world: World) -> dict[str, str]:
    """The engine of each planned table, by the plan that is kept."""
    plan = world.plans[world.state()["plan_key"]]
    return {name: engine for batch, engine in zip(plan.batches, plan.engines, strict=True) for name in batch}


def engine_of(config: RawTableConfig, pending: int = 1000, lease: TableLease | None = None) -> str:
    (engine,) = engines(
        World([config], {"s.t1": pending}, known_leases={"db.t1": lease} if lease else {}),
    ).values()
    return engine


@pytest.mark.parametrize("engine", ["auto", "spark"])
def test_hudi_is_refreshed_by_spark(engine: str) -> None:
    assert engine_of(table(1, "hudi", engine)) == "spark"


def test_iceberg_is_refreshed_by_the_engine_that_the_manifest_names() -> None:
    huge = TableSize(10**10, 10**12, 10**6)
    assert engine_of(table(1, engine="spark"), 1, TableLease(size=SMALL)) == "spark"
    assert engine_of(table(1, engine="native"), 10**12, TableLease(size=huge)) == "native"


@pytest.mark.parametrize(
    ("pending", "size", "engine"),
    [
        (1, None, "native"),
        (1, SMALL, "native"),
        (NATIVE_BYTES, LARGEST_NATIVE, "native"),
        (NATIVE_BYTES + 1, SMALL, "spark"),
        (NATIVE_BYTES + 1, None, "spark"),
        (1, replace(SMALL, rows=LARGEST_NATIVE.rows + 1), "spark"),
        (1, replace(SMALL, bytes=LARGEST_NATIVE.bytes + 1), "spark"),
        (1, replace(SMALL, files=LARGEST_NATIVE.files + 1), "spark"),
    ],
)
def test_auto_decides_by_pending_bytes_and_by_rows_bytes_and_files_of_the_last_commit(
    pending: int, size: TableSize | None, engine: str
) -> None:
    assert engine_of(table(1), pending, TableLease(size=size)) == engine


@pytest.mark.parametrize(
    ("engine", "files", "chosen"),
    [("auto", 5_000, "native"), ("auto", 5_001, "spark"), ("auto", 100_000, "spark"), ("native", 100_000, "native")],
)
def test_auto_leaves_many_files_to_spark_however_small_they_are(engine: str, files: int, chosen: str) -> None:
    """A function reads one after another: 100,000 files of 1 kB took longer than it may live."""
    world = World([table(1, engine=engine)], {"s.t1": files * 1000}, files={"s.t1": files})
    assert engines(world) == {"s.t1": chosen}


def test_tables_share_a_function_only_as_far_as_it_has_time_for_the_requests_of_their_files() -> None:
    tables = [table(number) for number in range(20)]
    work = {config.source_table_name: 1_000 for config in tables}
    world = World(tables, work, files=dict.fromkeys(work, 999))
    assert {len(batch) for batch in world.planned()} == {5}


def test_largest_table_of_auto_is_one_that_a_native_refresh_may_write_again() -> None:
    assert LARGEST_NATIVE.bytes <= Limits().touched_bytes


@pytest.mark.parametrize("engine", ["auto", "native"])
def test_table_that_the_native_engine_left_goes_to_spark_whatever_the_manifest_says(engine: str) -> None:
    assert engine_of(table(1, engine=engine), lease=LEFT) == "spark"


def test_format_or_engine_of_a_later_release_stops_no_plan() -> None:
    assert engine_of(table(1, "delta", "native")) == "spark"
    assert engine_of(table(1, engine="flink")) == "native"


def test_one_plan_has_batches_of_both_engines_and_those_of_spark_come_first() -> None:
    tables = [table(1), table(2, "hudi"), table(3, engine="spark"), table(4)]
    world = World(tables, {f"s.t{number}": 10 for number in range(1, 5)})
    state = world.state()
    plan = world.plans[state["plan_key"]]
    assert [(sorted(batch), engine) for batch, engine in zip(plan.batches, plan.engines, strict=True)] == [
        (["s.t2", "s.t3"], "spark"),
        (["s.t1", "s.t4"], "native"),
    ]
    assert (state["batches"], state["spark_batches"]) == ([1, 0], 1)
    assert len(state["glue_job_workers"]) == 2, "a state machine of an earlier release starts Glue for each batch"


def test_native_batches_start_before_those_of_spark_which_take_longer_and_keep_their_numbers() -> None:
    """The Map starts ten batches at a time in the order of the state; ten Glue runs kept the native ones waiting."""
    tables = [table(number, "hudi" if number < 12 else "iceberg") for number in range(15)]
    work = {f"s.t{number}": NATIVE_BYTES for number in range(15)}
    state = World(tables, work, config=batch_config(refresh_tables_batch_size=1)).state()
    assert (state["spark_batches"], state["batches"]) == (12, [12, 13, 14, *range(12)])


def test_native_tables_alone_need_no_spark_and_spark_tables_alone_no_function() -> None:
    assert World([table(1)], {"s.t1": 1}).state()["spark_batches"] == 0
    assert World([table(1, "hudi")], {"s.t1": 1}).state()["spark_batches"] == 1


def test_tables_that_a_refresh_may_write_again_share_a_function_only_as_far_as_it_has_time() -> None:
    """All tables of a batch are refreshed within a quarter of an hour."""
    a_file = 100 + NATIVE_BYTES // NATIVE_FILES
    size = TableSize(10**7, NATIVE_BYTES * SHARE_OF_A_TABLE // 2 - a_file * SHARE_OF_A_TABLE, 10)
    leases = {f"db.t{number}": TableLease(size=size) for number in range(1, 5)}
    world = World([table(number) for number in range(1, 5)], {f"s.t{n}": 100 for n in range(1, 5)}, known_leases=leases)
    assert sorted(map(len, world.planned())) == [2, 2]


def test_only_a_glue_run_that_was_cut_off_earns_the_most_workers_and_time() -> None:
    left = replace(LEFT, was_cut_off=True)
    state = World([table(1)], {"s.t1": 1}, known_leases={"db.t1": left}).state()
    assert (state["glue_job_workers"], state["glue_job_timeout_minutes"]) == ([2], 60)
    died_on_spark = replace(left, engine=Engine.SPARK)
    state = World([table(1)], {"s.t1": 1}, known_leases={"db.t1": died_on_spark}).state()
    assert (state["glue_job_workers"], state["glue_job_timeout_minutes"]) == ([10], 2880)


def test_pending_bytes_of_native_tables_enlarge_no_glue_run() -> None:
    tables = [table(1, engine="native"), table(2, "hudi")]
    state = World(tables, {"s.t1": 10**12, "s.t2": 1}).state()
    assert (state["glue_job_timeout_minutes"], state["glue_job_execution_class"]) == (60, "STANDARD")
    assert state["glue_job_workers"] == [2, 2]


def test_more_batches_than_an_execution_takes_are_all_of_spark() -> None:
    """The day of the first loads: a function cannot take more bytes, and a history no more batches."""
    tables = [table(number) for number in range(1200)]
    world = World(tables, {f"s.t{number}": NATIVE_BYTES for number in range(1200)})
    state = world.state()
    assert len(state["batches"]) == state["spark_batches"] <= MOST_BATCHES
    assert set(engines(world).values()) == {"spark"}


SIZES = st.none() | st.builds(TableSize, st.integers(0, 2 * 10**8), st.integers(0, 4 * 10**9), st.integers(0, 2000))
OF_SPARK = [("hudi", "auto"), ("hudi", "spark"), ("iceberg", "spark")]
KINDS = st.sampled_from([*OF_SPARK, ("iceberg", "auto"), ("iceberg", "native")])
TABLES = st.lists(
    st.tuples(
        KINDS,
        st.sampled_from([0, 1, 10**6, NATIVE_BYTES // 2, NATIVE_BYTES, NATIVE_BYTES + 1, 10**11]),
        SIZES,
        st.sampled_from([1, 100, NATIVE_FILES // 4, NATIVE_FILES, NATIVE_FILES + 1]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(TABLES, st.integers(1, 12))
def test_every_table_with_work_is_in_one_batch_no_batch_mixes_engines_and_limits_hold(
    drawn: list[tuple[tuple[str, str], int, TableSize | None, int, bool, bool]], most_tables: int
) -> None:
    tables = [table(number, *kind) for number, (kind, *_) in enumerate(drawn)]
    work = {f"s.t{number}": pending for number, (_, pending, *_) in enumerate(drawn)}
    files = {f"s.t{number}": count for number, (_, _, _, count, *_) in enumerate(drawn)}
    leases = {
        f"db.t{number}": TableLease(size=size, beyond_engine="left" if is_left else "", is_leased=is_leased)
        for number, (_, _, size, _, is_left, is_leased) in enumerate(drawn)
    }
    config = batch_config(refresh_tables_batch_size=most_tables)
    world = World(tables, work, known_leases=leases, config=config, files=files)
    state = world.state()
    startable = sorted(f"s.t{number}" for number, (*_, is_leased) in enumerate(drawn) if not is_leased)
    if not startable:
        assert state["batches"] == []
        return
    plan = world.plans[state["plan_key"]]
    assert sorted(name for batch in plan.batches for name in batch) == startable
    spark = state["spark_batches"]
    assert list(plan.engines) == ["spark"] * spark + ["native"] * (len(plan.batches) - spark)
    assert len(state["glue_job_workers"]) == len(plan.batches) <= MOST_BATCHES
    kinds = {config.source_table_name: (config.table_format, config.engine) for config in tables}
    for batch, engine in zip(plan.batches, plan.engines, strict=True):
        assert len(batch) <= (most_tables if engine == "spark" else NATIVE_TABLES)
        if engine == "native":
            assert not {kinds[name] for name in batch} & {*OF_SPARK}
            assert not any(leases[f"db.{name[2:]}"].is_spark_only for name in batch)
            assert len(batch) == 1 or sum(work[name] for name in batch) <= NATIVE_BYTES
            assert len(batch) == 1 or sum(files[name] for name in batch) <= NATIVE_FILES
            known = [leases[f"db.{name[2:]}"].size for name in batch]
            assert len(batch) == 1 or sum(size.bytes for size in known if size) <= 2 * 1024**3 + 16 * len(batch)


def test_state_of_five_hundred_batches_of_both_engines_stays_below_eight_kilobytes() -> None:
    tables = [table(number, "hudi" if number % 2 else "iceberg") for number in range(500)]
    work = {f"s.t{number}": NATIVE_BYTES if number % 2 == 0 else 1 for number in range(500)}
    world = World(tables, work, config=batch_config(refresh_tables_batch_size=1))
    state: dict[str, Any] = world.state()
    assert (len(state["batches"]), state["spark_batches"]) == (500, 250)
    assert len(json.dumps(state)) < 8 * 1024
