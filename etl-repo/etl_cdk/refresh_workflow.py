"""The File Processor's state machine: plan the batches of a cadence, run each by its engine, check all results.

An execution with batches owns its cadence until the release; another one ends at once meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from odp.file_processor.planning import MOST_MINUTES

from etl_cdk.workflow_states import (
    ERROR_MESSAGE,
    MARGIN_SECONDS,
    State,
    choice,
    retry_busy_glue,
    retry_busy_lambda,
    retry_lambda_trouble,
)

PLANNING_SECONDS = 360
"""Longer than the Batch Manager's own timeout."""
NATIVE_SECONDS = 960
"""Longer than the native function's own timeout, which Lambda reports by its name."""
MOST_MESSAGE = 200
MOST_OF_ALL_MESSAGES = 60_000
"""In ASCII characters: JSON makes at most two bytes of each, and a state has at most 256 KiB."""


@dataclass(frozen=True)
class WorkflowLimits:
    """The concurrency limits of an execution; its plan has the timeouts."""

    max_concurrent_batches: int
    max_workers_per_run: int = 299
    job_prefix: str = ""


def refresh_workflow(batch_manager_arn: str, native_arn: str, limits: WorkflowLimits) -> State:
    """The definition, for an input of {"refresh_cadence": ...}; it succeeds only if every batch did.

    `native_arn` is the function that refreshes the batches of the native engine.
    """
    return {
        "Comment": "Refresh the tables of one cadence",
        "QueryLanguage": "JSONata",
        "StartAt": "PlanBatches",
        "States": {
            "PlanBatches": _plan_batches(batch_manager_arn),
            "AnyBatches": choice("$count($states.input.batches) > 0", then="RefreshBatches", otherwise="NothingToDo"),
            "NothingToDo": {"Type": "Succeed"},
            "RefreshBatches": _refresh_batches(native_arn, limits),
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


def _refresh_batches(native_arn: str, limits: WorkflowLimits) -> State:
    """Every batch ends in a text, empty if it succeeded, so a failing batch never stops another one.

    With more batches, each error text is shorter. Spark's batches are the first ones of the plan, so their number
    says the engine of each; a plan of an earlier release has only such.
    """
    number = "$states.context.Map.Item.Value"
    is_native = f"$exists($states.input.spark_batches) and {number} >= $states.input.spark_batches"
    room = f"$min([{MOST_MESSAGE}, $floor({MOST_OF_ALL_MESSAGES} / $count($states.input.batches))])"
    return {
        "Type": "Map",
        "Items": "{% $states.input.batches %}",
        "ItemSelector": {
            "batch": f"{{% $string({number}) %}}",
            "is_native": f"{{% {is_native} %}}",
            "room": f"{{% {room} %}}",
            "plan_key": "{% $states.input.plan_key %}",
            "glue_job_name": "{% $states.input.glue_job_name %}",
            "glue_job_worker_type": "{% $states.input.glue_job_worker_type %}",
            "glue_job_workers": f"{{% $states.input.glue_job_workers[{number}] %}}",
            "glue_job_execution_class": "{% $states.input.glue_job_execution_class %}",
            "glue_job_timeout_minutes": "{% $states.input.glue_job_timeout_minutes %}",
        },
        "MaxConcurrency": limits.max_concurrent_batches,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "WhichEngine",
            "States": {
                "WhichEngine": choice("$states.input.is_native", then="RefreshNatively", otherwise="RefreshBatch"),
                "RefreshNatively": _refresh_natively(native_arn),
                "RefreshBatch": _refresh_batch(limits),
                "BatchFailed": {"Type": "Pass", "End": True},
            },
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
        "Catch": [_catch_batch_error()],
        "End": True,
    }


def _refresh_natively(native_arn: str) -> State:
    """Refresh a batch in a function, without retry: Spark takes a table whose refresh began and did not end."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": native_arn,
            "Payload": {"plan_key": "{% $states.input.plan_key %}", "batch": "{% $states.input.batch %}"},
        },
        "TimeoutSeconds": NATIVE_SECONDS,
        "Output": "",
        "Retry": [retry_busy_lambda()],
        "Catch": [_catch_batch_error()],
        "End": True,
    }


def _job_name(prefix: str) -> str:
    """The physical job name: plans use the manifests' names, and a second lake in the account has a prefix."""
    return f"{{% '{prefix}' & $states.input.glue_job_name %}}" if prefix else "{% $states.input.glue_job_name %}"


def _catch_batch_error() -> State:
    """Make the text of a failed batch of its error, cut to its room."""
    reason = f"'batch ' & $states.input.batch & ': ' & $states.errorOutput.Error & ': ' & {ERROR_MESSAGE}"
    text = f"{{% $substring($replace({reason}, /[^ -~]/, '?'), 0, $states.input.room) %}}"
    return {"ErrorEquals": ["States.ALL"], "Output": text, "Next": "BatchFailed"}


def _refresh_failed() -> State:
    failures = "$join($states.input.failed, '; ')"
    counts = "$count($states.input.failed) & ' of ' & $states.input.batches & ' batches failed: '"
    return {
        "Type": "Fail",
        "Error": "RefreshFailed",
        "Cause": f"{{% $substring({counts} & {failures}, 0, 30000) %}}",
    }
