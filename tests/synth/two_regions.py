"""Templates of environments with two Regions; those that the tests know have one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import aws_cdk as cdk

from deployment_account.names import Names
from deployment_account.stages import tag_as_of
from tests.configuration import KNOWN_MANIFESTS
from tests.synth.configurations import known, platform_of
from tests.synth.conftest import findings_of
from tests.synth.synthesis import Template, app_module, flags, templates

PRIMARY, SECONDARY = "us-east-1", "us-west-2"
ORGANIZATION = "o-a1b2c3d4e5"
REGIONS = (PRIMARY, SECONDARY)
_SECONDARY = {
    "region": SECONDARY,
    "availability_zones": [f"{SECONDARY}{zone}" for zone in "abc"],
    "vpc_cidr": "10.40.0.0/16",
    "mode": "warm",
}
_MORE: Mapping[str, dict[str, Any]] = {
    "prod": {
        "organization": ORGANIZATION,
        "secondary": {**_SECONDARY, "prefix_lists": {"s3": "pl-68a54001", "dynamodb": "pl-00a54069"}},
    },
    "dev": {"secondary": _SECONDARY},
}


@dataclass(frozen=True)
class BothRegions:
    """The stacks of one app in both Regions, by Region and by the last part of their names, and what cdk-nag says."""

    stacks: Mapping[tuple[str, str], Template]
    findings: frozenset[tuple[str, str]]

    def stack(self, region: str, name: str) -> Template:
        return self.stacks[region, name]


@cache
def both_regions(environment: str, app: str) -> BothRegions:
    """Each Region's stage as the app makes it, synthesised by itself: both have stacks of the same names."""
    document = known()
    document["environments"] = {environment: document["environments"][environment] | _MORE[environment]}
    module, stacks, findings = app_module(app), {}, set[tuple[str, str]]()
    for number in range(len(REGIONS)):
        folder = Path(mkdtemp(prefix="two-regions-"))
        platform = platform_of(document, folder)
        here = platform.environments[environment].regions[number]
        cdk_app = cdk.App(outdir=str(folder / "out"), context=flags(), analytics_reporting=False)
        names = Names.of(platform, here)
        more = {"manifests": KNOWN_MANIFESTS} if app == "etl" else {}
        stage = module.EtlStage if app == "etl" else module.InfraStage
        tag_as_of(stage(cdk_app, names.stage_id(app), platform, here, **more), names, here)
        findings |= findings_of(cdk_app, folder / "out")
        for name, template in templates(folder / "out").items():
            stacks[_region(template), name.rsplit("-", 1)[-1]] = template
    return BothRegions(stacks, frozenset(findings))


def _region(template: Template) -> str:
    manifest = json.loads((template.folder / "manifest.json").read_text())
    (found,) = [
        artifact["environment"]
        for artifact in manifest["artifacts"].values()
        if artifact.get("properties", {}).get("templateFile") == template.properties["templateFile"]
    ]
    return str(found).rsplit("/", 1)[-1]


def plain(value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    """A value with what the link has found out in angle brackets, and other references by their names."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(str(plain(part)) for part in parts)
        case {"Fn::GetAtt": ["Names", name]}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name}:
            return f"<{name}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case _:
            return value
