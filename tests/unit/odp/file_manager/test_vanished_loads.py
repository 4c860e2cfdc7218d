"""A load vanished if no object of it is left before any could have expired; a person decides what follows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from odp.file_manager.vanished_loads import VanishedLoad, load_in_table
from odp.records import FileType, LandedFile, SkipReason

from tests.unit.odp.file_manager.loads_in_memory import DAYS, PARTS, LakeOfLoads, part


@pytest.fixture
def lake() -> LakeOfLoads:
    return LakeOfLoads(*PARTS)


def test_load_vanished_when_its_last_object_was_deleted(lake: LakeOfLoads) -> None:
    lake.deleted = {PARTS[0].key: "2026-11-02T00:00:05Z", PARTS[1].key: "2026-11-02T00:00:00Z"}
    assert lake.loads.of("s.t") == VanishedLoad(PARTS, "2026-11-02T00:00:05Z")


@pytest.mark.parametrize("left", PARTS)
def test_load_of_which_an_object_is_left_has_not_vanished(lake: LakeOfLoads, left: LandedFile) -> None:
    lake.delete(*({*PARTS} - {left}))
    assert lake.loads.of("s.t") is None


def test_table_that_is_all_right_costs_a_query_and_a_listing_that_ends_at_the_first_object(lake: LakeOfLoads) -> None:
    assert lake.check("s.t", "s.u") == [False, False]
    assert lake.requests == ["history", "list s/t/LOAD0000000", "history", "changes"]


def test_thousand_parts_are_asked_for_at_once_in_each_folder_of_segments() -> None:
    parts = [
        replace(part(number), key=f"s/t/p{year}/LOAD{number:08X}.parquet")
        for year in (2024, 2025)
        for number in range(1, 1001)
    ]
    lake = LakeOfLoads(*parts)
    lake.delete(*parts)
    assert lake.check() == [True]
    assert [request for request in lake.requests if "list" in request] == [
        "list s/t/p2024/LOAD00000",
        "list s/t/p2025/LOAD00000",
    ]


@pytest.mark.parametrize("landed", ["2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"])
def test_load_whose_objects_may_have_expired_has_not_vanished(landed: str) -> None:
    lake = LakeOfLoads(part(1, landed=landed))
    lake.delete(part(1))
    assert lake.check() == [False]
    assert lake.requests == ["history", "changes"]


@pytest.mark.parametrize(
    ("expired_until", "is_vanished"), [("2026-10-16T00:00:00Z", False), ("2026-10-14T00:00:00Z", True)]
)
def test_load_that_may_have_expired_under_a_shorter_retention_has_not_vanished(
    expired_until: str, is_vanished: bool
) -> None:
    """The retention was raised from 30 to 90 days: --empty would have removed all rows of a healthy table."""
    lake = LakeOfLoads(part(1, landed="2026-10-15T00:00:00Z"))
    lake.delete(part(1), at="2026-11-15T00:00:00Z")
    lake.loads = replace(lake.loads, expired_until=expired_until)
    assert (lake.check(), lake.loads.of("s.t") is not None) == ([is_vanished], is_vanished)


def test_what_may_have_expired_is_never_taken_back(lake: LakeOfLoads) -> None:
    of_90_days = "2026-09-02T00:00:00Z"
    assert lake.loads.may_have_expired_until == of_90_days
    assert replace(lake.loads, expired_until="2026-08-01T00:00:00Z").may_have_expired_until == of_90_days
    of_30_days = replace(lake.loads, landed_file_days=30).may_have_expired_until
    assert of_30_days == "2026-11-01T00:00:00Z"
    assert replace(lake.loads, expired_until=of_30_days).may_have_expired_until == of_30_days


def test_load_that_nobody_knows_the_deletion_of_was_gone_by_now(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS, at=None)
    found = lake.loads.of("s.t")
    assert found is not None
    assert found.gone_at == "2026-11-29T00:00:00Z"


def test_vanished_load_is_one_entry_and_new_once(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    assert (lake.check(), lake.check()) == ([True], [False])
    assert list(lake.kept) == [f"s.t#{PARTS[0].file_id}"]


@pytest.mark.parametrize(
    ("keeps_gone_at", "gone_at"), [(True, "2026-11-28T01:00:00Z"), (False, "2026-11-29T00:00:00Z")]
)
def test_entry_stays_when_the_objects_would_have_expired_by_now_and_keeps_the_time_of_the_deletion(
    lake: LakeOfLoads, keeps_gone_at: bool, gone_at: str
) -> None:
    """Emptying the table then must not remove rows that landed after the deletion, which S3 forgets after days."""
    lake.keeps_gone_at = keeps_gone_at
    lake.delete(*PARTS, at="2026-11-28T01:00:00Z")
    lake.check()
    lake.now += timedelta(days=DAYS)
    lake.delete(*PARTS, at=None)
    assert lake.check() == [False]
    assert len(lake.kept) == 1
    found = lake.loads.of("s.t")
    assert found is not None
    assert found.gone_at == gone_at


def test_entry_goes_when_an_object_is_back(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    lake.check()
    del lake.deleted[PARTS[1].key]
    assert (lake.check(), lake.kept) == ([False], {})


def test_load_that_is_pending_replaces_the_one_that_vanished(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    lake.check()
    lake.land(part(1, version="v2"))
    assert (lake.check(), lake.kept) == ([False], {})


@pytest.mark.parametrize(("landed", "waits"), [("2026-11-10T00:00:00Z", True), ("2026-10-10T00:00:00Z", False)])
def test_held_load_that_is_newer_than_the_one_in_the_table_waits(lake: LakeOfLoads, landed: str, waits: bool) -> None:
    lake.delete(*PARTS)
    lake.check()
    held = replace(part(1, landed=landed, version="v2"), generation=0).held("its objects were copied")
    lake.processed.append(held)
    assert (lake.check(), bool(lake.kept), lake.loads.of("s.t") is None) == ([False], not waits, waits)
    lake.processed[-1] = held.skipped(SkipReason.DISMISSED)
    assert lake.loads.of("s.t") is not None


def test_pending_changes_are_no_load(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    lake.land(replace(part(3), file_type=FileType.CHANGES))
    assert lake.check() == [True]


def test_load_that_is_applied_while_the_table_is_looked_at_replaces_the_one_that_vanished() -> None:
    class Refreshed(LakeOfLoads):
        def pending_loads(self, source_table_name: str) -> Sequence[LandedFile]:
            self.processed.append(part(1, version="v2", generation=2))
            return super().pending_loads(source_table_name)

    lake = Refreshed(*PARTS)
    lake.delete(*PARTS)
    assert (lake.check(), lake.kept) == ([False], {})


def test_dismissed_entry_stays_and_is_not_new_again_also_after_a_load_waited_in_vain(lake: LakeOfLoads) -> None:
    """A person decided to keep the rows of this load."""
    lake.delete(*PARTS)
    lake.check()
    lake.dismissed = set(lake.kept)
    assert lake.check() == [False]
    lake.land(part(1, version="v2"))
    assert lake.check() == [False]
    lake.pending.clear()
    assert lake.check() == [False]
    assert set(lake.kept) == lake.dismissed


def test_later_load_that_vanishes_is_another_entry(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    lake.check()
    lake.dismissed = set(lake.kept)
    lake.processed.append(part(1, version="v2", generation=2))
    assert lake.check() == [True]
    assert len(lake.kept) == 2


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


def test_emptying_can_be_asked_for_again_once_a_person_dismissed_it(lake: LakeOfLoads) -> None:
    lake.delete(*PARTS)
    ids = []
    for _ in range(3):
        found = lake.loads.of("s.t")
        assert found is not None
        ids.append(found.emptying_part().file_id)
        lake.processed.append(found.emptying_part().skipped(SkipReason.DISMISSED))
    assert len({*ids}) == 3
    assert ids[0] == VanishedLoad(PARTS, "").emptying_part().file_id
    lake.processed[-1] = replace(lake.processed[-1], status_reason=SkipReason.ABANDONED_LOAD)
    found = lake.loads.of("s.t")
    assert found is not None
    assert found.emptying_part().file_id == ids[2], "a refresh would skip it again"


def test_emptying_twice_is_one_file_and_a_later_load_another() -> None:
    load = VanishedLoad(PARTS, "2026-11-02T00:00:00Z")
    assert load.emptying_part().file_id == replace(load, gone_at="2026-11-03T00:00:00Z").emptying_part().file_id
    later = VanishedLoad((replace(PARTS[0], version_id="v2"),), "2026-11-02T00:00:00Z")
    assert later.emptying_part().file_id != load.emptying_part().file_id
