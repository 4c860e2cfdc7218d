"""A deployed definition is read as CodePipeline means it, and what is not rehearsed is refused by name."""

from typing import Any

import pytest

from rehearsal.pipeline.definition import Definition, UnsupportedPipelineError, api_document
from rehearsal.pipeline.execution import unsupported_actions
from tests.tools.rehearsal.pipeline.documents import action, pipeline

PROPERTIES: dict[str, Any] = {
    "ArtifactStore": {"Type": "S3", "Location": "artifacts", "EncryptionKey": {"Id": "arn:key", "Type": "KMS"}},
    "ExecutionMode": "QUEUED",
    "RestartExecutionOnUpdate": True,
    "RoleArn": "arn:aws:iam::111111111111:role/pipeline",
    "Stages": [
        {
            "Name": "Source",
            "Actions": [
                {
                    "Name": "Fetch",
                    "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "X", "Version": "1"},
                    "Configuration": {"BranchName": "main", "DetectChanges": False},
                    "OutputArtifacts": [{"Name": "Code"}],
                    "RunOrder": "2",
                }
            ],
        }
    ],
}


def test_properties_of_a_template_become_the_document_of_the_api() -> None:
    document = api_document(PROPERTIES, default_name="named")
    assert document["name"] == "named"
    assert "restartExecutionOnUpdate" not in document
    (fetch,) = document["stages"][0]["actions"]
    assert fetch["configuration"] == {"BranchName": "main", "DetectChanges": "false"}
    assert fetch["runOrder"] == 2


def test_a_definition_knows_where_its_artifacts_are_and_what_becomes_of_several_executions() -> None:
    definition = Definition(api_document(PROPERTIES, default_name="named"))
    assert (definition.bucket, definition.key_arn, definition.mode) == ("artifacts", "arn:key", "QUEUED")
    assert definition.stages[0].actions[0].outputs == ("Code",)
    assert Definition(pipeline()).mode == "SUPERSEDED"
    assert Definition(pipeline()).key_arn is None


def test_actions_of_one_run_order_are_side_by_side_and_the_groups_one_after_the_other() -> None:
    actions = [action("late", runOrder=2), action("a"), action("b")]
    (stage,) = Definition(pipeline(("Deploy", actions))).stages
    assert [[each.name for each in group] for group in stage.groups] == [["a", "b"], ["late"]]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (pipeline(artifactStores=[]), "the pipeline has artifactStores"),
        (pipeline(executionMode="PARALLEL"), "execution mode PARALLEL"),
        (pipeline(("Build", [action("a", commands=["ls"])])), "action Build/a has commands"),
        ({**pipeline(), "stages": [{"name": "B", "actions": [], "onFailure": {}}]}, "stage B has onFailure"),
    ],
)
def test_what_is_not_rehearsed_is_refused_by_name(document: dict[str, Any], told: str) -> None:
    with pytest.raises(UnsupportedPipelineError, match=told):
        Definition(document)


def test_actions_that_nobody_carries_out_are_named() -> None:
    document = pipeline(("Do", [action("call", "Invoke/Lambda"), action("build")]))
    assert unsupported_actions(Definition(document)) == ["Do/call: Invoke by Lambda"]
