"""Every way that an execution of the taxi flow can take; its JSONata is evaluated, not only read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from etl_cdk.taxi_workflow import ROUNDS_PER_EXECUTION, TaxiParts, longest_round_seconds, taxi_workflow
from etl_cdk.workflow_states import GLUE_IS_BUSY, LAMBDA_TROUBLE, longest_wait
from taxi.bundles.closing import LONGEST_PAUSE_SECONDS

from tests.synth.state_language import CONTEXT, TaskError, Walk, walk

PARTS = TaxiParts("arn:bundles", "taxi_raw_to_conformed", "taxi_conformed_to_purpose_built", "arn:topic", 60)
YELLOW = {"dataset": "yellow"}
LOADING = ["AnyFiles", "Conform", "Build", "Close", "Notify", "AnyAgain", "EnoughRounds"]
IDLE = {"Payload": {"outcome": "idle"}}
OWN_ARN = CONTEXT["Execution"]["Id"]


def bundle(number: int, **more: Any) -> dict[str, Any]:
    key = f"taxi/bundles/yellow/run/{number}.json"
    return {"Payload": {"outcome": "claimed", "bundle_key": key, "files": 4, **more}}


def closed(failed: int = 0, files: int = 4, message: str = "rows loaded: 12", pause: int = 0) -> dict[str, Any]:
    subject = f"Failed: yellow, {failed} of {files} files" if failed else f"Completed: yellow, {files} files"
    return {
        "Payload": {
            "completed": files - failed,
            "failed": failed,
            "pause_seconds": pause,
            "subject": subject,
            "message": message,
        },
        "StatusCode": 200,
    }


def executed(**answers: list[Any]) -> Walk:
    return started_with(YELLOW, **answers)


def started_with(given: dict[str, Any], /, **answers: list[Any]) -> Walk:
    return walk(taxi_workflow(PARTS), given, {"Claim": [IDLE], **answers})


@pytest.fixture
def states() -> dict[str, Any]:
    return dict(taxi_workflow(PARTS)["States"])


@pytest.mark.parametrize("outcome", ["idle", "busy"])
def test_without_files_or_with_the_dataset_taken_nothing_is_run_and_nobody_told(outcome: str) -> None:
    walked = executed(Claim=[{"Payload": {"outcome": outcome}}])
    assert walked.path == ["Begin", "Claim", "AnyFiles", "AllLoaded", "Loaded"]
    assert walked.status == "SUCCEEDED"


def test_a_bundle_goes_through_both_jobs_is_closed_and_told(states: dict[str, Any]) -> None:
    walked = executed(Claim=[bundle(1), IDLE], Close=[closed()])
    assert walked.path == ["Begin", "Claim", *LOADING, "Claim", "AnyFiles", "AllLoaded", "Loaded"]
    assert walked.status == "SUCCEEDED"
    key = "taxi/bundles/yellow/run/1.json"
    known = {"dataset": "yellow", "execution": "run"}
    assert walked.calls[:5] == [
        ("Claim", {"FunctionName": "arn:bundles", "Payload": {"step": "claim", **known, "execution_arn": OWN_ARN}}),
        ("Conform", {"JobName": "taxi_raw_to_conformed", "Arguments": {"--bundle_key": key}}),
        ("Build", {"JobName": "taxi_conformed_to_purpose_built", "Arguments": {"--dataset": "yellow"}}),
        ("Close", {"FunctionName": "arn:bundles", "Payload": {"step": "close", **known, "bundle_key": key}}),
        (
            "Notify",
            {"TopicArn": "arn:topic", "Subject": "Completed: yellow, 4 files", "Message": "rows loaded: 12"},
        ),
    ]
    assert {states[name]["Resource"] for name in ("Conform", "Build")} == {"arn:aws:states:::glue:startJobRun.sync"}


def test_bundle_after_bundle_is_loaded_until_nothing_is_pending() -> None:
    walked = executed(Claim=[bundle(1), bundle(2), bundle(3), IDLE], Close=[closed(), closed(), closed()])
    assert [call["Arguments"]["--bundle_key"][-6:] for call in walked.asked("Conform")] == [
        "1.json",
        "2.json",
        "3.json",
    ]
    assert len(walked.asked("Notify")) == 3
    assert walked.status == "SUCCEEDED"


def test_a_bundle_that_is_loaded_already_is_only_built_and_closed() -> None:
    walked = executed(Claim=[bundle(1, is_loaded=True), bundle(2, is_loaded=False), IDLE], Close=[closed(), closed()])
    assert [call["Arguments"]["--bundle_key"][-6:] for call in walked.asked("Conform")] == ["2.json"]
    assert walked.path.count("Build") == walked.path.count("Close") == 2
    assert walked.status == "SUCCEEDED"


def test_a_failed_file_fails_the_execution_in_the_end_and_holds_up_no_other_bundle() -> None:
    walked = executed(Claim=[bundle(1), bundle(2), IDLE], Close=[closed(failed=1), closed()])
    subjects = [call["Subject"] for call in walked.asked("Notify")]
    assert subjects == ["Failed: yellow, 1 of 4 files", "Completed: yellow, 4 files"]
    assert (walked.status, walked.error) == ("FAILED", "NotAllLoaded")
    assert walked.cause.startswith("1 files of yellow failed, 0 runs or messages did")


def test_files_that_are_tried_again_wait_as_long_as_closing_says_and_are_no_failure_of_the_execution() -> None:
    rounds = [closed(pause=60), closed(pause=240), closed()]
    walked = executed(Claim=[bundle(1), bundle(2), bundle(3), IDLE], Close=rounds)
    assert walked.waits == [60, 240]
    assert len(walked.asked("Conform")) == 3
    assert walked.status == "SUCCEEDED"


GLUES_CAUSE = json.dumps({"Id": "jr_1", "ErrorMessage": "IllegalArgumentException: no", "Arguments": {"x": "y" * 9000}})
RUN_FAILED = TaskError("States.TaskFailed", GLUES_CAUSE)


@pytest.mark.parametrize(
    ("answers", "job", "path"),
    [
        ({"Conform": [RUN_FAILED]}, PARTS.conformed_job, ["AnyFiles", "Conform", "Close", "Notify"]),
        ({"Build": [RUN_FAILED]}, PARTS.purpose_built_job, ["AnyFiles", "Conform", "Build", "Close", "Notify"]),
    ],
)
def test_a_failed_run_is_a_matter_of_its_bundle_which_is_closed_with_glues_message(
    answers: dict[str, list[Any]], job: str, path: list[str]
) -> None:
    walked = executed(Claim=[bundle(1), IDLE], Close=[closed(failed=4)], **answers)
    assert walked.path[2 : 2 + len(path)] == path
    (close,) = walked.asked("Close")
    assert close["Payload"]["error"] == f"{job}: States.TaskFailed: IllegalArgumentException: no"
    assert walked.status == "FAILED"


@pytest.mark.parametrize("failed", ["Conform", "Build"])
def test_a_failed_run_fails_the_execution_even_if_no_file_was_closed_as_failed(failed: str) -> None:
    walked = executed(Claim=[bundle(1), IDLE], Close=[closed()], **{failed: [TaskError("States.Timeout")]})
    assert (walked.status, walked.error) == ("FAILED", "NotAllLoaded")
    assert walked.cause.startswith("0 files of yellow failed, 1 runs or messages did")


def test_the_error_of_one_bundle_is_not_that_of_the_next() -> None:
    walked = executed(Claim=[bundle(1), bundle(2), IDLE], Conform=[RUN_FAILED, {}], Close=[closed(4), closed()])
    assert ["error" in call["Payload"] for call in walked.asked("Close")] == [True, False]
    assert walked.path.count("Build") == 1


def test_a_message_that_cannot_be_sent_holds_up_no_files_but_is_no_success() -> None:
    walked = executed(
        Claim=[bundle(1), bundle(2), IDLE], Close=[closed(), closed()], Notify=[TaskError("SNS.NotFoundException")]
    )
    assert len(walked.asked("Conform")) == 2
    assert (walked.status, walked.error) == ("FAILED", "NotAllLoaded")


@pytest.mark.parametrize(
    "answers",
    [
        {"Claim": [TaskError("KeyError", '{"errorMessage": "dataset"}')]},
        {"Claim": [bundle(1)], "Close": [TaskError("KeyError", '{"errorMessage": "dataset"}')]},
    ],
    ids=["Claim", "Close"],
)
@pytest.mark.parametrize("sent", [{}, TaskError("SNS.NotFoundException")], ids=["told", "untold"])
def test_an_execution_that_cannot_go_on_says_so_and_how_to_go_on(answers: dict[str, list[Any]], sent: Any) -> None:
    walked = executed(**answers, TellInterruption=[sent])
    (told,) = walked.asked("TellInterruption")
    assert told["Subject"] == "Interrupted: yellow, files are still pending"
    assert "Execution run stopped: KeyError: " in told["Message"]
    assert told["Message"].endswith('start taxi_flow with {"dataset":"yellow","execution":"run"}')
    assert (walked.status, walked.error) == ("FAILED", "Interrupted")
    assert walked.cause.startswith("KeyError: ")


def test_who_goes_on_for_another_execution_holds_the_lease_of_that_one() -> None:
    walked = started_with({"dataset": "yellow", "execution": "earlier"}, Claim=[bundle(1), IDLE], Close=[closed()])
    owners = {call["Payload"]["execution"] for call in walked.asked("Claim") + walked.asked("Close")}
    assert owners == {"earlier"}


def long_run(**answers: list[Any]) -> Walk:
    rounds = range(ROUNDS_PER_EXECUTION)
    return executed(Claim=[bundle(number) for number in rounds], Close=[closed() for _ in rounds], **answers)


def test_an_execution_hands_over_before_its_history_is_full() -> None:
    walked = long_run()
    assert walked.path[-3:] == ["HandOver", "AllLoaded", "Loaded"]
    assert walked.asked("HandOver") == [
        {
            "StateMachineArn": CONTEXT["StateMachine"]["Id"],
            "Name": "run-2",
            "Input": {"dataset": "yellow", "execution": "run", "leg": 2},
        }
    ]
    events_of_a_round, retries_of_glue = 35, 2 * 21 * 3
    assert ROUNDS_PER_EXECUTION * (events_of_a_round + retries_of_glue) < 25_000


def test_every_leg_has_a_name_of_its_own_that_a_long_first_name_leaves_room_for() -> None:
    rounds = range(ROUNDS_PER_EXECUTION)
    input_ = {"dataset": "yellow", "execution": "e" * 80, "leg": 11}
    walked = started_with(input_, Claim=[bundle(n) for n in rounds], Close=[closed() for _ in rounds])
    (start,) = walked.asked("HandOver")
    assert start["Name"] == "e" * 70 + "-12"
    assert len(start["Name"]) <= 80


def test_a_start_that_was_repeated_and_had_succeeded_is_none_that_failed() -> None:
    walked = long_run(HandOver=[TaskError("StepFunctions.ExecutionAlreadyExistsException")])
    assert walked.status == "SUCCEEDED"


def test_a_hand_over_that_fails_interrupts() -> None:
    assert long_run(HandOver=[TaskError("StepFunctions.StateMachineDeletingException")]).error == "Interrupted"


def test_the_state_of_five_hundred_files_is_a_small_part_of_what_a_state_may_be() -> None:
    line = "failed: nyc-taxi/yellow/" + "k" * 1000 + ": " + "e" * 500
    message = "\n".join([line] * 42)
    walked = executed(Claim=[bundle(1), IDLE], Close=[closed(failed=500, files=500, message=message)])
    assert walked.largest_state < 256 * 1024 / 3


def test_a_subject_is_never_longer_than_sns_allows() -> None:
    long = {"Payload": {**closed()["Payload"], "subject": "Completed: " + "d" * 200}}
    (told,) = executed(Claim=[bundle(1), IDLE], Close=[long]).asked("Notify")
    assert len(told["Subject"]) == 100


def tasks(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def test_every_task_is_tried_again_with_backoff_and_full_jitter_and_whatever_fails_it_is_caught(
    states: dict[str, Any],
) -> None:
    """Defect 22 of the reference: the sixth upload at a time failed for good."""
    assert tasks(states)
    for name, state in tasks(states).items():
        assert state["Retry"], name
        for retry in state["Retry"]:
            assert (retry["BackoffRate"], retry["JitterStrategy"]) == (2, "FULL"), name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@pytest.mark.parametrize("name", ["Conform", "Build"])
def test_a_run_that_glue_refuses_waits_longer_than_a_run_takes(states: dict[str, Any], name: str) -> None:
    busy, _ = states[name]["Retry"]
    assert busy["ErrorEquals"] == list(GLUE_IS_BUSY)
    assert longest_wait(busy) > 60 * 60


@pytest.mark.parametrize("name", ["Conform", "Build"])
def test_a_run_that_failed_is_run_once_more_before_its_files_wait(states: dict[str, Any], name: str) -> None:
    _, again = states[name]["Retry"]
    assert (again["ErrorEquals"], again["MaxAttempts"]) == (["States.TaskFailed"], 1)
    assert states[name]["TimeoutSeconds"] > 60 * 60, "the job's own timeout comes first"


@pytest.mark.parametrize("name", ["Claim", "Close"])
def test_a_lambda_in_trouble_is_asked_again(states: dict[str, Any], name: str) -> None:
    first, _ = states[name]["Retry"]
    assert first["ErrorEquals"] == list(LAMBDA_TROUBLE)


def test_a_lease_outlasts_the_longest_round(states: dict[str, Any]) -> None:
    runs = [states["Conform"], states["Build"]]
    working = sum(2 * run["TimeoutSeconds"] for run in runs)
    waiting = sum(longest_wait(retry) for run in runs for retry in run["Retry"])
    assert longest_round_seconds(60) > working + waiting + LONGEST_PAUSE_SECONDS
