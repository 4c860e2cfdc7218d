"""How the apps are run: by python or by the CLI, for all environments or for one, from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest

from deployment_account.apps import add_component, configured_platform, open_app
from deployment_account.environments import Environment, Platform
from deployment_account.errors import ConfigurationError
from tests.configuration import KNOWN_MANIFESTS, PROJECT
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import APPS, ENVIRONMENTS, flags, templates

if TYPE_CHECKING:
    from constructs import Construct


def stage(scope: Construct, id_: str, platform: Platform, environment: Environment) -> cdk.Stage:
    made = cdk.Stage(scope, id_, env=cdk.Environment(account=environment.account, region=environment.region))
    cdk.CfnResource(cdk.Stack(made, "Stack"), "Topic", type="AWS::SNS::Topic")
    return made


@pytest.fixture
def folder() -> Path:
    return PROJECT / "infra-repo"


@pytest.fixture(autouse=True)
def _outside_the_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "out"))


def content_of(app: cdk.App, folder: Path) -> list[str]:
    add_component(app, configured_platform(app, folder), "infra", stage)
    return [child.node.id for child in app.node.children if isinstance(child, cdk.Stage | cdk.Stack)]


def app_with(**context: str) -> cdk.App:
    """As `-c name=value` makes it: what the CLI passes is read by node when it starts, too early for a test."""
    return cdk.App(context={**flags(), **context})


def test_without_a_choice_every_environment_has_a_pipeline(folder: Path) -> None:
    expected = [name for env in ENVIRONMENTS for name in (f"odp-{env}-infra", f"odp-{env}-infra-Pipeline")]
    assert content_of(open_app(folder), folder) == expected


def test_a_chosen_environment_is_synthesised_alone_and_without_a_pipeline(folder: Path) -> None:
    assert content_of(app_with(direct="test"), folder) == ["odp-test-infra"]


def test_a_chosen_pipeline_is_synthesised_alone(folder: Path) -> None:
    """What is configured for other environments cannot break the builds of this one."""
    assert content_of(app_with(pipeline="test"), folder) == ["odp-test-infra", "odp-test-infra-Pipeline"]


def test_an_environment_that_does_not_exist_is_refused_with_those_that_do(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no environment staging; there are dev, test, prod"):
        content_of(app_with(direct="staging"), folder)


def test_a_pipeline_that_does_not_exist_is_refused_with_those_that_do(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no environment staging; there are dev, test, prod"):
        content_of(app_with(pipeline="staging"), folder)


def test_the_feature_flags_of_cdk_json_hold_without_the_cli(folder: Path) -> None:
    app = open_app(folder)
    assert {flag: app.node.try_get_context(flag) for flag in flags()} == flags()


def test_tags_of_the_environment_reach_its_resources(synthesis: Synthesis) -> None:
    bucket = synthesis.templates["odp-prod-infra-Storage"].only("AWS::S3::Bucket", "Raw")
    assert {"Key": "environment", "Value": "prod"} in bucket["Tags"]


@pytest.mark.parametrize("app", APPS)
def test_both_apps_take_the_same_flags_and_let_the_cli_add_nothing(app: str) -> None:
    settings = json.loads((PROJECT / f"{app}-repo" / "cdk.json").read_text())
    assert settings["app"] == "python app.py"
    assert (settings["pathMetadata"], settings["assetMetadata"], settings["versionReporting"]) == (False, False, False)
    shared = {name: value for name, value in settings["context"].items() if name != "table_configs"}
    assert shared == json.loads((PROJECT / "infra-repo" / "cdk.json").read_text())["context"]
    # with weak references a table could be deleted under the functions that use it
    assert settings["context"]["@aws-cdk/core:defaultCrossStackReferences"] == "strong"


@pytest.mark.parametrize("app", APPS)
def test_a_person_with_the_cli_deploys_the_templates_that_the_pipeline_deploys(
    app: str, tmp_path: Path, synthesis: Synthesis
) -> None:
    """A sandbox can move to a pipeline later; the CLI differs by the context it passes; neither needs credentials."""
    as_cli = {**flags(), "table_configs": str(KNOWN_MANIFESTS), "direct": "dev"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, "CDK_CONTEXT_JSON": json.dumps(as_cli), "CDK_OUTDIR": str(tmp_path / "cli")}
    script = str(PROJECT / f"{app}-repo" / "app.py")
    subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, check=True, timeout=120)
    found = templates(tmp_path / "cli")
    assert found
    for name, template in found.items():
        assert template.body == synthesis.templates[name].body
