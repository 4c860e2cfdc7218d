"""Apps for configurations other than the one that the tests know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from deployment_account.apps import add_component
from deployment_account.environments import Platform, load_platform
from tests.configuration import KNOWN
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


def configured_app(document: Json, folder: Path, app: str = "infra", **context: str) -> cdk.App:
    """One app as `python app.py` builds it for a changed configuration."""
    cdk_app = cdk.App(outdir=str(folder / "out"), context={**flags(), **context}, analytics_reporting=False)
    stage = {"infra": "InfraStage", "etl": "EtlStage"}[app]
    add_component(cdk_app, platform_of(document, folder), app, getattr(app_module(app), stage))
    return cdk_app


def synthesised(document: Json, folder: Path, app: str = "infra", **context: str) -> dict[str, Template]:
    """The templates of one app for a changed configuration."""
    configured_app(document, folder, app, **context).synth()
    return templates(folder / "out")
