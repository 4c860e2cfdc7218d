"""Puts CodePipeline into the emulator: the resource type, the wire API and its place in IAM."""

from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.resource_types import Created, Properties, register
from rehearsal.pipeline.api import CodePipelineApi
from rehearsal.pipeline.definition import api_document
from rehearsal.pipeline.pipelines import Pipeline, Pipelines

_SERVICE = "codepipeline"
_ROUTE: dict[str, Any] = {
    "target_prefixes": ["CodePipeline_20150709"],
    "host_patterns": [r"codepipeline\."],
    "credential_scope": _SERVICE,
}


def install(pipelines: Pipelines) -> None:
    """Serve CodePipeline as ministack serves its own services."""
    patches.SERVICES.value[_SERVICE] = CodePipelineApi(pipelines).handle
    patches.ROUTES.value[_SERVICE] = _ROUTE
    patches.IAM_NAMESPACES.value[_SERVICE] = _SERVICE
    deployed = _DeployedPipelines(pipelines)
    register("AWS::CodePipeline::Pipeline", deployed.create, deployed.delete, deployed.update)


class _DeployedPipelines:
    """The pipelines as resources of stacks, in the account and Region of the stack."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines

    def create(self, properties: Properties) -> Created:
        document = api_document(properties, default_name="pipeline")
        return _made(self._pipelines.create(*_place(), document, restarts=_restarts(properties)))

    def update(self, name: str, properties: Properties) -> Created:
        pipeline = self._pipelines.find(*_place(), name)
        if pipeline is None:
            return self.create(properties)
        document = api_document(properties, default_name=name)
        self._pipelines.update(pipeline, document, restarts=_restarts(properties))
        return _made(pipeline)

    def delete(self, name: str, _: Properties) -> None:
        self._pipelines.delete(*_place(), name)


def _made(pipeline: Pipeline) -> Created:
    return pipeline.name, {"Version": str(pipeline.version)}


def _restarts(properties: Properties) -> bool:
    return str(properties.get("RestartExecutionOnUpdate", False)).lower() == "true"


def _place() -> tuple[str, str]:
    return patches.REQUEST_ACCOUNT.value(), patches.REQUEST_REGION.value()
