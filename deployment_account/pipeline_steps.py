"""The first step after a push: synthesis; and what all builds have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import pipelines

from deployment_account.revision import COMMIT_VARIABLE, REQUESTER_VARIABLE

if TYPE_CHECKING:
    from deployment_account.npm_tools import NpmTool

NODE_VERSION = "22"
PYTHON_VERSION = "3.11"


def with_node() -> codebuild.BuildSpec:
    """Every build runs a node that jsii and the CLI still support."""
    return _installing(runtimes(nodejs=NODE_VERSION))


def fetching(tool: NpmTool) -> pipelines.CodeBuildOptions:
    """Compare the file of a tool with its lock before CDK's own command installs it."""
    return pipelines.CodeBuildOptions(partial_build_spec=_installing({"commands": [tool.fetch]}))


def runtimes(**versions: str) -> dict[str, dict[str, str]]:
    """The part of an install phase that chooses versions of Python and node."""
    return {"runtime-versions": versions}


def synth_step(
    source: pipelines.CodePipelineSource, folder: str, pipeline: str, *, requested_by: str
) -> pipelines.CodeBuildStep:
    """Synthesise this one pipeline of the app, with nothing installed but what synthesis needs.

    What this build writes is deployed; the packages of the tests never run in it.
    """
    context = json.dumps({"pipeline": pipeline})
    root = "/".join([".."] * (folder.count("/") + 1)) if folder != "." else "."
    return pipelines.CodeBuildStep(
        "Synth",
        input=source,
        env={COMMIT_VARIABLE: source.source_attribute("CommitId"), REQUESTER_VARIABLE: requested_by},
        install_commands=["make install-synth"],
        commands=[f"(cd {folder} && CDK_CONTEXT_JSON='{context}' {root}/.venv-synth/bin/python app.py)"],
        primary_output_directory=f"{folder}/cdk.out" if folder != "." else "cdk.out",
        partial_build_spec=_installing(runtimes(python=PYTHON_VERSION, nodejs=NODE_VERSION)),
        timeout=cdk.Duration.minutes(30),
    )


def _installing(phase: Mapping[str, Any]) -> codebuild.BuildSpec:
    return codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"install": phase}})
