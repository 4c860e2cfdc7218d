"""Rights to create the experiment that pauses replication; starting it is a right of people."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_SERVICE = "fis.amazonaws.com"
_ACTIONS = ("aws:dynamodb:global-table-pause-replication", "aws:s3:bucket-pause-replication")


def experiments(scope: Scope) -> list[Grant]:
    """The template of the experiment with its two actions, and the role that is handed to AWS FIS."""
    template = scope.arn("fis", "experiment-template/*")
    actions = [scope.arn("fis", f"action/{action}") for action in _ACTIONS]
    ids = "AWS FIS makes up the ids of templates"
    return [
        grant(
            "fis",
            "CreateExperimentTemplate TagResource",
            template,
            because=f"{ids}; the condition names the tag that it is made with",
            condition=scope.made_with_tag,
        ),
        grant(
            "fis",
            "DeleteExperimentTemplate UntagResource UpdateExperimentTemplate",
            template,
            because=f"{ids}; the tag of the condition says that this lake made it",
            condition=scope.tagged,
        ),
        grant("fis", "CreateExperimentTemplate UpdateExperimentTemplate", *actions),
        grant("fis", "GetExperimentTemplate ListTagsForResource", template, because=f"{ids}; reading harms nobody"),
        grant("fis", "ListExperimentTemplates", "*", because="AWS FIS lists whole Regions and knows no resource here"),
        grant(
            "iam",
            "PassRole",
            scope.global_arn("iam", f"role/{scope.generated}"),
            condition={"StringEquals": {"iam:PassedToService": _SERVICE}},
        ),
    ]
