"""Deploys the demo's lake, by its pipelines or the short way, and again when a manifest has changed."""

import shutil
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol

from rehearsal.demo.inputs import Inputs
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import ENVIRONMENT, Workspace
from rehearsal.deployment.assembly import Assembly, synthesise
from rehearsal.deployment.deployer import Progress, deploy
from rehearsal.emulator.process import Emulator
from rehearsal.report.model import Section, Stack


class Deployment(Protocol):
    """One way to bring the lake into its account."""

    stops_replications: bool
    """Whether it stops the replications that it changes, and lets them go on."""

    def deploy(self, inputs: Inputs, beside: Executor) -> None:
        """Deploy for the first time."""

    def deploy_again(self, inputs: Inputs, message: str) -> None:
        """Deploy other texts of the same platform; `message` says why they are others."""

    def stacks(self) -> list[Stack]:
        """The stacks in the account."""

    def sections(self) -> tuple[Section, ...]:
        """What the report shows of the deployment."""


class DirectDeployment:
    """Without pipelines: both apps are synthesised here, and their stacks deployed."""

    stops_replications = False

    def __init__(self, workspace: Workspace, emulator: Emulator, steps: Steps) -> None:
        self._workspace, self._emulator, self._steps = workspace, emulator, steps
        self._stacks: list[Stack] = []

    def deploy(self, inputs: Inputs, beside: Executor) -> None:  # noqa: ARG002 - as every deployment
        """Deploy the infra stage, then the etl stage."""
        with self._steps.step(f"Synthesise the infra and etl stages of {ENVIRONMENT}") as step:
            assemblies = self._synthesised(inputs)
            step.say(f"{sum(len(assembly.stacks) for assembly in assemblies)} stacks")
        with self._steps.step("Deploy the stacks") as step:

            def deployed(progress: Progress) -> None:
                if progress.step != "published":
                    self._stacks.append(Stack(progress.subject, progress.count, progress.seconds))
                    step.say(progress.subject)

            for assembly in assemblies:
                deploy(assembly, self._emulator, deployed)
            step.say(f"{len(self._stacks)} stacks, {sum(stack.resources for stack in self._stacks)} resources")

    def deploy_again(self, inputs: Inputs, message: str) -> None:  # noqa: ARG002
        """Deploy the etl stage, which has the manifests."""
        _, etl = self._synthesised(inputs)
        deploy(etl, self._emulator, lambda _: None)

    def stacks(self) -> list[Stack]:
        """The stacks of the first deployment."""
        return self._stacks

    def sections(self) -> tuple[Section, ...]:
        """Nothing more than the stacks."""
        return ()

    def _synthesised(self, inputs: Inputs) -> tuple[Assembly, ...]:
        manifests, configuration = self._workspace.manifests, self._workspace.configuration
        for folder in (manifests, self._workspace.assemblies):
            shutil.rmtree(folder, ignore_errors=True)
        manifests.mkdir()
        for name, text in inputs.documents.items():
            _write(manifests / name, text)
        _write(configuration, inputs.configuration)
        context = {"table_configs": str(manifests), "environments": str(configuration)}
        return synthesise(ENVIRONMENT, self._workspace.assemblies, context=context)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
