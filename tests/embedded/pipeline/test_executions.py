"""Pipelines are interpreted action by action, and boto3 sees what AWS would show it."""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal.pipeline.cli import decide
from rehearsal.pipeline.definition import RehearsalError
from tests.embedded.failing_resource import FAILING
from tests.embedded.pipeline import templates
from tests.embedded.pipeline.small import PIPELINE, Small, said, told


def test_a_commit_goes_through_all_stages_into_the_target_account(small: Small) -> None:
    commit = small.push()
    small.deploy()
    status, actions = small.result()
    assert status == "Succeeded", told(actions)
    assert list(reversed(actions)) == ["Source", "Build", "Prepare", "Deploy"]
    assert small.topics() == ["deployed"]
    assert said(actions["Source"]) == f"{commit[:8]} Change the topic"
    assert said(actions["Deploy"]) == f"{small.target} deployed: CREATE_COMPLETE"
    (execution,) = small.executions()
    assert execution["sourceRevisions"][0]["revisionId"] == commit
    assert execution["trigger"]["triggerType"] == "CreatePipeline"


def test_a_second_execution_of_the_same_commit_changes_nothing_and_succeeds(small: Small) -> None:
    small.push()
    small.deploy()
    small.result()
    status, actions = small.run()
    assert status == "Succeeded", told(actions)
    assert said(actions["Deploy"]).endswith("deployed: unchanged")


def test_a_build_runs_in_a_clean_copy_with_tools_and_nothing_of_the_shell_that_started_it(small: Small) -> None:
    commands = ["ls -A", "env", "python3.11 -c 'import sys; print(sys.prefix)'", "node --version", "npm --version"]
    runtimes = {"python": "3.11", "nodejs": "22"}
    phases = {"install": {"runtime-versions": runtimes}, "build": {"commands": commands}}
    small.build_spec = {"version": "0.2", "phases": phases, "artifacts": {"files": ["source.json"]}}
    small.push(beside="a file")
    small.deploy(small.stages(with_deployment=False))
    status, actions = small.result()
    assert status == "Succeeded", told(actions)
    build = actions["Build"]["output"]["executionResult"]["externalExecutionId"]
    stream = build.replace(":", "/")
    events = small.client("logs").get_log_events(logGroupName="/builds", logStreamName=stream)["events"]
    lines = [event["message"] for event in events]
    assert lines[lines.index("[Container] Running command ls -A") + 1 :][:2] == ["beside", "source.json"]
    variables = {line.partition("=")[0] for line in lines if "=" in line}
    assert {"CODEBUILD_BUILD_ID", "AWS_ACCESS_KEY_ID", "COMMIT"} <= variables
    assert not {"VIRTUAL_ENV", "PYTHONPATH", "GATEWAY_PORT", "STATE_DIR", "USER"} & variables
    assert f"HOME={Path.home()}" not in lines
    assert small.client("codebuild").batch_get_builds(ids=[build])["builds"][0]["buildStatus"] == "SUCCEEDED"


def test_a_failing_build_stops_the_pipeline_before_anything_is_deployed(small: Small) -> None:
    small.build_spec = {"version": "0.2", "phases": {"build": {"commands": ["echo why it fails", "exit 7"]}}}
    small.push()
    small.deploy()
    status, actions = small.result()
    assert status == "Failed"
    assert "exit code" in said(actions["Build"])
    assert "why it fails" in said(actions["Build"])
    assert "Prepare" not in actions
    assert small.topics() == []


def test_an_approval_tells_its_message_and_lets_the_execution_go_on(small: Small) -> None:
    commit = small.push()
    small.deploy(small.stages(with_approval=True))
    token = small.token()
    state = small.codepipeline.get_pipeline_state(name=PIPELINE)["stageStates"][2]["actionStates"][0]
    assert state["latestExecution"]["summary"] == f"built {commit}"
    assert small.topics() == []
    small.decide("Approved", token)
    assert small.result()[0] == "Succeeded"
    assert small.topics() == ["deployed"]


def test_a_rejection_ends_the_execution_and_nothing_is_deployed(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True))
    small.token()
    assert decide(small.codepipeline, None, status="Rejected", summary="not today") == [f"{PIPELINE} Approve/Approve"]
    status, actions = small.result()
    assert status == "Failed"
    assert said(actions["Approve"]) == "Rejected: not today"
    assert small.topics() == []


def test_a_disabled_transition_holds_the_execution_before_its_stage_until_it_is_enabled(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True))
    token, transition = small.token(), {"pipelineName": PIPELINE, "stageName": "Deploy", "transitionType": "Inbound"}
    small.codepipeline.disable_stage_transition(**transition, reason="the network comes first")
    small.decide("Approved", token)
    small.until_ended("Approve")
    state = small.codepipeline.get_pipeline_state(name=PIPELINE)["stageStates"][-1]["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "the network comes first")
    assert small.executions()[0]["status"] == "InProgress"
    assert small.topics() == []
    small.codepipeline.enable_stage_transition(**transition)
    assert small.result()[0] == "Succeeded"
    assert small.topics() == ["deployed"]


def test_a_transition_of_a_stage_that_the_pipeline_lacks_is_refused(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_deployment=False))
    with pytest.raises(ClientError, match="StageNotFoundException"):
        small.codepipeline.enable_stage_transition(pipelineName=PIPELINE, stageName="Nowhere", transitionType="Inbound")


def test_what_happens_is_told_on_the_event_bus(small: Small) -> None:
    pattern = {"source": ["aws.codepipeline"], "detail": {"pipeline": [PIPELINE]}}
    queue = small.client("sqs").create_queue(QueueName="notices")["QueueUrl"]
    small.client("events").put_rule(Name="notices", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{small.account}:notices"}
    small.client("events").put_targets(Rule="notices", Targets=[target])
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                 "Resource": "*"}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    small.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    small.push()
    small.deploy(small.stages(with_approval=True))
    small.decide("Rejected")
    small.result()
    told_events = []
    while messages := small.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        told_events += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            small.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    states = {(each["detail"].get("action", ""), each["detail"]["state"]) for each in told_events}
    assert {
        ("", "STARTED"),
        ("Build", "SUCCEEDED"),
        ("Approve", "STARTED"),
        ("Approve", "FAILED"),
        ("", "FAILED"),
    } <= states
    (asked,) = [each["detail"] for each in told_events if each["detail"].get("action") == "Approve"
                and each["detail"]["state"] == "STARTED"]  # fmt: skip
    assert asked["type"]["category"] == "Approval"


def test_an_approval_is_answered_once_and_only_by_its_token(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True))
    token = small.token()
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        small.decide("Approved", "another")
    small.decide("Rejected", token)
    small.result()
    with pytest.raises(ClientError, match="InvalidApprovalTokenException"):
        small.decide("Approved", token)
    with pytest.raises(RehearsalError, match="no pipeline waits for an approval"):
        decide(small.codepipeline, None, status="Approved", summary="")
    with pytest.raises(RehearsalError, match="there is no pipeline elsewhere; there are small"):
        decide(small.codepipeline, "elsewhere", status="Approved", summary="")


def test_a_changed_definition_cancels_what_waits_and_starts_anew_with_the_new_stages(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True), RestartExecutionOnUpdate=True)
    small.token()
    small.deploy(small.stages(), RestartExecutionOnUpdate=True)
    status, actions = small.result()
    assert status == "Succeeded", told(actions)
    assert "Approve" not in actions
    newest, oldest = small.executions()
    assert newest["trigger"]["triggerType"] == "UpdatePipeline"
    assert (oldest["status"], oldest["statusSummary"]) == ("Cancelled", "the definition was updated to version 2")
    assert small.codepipeline.get_pipeline(name=PIPELINE)["pipeline"]["version"] == 2


def test_an_unchanged_definition_starts_nothing(small: Small) -> None:
    small.push()
    small.deploy(RestartExecutionOnUpdate=True)
    small.result()
    small.build_spec = {**small.build_spec, "phases": {"build": {"commands": ["cp source.json template.json"]}}}
    small.deploy(RestartExecutionOnUpdate=True)
    assert len(small.executions()) == 1


def test_queued_executions_wait_for_their_turn_also_before_an_approval(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True))
    first_token, second = small.token(), small.start()
    small.until_reached(second, "Build")
    third = small.start()
    small.until_reached(third, "Source")
    small.decide("Approved", first_token)
    small.until_reached(second, "Approve")
    assert "Approve" not in small.actions(third)
    small.decide("Rejected")
    small.until_reached(third, "Approve")
    small.decide("Approved")
    assert [small.result(each)[0] for each in (second, third)] == ["Failed", "Succeeded"]


def test_a_superseding_pipeline_lets_the_newest_execution_go_on(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True), ExecutionMode="SUPERSEDED")
    small.token()
    second = small.start()
    small.until_reached(second, "Build")
    third = small.start()
    assert small.result(second)[0] == "Superseded"
    small.decide("Rejected")
    small.until_reached(third, "Approve")
    small.decide("Approved")
    assert small.result(third)[0] == "Succeeded"


def test_an_execution_can_be_stopped_and_its_approval_is_abandoned(small: Small) -> None:
    small.push()
    small.deploy(small.stages(with_approval=True))
    small.token()
    execution = small.executions()[0]["pipelineExecutionId"]
    small.codepipeline.stop_pipeline_execution(
        pipelineName=PIPELINE, pipelineExecutionId=execution, abandon=True, reason="by the test"
    )
    status, actions = small.result(execution)
    assert (status, actions["Approve"]["status"]) == ("Stopped", "Abandoned")
    with pytest.raises(ClientError, match="PipelineExecutionNotStoppableException"):
        small.codepipeline.stop_pipeline_execution(pipelineName=PIPELINE, pipelineExecutionId=execution)


def test_a_branch_that_nobody_has_pushed_fails_the_source_and_the_push_repairs_it(small: Small) -> None:
    small.deploy(small.stages(with_deployment=False))
    status, actions = small.result()
    assert status == "Failed"
    assert said(actions["Source"]) == f"{small.repository_name} has no branch main yet: push to it"
    small.push()
    assert small.run()[0] == "Succeeded"


def test_a_template_too_large_for_a_request_is_deployed(small: Small) -> None:
    topics = {
        f"T{number}": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x" * 90}} for number in range(450)
    }
    assert len(json.dumps({"Resources": topics})) > 51_200
    small.push({"Resources": topics})
    small.deploy()
    status, actions = small.result()
    assert status == "Succeeded", told(actions)
    assert (
        len(
            small.client("cloudformation", of_target=True).describe_stack_resources(StackName="deployed")[
                "StackResources"
            ]
        )
        == 450
    )


def test_a_stack_that_cannot_be_created_is_told_with_its_resource_and_what_mends_it(small: Small) -> None:
    small.push({"Resources": {**templates.TOPIC["Resources"], "Broken": FAILING}})
    small.deploy()
    status, actions = small.result()
    assert status == "Failed"
    told = said(actions["Deploy"])
    assert "Broken (Custom::CDKBucketDeployment)" in told
    assert "aws cloudformation delete-stack --stack-name deployed" in told
    small.push()
    assert "from which no pipeline brings a stack back" in said(small.run()[1]["Prepare"])
    small.client("cloudformation", of_target=True).delete_stack(StackName="deployed")
    assert small.run()[0] == "Succeeded"


def test_a_pipeline_with_an_action_that_is_not_rehearsed_is_refused_when_it_is_deployed(small: Small) -> None:
    stages = small.stages(with_deployment=False)
    stages[1]["Actions"][0]["ActionTypeId"]["Provider"] = "Jenkins"
    with pytest.raises(AssertionError, match="ROLLBACK"):
        small.deploy(stages)
    events = small.client("cloudformation").describe_stack_events(StackName="pipeline")["StackEvents"]
    assert any("Build by Jenkins" in event.get("ResourceStatusReason", "") for event in events)


def test_unknown_pipelines_executions_and_operations_are_refused_as_on_aws(small: Small) -> None:
    with pytest.raises(ClientError, match="PipelineNotFoundException"):
        small.codepipeline.get_pipeline(name=PIPELINE)
    small.push()
    small.deploy(small.stages(with_deployment=False))
    with pytest.raises(ClientError, match="PipelineExecutionNotFoundException"):
        small.codepipeline.get_pipeline_execution(pipelineName=PIPELINE, pipelineExecutionId="0" * 8)
    with pytest.raises(ClientError, match="RetryStageExecution is not rehearsed"):
        small.codepipeline.retry_stage_execution(
            pipelineName=PIPELINE, stageName="Build", pipelineExecutionId="x", retryMode="FAILED_ACTIONS"
        )


def test_an_execution_is_started_for_a_commit_and_for_nothing_else(small: Small, tmp_path: Path) -> None:
    small.push()
    small.deploy(small.stages(with_deployment=False))
    small.result()
    for given in (f"--output={tmp_path / 'x'}", "main", "HEAD", "0" * 39, "A" * 40):
        revision = {"actionName": "Source", "revisionType": "COMMIT_ID", "revisionValue": given}
        with pytest.raises(ClientError, match="40 hexadecimal digits"):
            small.codepipeline.start_pipeline_execution(name=PIPELINE, sourceRevisions=[revision])
        assert len(small.executions()) == 1, given
        assert not (tmp_path / "x").exists(), given
