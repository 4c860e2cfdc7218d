"""The File Processor's state machine: plan the batches of a cadence, run a Glue job for each, check all results.

An execution with batches owns its cadence until the release; another one ends at once meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from odp.file_processor.planning import MOST_MINUTES

from etl_cdk.workflow_states import ERROR_MESSAGE, MARGIN_SECONDS, State, choice, retry_busy_glue, retry_lambda_trouble

PLANNING_SECONDS = 360
"""Longer than the Batch Manager's own timeout."""
MOST_MESSAGE = 200
MOST_OF_ALL_MESSAGES = 60_000
"""In ASCII characters: JSON makes at most two bytes of each, and a state has at most 256 KiB."""


@dataclass(frozen=True)
class WorkflowLimits:
    """The concurrency limits of an execution; its plan has the timeouts."""

    max_concurrent_batches: int
    max_workers_per_run: int = 299
    job_prefix: str = ""


def refresh_workflow(batch_manager_arn: str, limits: WorkflowLimits) -> State:
    """The definition, for an input of {"refresh_cadence": ...}; it succeeds only if every batch did."""
    return {
        "Comment": "Refresh the tables of one cadence",
        "QueryLanguage": "JSONata",
        "StartAt": "PlanBatches",
        "States": {
            "PlanBatches": _plan_batches(batch_manager_arn),
            "AnyBatches": choice("$count($states.input.batches) > 0", then="RefreshBatches", otherwise="NothingToDo"),
            "NothingToDo": {"Type": "Succeed"},
            "RefreshBatches": _refresh_batches(limits),
            "ReleaseCadence": _release_cadence(batch_manager_arn),
            "AllRefreshed": choice("$count($states.input.failed) = 0", then="Refreshed", otherwise="RefreshFailed"),
            "Refreshed": {"Type": "Succeed"},
            "RefreshFailed": _refresh_failed(),
        },
    }


def _plan_batches(batch_manager_arn: str) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": batch_manager_arn,
            "Payload": {
                "refresh_cadence": "{% $states.input.refresh_cadence %}",
                "execution": "{% $states.context.Execution.Id %}",
            },
        },
        "TimeoutSeconds": PLANNING_SECONDS,
        "Output": "{% $states.result.Payload %}",
        "Retry": [retry_lambda_trouble()],
        "Next": "AnyBatches",
    }


def _refresh_batches(limits: WorkflowLimits) -> State:
    """Every batch ends in a text, empty if it succeeded, so a failing batch never stops another one.

    With more batches, each error text is shorter.
    """
    room = f"$min([{MOST_MESSAGE}, $floor({MOST_OF_ALL_MESSAGES} / $count($states.input.batches))])"
    return {
        "Type": "Map",
        "Items": "{% $states.input.batches %}",
        "ItemSelector": {
            "batch": "{% $string($states.context.Map.Item.Value) %}",
            "room": f"{{% {room} %}}",
            "plan_key": "{% $states.input.plan_key %}",
            "glue_job_name": "{% $states.input.glue_job_name %}",
            "glue_job_worker_type": "{% $states.input.glue_job_worker_type %}",
            "glue_job_workers": "{% $states.input.glue_job_workers[$states.context.Map.Item.Value] %}",
            "glue_job_execution_class": "{% $states.input.glue_job_execution_class %}",
            "glue_job_timeout_minutes": "{% $states.input.glue_job_timeout_minutes %}",
        },
        "MaxConcurrency": limits.max_concurrent_batches,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "RefreshBatch",
            "States": {"RefreshBatch": _refresh_batch(limits), "BatchFailed": {"Type": "Pass", "End": True}},
        },
        "Output": {
            "batches": "{% $count($states.result) %}",
            "failed": "{% [$states.result[$ != '']] %}",
        },
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": _lost_results(), "Next": "ReleaseCadence"}],
        "Next": "ReleaseCadence",
    }


def _lost_results() -> State:
    """The error of the Map itself, such as too large results; the tables have their own records."""
    failure = f"{{% 'all batches: ' & $states.errorOutput.Error & ': ' & {ERROR_MESSAGE} %}}"
    return {"batches": "{% $count($states.input.batches) %}", "failed": [failure]}


def _release_cadence(batch_manager_arn: str) -> State:
    """Release the cadence, and send messages about changes.

    A failed release changes no result, because the next execution finds out that this one has ended.
    """
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": batch_manager_arn,
            "Payload": {
                "step": "release",
                "refresh_cadence": "{% $states.context.Execution.Input.refresh_cadence %}",
                "execution": "{% $states.context.Execution.Id %}",
                "failed": "{% $states.input.failed %}",
            },
        },
        "Output": "{% $states.input %}",
        "Retry": [retry_lambda_trouble()],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.input %}", "Next": "AllRefreshed"}],
        "Next": "AllRefreshed",
    }


def _refresh_batch(limits: WorkflowLimits) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Arguments": {
            "JobName": _job_name(limits.job_prefix),
            "WorkerType": "{% $states.input.glue_job_worker_type %}",
            "NumberOfWorkers": f"{{% $min([$states.input.glue_job_workers, {limits.max_workers_per_run}]) %}}",
            "ExecutionClass": "{% $states.input.glue_job_execution_class %}",
            "Timeout": "{% $states.input.glue_job_timeout_minutes %}",
            "Arguments": {"--plan_key": "{% $states.input.plan_key %}", "--batch": "{% $states.input.batch %}"},
        },
        "TimeoutSeconds": MOST_MINUTES * 60 + MARGIN_SECONDS,
        "Output": "",
        "Retry": [retry_busy_glue()],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": _batch_error(), "Next": "BatchFailed"}],
        "End": True,
    }


def _job_name(prefix: str) -> str:
    """The physical job name: plans use the manifests' names, and a second lake in the account has a prefix."""
    return f"{{% '{prefix}' & $states.input.glue_job_name %}}" if prefix else "{% $states.input.glue_job_name %}"


def _batch_error() -> str:
    """The error of a batch, cut to its room; Glue's cause is a whole job run."""
    reason = f"'batch ' & $states.input.batch & ': ' & $states.errorOutput.Error & ': ' & {ERROR_MESSAGE}"
    return f"{{% $substring($replace({reason}, /[^ -~]/, '?'), 0, $states.input.room) %}}"


def _refresh_failed() -> State:
    failures = "$join($states.input.failed, '; ')"
    counts = "$count($states.input.failed) & ' of ' & $states.input.batches & ' batches failed: '"
    return {
        "Type": "Fail",
        "Error": "RefreshFailed",
        "Cause": f"{{% $substring({counts} & {failures}, 0, 30000) %}}",
    }
