"""A small pipeline in two accounts of its own, and what a test asks of it."""

import json
import subprocess
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.repository import Repository
from tests.embedded.pipeline import templates
from tests.embedded.waiting import pauses

PIPELINE, STACK = "small", "pipeline"
PATIENCE = 300
Document = dict[str, Any]


@dataclass
class Small:
    """The pipeline."""

    emulator: Emulator
    account: str
    target: str
    clone: Path
    key: str = ""
    build_spec: Document = field(default_factory=lambda: templates.BUILD_SPEC)

    @property
    def bucket(self) -> str:
        return f"artifacts-{self.account}"

    @property
    def repository(self) -> Repository:
        return Repository.of(self.emulator.settings.repositories, self.repository_name)

    @property
    def repository_name(self) -> str:
        return f"tests/{self.account}"

    def client(self, service: str, *, of_target: bool = False) -> Any:
        return self.emulator.client(service, account=self.target if of_target else self.account)

    @property
    def codepipeline(self) -> Any:
        return self.client("codepipeline")

    def prepare(self) -> None:
        """Make the accounts and an empty repository."""
        deployed = self._deploy("artifacts", templates.artifacts_template(self.account, self.target, self.bucket))
        self.key = deployed["Outputs"][0]["OutputValue"]
        roles = templates.target_template(self.account, self.bucket, self.key, self.target)
        self._deploy("bootstrap", roles, of_target=True)
        self.repository.create(["true"])
        self._git("init", "--quiet", "--initial-branch=main")

    def deploy(self, stages: list[Document] | None = None, **pipeline: Any) -> None:
        """Deploy the pipeline, which starts it, or deploy it again."""
        template = templates.pipeline_template(
            self.account, self.target, self.bucket, self.key,
            stages=stages or self.stages(), build_spec=self.build_spec, **pipeline,
        )  # fmt: skip
        self._deploy(STACK, template)

    def stages(self, *, with_approval: bool = False, with_deployment: bool = True) -> list[Document]:
        """Source, Build, and what else is wanted."""
        stages = [
            templates.stage("Source", templates.source(self.account, self.repository_name)),
            templates.stage("Build", templates.build(self.account)),
        ]
        if with_approval:
            stages.append(templates.stage("Approve", templates.approval()))
        if with_deployment:
            stages.append(templates.stage("Deploy", *templates.deployment(self.target)))
        return stages

    def push(self, template: Document = templates.TOPIC, **files: str) -> str:
        """Commit a template, and files beside it, and push them."""
        for name, content in {"source.json": json.dumps(template), **files}.items():
            (self.clone / name).write_text(content)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Change the topic")
        self._git("push", "--quiet", "--force", str(self.repository.folder), "main")
        return self._git("rev-parse", "HEAD")

    def run(self) -> tuple[str, dict[str, Document]]:
        """Start an execution and give its status and its actions by name."""
        return self.result(self.start())

    def start(self) -> str:
        return str(self.codepipeline.start_pipeline_execution(name=PIPELINE)["pipelineExecutionId"])

    def result(self, execution: str | None = None) -> tuple[str, dict[str, Document]]:
        """The status of an execution that has ended, the newest by default, and its actions by name."""
        chosen = execution or self.executions()[0]["pipelineExecutionId"]
        self._until(lambda: self.status(chosen) != "InProgress", f"end of {chosen}")
        return self.status(chosen), self.actions(chosen)

    def status(self, execution: str) -> str:
        found = self.codepipeline.get_pipeline_execution(pipelineName=PIPELINE, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def executions(self) -> list[Document]:
        """The newest first."""
        found: list[Document] = self.codepipeline.list_pipeline_executions(pipelineName=PIPELINE)[
            "pipelineExecutionSummaries"
        ]
        return found

    def actions(self, execution: str) -> dict[str, Document]:
        details = self.codepipeline.list_action_executions(
            pipelineName=PIPELINE, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        return {each["actionName"]: each for each in details}

    def token(self) -> str:
        """The token of the requested approval."""
        self._until(lambda: self._token() is not None, "request for approval")
        return str(self._token())

    def decide(self, status: str, token: str | None = None) -> None:
        self.codepipeline.put_approval_result(
            pipelineName=PIPELINE, stageName="Approve", actionName="Approve",
            token=token or self.token(), result={"status": status, "summary": "said by the test"},
        )  # fmt: skip

    def topics(self) -> list[str]:
        """What was deployed into the target account."""
        arns = self.client("sns", of_target=True).list_topics()["Topics"]
        return [each["TopicArn"].rsplit(":", 1)[-1] for each in arns]

    def until_reached(self, execution: str, action: str) -> None:
        self._until(lambda: action in self.actions(execution), f"{action} of {execution}")

    def until_ended(self, action: str) -> None:
        """Wait for the end of an action of the newest execution."""
        newest = self.executions()[0]["pipelineExecutionId"]
        self._until(lambda: self.actions(newest)[action]["status"] != "InProgress", f"end of {action}")

    def _token(self) -> str | None:
        for stage in self.codepipeline.get_pipeline_state(name=PIPELINE)["stageStates"]:
            for action in stage["actionStates"]:
                if token := action.get("latestExecution", {}).get("token"):
                    return str(token)
        return None

    def _until(self, is_so: Any, what: str) -> None:
        deadline, waits = time.monotonic() + PATIENCE, pauses()
        while not is_so():
            assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s"
            time.sleep(next(waits))

    def _deploy(self, stack: str, template: Document, *, of_target: bool = False) -> Document:
        cloudformation = self.client("cloudformation", of_target=of_target)
        exists = any(each["StackName"] == stack for each in cloudformation.describe_stacks()["Stacks"])
        change = cloudformation.update_stack if exists else cloudformation.create_stack
        change(StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
        described = partial(lambda: cloudformation.describe_stacks(StackName=stack)["Stacks"][0])
        self._until(lambda: not described()["StackStatus"].endswith("IN_PROGRESS"), f"end of {stack}")
        found: Document = described()
        assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found
        return found

    def _git(self, *words: str) -> str:
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        run = subprocess.run(["git", *author, *words], cwd=self.clone, capture_output=True, text=True, check=True)
        return run.stdout.strip()


def said(action: Document) -> str:
    """What an action says of its end."""
    return str(action["output"]["executionResult"].get("externalExecutionSummary", ""))


def told(actions: dict[str, Document]) -> str:
    """What all actions say, to explain why a test fails."""
    return "; ".join(f"{name} {each['status']}: {said(each)}" for name, each in actions.items())
