"""The deployment system itself: bootstrapped by its own scripts, started by `git push`, interpreted as synthesised.

The commands of the test build are left out here: they are what `make check` and `make test-synth` run anyway. What
synthesis needs is not installed here, but in the pipelines of the demo.
"""

import json
from typing import Any

import pytest
from rich.console import Console

from rehearsal.pipeline.cli import decide
from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.pipeline.report import PipelineWatch, rehearsal_report
from tests.embedded.pipeline.developer import Developer
from tests.embedded.pipeline.test_synthesised_attacks import ALL, Attacker, letting_in, refused

DEV, PROD = "odp-dev-infra", "odp-prod-infra"
DEV_ACCOUNT, PROD_ACCOUNT = "222222222222", "444444444444"


def stacks(rehearsal: Rehearsal, account: str) -> set[str]:
    """Those that are deployed: what is only prepared for a new one leaves it in review."""
    found = rehearsal.emulator.client("cloudformation", account=account).describe_stacks()["Stacks"]
    deployed = [stack["StackName"] for stack in found if stack["StackStatus"] != "REVIEW_IN_PROGRESS"]
    return {name for name in deployed if not name.startswith("CDKToolkit")}


def executions(rehearsal: Rehearsal, pipeline: str) -> list[tuple[str, str]]:
    """Trigger and status of each execution, the oldest first."""
    found: list[dict[str, Any]] = rehearsal.codepipeline.list_pipeline_executions(pipelineName=pipeline)[
        "pipelineExecutionSummaries"
    ]
    return [(each["trigger"]["triggerType"], each["status"]) for each in reversed(found)]


def question(rehearsal: Rehearsal, pipeline: str) -> str:
    """The text of the requested approval."""
    states = rehearsal.codepipeline.get_pipeline_state(name=pipeline)["stageStates"]
    latest = [action.get("latestExecution", {}) for stage in states for action in stage["actionStates"]]
    (asked,) = [each for each in latest if each.get("token")]
    return str(asked["summary"])


@pytest.mark.timeout(1200)
def test_pushes_run_the_pipelines_as_synthesised(rehearsal: Rehearsal, developer: Developer) -> None:
    """One test, because every part stands on the one before it and each costs half a minute."""
    console = Console(record=True, width=200)
    watch = PipelineWatch(rehearsal.codepipeline, console)
    developer.push("prod")
    developer.add_a_stack()
    developer.push("main")
    assert rehearsal.deploy_pipelines("infra-repo", ["dev", "prod"]) == 2

    # dev: the push adds a stack, so the pipeline changes itself, starts anew and deploys it
    assert watch.until_settled([DEV, PROD])[DEV] == "Succeeded", console.export_text(clear=False)
    assert executions(rehearsal, DEV) == [("CreatePipeline", "Cancelled"), ("UpdatePipeline", "Succeeded")]
    assert stacks(rehearsal, DEV_ACCOUNT) == {f"{DEV}-{name}" for name in ("Storage", "Secrets", "Network", "Further")}
    parameter = rehearsal.emulator.client("ssm", account=DEV_ACCOUNT).get_parameter(Name="/further")["Parameter"]
    assert parameter["Value"] == "deployed"

    # prod: waits, is rejected, and nothing has changed
    assert "PERMISSIONS ARE BROADENED" in question(rehearsal, PROD)
    decide(rehearsal.codepipeline, PROD, status="Rejected", summary="not on a Friday")
    assert watch.until_settled([PROD])[PROD] == "Failed"
    assert stacks(rehearsal, PROD_ACCOUNT) == set()

    # a push of infra code starts the infra pipeline of its branch, and nothing else
    developer.take_back()
    developer.change_a_comment()
    assert f"starts {PROD}\n" in developer.push("prod").replace("        \n", "\n")
    watch.until_settled([PROD])
    decide(rehearsal.codepipeline, PROD, status="Approved", summary="")
    assert watch.until_settled([PROD])[PROD] == "Succeeded", console.export_text(clear=False)
    assert stacks(rehearsal, PROD_ACCOUNT) == {f"{PROD}-{name}" for name in ("Storage", "Secrets", "Network", "Backup")}
    assert executions(rehearsal, PROD) == [("CreatePipeline", "Failed"), ("WebhookV2", "Succeeded")]
    assert len(executions(rehearsal, DEV)) == 2

    a_person_who_may_everything_writes_no_configuration(rehearsal)

    report = rehearsal_report(rehearsal, report_start(rehearsal))
    assert report.accounts == (DEV_ACCOUNT, PROD_ACCOUNT)
    assert report.count("Succeeded") == 2
    left_out = "make install, make check, make test-synth, make install-synth"
    assert report.limits[0] == f"Left out in every test build of this rehearsal: {left_out}."
    assert "Rejected: not on a Friday" in console.export_text(clear=False)


def a_person_who_may_everything_writes_no_configuration(rehearsal: Rehearsal) -> None:
    """In prod the configuration is what went through git and the approval, whoever else may write objects."""
    iam = rehearsal.emulator.client("iam", account=PROD_ACCOUNT)
    trust = json.dumps(letting_in(PROD_ACCOUNT))
    iam.create_role(RoleName="Administrator", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="Administrator", PolicyName="all", PolicyDocument=json.dumps(ALL))
    secret = rehearsal.emulator.shell_environment(PROD_ACCOUNT)["AWS_SECRET_ACCESS_KEY"]
    owner = Attacker(rehearsal, "root", {"aws_access_key_id": PROD_ACCOUNT, "aws_secret_access_key": secret})
    person = owner.takes(f"arn:aws:iam::{PROD_ACCOUNT}:role/Administrator")
    ssm = rehearsal.emulator.client("ssm", account=PROD_ACCOUNT)
    config = ssm.get_parameter(Name="/odp/prod/buckets/config")["Parameter"]["Value"]
    refused(person.client("s3").put_object, Bucket=config, Key="odp/configuration/request.json", Body=b"{}")
    person.client("s3").put_object(Bucket=config, Key="odp/elsewhere.json", Body=b"{}")


def report_start(rehearsal: Rehearsal) -> Any:
    actions = rehearsal.codepipeline.list_action_executions(pipelineName=DEV)["actionExecutionDetails"]
    return actions[-1]["startTime"]
