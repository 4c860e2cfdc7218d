"""How every file of a bundle ends, and the message to people about it."""

import json
from typing import Any

import pytest
from taxi.bundles.closing import LONGEST_PAUSE_SECONDS, Closing, error_text
from taxi.records import Bundle, FileOutcome, LoadStatus

from lake.errors import LeaseLostError
from tests.unit.taxi.memory import MemoryAudit, MemoryBundles
from tests.unit.taxi.samples import bundle_of, landed, loaded

FAILED, SUPERSEDED, PENDING = LoadStatus.FAILED, LoadStatus.SUPERSEDED, LoadStatus.PENDING
THROTTLED = FileOutcome("f1", PENDING, error="S3 is slow")


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def bundles() -> MemoryBundles:
    return MemoryBundles()


@pytest.fixture
def closing(audit: MemoryAudit, bundles: MemoryBundles) -> Closing:
    return Closing(audit, audit, bundles, clock=lambda: 1_000)


def claimed(audit: MemoryAudit, bundles: MemoryBundles, *file_ids: str) -> Bundle:
    for file_id in file_ids:
        audit.register(landed(file_id))
    lease = audit.acquire("yellow", "run-1")
    assert lease is not None
    bundle = bundle_of(*file_ids, number=lease.fencing_token)
    bundles.write(bundle)
    return bundle


def test_loaded_files_complete(closing: Closing, audit: MemoryAudit, bundles: MemoryBundles) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    bundles.write_outcome(bundle.key, [loaded("f1", rows_loaded=1_000), loaded("f2", rows_loaded=2_000)])
    state = closing.close(bundle.key, "").state_input
    assert (state["completed"], state["failed"], state["subject"]) == (2, 0, "Completed: yellow, 2 files")
    assert "rows loaded: 3,000" in state["message"]
    assert audit.marked == {}


def test_file_that_failed_alone_fails_with_its_own_reason(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    failed = FileOutcome("f2", FAILED, error="missing columns: fare_amount")
    bundles.write_outcome(bundle.key, [loaded("f1"), failed])
    state = closing.close(bundle.key, "").state_input
    assert (state["completed"], state["failed"], state["subject"]) == (1, 1, "Failed: yellow, 1 of 2 files")
    assert "failed: 'nyc-taxi/yellow/f2.csv': missing columns: fare_amount" in state["message"]
    assert audit.ended == {"f1": [loaded("f1")], "f2": [failed]}


def test_file_whose_run_stopped_because_another_region_became_active_waits_as_if_it_had_not_been_tried(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    reason = "the active Region changed to us-west-2 by epoch 1"
    bundles.write_outcome(bundle.key, [FileOutcome(name, LoadStatus.STOPPED, error=reason) for name in ("f1", "f2")])
    state = closing.close(bundle.key, "build: States.TaskFailed: StaleRegionError").state_input
    assert (state["completed"], state["failed"], state["pause_seconds"]) == (0, 0, 0)
    assert f"its run stopped, next in 0 minutes: 'nyc-taxi/yellow/f1.csv': {reason}" in state["message"]
    assert audit.marked == {name: landed(name, not_before=1_000) for name in ("f1", "f2")}
    assert audit.ended == {}


OUT_OF_MEMORY = "taxi_raw_to_conformed: States.TaskFailed: out of memory"


def test_file_whose_run_died_before_it_said_anything_waits_for_a_counted_try_alone(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1")
    state = closing.close(bundle.key, OUT_OF_MEMORY).state_input
    assert state["subject"] == "To be tried again: yellow, 1 of 1 file"
    assert (state["completed"], state["failed"], state["pause_seconds"]) == (0, 0, 0)
    told = "a run that loaded it alone died, 1 of 6 times, next in 15 minutes: 'nyc-taxi/yellow/f1.csv'"
    assert f"{told}: {OUT_OF_MEMORY}" in state["message"]
    assert audit.marked == {"f1": landed("f1", alone=1, most_files=1, not_before=1_900)}
    assert audit.ended == {}


@pytest.mark.parametrize(("files", "half"), [(2, 1), (3, 2), (8, 4), (5, 3), (500, 250)])
def test_files_whose_run_died_wait_for_a_try_in_halves(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles, files: int, half: int
) -> None:
    bundle = claimed(audit, bundles, *(f"f{number}" for number in range(files)))
    assert closing.close(bundle.key, OUT_OF_MEMORY).state_input["pause_seconds"] == 60
    waiting = {(file.most_files, file.deaths, file.alone, file.not_before) for file in audit.marked.values()}
    assert waiting == {(half, 1, 0, 1_060)}
    assert len(audit.marked) == files


@pytest.mark.parametrize("outcome", [None, []], ids=["no outcome", "empty outcome"])
def test_run_that_died_accuses_only_files_that_it_said_nothing_of(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles, outcome: list[FileOutcome] | None
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    if outcome is not None:
        bundles.write_outcome(bundle.key, [loaded("f1"), *outcome])
    assert closing.close(bundle.key, OUT_OF_MEMORY).state_input["failed"] == 0
    assert [audit.marked[file_id].most_files for file_id in ("f1", "f2")] == [1 if outcome is None else 0, 1]


@pytest.mark.parametrize("error", ["Glue.ThrottlingException: slow", "job: Glue.InternalServiceException: sorry"])
def test_run_that_never_began_accuses_nobody(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles, error: str
) -> None:
    bundle = claimed(audit, bundles, "f1")
    closing.close(bundle.key, error)
    assert audit.marked == {"f1": landed("f1", deaths=1, not_before=1_060)}


def test_run_whose_own_words_name_an_error_of_glue_did_begin(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1")
    closing.close(bundle.key, "job: States.TaskFailed: Glue.ThrottlingException: slow")
    assert audit.marked["f1"].alone == 1


def test_run_that_died_after_the_load_fails_no_loaded_file_and_leaves_the_others(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2", "f3")
    others = [FileOutcome("f2", FAILED, error="bad header"), FileOutcome("f3", SUPERSEDED)]
    bundles.write_outcome(bundle.key, [loaded("f1", rows_loaded=5), *others])
    state = closing.close(bundle.key, "build broke").state_input
    assert (
        "the conformed table has its rows, the purpose-built tables may lack them until the next run, "
        "next in 1 minute: 'nyc-taxi/yellow/f1.csv': build broke"
    ) in state["message"]
    assert audit.marked == {"f1": landed("f1", deaths=1, not_before=1_060, loaded=loaded("f1", rows_loaded=5))}
    assert audit.ended == {outcome.file_id: [outcome] for outcome in others}


def test_run_that_ends_well_hastens_those_that_wait_for_a_run_but_none_that_killed_runs_alone_or_is_throttled(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    later = 99_999
    audit.register(landed("half", deaths=2, most_files=4, not_before=later))
    audit.register(landed("loaded", deaths=4, loaded=loaded("loaded"), not_before=later))
    audit.register(landed("killer", alone=2, most_files=1, not_before=later))
    audit.register(landed("throttled", tries=5, not_before=later))
    bundle = claimed(audit, bundles, "f1")
    closing.close(bundle.key, OUT_OF_MEMORY)
    assert {file.not_before for file in audit.marked.values() if file.file_id != "f1"} == {later}
    bundles.write_outcome(bundle.key, [loaded("f1")])
    closing.close(bundle.key, "")
    due = {file.file_id for file in audit.marked.values() if file.not_before == 0 and file.deaths == 0}
    assert due == {"half", "loaded"}
    assert audit.marked["half"].most_files == 4


def test_file_that_the_outcome_does_not_name_fails(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    bundles.write_outcome(bundle.key, [loaded("f1"), loaded("of another bundle")])
    assert closing.close(bundle.key, "").state_input["failed"] == 1
    assert audit.ended["f2"][0].error == "the run ended without saying what became of this file"
    assert set(audit.ended) == {"f1", "f2"}


def test_superseded_file_is_no_failure_and_is_told(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1")
    bundles.write_outcome(bundle.key, [FileOutcome("f1", SUPERSEDED)])
    state = closing.close(bundle.key, "").state_input
    assert (state["completed"], state["subject"]) == (1, "Completed: yellow, 1 file")
    assert "1 file superseded by a newer version of the same key" in state["message"]


def tried(audit: MemoryAudit, bundles: MemoryBundles, outcome: FileOutcome) -> Bundle:
    """A bundle of the pending files, as the next claim makes it, whose run met this."""
    lease = audit.acquire("yellow", "run-1")
    assert lease is not None
    bundle = Bundle("yellow", "run-1", lease.fencing_token, tuple(audit.marked.values()))
    bundles.write(bundle)
    bundles.write_outcome(bundle.key, [outcome])
    return bundle


def test_file_whose_failure_passes_stays_pending_and_is_tried_again_after_longer_pauses_until_the_last_says_so(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    """Code review, C13: a throttled S3 failed a file for good."""
    audit.register(landed("f1"))
    waits, pauses = [], []
    for number in range(1, 8):
        state = closing.close(tried(audit, bundles, THROTTLED).key, "").state_input
        assert (state["completed"], state["failed"]) == (0, 0)
        assert state["subject"] == "To be tried again: yellow, 1 of 1 file"
        assert f"tried {number} of 8 times, next in " in state["message"]
        assert audit.marked["f1"].tries == number
        waits.append(audit.marked["f1"].not_before - 1_000)
        pauses.append(state["pause_seconds"])
    assert waits == sorted(set(waits))
    assert sum(waits) > 24 * 3_600
    assert pauses == [wait if wait <= LONGEST_PAUSE_SECONDS else 0 for wait in waits]
    state = closing.close(tried(audit, bundles, THROTTLED).key, "").state_input
    assert (state["failed"], state["pause_seconds"], audit.marked) == (1, 0, {})
    (ended,) = audit.ended["f1"]
    assert ended.error == "try 8 of 8 failed, there is no further one; send the file again: S3 is slow"


@pytest.mark.parametrize("error", ["", OUT_OF_MEMORY])
def test_closing_of_a_dead_run_that_is_repeated_counts_it_once(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles, error: str
) -> None:
    bundle = claimed(audit, bundles, "f1")
    assert closing.close(bundle.key, error).state_input == closing.close(bundle.key, error).state_input
    assert audit.marked["f1"].alone == 1


def test_closing_of_a_try_that_is_repeated_counts_it_once(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    audit.register(landed("f1"))
    bundle = tried(audit, bundles, THROTTLED)
    assert closing.close(bundle.key, "").state_input == closing.close(bundle.key, "").state_input
    assert audit.marked["f1"].tries == 1


def test_file_that_was_tried_again_and_is_loaded_completes(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    audit.register(landed("f1"))
    closing.close(tried(audit, bundles, THROTTLED).key, "")
    state = closing.close(tried(audit, bundles, loaded("f1")).key, "").state_input
    assert (state["completed"], state["pause_seconds"]) == (1, 0)
    assert audit.ended == {"f1": [loaded("f1")]}


def test_failed_file_beside_one_that_is_tried_again_fails_at_once(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    bundles.write_outcome(bundle.key, [THROTTLED, FileOutcome("f2", FAILED, error="bad header")])
    state = closing.close(bundle.key, "").state_input
    assert (state["subject"], state["completed"]) == ("Failed: yellow, 1 of 2 files", 0)
    assert set(audit.marked) == {"f1"}


def test_closing_again_ends_nothing_twice_and_answers_the_same(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1", "f2")
    bundles.write_outcome(bundle.key, [loaded("f1"), loaded("f2")])
    audit.end(bundle.lease, [loaded("f1")])
    assert closing.close(bundle.key, "").state_input == closing.close(bundle.key, "").state_input
    assert {len(ends) for ends in audit.ended.values()} == {1}


def test_execution_that_was_taken_over_ends_nothing_and_says_so(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1")
    audit.now += 61
    audit.acquire("yellow", "run-2")
    with pytest.raises(LeaseLostError):
        closing.close(bundle.key, "")
    assert audit.ended == {}


def test_execution_that_was_taken_over_says_so_even_when_its_files_have_ended(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, "f1")
    audit.now += 61
    later = audit.acquire("yellow", "run-2")
    assert later is not None
    audit.end(later, [loaded("f1")])
    with pytest.raises(LeaseLostError):
        closing.close(bundle.key, "")


def test_lease_of_a_closed_bundle_is_whole_again(closing: Closing, audit: MemoryAudit, bundles: MemoryBundles) -> None:
    bundle = claimed(audit, bundles, "f1")
    audit.now += 50
    closing.close(bundle.key, "")
    audit.now += 50
    assert audit.acquire("yellow", "run-2") is None


def test_quarantine_is_told_with_its_place(closing: Closing, audit: MemoryAudit, bundles: MemoryBundles) -> None:
    bundle = claimed(audit, bundles, "f1")
    bundles.write_outcome(bundle.key, [loaded("f1", rows_quarantined=3, quarantine="s3://c/quarantine/yellow/f1/")])
    message = closing.close(bundle.key, "").state_input["message"]
    assert "quarantined: 'nyc-taxi/yellow/f1.csv': 3 rows in s3://c/quarantine/yellow/f1/" in message


def test_state_of_a_great_bundle_stays_far_below_what_step_functions_carries(
    closing: Closing, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    bundle = claimed(audit, bundles, *(f"f{number:03}" for number in range(500)))
    closed = closing.close(bundle.key, "ü" * 100_000)
    assert len(json.dumps(closed.state_input).encode()) < 100_000
    assert "… and 480 more" in closed.state_input["message"]
    assert {len(waiting.error) for waiting in closed.waiting} == {2_000}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (None, ""),
        ("", ""),
        ("broke", "broke"),
        ({"Error": "States.Timeout"}, "States.Timeout: "),
        ({"Error": "Glue.X", "Cause": "no JSON"}, "Glue.X: no JSON"),
        ({"Error": "States.TaskFailed", "Cause": '{"JobName": "j"}'}, 'States.TaskFailed: {"JobName": "j"}'),
        ({"Error": "States.TaskFailed", "Cause": '{"ErrorMessage": "OOM", "Id": "jr"}'}, "States.TaskFailed: OOM"),
        ({"Error": "E", "Cause": "[1]"}, "E: [1]"),
    ],
)
def test_error_of_a_run_is_told_in_its_own_words(error: Any, text: str) -> None:
    assert error_text(error) == text
