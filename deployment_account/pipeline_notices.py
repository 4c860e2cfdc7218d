"""Who is told that a pipeline waits, failed or succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

EXECUTION = "CodePipeline Pipeline Execution State Change"
ACTION = "CodePipeline Action Execution State Change"


class PipelineNotices(Construct):
    """An encrypted topic, its subscribers, and one sentence to them for each thing that needs or rewards attention."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.IPipeline,
        key: kms.IKey,
        addresses: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self._pipeline = pipeline
        self.topic = sns.Topic(self, "Topic", display_name="Pipelines", master_key=key, enforce_ssl=True)
        for address in addresses:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
        self._tell("Failed", EXECUTION, {"state": ["FAILED"]}, "failed")
        self._tell("Succeeded", EXECUTION, {"state": ["SUCCEEDED"]}, "succeeded")
        waiting = {"state": ["STARTED"], "type": {"category": ["Approval"]}}
        stage = events.EventField.from_path("$.detail.stage")
        self._tell("ApprovalNeeded", ACTION, waiting, f"waits for an approval in stage {stage}")

    def _tell(self, id_: str, detail_type: str, detail: Mapping[str, Any], what: str) -> None:
        stack = cdk.Stack.of(self)
        name = self._pipeline.pipeline_name
        console = f"https://{stack.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{name}/view"
        execution = events.EventField.from_path("$.detail.execution-id")
        events.Rule(
            self,
            id_,
            description=f"Tells the subscribers that the pipeline {what.split(' in ', maxsplit=1)[0]}",
            event_pattern=events.EventPattern(
                source=["aws.codepipeline"], detail_type=[detail_type], detail={"pipeline": [name], **detail}
            ),
            targets=[
                targets.SnsTopic(
                    self.topic,
                    message=events.RuleTargetInput.from_text(
                        f"Pipeline {name} {what} (execution {execution}). {console}"
                    ),
                )
            ],
        )
