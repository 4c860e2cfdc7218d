"""How the state machine decides; its JSONata is evaluated, not only read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from etl_cdk.refresh_workflow import WorkflowLimits, refresh_workflow
from etl_cdk.workflow_states import GLUE_IS_BUSY, longest_wait
from odp.file_processor.planning import MOST_MINUTES

from tests.synth.state_language import AttemptError, TaskError, UncaughtError, Walk, choose, evaluate, walk

PLAN = {
    "refresh_cadence": "10_min_refresh",
    "plan_key": "odp/plans/10_min_refresh/run.json",
    "glue_job_name": "odpf_file_processor",
    "glue_job_worker_type": "G.1X",
    "glue_job_workers": [2, 2, 10],
    "glue_job_execution_class": "FLEX",
    "glue_job_timeout_minutes": 90,
    "spark_batches": 3,
    "batches": [0, 1, 2],
}


@pytest.fixture
def states() -> dict[str, Any]:
    definition = refresh_workflow("arn:function", "arn:native", WorkflowLimits(max_concurrent_batches=4))
    assert (definition["QueryLanguage"], definition["StartAt"]) == ("JSONata", "PlanBatches")
    return dict(definition["States"])


def test_the_batch_manager_is_told_cadence_and_execution(states: dict[str, Any]) -> None:
    arguments = evaluate(
        states["PlanBatches"]["Arguments"],
        input={"refresh_cadence": "10_min_refresh"},
        context={"Execution": {"Id": "arn:run"}},
    )
    payload = {"refresh_cadence": "10_min_refresh", "execution": "arn:run"}
    assert arguments == {"FunctionName": "arn:function", "Payload": payload}


@pytest.mark.parametrize(
    ("batches", "next_state"), [([], "NothingToDo"), ([0], "RefreshBatches"), ([0, 1], "RefreshBatches")]
)
def test_no_batches_start_no_glue_run(states: dict[str, Any], batches: list[int], next_state: str) -> None:
    assert choose(states["AnyBatches"], {**PLAN, "batches": batches}) == next_state
    assert states["NothingToDo"] == {"Type": "Succeed"}


@pytest.mark.parametrize("batches", [[0], [0, 1, 2], [2, 0, 1]])
def test_every_batch_of_the_plan_is_run_also_when_there_is_only_one(states: dict[str, Any], batches: list[int]) -> None:
    assert evaluate(states["RefreshBatches"]["Items"], input={**PLAN, "batches": batches}) == batches
    assert states["RefreshBatches"]["MaxConcurrency"] == 4


def test_a_run_is_told_its_plan_and_batch_and_sized_by_the_plan(states: dict[str, Any]) -> None:
    item = evaluate(states["RefreshBatches"]["ItemSelector"], input=PLAN, context={"Map": {"Item": {"Value": 2}}})
    run = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshBatch"]
    assert run["Resource"] == "arn:aws:states:::glue:startJobRun.sync"
    assert evaluate(run["Arguments"], input=item) == {
        "JobName": "odpf_file_processor",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 10,
        "ExecutionClass": "FLEX",
        "Timeout": 90,
        "Arguments": {"--plan_key": "odp/plans/10_min_refresh/run.json", "--batch": "2"},
    }


def run_with(limits: WorkflowLimits, batch: int = 2, plan: dict[str, Any] = PLAN) -> dict[str, Any]:
    """The Glue call of one batch of the plan under other limits."""
    state = refresh_workflow("arn:function", "arn:native", limits)["States"]["RefreshBatches"]
    item = evaluate(state["ItemSelector"], input=plan, context={"Map": {"Item": {"Value": batch}}})
    run = evaluate(state["ItemProcessor"]["States"]["RefreshBatch"]["Arguments"], input=item)
    return dict(run)


@pytest.mark.parametrize(("batch", "workers"), [(0, 3), (1, 2), (2, 7)])
def test_rule_14_each_batch_gets_its_own_number_of_workers(batch: int, workers: int) -> None:
    run = run_with(WorkflowLimits(max_concurrent_batches=4), batch, PLAN | {"glue_job_workers": [3, 2, 7]})
    assert run["NumberOfWorkers"] == workers


def test_the_only_batch_of_a_plan_gets_its_workers() -> None:
    """JSONata takes a list of one for its item in many places."""
    run = run_with(WorkflowLimits(max_concurrent_batches=4), 0, PLAN | {"glue_job_workers": [3], "batches": [0]})
    assert run["NumberOfWorkers"] == 3


@pytest.mark.parametrize(("cap", "workers"), [(2, 2), (9, 9), (10, 10), (299, 10)])
def test_a_run_is_never_larger_than_its_environment_allows(cap: int, workers: int) -> None:
    run = run_with(WorkflowLimits(max_concurrent_batches=4, max_workers_per_run=cap))
    assert run["NumberOfWorkers"] == workers


def test_in_an_account_of_two_lakes_each_starts_the_job_with_its_own_prefix() -> None:
    run = run_with(WorkflowLimits(max_concurrent_batches=4, job_prefix="second_"))
    assert run["JobName"] == "second_odpf_file_processor"


def test_a_run_that_glue_refuses_is_tried_again_with_backoff_and_jitter(states: dict[str, Any]) -> None:
    """Defect 13 of the reference: a refused parallel run was lost."""
    (retry,) = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshBatch"]["Retry"]
    assert retry["ErrorEquals"] == list(GLUE_IS_BUSY)
    assert {"Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"} <= set(GLUE_IS_BUSY)
    assert "Glue.AWSGlueException" in GLUE_IS_BUSY, "under which Step Functions reports throttling"
    assert (retry["JitterStrategy"], retry["BackoffRate"]) == ("FULL", 2)
    assert longest_wait(retry) > 3600, "longer than the runs it waits for"


def test_a_run_that_started_and_failed_is_not_repeated(states: dict[str, Any]) -> None:
    run = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshBatch"]
    retried = {error for retry in run["Retry"] for error in retry["ErrorEquals"]}
    assert not retried & {"States.ALL", "States.TaskFailed", "States.Timeout"}
    assert run["TimeoutSeconds"] > 60 * MOST_MINUTES, "the job's own timeout comes first"


def test_whatever_fails_a_batch_is_caught_so_that_the_others_go_on(states: dict[str, Any]) -> None:
    processor = states["RefreshBatches"]["ItemProcessor"]
    (catch,) = processor["States"]["RefreshBatch"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert processor["States"][catch["Next"]] == {"Type": "Pass", "End": True}


def caught(states: dict[str, Any], error: dict[str, str]) -> Any:
    (catch,) = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshBatch"]["Catch"]
    return evaluate(catch["Output"], input={"batch": "1", "room": 200}, errorOutput=error)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_failed_batch_carries_glues_message_and_not_its_whole_job_run(
    states: dict[str, Any], separators: tuple[str, str]
) -> None:
    run = {"Id": "jr_1", "Arguments": {"--x": "y" * 5000}, "ErrorMessage": "RefreshFailedError: table_3", "Timeout": 60}
    failed = caught(states, {"Error": "States.TaskFailed", "Cause": json.dumps(run, separators=separators)})
    assert failed == "batch 1: States.TaskFailed: RefreshFailedError: table_3"


def test_a_long_message_is_cut(states: dict[str, Any]) -> None:
    run = {"ErrorMessage": "z" * 5000}
    failed = caught(states, {"Error": "States.TaskFailed", "Cause": json.dumps(run)})
    assert failed == ("batch 1: States.TaskFailed: " + "z" * 200)[:200]


def test_a_cause_that_is_no_job_run_is_carried_as_far_as_it_fits(states: dict[str, Any]) -> None:
    failed = caught(states, {"Error": "Glue.AccessDeniedException", "Cause": "not authorized " + "z" * 5000})
    assert failed == ("batch 1: Glue.AccessDeniedException: not authorized " + "z" * 5000)[:200]


def test_a_failure_without_a_cause_is_a_failure_all_the_same(states: dict[str, Any]) -> None:
    assert caught(states, {"Error": "States.Timeout"}) == "batch 1: States.Timeout: "


def outcome_of_a_batch(states: dict[str, Any], item: dict[str, Any], answers: list[Any]) -> Walk:
    answered = {"RefreshBatch": answers, "RefreshNatively": answers}
    return walk(states["RefreshBatches"]["ItemProcessor"], {"is_native": False, **item}, answered)


def item_of(states: dict[str, Any], batch: int, plan: dict[str, Any] = PLAN) -> dict[str, Any]:
    """What the Map gives to one batch of a plan."""
    context = {"Map": {"Item": {"Value": batch}}}
    return dict(evaluate(states["RefreshBatches"]["ItemSelector"], input=plan, context=context))


@pytest.mark.parametrize(
    ("spark_batches", "engines"),
    [(3, ["RefreshBatch"] * 3), (2, ["RefreshBatch"] * 2 + ["RefreshNatively"]), (0, ["RefreshNatively"] * 3)],
)
def test_batches_of_spark_are_runs_of_glue_and_the_others_calls_of_the_native_function(
    states: dict[str, Any], spark_batches: int, engines: list[str]
) -> None:
    items = [item_of(states, number, PLAN | {"spark_batches": spark_batches}) for number in range(3)]
    walks = [outcome_of_a_batch(states, item, []) for item in items]
    assert [walked.path for walked in walks] == [["WhichEngine", engine] for engine in engines]
    assert {walked.output for walked in walks} == {""}


def test_plan_of_an_earlier_release_has_batches_of_spark_only(states: dict[str, Any]) -> None:
    """A deployment may come between the function that plans and the state machine."""
    earlier = {name: value for name, value in PLAN.items() if name != "spark_batches"}
    walked = outcome_of_a_batch(states, item_of(states, 0, earlier), [])
    assert walked.path == ["WhichEngine", "RefreshBatch"]


def test_native_function_is_told_its_plan_and_batch(states: dict[str, Any]) -> None:
    walked = outcome_of_a_batch(states, item_of(states, 2, PLAN | {"spark_batches": 2}), [])
    (arguments,) = walked.asked("RefreshNatively")
    assert arguments == {
        "FunctionName": "arn:native",
        "Payload": {"plan_key": "odp/plans/10_min_refresh/run.json", "batch": "2"},
    }
    native = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshNatively"]
    assert native["TimeoutSeconds"] > 900, "the function's own timeout comes first"


NATIVE = PLAN | {"is_native": True, "batch": "1", "room": 200}
BUSY_LAMBDA = AttemptError("Lambda.TooManyRequestsException")


@pytest.mark.parametrize(
    ("answers", "calls", "path"),
    [
        ([BUSY_LAMBDA] * 3, 4, ["WhichEngine", "RefreshNatively"]),
        ([AttemptError("Lambda.ServiceException")], 2, ["WhichEngine", "RefreshNatively"]),
        ([BUSY_LAMBDA] * 9, 9, ["WhichEngine", "RefreshNatively", "BatchFailed"]),
        *(
            ([AttemptError(error)], 1, ["WhichEngine", "RefreshNatively", "BatchFailed"])
            for error in (
                "Sandbox.Timedout",
                "Lambda.Unknown",
                "Runtime.ExitError",
                "RefreshFailedError",
                "States.Timeout",
            )
        ),
    ],
)
def test_function_is_called_again_when_lambda_did_not_run_it_and_not_when_it_ran_out_of_memory_or_time(
    states: dict[str, Any], answers: list[Any], calls: int, path: list[str]
) -> None:
    """The plan of the next execution gives the table to Spark."""
    walked = outcome_of_a_batch(states, NATIVE, answers)
    assert (len(walked.calls), walked.path, walked.status) == (calls, path, "SUCCEEDED")


OUT_OF_TIME = "2026-01-05T12:00:00.000Z 7f Task timed out after 900.00 seconds"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("RefreshFailedError", "1 of 3 tables failed (s.t1): s.t1: SchemaChangeRefusedError: the column A"),
        ("Sandbox.Timedout", OUT_OF_TIME),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_failed_function_carries_its_message_and_not_its_stack_trace(
    states: dict[str, Any], error: str, message: str, separators: tuple[str, str]
) -> None:
    cause = {"stackTrace": ["z" * 3000], "errorType": error, "requestId": "7f", "errorMessage": message}
    failed = TaskError(error, json.dumps(cause, separators=separators))
    assert outcome_of_a_batch(states, NATIVE, [failed]).output == f"batch 1: {error}: {message}"


@pytest.mark.parametrize("batches", [1, 500])
def test_long_messages_of_functions_are_cut_to_their_room(states: dict[str, Any], batches: int) -> None:
    item = item_of(states, 0, PLAN | {"spark_batches": 0, "batches": list(range(batches))})
    cause = json.dumps({"errorMessage": "ä" * 5000, "errorType": "RefreshFailedError"})
    failed = outcome_of_a_batch(states, item, [TaskError("RefreshFailedError", cause)]).output
    assert failed.startswith("batch 0: RefreshFailedError: ")
    assert len(failed) <= min(200, 60_000 // batches)


def test_rule_11_execution_that_finds_another_one_of_its_cadence_ends_and_says_so(states: dict[str, Any]) -> None:
    found = {"outcome": "another execution of this cadence is running", "running": "arn:other", "batches": []}
    assert choose(states["AnyBatches"], found) == "NothingToDo"
    assert states["NothingToDo"] == {"Type": "Succeed"}, "its input is the execution's output"


@pytest.mark.parametrize("is_mapped", [True, False])
def test_cadence_is_released_at_the_end_whether_or_not_the_map_itself_failed(
    states: dict[str, Any], is_mapped: bool
) -> None:
    refresh, release = states["RefreshBatches"], states["ReleaseCadence"]
    (catch,) = refresh["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert (refresh if is_mapped else catch)["Next"] == "ReleaseCadence"
    context = {"Execution": {"Id": "arn:run", "Input": {"refresh_cadence": "10_min_refresh"}}}
    judged = {"batches": 1, "failed": ["batch 0: no"]}
    payload = evaluate(release["Arguments"], context=context, input=judged)["Payload"]
    assert payload == {
        "step": "release",
        "refresh_cadence": "10_min_refresh",
        "execution": "arn:run",
        "failed": ["batch 0: no"],
    }


def test_release_changes_no_result_also_when_it_fails(states: dict[str, Any]) -> None:
    """The next execution asks Step Functions whether this one still runs."""
    judged = {"batches": 2, "failed": 1, "failures": "batch 1: no"}
    release = states["ReleaseCadence"]
    (catch,) = release["Catch"]
    for after in (release, catch):
        assert (evaluate(after["Output"], input=judged), after["Next"]) == (judged, "AllRefreshed")


def test_map_that_fails_itself_fails_the_refresh_with_its_reason(states: dict[str, Any]) -> None:
    (catch,) = states["RefreshBatches"]["Catch"]
    error = {"Error": "States.DataLimitExceeded", "Cause": "too large"}
    judged = evaluate(catch["Output"], input=PLAN, errorOutput=error)
    assert judged["batches"] == 3
    assert choose(states["AllRefreshed"], judged) == "RefreshFailed"
    assert "States.DataLimitExceeded" in str(judged)


def refreshed(states: dict[str, Any], batches: int, *failures: Any) -> dict[str, Any]:
    """What the Map gives when its first batches fail so and the others succeed."""
    planned = {**PLAN, "batches": list(range(batches))}
    selector = {"room": states["RefreshBatches"]["ItemSelector"]["room"]}
    item = {**PLAN, **evaluate(selector, input=planned)}
    failed = [outcome_of_a_batch(states, {**item, "batch": str(n)}, [error]).output for n, error in enumerate(failures)]
    succeeded = outcome_of_a_batch(states, {**item, "batch": "0"}, []).output
    results = [*failed, *[succeeded] * (batches - len(failed))]
    judged: dict[str, Any] = evaluate(states["RefreshBatches"]["Output"], result=results)
    return judged


FAILED = TaskError("States.TaskFailed", json.dumps({"ErrorMessage": "no"}))


@pytest.mark.parametrize("batches", [1, 2])
def test_a_refresh_succeeds_when_every_batch_did(states: dict[str, Any], batches: int) -> None:
    judged = refreshed(states, batches)
    assert judged == {"batches": batches, "failed": []}
    assert choose(states["AllRefreshed"], judged) == "Refreshed"


@pytest.mark.parametrize(("batches", "failed"), [(1, 1), (2, 1), (3, 2)])
def test_a_refresh_fails_when_any_batch_did(states: dict[str, Any], batches: int, failed: int) -> None:
    """Defect 12 of the reference: runs with failed tables reported success."""
    judged = refreshed(states, batches, *[FAILED] * failed)
    assert judged["failed"] == [f"batch {number}: States.TaskFailed: no" for number in range(failed)]
    assert choose(states["AllRefreshed"], judged) == "RefreshFailed"


def test_the_failure_names_the_batches_that_failed(states: dict[str, Any]) -> None:
    fail = states["RefreshFailed"]
    judged = refreshed(states, 3, FAILED, TaskError("States.Timeout"))
    assert (fail["Type"], fail["Error"]) == ("Fail", "RefreshFailed")
    assert evaluate(fail["Cause"], input=judged) == (
        "2 of 3 batches failed: batch 0: States.TaskFailed: no; batch 1: States.Timeout: "
    )


@pytest.mark.parametrize("letter", ["z", '"', "\\", "\x01", "ä", "🚕"])
@pytest.mark.parametrize("batches", [1, 850, 3000, 20_000])
def test_however_many_batches_fail_their_reasons_fit_a_state_and_name_the_batch(
    states: dict[str, Any], batches: int, letter: str
) -> None:
    """Code review C27: at 850 failed batches the execution died of States.DataLimitExceeded."""
    room = evaluate({"room": states["RefreshBatches"]["ItemSelector"]["room"]}, input={"batches": list(range(batches))})
    item = {**PLAN, **room, "batch": str(batches - 1)}
    error = TaskError("Glue.ConcurrentRunsExceededException", letter * 5000)
    failed = outcome_of_a_batch(states, item, [error]).output
    assert len(json.dumps([failed] * batches)) < 200_000
    if batches <= 3000:
        assert failed.startswith(f"batch {batches - 1}: ")
    judged = {"batches": batches, "failed": [failed] * batches}
    assert len(evaluate(states["RefreshFailed"]["Cause"], input=judged)) <= 30_000


EVENTS_OF_A_BATCH = 14
"""Of its iteration, its choice of an engine, its task and the state after a failure."""
EVENTS_OF_AN_ATTEMPT = 3


def test_five_hundred_batches_fit_a_history_of_an_execution_although_glue_refuses_each_as_often_as_it_can(
    states: dict[str, Any],
) -> None:
    (retry,) = states["RefreshBatches"]["ItemProcessor"]["States"]["RefreshBatch"]["Retry"]
    assert 500 * (EVENTS_OF_A_BATCH + EVENTS_OF_AN_ATTEMPT * retry["MaxAttempts"]) < 25_000


BUSY = AttemptError("Glue.ConcurrentRunsExceededException")
ITEM = {**PLAN, "glue_job_workers": 2, "batch": "1", "room": 200}


@pytest.mark.parametrize(
    ("answers", "calls", "path"),
    [
        ([BUSY, BUSY], 3, ["WhichEngine", "RefreshBatch"]),
        ([BUSY] * 10, 11, ["WhichEngine", "RefreshBatch"]),
        ([BUSY] * 11, 11, ["WhichEngine", "RefreshBatch", "BatchFailed"]),
        ([AttemptError("States.TaskFailed")], 1, ["WhichEngine", "RefreshBatch", "BatchFailed"]),
        ([AttemptError("States.Timeout")], 1, ["WhichEngine", "RefreshBatch", "BatchFailed"]),
    ],
)
def test_a_batch_is_run_again_when_glue_was_busy_and_not_when_its_run_failed(
    states: dict[str, Any], answers: list[Any], calls: int, path: list[str]
) -> None:
    walked = outcome_of_a_batch(states, ITEM, answers)
    assert (len(walked.calls), walked.path, walked.status) == (calls, path, "SUCCEEDED")


def planned(states: dict[str, Any], *errors: str) -> Walk:
    answers: list[Any] = [*map(AttemptError, errors), {"Payload": {**PLAN, "batches": []}}]
    definition = {"StartAt": "PlanBatches", "States": states}
    return walk(definition, {"refresh_cadence": "10_min_refresh"}, {"PlanBatches": answers})


@pytest.mark.parametrize(
    "error",
    [
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Sandbox.Timedout",
        "States.Timeout",
        "ConfigurationMovedError",
        "ServiceUnavailableError",
    ],
)
def test_planning_that_may_succeed_later_is_asked_for_again(states: dict[str, Any], error: str) -> None:
    """Code review C19: the base class was named, the class that is raised was not."""
    walked = planned(states, error, error)
    assert (len(walked.calls), walked.status) == (3, "SUCCEEDED")


@pytest.mark.parametrize("error", ["MissingConfigurationError", "KeyError", "Runtime.ImportModuleError"])
def test_planning_that_cannot_succeed_fails_at_once(states: dict[str, Any], error: str) -> None:
    with pytest.raises(UncaughtError, match=error):
        planned(states, error)
