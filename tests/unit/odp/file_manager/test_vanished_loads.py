"""A load vanished if no object of it is left before any could have expired; a person decides what follows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from odp.file_manager.s3_event import listed_object
from odp.file_manager.vanished_loads import VanishedLoad, load_in_table, vanished_load
from odp.records import LandedFile, ObjectVersion

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAYS = 90


def part(number: int, *, folder: str = "s/t/", landed: str = "2026-11-01T00:00:00Z", generation: int = 1) -> LandedFile:
    name = f"LOAD{number:08X}.parquet"
    found = listed_object(ObjectVersion("staging", f"{folder}{name}", "v1", "e", 5, landed))
    assert isinstance(found, LandedFile)
    return found.applied(generation)


PARTS = (part(1), part(2))


def test_load_vanished_when_its_last_object_was_deleted() -> None:
    gone = {PARTS[0].key: "2026-11-02T00:00:00Z", PARTS[1].key: "2026-11-02T00:00:05Z"}
    found = vanished_load(PARTS, lambda file: gone[file.key], now=NOW, landed_file_days=DAYS)
    assert found == VanishedLoad(PARTS, "2026-11-02T00:00:05Z")


def test_load_of_which_an_object_is_left_has_not_vanished_and_no_other_is_asked_for() -> None:
    asked: list[str] = []

    def is_there(file: LandedFile) -> None:
        asked.append(file.name)

    assert vanished_load(PARTS, is_there, now=NOW, landed_file_days=DAYS) is None
    assert asked == [PARTS[0].name]


@pytest.mark.parametrize("landed", ["2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"])
def test_load_whose_objects_may_have_expired_has_not_vanished(landed: str) -> None:
    parts = (part(1, landed=landed),)
    assert vanished_load(parts, lambda _: "", now=NOW, landed_file_days=DAYS) is None


def test_load_that_nobody_knows_the_deletion_of_was_gone_by_now() -> None:
    found = vanished_load(PARTS, lambda _: "", now=NOW, landed_file_days=DAYS)
    assert found is not None
    assert found.gone_at == "2026-11-29T00:00:00Z"


def test_load_in_the_table_is_the_newest_applied_one() -> None:
    newer = part(1, generation=2)
    assert load_in_table([*PARTS, newer, replace(part(2), generation=3).held("a copy")]) == (newer,)
    assert load_in_table([]) == ()


def test_table_that_was_emptied_has_no_load_that_could_vanish() -> None:
    emptying = VanishedLoad(PARTS, "2026-11-02T00:00:00Z").emptying_part()
    assert load_in_table([*PARTS, emptying.applied(2)]) == ()


@pytest.mark.parametrize("folder", ["dms/s/t/", "dms/s/t/p2024/"])
def test_table_is_emptied_by_an_approved_load_without_object_in_its_folder(folder: str) -> None:
    first = replace(part(1), key=f"{folder}{PARTS[0].name}", segment="p2024/" if "p2024" in folder else "")
    emptying = VanishedLoad((first,), "2026-11-02T00:00:00Z").emptying_part()
    assert (emptying.key, emptying.is_emptying, emptying.approved) == ("dms/s/t/LOAD00000000.parquet", True, True)
    assert emptying.landed_at == "2026-11-02T00:00:00Z"
    assert emptying.file_id.startswith("0/LOAD00000000.parquet/")


def test_emptying_twice_is_one_file_and_a_later_load_another() -> None:
    load = VanishedLoad(PARTS, "2026-11-02T00:00:00Z")
    assert load.emptying_part().file_id == replace(load, gone_at="2026-11-03T00:00:00Z").emptying_part().file_id
    later = VanishedLoad((replace(PARTS[0], version_id="v2"),), "2026-11-02T00:00:00Z")
    assert later.emptying_part().file_id != load.emptying_part().file_id
