"""The steps between a push and a deployment: synthesis that checks the code, and the approval that knows its reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines

from deployment_account.revision import COMMIT_VARIABLE, REQUESTER_VARIABLE

if TYPE_CHECKING:
    from deployment_account.environments import Environment

NODE_VERSION = "22"
PYTHON_VERSION = "3.11"
CLI_VERSION = "2.1148.1"
"""npm may offer 3.0.0, which was published by mistake and cannot read what today's library writes."""
ASSET_PUBLISHER_VERSION = "4.7.3"
"""The newest that there is; it reads what aws-cdk-lib 2.273 writes, and nothing newer."""

BROADENED = "PERMISSIONS ARE BROADENED: read the log of PermissionsCheck before you approve."
NOT_BROADENED = "No permissions are broadened."


def with_node() -> codebuild.BuildSpec:
    """Every build runs a node that jsii and the CLI still support."""
    return _runtimes(nodejs=NODE_VERSION)


def synth_step(
    source: pipelines.CodePipelineSource, folder: str, pipeline: str, *, requested_by: str
) -> pipelines.CodeBuildStep:
    """Check and test the code, then synthesise this one pipeline of the app; a commit that fails deploys nothing."""
    context = json.dumps({"pipeline": pipeline})
    root = "/".join([".."] * (folder.count("/") + 1)) if folder != "." else "."
    return pipelines.CodeBuildStep(
        "Synth",
        input=source,
        env={COMMIT_VARIABLE: source.source_attribute("CommitId"), REQUESTER_VARIABLE: requested_by},
        install_commands=["make install"],
        commands=[
            "make check",
            "make test-synth",
            f"(cd {folder} && CDK_CONTEXT_JSON='{context}' {root}/.venv/bin/python app.py)",
        ],
        primary_output_directory=f"{folder}/cdk.out" if folder != "." else "cdk.out",
        build_environment=codebuild.BuildEnvironment(compute_type=codebuild.ComputeType.MEDIUM),
        partial_build_spec=_runtimes(python=PYTHON_VERSION, nodejs=NODE_VERSION),
        timeout=cdk.Duration.minutes(30),
    )


def approval_steps(
    assembly: pipelines.IFileSetProducer, stage: cdk.Stage, environment: Environment
) -> list[pipelines.Step]:
    """A person approves, told whether anyone's permissions or any network access would be broadened."""
    check = _permissions_check(assembly, stage, environment)
    message, link = check.exported_variable("MESSAGE"), check.exported_variable("LINK")
    # the link is in the comment too, because CDK finds the variables that it must export in comments only
    return [check, pipelines.ManualApprovalStep("Approve", comment=f"{message} {link}", review_url=link)]


def _permissions_check(
    assembly: pipelines.IFileSetProducer, stage: cdk.Stage, environment: Environment
) -> pipelines.CodeBuildStep:
    """CDK's own check installs whatever CLI npm calls the latest, and passes an error off as a finding.

    The first comparison shows every change and fails the build when the deployed stacks cannot be read; only then
    does a failure of the second mean what it says.
    """
    compare = f"cdk diff --app . --method=template '{stage.node.path}/*'"
    check = f"{compare} --security-only --fail-on=broadening"
    qualifier = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
    where = f"{environment.account}-{environment.region}"
    lookup_role = f"arn:aws:iam::{environment.account}:role/cdk-{qualifier}-lookup-role-{where}"
    return pipelines.CodeBuildStep(
        "PermissionsCheck",
        input=assembly,
        install_commands=[f"npm install -g aws-cdk@{CLI_VERSION}"],
        commands=[
            compare,
            f'if {check}; then MESSAGE="{NOT_BROADENED}"; else MESSAGE="{BROADENED}"; fi',
            "export MESSAGE",
            'export LINK="$CODEBUILD_BUILD_URL"',
        ],
        role_policy_statements=[iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[lookup_role])],
    )


def _runtimes(**versions: str) -> codebuild.BuildSpec:
    return codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": {"runtime-versions": versions}}})
