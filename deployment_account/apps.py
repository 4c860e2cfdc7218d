"""Opens a CDK app so that `python app.py`, the CDK CLI and a test synthesise the same templates."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from deployment_account.environments import Environment, Platform, load_platform
from deployment_account.errors import ConfigurationError
from deployment_account.names import Names

BuildStage = Callable[[cdk.App, str, Platform, Environment], cdk.Stage]


def open_app(folder: Path) -> cdk.App:
    """An app with the feature flags of cdk.json, which only the CLI reads by itself; `-c` still overrides them."""
    return cdk.App(
        context=_context(folder),
        outdir=os.environ.get("CDK_OUTDIR", str(folder / "cdk.out")),
        analytics_reporting=False,
        tree_metadata=False,
    )


def configured_platform(app: cdk.App, folder: Path) -> Platform:
    """The platform described by the file that cdk.json names under `environments`."""
    return load_platform((folder / app.node.get_context("environments")).resolve())


def add_stages(app: cdk.App, platform: Platform, component: str, build_stage: BuildStage) -> None:
    """Add a component's stage for each environment, or for the one that `-c direct=<environment>` names."""
    for environment in _chosen(platform, app.node.try_get_context("direct")):
        stage = build_stage(app, Names.of(platform, environment).stage(component), platform, environment)
        for key, value in environment.tags.items():
            cdk.Tags.of(stage).add(key, value)


def _context(folder: Path) -> dict[str, Any]:
    context: dict[str, Any] = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context


def _chosen(platform: Platform, direct: str | None) -> list[Environment]:
    if direct is None:
        return list(platform.environments.values())
    if direct not in platform.environments:
        known = ", ".join(platform.environments)
        raise ConfigurationError("-c direct", [f"there is no environment {direct}; there are {known}"])
    return [platform.environments[direct]]
