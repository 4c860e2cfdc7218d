"""Apps for configurations other than the one that the tests know."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from deployment_account.apps import add_component
from deployment_account.environments import Platform, load_platform
from deployment_account.stages import BuildStage
from tests.configuration import KNOWN, KNOWN_MANIFESTS
from tests.synth.synthesis import Template, app_module, flags, templates

Json = dict[str, Any]


def known() -> Json:
    """What tests/environments.json says, to be changed."""
    document: Json = json.loads(KNOWN.read_text())
    return document


def platform_of(document: Json, folder: Path) -> Platform:
    """The platform that a changed configuration describes."""
    path = folder / "environments.json"
    path.write_text(json.dumps(document))
    return load_platform(path)


def configured_app(
    document: Json, folder: Path, app: str = "infra", manifests: Path = KNOWN_MANIFESTS, **context: str
) -> cdk.App:
    """One app as `python app.py` builds it for a changed configuration and other manifests."""
    cdk_app = cdk.App(outdir=str(folder / "out"), context={**flags(), **context}, analytics_reporting=False)
    add_component(cdk_app, platform_of(document, folder), app, _build_stage(app, manifests))
    return cdk_app


def synthesised(
    document: Json, folder: Path, app: str = "infra", manifests: Path = KNOWN_MANIFESTS, **context: str
) -> dict[str, Template]:
    """The templates of one app for a changed configuration and other manifests."""
    configured_app(document, folder, app, manifests, **context).synth()
    return templates(folder / "out")


def _build_stage(app: str, manifests: Path) -> BuildStage:
    module = app_module(app)
    stage: BuildStage = partial(module.EtlStage, manifests=manifests) if app == "etl" else module.InfraStage
    return stage
