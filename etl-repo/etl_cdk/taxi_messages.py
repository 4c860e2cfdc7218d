"""The messages of a taxi execution, and its end after an interruption."""

from __future__ import annotations

from etl_cdk.workflow_states import State, retry

ANY_FAILURE = ("States.TaskFailed",)
LONGEST_SUBJECT = 100
LONGEST_CAUSE = 30_000


def tell_interruption(topic_arn: str) -> State:
    """The state machine sends this message itself, because the function may be the part that failed."""
    message = (
        "'Execution ' & $states.context.Execution.Name & ' stopped: ' & $reason & '. Its files stay pending. To go on, "
        "start ' & $states.context.StateMachine.Name & ' with ' "
        "& $string({'dataset': $dataset, 'execution': $execution})"
    )
    return {
        **publish(topic_arn, "'Interrupted: ' & $dataset & ', files are still pending'", message),
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": {}, "Next": "Interrupted"}],
        "Next": "Interrupted",
    }


def publish(topic_arn: str, subject: str, message: str) -> State:
    """Send a message, whose subject and text are expressions."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": topic_arn,
            "Subject": f"{{% $substring({subject}, 0, {LONGEST_SUBJECT}) %}}",
            "Message": f"{{% {message} %}}",
        },
        "Output": {},
        "Retry": [retry(ANY_FAILURE, first_after=2, at_most=60, attempts=6)],
    }


def interrupted() -> State:
    """Fail with the reason that stopped the execution."""
    return {"Type": "Fail", "Error": "Interrupted", "Cause": f"{{% $substring($reason, 0, {LONGEST_CAUSE}) %}}"}
