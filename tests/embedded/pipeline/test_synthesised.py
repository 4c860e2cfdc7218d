"""The deployment system itself: bootstrapped by its own scripts, started by `git push`, interpreted as synthesised.

Checks and tests in the synth step are left out here: they are what `make check` and `make test-synth` run anyway.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal.demo.workspace import PROJECT
from rehearsal.pipeline.approving import decide
from rehearsal.pipeline.clone import committed_copy
from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.pipeline.report import rehearsal_report
from rehearsal.pipeline.watch import PipelineWatch

DEV, PROD = "odp-dev-infra", "odp-prod-infra"
DEV_ACCOUNT, PROD_ACCOUNT = "222222222222", "444444444444"
STAGE = Path("infra-repo") / "infra_cdk" / "infra_stage.py"
FURTHER_STACK = """
        import aws_cdk as cdk

        further = cdk.Stack(self, "Further")
        cdk.CfnResource(
            further, "Parameter", type="AWS::SSM::Parameter",
            properties={"Type": "String", "Name": "/further", "Value": "deployed"},
        )
"""


class Developer:
    """Somebody with a clone of this project."""

    def __init__(self, clone: Path, rehearsal: Rehearsal) -> None:
        self._clone, self._rehearsal = committed_copy(PROJECT, clone), rehearsal

    def commit(self, message: str) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def add_a_stack(self) -> None:
        with (self._clone / STAGE).open("a") as file:
            file.write(FURTHER_STACK)
        self.commit("Add a stack")

    def change_a_comment(self) -> None:
        with (self._clone / "infra-repo" / "app.py").open("a") as file:
            file.write("# nothing else changes\n")
        self.commit("Change a comment")

    def take_back(self) -> None:
        self._git("reset", "--quiet", "--hard", "HEAD~1")

    def push(self, branch: str) -> str:
        return self._rehearsal.push("HEAD", branch, clone=self._clone)

    def _git(self, *words: str) -> None:
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *author, *words], cwd=self._clone, check=True, capture_output=True)


@pytest.fixture(scope="module")
def developer(rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    return Developer(tmp_path_factory.mktemp("developer") / "clone", rehearsal)


def stacks(rehearsal: Rehearsal, account: str) -> set[str]:
    found = rehearsal.emulator.client("cloudformation", account=account).describe_stacks()["Stacks"]
    return {name for stack in found if not (name := stack["StackName"]).startswith("CDKToolkit")}


def executions(rehearsal: Rehearsal, pipeline: str) -> list[tuple[str, str]]:
    """Trigger and status of each execution, the oldest first."""
    found: list[dict[str, Any]] = rehearsal.codepipeline.list_pipeline_executions(pipelineName=pipeline)[
        "pipelineExecutionSummaries"
    ]
    return [(each["trigger"]["triggerType"], each["status"]) for each in reversed(found)]


def question(rehearsal: Rehearsal, pipeline: str) -> str:
    """What the approval that is asked for says."""
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
    assert stacks(rehearsal, PROD_ACCOUNT) == {f"{PROD}-{name}" for name in ("Storage", "Secrets", "Network")}
    assert executions(rehearsal, PROD) == [("CreatePipeline", "Failed"), ("WebhookV2", "Succeeded")]
    assert len(executions(rehearsal, DEV)) == 2

    report = rehearsal_report(rehearsal, report_start(rehearsal))
    assert report.accounts == (DEV_ACCOUNT, PROD_ACCOUNT)
    assert report.count("Succeeded") == 2
    assert report.limits[0] == "Left out in every synth step of this rehearsal: make check, make test-synth."
    assert "Rejected: not on a Friday" in console.export_text(clear=False)


def report_start(rehearsal: Rehearsal) -> Any:
    actions = rehearsal.codepipeline.list_action_executions(pipelineName=DEV)["actionExecutionDetails"]
    return actions[-1]["startTime"]
