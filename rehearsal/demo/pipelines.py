"""The demo's lake, deployed as dev is: a push runs both pipelines, which deploy what they synthesise."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from deployment_account.environments import Platform
from rehearsal.demo.failures import DemoError
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import PROJECT
from rehearsal.deployment.assembly import APPS
from rehearsal.emulator.process import Emulator
from rehearsal.pipeline.rehearsal import Rehearsal, committed_copy
from rehearsal.pipeline.report import PipelineWatch, rehearsal_report
from rehearsal.report.model import Stack
from rehearsal.report.page import RehearsalReport


class DeploymentByPipelines:
    """One environment, brought into its account by a push."""

    def __init__(self, platform: Platform, environment: str, emulator: Emulator) -> None:
        self._rehearsal, self._environment = Rehearsal(platform, emulator), environment
        self._started = datetime.now(UTC)

    def run(self, clone: Path, changed: Mapping[Path, str], steps: Steps, console: Console) -> None:
        """Bootstrap, push, deploy one pipeline after the other by hand, and wait until each has deployed its stacks.

        Args:
            clone: the new folder of the repository that is pushed.
            changed: files of the project that get another text in it.
            steps: where steps are shown.
            console: where the pipelines are watched.
        """
        environment, branch = self._environment, self._rehearsal.platform.environments[self._environment].branch
        with steps.step("Bootstrap the deployment account and the target account") as step:
            self._rehearsal.create_repository()
            step.say(f"{self._rehearsal.bootstrap([environment])} accounts, by scripts/bootstrap")
        with steps.step(f"git push to {branch}") as step:
            self._rehearsal.push("HEAD", branch, clone=committed_copy(PROJECT, clone, changed))
            step.say("the project as it is")
        watch = PipelineWatch(self._rehearsal.codepipeline, console)
        for app in APPS:
            with steps.step(f"Deploy the pipeline of {app}"):
                self._rehearsal.deploy_pipelines(app, [environment])
            name = self._rehearsal.pipeline(app, environment)
            with steps.timed(f"Pipeline {name} deploys"):
                status = watch.until_settled([name])[name]
            if status != "Succeeded":
                raise DemoError(f"{name} ended as {status}; its actions above say why")

    def report(self) -> RehearsalReport:
        """What the pipelines did."""
        return rehearsal_report(self._rehearsal, self._started)

    def stacks(self) -> list[Stack]:
        """The stacks in the target account, with the time that their actions took."""
        account = self._rehearsal.platform.environments[self._environment].account
        cloudformation = self._rehearsal.emulator.client("cloudformation", account=account)
        names = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
        spent: dict[str, float] = {}
        for action in (action for execution in self.report().executions for action in execution.actions):
            spent[action.name.partition(".")[0]] = spent.get(action.name.partition(".")[0], 0) + action.seconds
        return [
            Stack(name, _resources(cloudformation, name), spent[short])
            for name in names
            if (short := name.rpartition("-")[2]) in spent
        ]


def _resources(cloudformation: object, stack: str) -> int:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)  # type: ignore[attr-defined]
    return sum(len(page["StackResourceSummaries"]) for page in pages)
