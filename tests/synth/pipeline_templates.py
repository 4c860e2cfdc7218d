"""What tests ask of a pipeline's template."""

from __future__ import annotations

import json
from typing import Any

from tests.synth.synthesis import Template


def definition(pipeline: Template) -> dict[str, Any]:
    """The pipeline itself."""
    return pipeline.only("AWS::CodePipeline::Pipeline")


def stages(pipeline: Template) -> list[str]:
    """The names of the stages in their order."""
    return [stage["Name"] for stage in definition(pipeline)["Stages"]]


def actions(pipeline: Template, stage: str) -> list[dict[str, Any]]:
    """The actions of a stage in the order in which they run."""
    (found,) = [each for each in definition(pipeline)["Stages"] if each["Name"] == stage]
    return sorted(found["Actions"], key=lambda action: int(action["RunOrder"]))


def build_spec(pipeline: Template, project: str) -> dict[str, Any]:
    """What a project does, wherever that is written."""
    text = pipeline.only("AWS::CodeBuild::Project", project)["Source"]["BuildSpec"]
    if not text.startswith("{"):
        text = (pipeline.folder / text).read_text()
    spec: dict[str, Any] = json.loads(text)
    return spec


def commands(pipeline: Template, project: str) -> list[str]:
    """All commands of a project, phase by phase."""
    phases = build_spec(pipeline, project)["phases"].values()
    return [command for phase in phases for command in phase.get("commands", [])]
