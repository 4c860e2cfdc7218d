"""The resources of every environment, from templates synthesised on the spot."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deployment_account.environments import Platform, load_platform
from deployment_account.names import Names
from scripts.bootstrap.cdk_cli import PROJECT, node

COMPONENTS = ("infra", "etl")
PIPELINES = "pipelines"

Resource = tuple[str, dict[str, Any]]


class SynthesisError(Exception):
    """An app does not synthesise; the message is its output."""


@dataclass(frozen=True)
class Stack:
    """The resources of one stack."""

    name: str
    resources: list[Resource]


def resources_by_environment(configuration: Path) -> dict[str, list[Resource]]:
    """Synthesise both apps and sort their resources by environment; the pipelines come last."""
    with TemporaryDirectory() as folder:
        stacks = synthesised_stacks(configuration, Path(folder))
    return sorted_by_environment(load_platform(configuration), stacks)


def synthesised_stacks(configuration: Path, folder: Path) -> list[Stack]:
    """The stacks of both apps, pipelines included, synthesised into a folder."""
    synthesised = (_synthesise(component, folder / component, configuration) for component in COMPONENTS)
    return [stack for found in synthesised for stack in found]


def sorted_by_environment(platform: Platform, stacks: list[Stack]) -> dict[str, list[Resource]]:
    """Put the resources of each stack with its environment, or with the pipelines."""
    found: dict[str, list[Resource]] = {name: [] for name in (*platform.environments, PIPELINES)}
    for stack in stacks:
        found[_owner(platform, stack.name)] += stack.resources
    return found


def stack_of(name: str, template: dict[str, Any]) -> Stack:
    """A stack's resources with their properties."""
    resources = template["Resources"].values()
    return Stack(name, [(resource["Type"], resource.get("Properties", {})) for resource in resources])


def _owner(platform: Platform, stack: str) -> str:
    for name, environment in platform.environments.items():
        names = Names.of(platform, environment)
        if any(stack.startswith(names.pipeline_stack(component)) for component in COMPONENTS):
            return PIPELINES
        if any(stack.startswith(f"{names.stage(component)}-") for component in COMPONENTS):
            return name
    raise SynthesisError(f"stack {stack} belongs to no environment")


def _synthesise(component: str, out: Path, configuration: Path) -> Iterator[Stack]:
    environment = os.environ | {
        "CDK_CONTEXT_JSON": json.dumps({"environments": str(configuration.resolve())}),
        "CDK_OUTDIR": str(out),
        "CDK_VALIDATION": "false",  # half of the time, and `make synth` does it
        "JSII_NODE": str(node()),
    }
    folder = PROJECT / f"{component}-repo"
    run = subprocess.run(
        [sys.executable, "app.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SynthesisError(f"{folder.name}/app.py failed:\n{run.stderr}")
    yield from _stacks(out)


def _stacks(assembly: Path) -> Iterator[Stack]:
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    for name, artifact in artifacts.items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(assembly / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            template = json.loads((assembly / properties["templateFile"]).read_text(encoding="utf-8"))
            yield stack_of(properties.get("stackName", name), template)
