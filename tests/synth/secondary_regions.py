"""The known environments dev and prod with a secondary Region, with and without it, in both apps."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.synth.configurations import Json, configured_app, known, synthesised
from tests.synth.conftest import findings_of
from tests.synth.synthesis import Template, templates

PRIMARY, SECONDARY = REGIONS = "us-east-1", "us-west-2"
ACCOUNTS = {"dev": "222222222222", "prod": "444444444444"}
PIPELINES = "111111111111"
PREFIX_LISTS = {"s3": "pl-68a54001", "dynamodb": "pl-00a54069"}
"""Prefix lists of us-west-2."""


def document(*, with_secondary: bool = True) -> Json:
    """Both environments replicate a source by DMS and have readers; prod is private and protected."""
    changed = known()
    changed["environments"] = {name: _of(name, changed["environments"][name], with_secondary) for name in ACCOUNTS}
    return changed


def _of(name: str, environment: Json, with_secondary: bool) -> Json:
    account, is_prod = ACCOUNTS[name], name == "prod"
    replication = {
        "engine": "mysql",
        "network": "10.50.0.0/24",
        "secret": "source-database",
        "certificate_arn": f"arn:aws:dms:{PRIMARY}:{account}:cert:AUTHORITY",
    }
    secondary: dict[str, Any] = {
        "region": SECONDARY,
        "availability_zones": [f"{SECONDARY}{zone}" for zone in "ab"],
        "vpc_cidr": f"10.{140 if is_prod else 150}.0.0/16",
        "certificate_arns": {"default": f"arn:aws:dms:{SECONDARY}:{account}:cert:AUTHORITY"},
        **({"prefix_lists": PREFIX_LISTS} if is_prod else {}),
    }
    return {
        **environment,
        "sources": {"default": {"replication": replication}},
        "interface_endpoints": ["secretsmanager"],
        "readers": {"principals": ["arn:aws:iam::999999999999:role/Analysts"]},
        **({"secondary": secondary} if with_secondary else {}),
    }


@cache
def both(app: str) -> tuple[dict[str, Template], set[tuple[str, str]]]:
    """All templates of an app with secondary Regions, by the names of their stacks, and what cdk-nag finds in them."""
    folder = Path(mkdtemp(prefix="secondary-"))
    findings = findings_of(configured_app(document(), folder, app), folder / "out")
    return templates(folder / "out"), findings


@cache
def alone(app: str) -> dict[str, Template]:
    """All templates of an app for the same environments without a secondary."""
    return synthesised(document(with_secondary=False), Path(mkdtemp(prefix="primary-")), app)


def stacks(app: str, *, with_secondary: bool = True) -> dict[str, Template]:
    """All templates of an app, by the names of their stacks."""
    return both(app)[0] if with_secondary else alone(app)


def in_primary(environment: str, app: str, *, with_secondary: bool = True) -> dict[str, Template]:
    """The templates of the primary Region, by the last part of the stacks' names."""
    prefix, found = f"odp-{environment}-{app}-", stacks(app, with_secondary=with_secondary)
    return {
        name.removeprefix(prefix): template
        for name, template in found.items()
        if name.startswith(prefix) and not name.startswith((f"{prefix}{SECONDARY}-", f"{prefix}Pipeline"))
    }


def in_secondary(environment: str, app: str) -> dict[str, Template]:
    """The templates of the secondary Region, by the last part of the stacks' names."""
    prefix = f"odp-{environment}-{app}-{SECONDARY}-"
    return {name.removeprefix(prefix): found for name, found in stacks(app).items() if name.startswith(prefix)}


def region_of(template: Template) -> str:
    """The Region that a template is deployed to."""
    for artifact in json.loads((template.folder / "manifest.json").read_text())["artifacts"].values():
        if artifact.get("properties", {}).get("templateFile") == template.properties["templateFile"]:
            return str(artifact["environment"]).rsplit("/", 1)[-1]
    raise AssertionError(f"{template.stack} is in no manifest")
