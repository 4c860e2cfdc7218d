"""What a claim gives, and in which order the files come."""

import pytest
from taxi.bundles.bundling import Bundling, ClaimResult
from taxi.records import LandedFile

from tests.unit.taxi.memory import MemoryAudit, MemoryBundles
from tests.unit.taxi.samples import landed, loaded


@pytest.fixture
def audit() -> MemoryAudit:
    return MemoryAudit()


@pytest.fixture
def bundles() -> MemoryBundles:
    return MemoryBundles()


class Executions:
    """Executions; some have ended."""

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def has_ended(self, execution_arn: str) -> bool:
        return execution_arn in self.ended


@pytest.fixture
def executions() -> Executions:
    return Executions()


@pytest.fixture
def bundling(audit: MemoryAudit, bundles: MemoryBundles, executions: Executions) -> Bundling:
    return Bundling(audit, audit, bundles, executions, max_files_per_run=3)


def claimed(bundling: Bundling, execution: str = "run-1") -> tuple[LandedFile, ...]:
    claim = bundling.claim("yellow", execution, f"arn:{execution}")
    assert claim.bundle is not None
    return claim.bundle.files


def end(audit: MemoryAudit, files: tuple[LandedFile, ...]) -> None:
    lease, _ = audit.held["yellow"]
    audit.end(lease, [loaded(file.file_id) for file in files])


def test_claimed_files_are_running_and_wait_in_a_bundle_that_the_state_only_points_to(
    bundling: Bundling, audit: MemoryAudit, bundles: MemoryBundles
) -> None:
    audit.register(landed("f1"))
    audit.register(landed("f2"))
    claim = bundling.claim("yellow", "run-1")
    assert claim.state_input == {
        "outcome": "claimed",
        "bundle_key": "taxi/bundles/yellow/run-1/1.json",
        "files": 2,
        "is_loaded": False,
    }
    assert bundles.bundles["taxi/bundles/yellow/run-1/1.json"] == claim.bundle
    assert audit.running == {"f1": "run-1", "f2": "run-1"}


def test_oldest_files_come_first_and_the_others_in_the_next_rounds(bundling: Bundling, audit: MemoryAudit) -> None:
    for file_id, second in (("a", 5), ("b", 3), ("c", 1), ("d", 4), ("e", 2)):
        audit.register(landed(file_id, landed_at=f"2026-01-05T12:00:0{second}Z"))
    first = claimed(bundling)
    assert [file.file_id for file in first] == ["c", "e", "b"]
    end(audit, first)
    assert [file.file_id for file in claimed(bundling)] == ["d", "a"]


def test_files_of_other_datasets_are_left_to_their_own_executions(bundling: Bundling, audit: MemoryAudit) -> None:
    audit.register(landed("g1", dataset="green"))
    assert bundling.claim("yellow", "run-1").result is ClaimResult.IDLE
    assert bundling.claim("green", "run-2").result is ClaimResult.CLAIMED


def test_second_execution_is_busy_while_the_first_works(bundling: Bundling, audit: MemoryAudit) -> None:
    audit.register(landed())
    claimed(bundling)
    assert bundling.claim("yellow", "run-2").state_input == {"outcome": "busy"}


def test_execution_without_pending_files_is_idle_and_leaves_the_lease_free(
    bundling: Bundling, audit: MemoryAudit
) -> None:
    assert bundling.claim("yellow", "run-1").state_input == {"outcome": "idle"}
    assert audit.held == {}


def test_claim_that_is_repeated_gives_the_same_files_in_a_bundle_of_its_own(
    bundling: Bundling, audit: MemoryAudit
) -> None:
    audit.register(landed())
    first, second = bundling.claim("yellow", "run-1").bundle, bundling.claim("yellow", "run-1").bundle
    assert first is not None
    assert second is not None
    assert first.files == second.files
    assert first.key != second.key


def test_dead_execution_is_taken_over_with_its_files_when_its_lease_expires(
    bundling: Bundling, audit: MemoryAudit
) -> None:
    audit.register(landed())
    files = claimed(bundling, "run-1")
    audit.now += 61
    assert claimed(bundling, "run-2") == files
    assert audit.running == {"f1": "run-2"}


def test_execution_that_was_stopped_is_taken_over_at_once_with_its_files(
    bundling: Bundling, audit: MemoryAudit, executions: Executions
) -> None:
    """Code review, C21: the lease of a stopped execution blocked its dataset for 7 h 46 min."""
    audit.register(landed())
    files = claimed(bundling, "run-1")
    assert bundling.claim("yellow", "run-2", "arn:run-2").result is ClaimResult.BUSY
    executions.ended.add("arn:run-1")
    assert claimed(bundling, "run-2") == files
    assert bundling.claim("yellow", "run-3", "arn:run-3").result is ClaimResult.BUSY, "only the new holder works"


def test_lease_that_changed_hands_while_its_holder_was_asked_after_is_not_taken(
    bundling: Bundling, audit: MemoryAudit, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.register(landed())
    claimed(bundling, "run-1")

    def meanwhile(execution_arn: str) -> bool:
        assert audit.acquire("yellow", "run-1", execution_arn), "its Lambda claims again before the end is told"
        return True

    monkeypatch.setattr(executions, "has_ended", meanwhile)
    assert bundling.claim("yellow", "run-2", "arn:run-2").result is ClaimResult.BUSY


def test_execution_that_goes_on_for_another_holds_the_lease_of_that_one_by_its_own_arn(
    bundling: Bundling, audit: MemoryAudit, executions: Executions
) -> None:
    audit.register(landed())
    claimed(bundling, "run-1")
    executions.ended.add("arn:run-1")
    assert bundling.claim("yellow", "run-1", "arn:run-1-leg-2").result is ClaimResult.CLAIMED
    assert bundling.claim("yellow", "run-2", "arn:run-2").result is ClaimResult.BUSY


def test_files_that_wait_for_their_next_try_are_left_until_it_is_due_and_hold_no_lease(
    audit: MemoryAudit, bundles: MemoryBundles, executions: Executions
) -> None:
    now = 1_000
    bundling = Bundling(audit, audit, bundles, executions, max_files_per_run=3, clock=lambda: now)
    audit.register(landed(not_before=1_100))
    assert bundling.claim("yellow", "run-1").result is ClaimResult.IDLE
    assert audit.held == {}
    now = 1_100
    assert [file.file_id for file in claimed(bundling)] == ["f1"]


def test_loaded_files_are_claimed_together_with_their_outcome_and_apart_from_others(
    audit: MemoryAudit, bundles: MemoryBundles, bundling: Bundling
) -> None:
    outcome = loaded("f1", rows_loaded=7)
    audit.register(landed("f1", loaded=outcome, deaths=1))
    audit.register(landed("f2", loaded=loaded("f2"), deaths=2, not_before=2**40))
    audit.register(landed("f3", deaths=3))
    claim = bundling.claim("yellow", "run-1")
    assert claim.bundle is not None
    assert claim.state_input["is_loaded"] is True
    assert bundles.outcomes[claim.bundle.key] == {"f1": outcome, "f2": loaded("f2")}


def test_files_that_landed_hours_ago_are_counted_whoever_works_on_them(audit: MemoryAudit, bundling: Bundling) -> None:
    audit.register(landed("old", landed_at="2026-01-05T12:00:00Z"))
    audit.register(landed("new", landed_at="2999-01-05T12:00:00Z"))
    assert bundling.long_waiting("yellow") == 1
