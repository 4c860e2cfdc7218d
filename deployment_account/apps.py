"""Opens a CDK app so that `python app.py`, the CDK CLI and a test synthesise the same templates."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from deployment_account.environments import Platform, load_platform
from deployment_account.pipelines import add_pipelines
from deployment_account.stages import BuildStage, add_direct_stages


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


def add_component(app: cdk.App, platform: Platform, component: str, build_stage: BuildStage) -> None:
    """Add a component's pipelines or, with `-c direct=<environment>`, its stages for that environment alone."""
    if not add_direct_stages(app, platform, component, build_stage):
        add_pipelines(app, platform, component, build_stage)


def _context(folder: Path) -> dict[str, Any]:
    context: dict[str, Any] = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["context"]
    return context
