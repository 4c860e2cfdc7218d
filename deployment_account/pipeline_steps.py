"""The first step after a push: synthesis that checks the code; and what all builds have in common."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import pipelines

from deployment_account.revision import COMMIT_VARIABLE, REQUESTER_VARIABLE

NODE_VERSION = "22"
PYTHON_VERSION = "3.11"
CLI_VERSION = "2.1148.1"
"""npm may offer 3.0.0, which was published by mistake and cannot read what today's library writes."""
ASSET_PUBLISHER_VERSION = "4.7.3"
"""The newest that there is; it reads what aws-cdk-lib 2.273 writes, and nothing newer."""


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


def _runtimes(**versions: str) -> codebuild.BuildSpec:
    return codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": {"runtime-versions": versions}}})
