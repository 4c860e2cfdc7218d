"""The tester finds defects that are planted one at a time: those of the reference framework, and eleven of our own."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from odp.errors import RefreshFailedError
from odp.file_manager import s3_event
from odp.file_manager.object_key import DmsObject
from odp.file_manager.reconciliation import Found, Reconciliation
from odp.file_manager.sources import Sources
from odp.file_processor import batch_plan, reload_doubts
from odp.file_processor.batch_refresh import RefreshOne
from odp.file_processor.file_selection import Selection
from odp.file_processor.readability import Readability
from odp.file_processor.table_writers import hudi_options
from odp.listings import SweepState
from odp.records import FileType, LandedFile, RawTableConfig, SkipReason
from odp.refreshes import Refresh, RefreshKind, RefreshOutcome, RefreshStatus

from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.memory import executions, writer
from rehearsal.torture.memory.hudi_table import Row
from rehearsal.torture.memory.leases import MemoryLeases
from rehearsal.torture.memory.sweeps import MemorySweepState
from rehearsal.torture.runner import problems_of
from rehearsal.torture.stories import story
from rehearsal.torture.verdict import Kind

SEEDS = 1500
Plant = Callable[[pytest.MonkeyPatch], None]


def any_load_overwrites_the_table(patch: pytest.MonkeyPatch) -> None:
    """Defect 1: LOAD1-2 in run one, LOAD3-4 in run two: run two keeps only 3-4."""
    _decide(patch, lambda _, refresh: replace(refresh, kind=RefreshKind.RELOAD) if _loads(refresh) else refresh)


def changes_not_later_than_a_load_are_archived_unread(patch: pytest.MonkeyPatch) -> None:
    """Defect 2: incrementals must be strictly later, to the second, than the full load of the same run."""

    def skip(_: Selection, refresh: Refresh) -> Refresh:
        newest = max((file.landed_at for file in _loads(refresh)), default="")
        skipped = tuple(file for file in refresh.files if not file.is_load and file.landed_at <= newest)
        kept = tuple(file for file in refresh.files if file not in skipped)
        return replace(refresh, files=kept, skipped=(*refresh.skipped, *_skipped(skipped)))

    _decide(patch, skip)


def depth_of_the_key_decides_the_file_type(patch: pytest.MonkeyPatch) -> None:
    """Defect 3: without date partitions every change file is a full load."""

    original = Sources.parse_object_key

    def parse(sources: Sources, key: str) -> DmsObject:
        is_deep = len(key.split("/")) > 5
        return replace(original(sources, key), file_type=FileType.CHANGES if is_deep else FileType.FULL_LOAD)

    patch.setattr(Sources, "parse_object_key", parse)


def late_file_wins(patch: pytest.MonkeyPatch) -> None:
    """Defect 5: what was applied before a late file came is not compared with it."""
    _decide(patch, lambda _, refresh: replace(refresh, replayed=()))


def order_of_rows_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """Defect 5: of the changes of one key in one commit the one that was read first wins, whatever its place."""
    patch.setattr(writer, "_last", lambda rows: rows[0])


def index_is_per_partition(patch: pytest.MonkeyPatch) -> None:
    """Defect 6: a row whose partition column changes is there twice."""
    patch.setattr(hudi_options, "_index_options", lambda *_: {"hoodie.index.type": "SIMPLE"})


def lock_is_read_then_written(patch: pytest.MonkeyPatch) -> None:
    """Defect 10: two runs that both read "free" both write; release asks for no owner."""
    patch.setattr(MemoryLeases, "is_held", lambda *_: False)
    patch.setattr(MemoryLeases, "is_mine", lambda *_: True)


def failing_table_ends_the_batch(patch: pytest.MonkeyPatch) -> None:
    """Defect 12: the try wraps the loop, so that the tables after the failing one are skipped, at every execution."""

    def refresh_batch(tables: Sequence[str], refresh_one: RefreshOne, *, at_a_time: int) -> list[RefreshOutcome]:
        outcomes = []
        try:
            for table in tables:
                outcome = refresh_one(table)
                if outcome and outcome.status is RefreshStatus.ERROR:
                    raise RefreshFailedError(table)
                outcomes += [outcome] if outcome else []
        except ClientError as throttled:
            raise RefreshFailedError from throttled
        return outcomes

    patch.setattr(executions, "refresh_batch", refresh_batch)
    patch.setattr(batch_plan, "may_start", lambda _, __, lease: not lease.is_held)


def file_id_is_random(patch: pytest.MonkeyPatch) -> None:
    """Defect 14: a redelivered event makes a second row, which is applied again."""
    numbers = itertools.count()
    patch.setattr(s3_event, "file_id", lambda *_: f"random-{next(numbers)}")


def ordering_column_is_overwritten_in_loads(patch: pytest.MonkeyPatch) -> None:
    """C1: the rows of a load get the lowest value in the column that is configured as the order."""
    original = writer._placed

    def placed(config: RawTableConfig, contents: Sequence[tuple[LandedFile, DmsFile]]) -> Any:
        for each in original(config, contents):
            if not each.is_change and config.hudi_precombine_field:
                each.row[config.hudi_precombine_field] = 0
            yield each

    patch.setattr(writer, "_placed", placed)


def business_clock_decides_the_order(patch: pytest.MonkeyPatch) -> None:
    """C1, C22: whatever the configured column holds is compared, as Hudi's payload did."""

    def sequence(row: Row, config: RawTableConfig) -> str:
        value = row.get(config.hudi_precombine_field or "")
        return f"{value + 1000:035d}" if isinstance(value, int) else str(value or "")

    patch.setattr(writer, "_sequence", sequence)


def parts_before_an_interleaved_change_are_dropped(patch: pytest.MonkeyPatch) -> None:
    """C6: a part that lands after a change begins another load, so what came before is no part of it."""

    def drop(_: Selection, refresh: Refresh) -> Refresh:
        parts, changes = _loads(refresh), [file for file in refresh.files if not file.is_load]
        last = max((part.moment for part in parts), default="")
        between = max((file.moment for file in changes if file.moment < last), default="")
        dropped = tuple(file for file in refresh.files if file.moment <= between)
        kept = tuple(file for file in refresh.files if file not in dropped)
        return replace(refresh, files=kept, skipped=(*refresh.skipped, *_skipped(dropped)))

    _decide(patch, drop)


def folder_of_the_source_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """C3: two sources with equal schema and table names are one table."""
    original = Sources.parse_object_key
    patch.setattr(Sources, "parse_object_key", lambda sources, key: replace(original(sources, key), source="default"))


def copy_is_taken_for_a_reload(patch: pytest.MonkeyPatch) -> None:
    """C2: nothing about a reload is suspicious."""
    patch.setattr(reload_doubts, "suspicion", lambda *_: "")


def listing_of_the_beginning_is_believed(patch: pytest.MonkeyPatch) -> None:
    """What landed while the run worked is not in the listing, and counts as deleted."""
    patch.setattr(Readability, "current_versions", lambda readability, _: dict(readability.listing.current))


def listing_forgets_what_it_finds(patch: pytest.MonkeyPatch) -> None:
    """C7: the sweep and the refresh never come to the objects of which no event told."""
    patch.setattr(Reconciliation, "register_all", lambda *_: Found())


def sweep_restarts(patch: pytest.MonkeyPatch) -> None:
    """C7: each run of the sweep ends at the same key; beside other files of a table refreshes find what it misses."""
    patch.setattr(MemorySweepState, "load", lambda _: SweepState())


def claim_of_a_cadence_is_ignored(patch: pytest.MonkeyPatch) -> None:
    """C14: an execution plans beside another one of its cadence. The leases of tables keep the rows right."""
    patch.setattr(MemoryLeases, "claim", lambda _, __, execution: execution)


def claim_of_a_stopped_execution_lasts(patch: pytest.MonkeyPatch) -> None:
    """An execution that was stopped never gives its cadence back, and nobody takes it over."""
    patch.setattr(MemoryLeases, "claim", lambda leases, *of: leases.claims.setdefault(*of))


def emptied_table_loses_the_changes_since(patch: pytest.MonkeyPatch) -> None:
    """Changes that were applied before a person empties the table go with its rows."""
    original = Selection._empty

    def empty(selection: Selection, emptying: Sequence[LandedFile]) -> Refresh:
        refresh = original(selection, emptying)
        is_reload = refresh.kind is RefreshKind.RELOAD
        return replace(refresh, kind=RefreshKind.EMPTY, replayed=()) if is_reload else refresh

    patch.setattr(Selection, "_empty", empty)


def reload_overwrites_versions_of_the_load_before(patch: pytest.MonkeyPatch) -> None:
    """A version of a reload has the name of the load's version that it follows, so the former row is lost."""
    original = writer._versions

    def versions(config: RawTableConfig, refresh: Refresh, placed: Any, table: Any) -> tuple[list[Row], str]:
        rows, load_version = original(config, refresh, placed, table)
        newest: dict[object, str] = {}
        for row in table.content.rows() if table and refresh.kind is RefreshKind.RELOAD else ():
            key = writer._key(row, config)
            newest[key] = max(newest.get(key, ""), row[writer.VERSION])
        return [_named_as(newest.get(writer._key(row, config), ""), row, config, load_version) for row in rows], (
            load_version
        )

    patch.setattr(writer, "_versions", versions)


def _named_as(version: str, row: Row, config: RawTableConfig, load_version: str) -> Row:
    if row[writer.VERSION] != load_version or "/L" not in version:
        return row
    return {**row, writer.VERSION: version, writer.KEY: repr((*writer._key(row, config), version))}


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (any_load_overwrites_the_table, Kind.ROWS),
        (changes_not_later_than_a_load_are_archived_unread, Kind.ROWS),
        (depth_of_the_key_decides_the_file_type, Kind.ROWS),
        (late_file_wins, Kind.ROWS),
        (order_of_rows_is_ignored, Kind.ROWS),
        (index_is_per_partition, Kind.ROWS),
        (lock_is_read_then_written, Kind.TWICE),
        (failing_table_ends_the_batch, Kind.PENDING),
        (file_id_is_random, Kind.TWICE),
        (ordering_column_is_overwritten_in_loads, Kind.ROWS),
        (business_clock_decides_the_order, Kind.ROWS),
        (parts_before_an_interleaved_change_are_dropped, Kind.ROWS),
        (folder_of_the_source_is_ignored, Kind.LOST),
        (copy_is_taken_for_a_reload, Kind.ROWS),
        (listing_of_the_beginning_is_believed, Kind.ROWS),
        (listing_forgets_what_it_finds, Kind.LOST),
        (sweep_restarts, Kind.QUARANTINE),
        (claim_of_a_cadence_is_ignored, Kind.CADENCE),
        (claim_of_a_stopped_execution_lasts, Kind.PENDING),
        (emptied_table_loses_the_changes_since, Kind.ROWS),
    ],
)
def test_planted_defect_is_found(plant: Plant, kind: Kind) -> None:
    """In a history that ends well without it."""
    assert any(kind in _kinds(seed, plant) and not _kinds(seed) for seed in range(SEEDS))


def test_lost_version_of_a_load_is_found_by_the_rows_of_applied_loads_alone() -> None:
    """Nothing else is wrong with the table: its newest versions, those of changes and its counts are right."""
    details = {"versions of loads missing"}
    assert any(
        details == _details(seed, reload_overwrites_versions_of_the_load_before) and not _kinds(seed)
        for seed in range(SEEDS)
    )


def _details(seed: int, plant: Plant) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        details = [problem.finding.detail.split(":")[0] for problem in problems_of(story(seed))]
    return {detail.partition(" ")[2] for detail in details}


def _kinds(seed: int, plant: Plant = lambda _: None) -> set[Kind]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return {problem.finding.kind for problem in problems_of(story(seed))}


def _decide(patch: pytest.MonkeyPatch, otherwise: Callable[[Selection, Refresh], Refresh]) -> None:
    original = Selection.select
    patch.setattr(Selection, "select", lambda selection: otherwise(selection, original(selection)))


def _loads(refresh: Refresh) -> list[LandedFile]:
    return [file for file in refresh.files if file.is_load]


def _skipped(files: Sequence[LandedFile]) -> list[LandedFile]:
    return [file.skipped(SkipReason.IN_LOAD) for file in files]
