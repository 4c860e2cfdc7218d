"""The first day in a real account, on the deployed lake: what works is ✓, one broken thing is ✗, nothing stays.

It comes after the other tests of this lake, so the lake is in use: its ledger and its taxi trips must stay as they are.
"""

import pytest

from deployment_account.names import Odp, OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.smoke import (
    Answer,
    bucket_denies,
    changed_schedule,
    glue_runs,
    items,
    run_smoke,
    running,
    traces,
    without_grant,
)

CONFIGURATION = (OdpTable.BATCH_CONFIG, OdpTable.RAW_TABLE_CONFIG)
SMALL = ("--parallel", "1", "--keys", "5", "--patience", "600")
HASTY = ("--patience", "60")


def is_gone(lake: DeployedLake, answer: Answer) -> bool:
    run = answer.document["run"]
    assert traces(lake, run) == []
    assert running(lake, run) == []
    return True


@pytest.fixture(scope="module")
def configuration(deployed_lake: DeployedLake) -> dict[OdpTable, list[str]]:
    """What is configured before any smoke test."""
    return {table: sorted(map(str, items(deployed_lake, table))) for table in CONFIGURATION}


@pytest.fixture(scope="module")
def answer(deployed_lake: DeployedLake, configuration: dict[OdpTable, list[str]]) -> Answer:
    """All thirteen steps."""
    return run_smoke(deployed_lake, *SMALL)


@pytest.mark.slow  # nine runs of Glue, step by step; the next tests run single steps
def test_every_step_that_the_rehearsal_has_the_services_for_passes(answer: Answer) -> None:
    assert answer.marks == {number: "–" if number in {2, 10} else "✓" for number in range(1, 14)}, answer.document
    assert answer.code == 0
    assert "no credentials of the pipelines' account" in answer.step(2)["why"]
    assert "no endpoint of DMS writes into" in answer.step(10)["why"]


@pytest.mark.slow  # nine runs of Glue, step by step; the next tests run single steps
def test_each_step_gives_evidence_that_somebody_can_look_up(answer: Answer) -> None:
    passed = [step for step in answer.document["steps"] if step["mark"] == "✓"]
    assert all(step["evidence"] for step in passed)
    assert "Athena: 100 rows, sum 55471, as in the source" in answer.step(3)["evidence"]
    assert any(line.startswith("Glue run jr_") for line in answer.step(12)["evidence"])
    assert answer.step(13)["evidence"][0].startswith("function call native-")
    assert answer.step(13)["evidence"][1:] == ["Athena: 100 rows, sum 55471, as in the source"]


@pytest.mark.slow  # nine runs of Glue, step by step; the next tests run single steps
def test_it_removes_all_that_it_made_and_nothing_else(
    answer: Answer, deployed_lake: DeployedLake, configuration: dict[OdpTable, list[str]]
) -> None:
    assert answer.document["left"] == []
    assert is_gone(deployed_lake, answer)
    assert {table: sorted(map(str, items(deployed_lake, table))) for table in CONFIGURATION} == configuration


@pytest.mark.slow  # nine runs of Glue, step by step; the next tests run single steps
def test_it_starts_no_more_runs_and_workers_than_its_estimate_counts(
    answer: Answer, deployed_lake: DeployedLake
) -> None:
    runs = glue_runs(deployed_lake, answer.document["run"])
    assert 0 < len(runs) <= 9
    assert {(run["NumberOfWorkers"], run["WorkerType"]) for run in runs} == {(2, "G.1X")}


def test_a_step_alone_passes_with_evidence_and_removes_all_that_it_made_and_nothing_else(
    deployed_lake: DeployedLake, configuration: dict[OdpTable, list[str]]
) -> None:
    answer = run_smoke(deployed_lake, "--only", "3", *SMALL)
    assert (answer.code, answer.marks) == (0, {3: "✓"}), answer.document
    assert "Athena: 100 rows, sum 55471, as in the source" in answer.step(3)["evidence"]
    assert answer.document["left"] == []
    assert is_gone(deployed_lake, answer)
    assert {table: sorted(map(str, items(deployed_lake, table))) for table in CONFIGURATION} == configuration


def test_a_disabled_schedule_is_found(deployed_lake: DeployedLake) -> None:
    with changed_schedule(deployed_lake, lambda schedule: {**schedule, "State": "DISABLED"}):
        answer = run_smoke(deployed_lake, "--only", "7", *HASTY)
    assert (answer.code, answer.marks) == (1, {7: "✗"})
    assert "is DISABLED, the configuration says ENABLED" in answer.step(7)["why"]
    assert "EventBridge Scheduler" in answer.step(7)["advice"]
    assert is_gone(deployed_lake, answer)


def test_a_grant_that_is_missing_is_found_and_what_goes_on_from_it_is_skipped(deployed_lake: DeployedLake) -> None:
    with without_grant(deployed_lake, Odp.BATCH_MANAGER_FUNCTION, "s3:PutObject"):
        answer = run_smoke(deployed_lake, "--only", "5", *HASTY)
    assert (answer.code, answer.marks) == (1, {3: "✗", 4: "–", 5: "–"})
    assert "AccessDenied" in answer.step(3)["why"]
    assert "AccessDenied names the role" in answer.step(3)["advice"]
    assert "step 3, which did not pass" in answer.step(4)["why"]
    assert is_gone(deployed_lake, answer)


def test_a_bucket_policy_that_keeps_files_out_is_found(deployed_lake: DeployedLake) -> None:
    with bucket_denies(deployed_lake, Shared.STAGING_BUCKET, "s3:PutObject"):
        answer = run_smoke(deployed_lake, "--only", "3", *HASTY)
    assert (answer.code, answer.marks) == (1, {3: "✗"})
    assert "AccessDenied" in answer.step(3)["why"]
    assert answer.step(3)["advice"]
    assert is_gone(deployed_lake, answer)


def test_what_cannot_be_removed_is_named_with_the_way_by_hand(deployed_lake: DeployedLake) -> None:
    with (
        bucket_denies(deployed_lake, Shared.STAGING_BUCKET, "s3:DeleteObject", "s3:DeleteObjectVersion"),
        without_grant(deployed_lake, Odp.BATCH_MANAGER_FUNCTION, "s3:PutObject"),
    ):
        answer = run_smoke(deployed_lake, "--only", "3", *HASTY)
    (left,) = answer.document["left"]
    run = answer.document["run"]
    assert (answer.code, left["what"]) == (1, f"landed files {run}/orders/")
    assert "AccessDenied" in left["why"]
    assert f"delete all versions below {run}/orders/" in left["by_hand"]
    assert f"not removed: landed files {run}/orders/" in answer.shown
    left_objects = traces(deployed_lake, run)
    assert len(left_objects) == 2
    assert all(name.startswith("s3://") for name in left_objects)
    for name in left_objects:
        bucket, _, key = name.removeprefix("s3://").partition("/")
        versions = deployed_lake.client("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
        deployed_lake.client("s3").delete_object(Bucket=bucket, Key=key, VersionId=versions[0]["VersionId"])
