"""The state machine of the NYC taxi flow: load bundle after bundle of a dataset's files until none is due."""

from __future__ import annotations

from dataclasses import dataclass

from taxi.bundles.closing import LONGEST_PAUSE_SECONDS

from etl_cdk.taxi_messages import ANY_FAILURE, interrupted, publish, tell_interruption
from etl_cdk.workflow_states import (
    ERROR_MESSAGE,
    MARGIN_SECONDS,
    State,
    choice,
    longest_wait,
    retry,
    retry_busy_glue,
    retry_lambda_trouble,
)

ROUNDS_PER_EXECUTION = 100
"""After so many bundles a new execution takes over, because a history has at most 25,000 events."""
RUN_ATTEMPTS = 2
"""Both jobs can be repeated after any crash; if a run fails twice, its files wait and come in smaller bundles."""


@dataclass(frozen=True)
class TaxiParts:
    """The resources that an execution calls."""

    bundles_function_arn: str
    conformed_job: str
    purpose_built_job: str
    topic_arn: str
    job_timeout_minutes: int


def taxi_workflow(parts: TaxiParts) -> State:
    """The definition, for an input of {"dataset": …}; it succeeds only if every file of every bundle did.

    The state has only keys and counts; the files of a bundle are in S3.
    """
    return {
        "Comment": "Load the pending files of one dataset: raw to conformed to purpose-built",
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "States": {
            "Begin": _begin(),
            "Claim": _claim(parts),
            "AnyFiles": _any_files(),
            "Conform": _run(parts, parts.conformed_job, {"--bundle_key": "{% $bundle_key %}"}, then="Build"),
            "Build": _run(parts, parts.purpose_built_job, {"--dataset": "{% $dataset %}"}, then="Close"),
            "Close": _close(parts),
            "Notify": _notify(parts),
            "AnyAgain": choice("$pause > 0", then="Pause", otherwise="EnoughRounds"),
            "Pause": {"Type": "Wait", "Seconds": "{% $pause %}", "Next": "EnoughRounds"},
            "EnoughRounds": choice(f"$rounds >= {ROUNDS_PER_EXECUTION}", then="HandOver", otherwise="Claim"),
            "HandOver": _hand_over(),
            "AllLoaded": choice("$failed_files + $problems = 0", then="Loaded", otherwise="NotAllLoaded"),
            "Loaded": {"Type": "Succeed"},
            "NotAllLoaded": _not_all_loaded(),
            "TellInterruption": tell_interruption(parts.topic_arn),
            "Interrupted": interrupted(),
        },
    }


def longest_round_seconds(job_timeout_minutes: int) -> int:
    """The longest time between two claims of a dataset, which its lease must cover.

    An execution that ends earlier blocks nobody, because the next one looks it up.
    """
    run = RUN_ATTEMPTS * _run_timeout(job_timeout_minutes) + sum(map(longest_wait, _run_retries()))
    return 2 * run + 2 * MARGIN_SECONDS + LONGEST_PAUSE_SECONDS


def _run_timeout(job_timeout_minutes: int) -> int:
    return job_timeout_minutes * 60 + MARGIN_SECONDS


def _run_retries() -> list[State]:
    again = retry(ANY_FAILURE, first_after=10, at_most=60, attempts=RUN_ATTEMPTS - 1)
    return [retry_busy_glue(), again]


def _begin() -> State:
    """A continuing execution gets the name of the first one, which owns the lease."""
    return {
        "Type": "Pass",
        "Assign": {
            "dataset": "{% $states.input.dataset %}",
            "execution": "{% [$states.input.execution, $states.context.Execution.Name][0] %}",
            "leg": "{% [$states.input.leg, 1][0] %}",
            "rounds": 0,
            "failed_files": 0,
            "problems": 0,
            "pause": 0,
        },
        "Next": "Claim",
    }


def _claim(parts: TaxiParts) -> State:
    """The first execution's name owns the lease across all legs; the ARN is the present leg's."""
    payload = {
        "step": "claim",
        "dataset": "{% $dataset %}",
        "execution": "{% $execution %}",
        "execution_arn": "{% $states.context.Execution.Id %}",
    }
    return {
        **_step(parts, payload),
        "Assign": {"bundle_key": "{% [$states.result.Payload.bundle_key, ''][0] %}", "reason": ""},
        "Output": {
            "outcome": "{% $states.result.Payload.outcome %}",
            "is_loaded": "{% [$states.result.Payload.is_loaded, false][0] %}",
        },
        "Next": "AnyFiles",
    }


def _any_files() -> State:
    """Load the files, or only build on the rows of an earlier round.

    Otherwise nothing is due, or another execution has the dataset's lease and will find the files.
    """
    return {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.is_loaded %}", "Next": "Build"},
            {"Condition": "{% $states.input.outcome = 'claimed' %}", "Next": "Conform"},
        ],
        "Default": "AllLoaded",
    }


def _run(parts: TaxiParts, job: str, arguments: State, *, then: str) -> State:
    """After a failed run, the bundle is closed with the error."""
    reason = f"{{% '{job}: ' & $states.errorOutput.Error & ': ' & {ERROR_MESSAGE} %}}"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Arguments": {"JobName": job, "Arguments": arguments},
        "TimeoutSeconds": _run_timeout(parts.job_timeout_minutes),
        "Output": {},
        "Retry": _run_retries(),
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"reason": reason, "problems": "{% $problems + 1 %}"},
                "Output": {},
                "Next": "Close",
            }
        ],
        "Next": then,
    }


def _close(parts: TaxiParts) -> State:
    """The error is passed only if there is one."""
    known = "'step': 'close', 'dataset': $dataset, 'execution': $execution, 'bundle_key': $bundle_key"
    return {
        **_step(parts, f"{{% $merge([{{{known}}}, $reason = '' ? {{}} : {{'error': $reason}}]) %}}"),
        "Assign": {
            "failed_files": "{% $failed_files + $states.result.Payload.failed %}",
            "rounds": "{% $rounds + 1 %}",
            "pause": "{% [$states.result.Payload.pause_seconds, 0][0] %}",
        },
        "Output": {
            "subject": "{% $states.result.Payload.subject %}",
            "message": "{% $states.result.Payload.message %}",
        },
        "Next": "Notify",
    }


def _step(parts: TaxiParts, payload: State | str) -> State:
    """One call of the bundles function; each step can be repeated, even after an unknown outcome."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": parts.bundles_function_arn, "Payload": payload},
        "Retry": [
            retry_lambda_trouble(),
            retry(ANY_FAILURE, first_after=5, at_most=60, attempts=2),
        ],
        "Catch": [_interruption()],
    }


def _interruption() -> State:
    reason = f"{{% $states.errorOutput.Error & ': ' & {ERROR_MESSAGE} %}}"
    return {"ErrorEquals": ["States.ALL"], "Assign": {"reason": reason}, "Output": {}, "Next": "TellInterruption"}


def _notify(parts: TaxiParts) -> State:
    """A message that cannot be sent delays no files, but the execution fails at its end."""
    return {
        **publish(parts.topic_arn, "$states.input.subject", "$states.input.message"),
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"problems": "{% $problems + 1 %}"},
                "Output": {},
                "Next": "AnyAgain",
            }
        ],
        "Next": "AnyAgain",
    }


def _hand_over() -> State:
    """The name of the leg is fixed, so a repeated start starts nothing twice."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Arguments": {
            "StateMachineArn": "{% $states.context.StateMachine.Id %}",
            "Name": "{% $substring($execution, 0, 70) & '-' & $string($leg + 1) %}",
            "Input": {
                "dataset": "{% $dataset %}",
                "execution": "{% $execution %}",
                "leg": "{% $leg + 1 %}",
            },
        },
        "Output": {},
        "Retry": [retry(ANY_FAILURE, first_after=2, at_most=60, attempts=6)],
        "Catch": [
            {"ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "Output": {}, "Next": "AllLoaded"},
            _interruption(),
        ],
        "Next": "AllLoaded",
    }


def _not_all_loaded() -> State:
    counts = (
        "$string($failed_files) & ' files of ' & $dataset & ' failed, ' & $string($problems) & ' runs or messages did'"
    )
    return {"Type": "Fail", "Error": "NotAllLoaded", "Cause": f"{{% {counts} & '; the audit table names the files' %}}"}
