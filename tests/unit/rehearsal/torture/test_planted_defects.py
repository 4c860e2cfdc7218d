"""The tester finds the defects of the reference framework when they are planted into ours, one at a time."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from odp.errors import RefreshFailedError
from odp.file_manager import s3_event
from odp.file_manager.object_key import DmsObject
from odp.file_manager.sources import Sources
from odp.file_processor import table_refresh
from odp.file_processor.batch_refresh import RefreshOne
from odp.file_processor.file_selection import select_files
from odp.file_processor.table_writers import hudi_options
from odp.records import FileType, LandedFile
from odp.refreshes import Refresh, RefreshKind, RefreshOutcome, RefreshStatus

from rehearsal.torture.memory import lake
from rehearsal.torture.memory.leases import MemoryLeases
from rehearsal.torture.runner import problems_of
from rehearsal.torture.stories import story
from rehearsal.torture.verdict import Kind

SEEDS = 400
Plant = Callable[[pytest.MonkeyPatch], None]


def any_load_overwrites_the_table(patch: pytest.MonkeyPatch) -> None:
    """Defect 1: LOAD1-2 in run one, LOAD3-4 in run two: run two keeps only 3-4."""
    _decide(patch, lambda refresh: replace(refresh, kind=RefreshKind.RELOAD) if _loads(refresh) else refresh)


def changes_not_later_than_a_load_are_archived_unread(patch: pytest.MonkeyPatch) -> None:
    """Defect 2: incrementals must be strictly later, to the second, than the full load of the same run."""

    def skip(refresh: Refresh) -> Refresh:
        newest = max((file.landed_at for file in _loads(refresh)), default="")
        skipped = tuple(file for file in refresh.files if not file.is_load and file.landed_at <= newest)
        kept = tuple(file for file in refresh.files if file not in skipped)
        return replace(refresh, files=kept, superseded=(*refresh.superseded, *skipped))

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
    _decide(patch, lambda refresh: replace(refresh, replayed=()))


def last_written_row_wins(patch: pytest.MonkeyPatch) -> None:
    """Defect 5: Hudi's payload before 0.15 compares nothing with the stored row."""
    patch.setattr(hudi_options, "_PAYLOAD", "org.apache.hudi.common.model.OverwriteWithLatestAvroPayload")
    late_file_wins(patch)


def index_is_per_partition(patch: pytest.MonkeyPatch) -> None:
    """Defect 6: a row whose partition column changes is there twice."""
    patch.setattr(hudi_options, "_index_options", lambda *_: {"hoodie.index.type": "SIMPLE"})


def lock_is_read_then_written(patch: pytest.MonkeyPatch) -> None:
    """Defect 10: two runs that both read "free" both write; release asks for no owner."""
    patch.setattr(MemoryLeases, "is_held", lambda *_: False)
    patch.setattr(MemoryLeases, "is_mine", lambda *_: True)


def failing_table_ends_the_batch(patch: pytest.MonkeyPatch) -> None:
    """Defect 12: the try wraps the loop, so that the tables after the failing one are skipped."""

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

    patch.setattr(lake, "refresh_batch", refresh_batch)


def file_id_is_random(patch: pytest.MonkeyPatch) -> None:
    """Defect 14: a redelivered event makes a second row, which is applied again."""
    numbers = itertools.count()
    patch.setattr(s3_event, "file_id", lambda *_: f"random-{next(numbers)}")


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (any_load_overwrites_the_table, Kind.ROWS),
        (changes_not_later_than_a_load_are_archived_unread, Kind.ROWS),
        (depth_of_the_key_decides_the_file_type, Kind.ROWS),
        (late_file_wins, Kind.ROWS),
        (last_written_row_wins, Kind.ROWS),
        (index_is_per_partition, Kind.ROWS),
        (lock_is_read_then_written, Kind.TWICE),
        (failing_table_ends_the_batch, Kind.PENDING),
        (file_id_is_random, Kind.TWICE),
    ],
)
def test_planted_defect_of_the_reference_is_found(plant: Plant, kind: Kind) -> None:
    """In a story that ends well without it."""
    assert any(kind in _kinds(seed, plant) and not _kinds(seed) for seed in range(SEEDS))


def _kinds(seed: int, plant: Plant = lambda _: None) -> set[Kind]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return {problem.finding.kind for problem in problems_of(story(seed))}


def _decide(patch: pytest.MonkeyPatch, otherwise: Callable[[Refresh], Refresh]) -> None:
    def select(*arguments: Any, **named: Any) -> Refresh:
        return otherwise(select_files(*arguments, **named))

    patch.setattr(table_refresh, "select_files", select)


def _loads(refresh: Refresh) -> list[LandedFile]:
    return [file for file in refresh.files if file.is_load]
