"""A pipeline's definition: the document that CloudFormation and the CodePipeline API share, and how it is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.pipeline.errors import UnsupportedPipelineError

Document = dict[str, Any]

EXECUTION_MODES = ("QUEUED", "SUPERSEDED")
_PIPELINE_FIELDS = {
    *("name", "roleArn", "artifactStore", "stages", "version", "executionMode"),
    *("pipelineType", "triggers", "variables", "tags"),
}
_STAGE_FIELDS = {"name", "actions"}
_ACTION_FIELDS = {
    *("name", "actionTypeId", "runOrder", "configuration", "roleArn"),
    *("inputArtifacts", "outputArtifacts", "namespace", "region"),
}


@dataclass(frozen=True)
class Action:
    """One action of a stage."""

    name: str
    category: str
    provider: str
    run_order: int
    configuration: Mapping[str, str]
    role_arn: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None

    @property
    def kind(self) -> tuple[str, str]:
        """What decides who carries the action out."""
        return self.category, self.provider


@dataclass(frozen=True)
class Stage:
    """Actions that are one step of a pipeline."""

    name: str
    actions: tuple[Action, ...]

    @property
    def groups(self) -> list[list[Action]]:
        """The actions of one run order side by side, the groups one after the other."""
        orders = sorted({action.run_order for action in self.actions})
        return [[action for action in self.actions if action.run_order == order] for order in orders]


@dataclass(frozen=True)
class Definition:
    """A deployed pipeline."""

    document: Document

    def __post_init__(self) -> None:
        _refuse_unknown("the pipeline", self.document, _PIPELINE_FIELDS)
        for stage in self.document["stages"]:
            _refuse_unknown(f"stage {stage['name']}", stage, _STAGE_FIELDS)
            for action in stage["actions"]:
                _refuse_unknown(f"action {stage['name']}/{action['name']}", action, _ACTION_FIELDS)
        if self.mode not in EXECUTION_MODES:
            raise UnsupportedPipelineError(f"{self.name}: execution mode {self.mode} is not rehearsed")

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return str(self.document["name"])

    @property
    def role_arn(self) -> str:
        """The role that CodePipeline takes."""
        return str(self.document["roleArn"])

    @property
    def mode(self) -> str:
        """What becomes of several executions; CodePipeline's default is SUPERSEDED."""
        return str(self.document.get("executionMode", "SUPERSEDED"))

    @property
    def bucket(self) -> str:
        """Where actions leave artifacts for each other."""
        return str(self.document["artifactStore"]["location"])

    @property
    def key_arn(self) -> str | None:
        """The key under which artifacts rest, if it is a customer's."""
        key = self.document["artifactStore"].get("encryptionKey")
        return str(key["id"]) if key else None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in their order."""
        return tuple(
            Stage(stage["name"], tuple(_action(each) for each in stage["actions"])) for stage in self.document["stages"]
        )


def api_document(properties: Mapping[str, Any], *, default_name: str) -> Document:
    """Spell the properties of an AWS::CodePipeline::Pipeline as the CodePipeline API does."""
    document: Document = _camel(properties)
    document.pop("restartExecutionOnUpdate", None)
    document.setdefault("name", default_name)
    return document


def _camel(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if isinstance(value, Mapping):
        if key == "Configuration":  # its keys are the providers', its values are text
            return {name: _text(each) for name, each in value.items()}
        return {name[0].lower() + name[1:]: _camel(each, name) for name, each in value.items()}
    return int(value) if key == "RunOrder" else value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _action(document: Document) -> Action:
    return Action(
        name=document["name"],
        category=document["actionTypeId"]["category"],
        provider=document["actionTypeId"]["provider"],
        run_order=int(document.get("runOrder", 1)),
        configuration=document.get("configuration", {}),
        role_arn=document.get("roleArn"),
        inputs=tuple(each["name"] for each in document.get("inputArtifacts", ())),
        outputs=tuple(each["name"] for each in document.get("outputArtifacts", ())),
        namespace=document.get("namespace"),
    )


def _refuse_unknown(what: str, document: Document, known: Iterable[str]) -> None:
    if unknown := sorted(set(document) - set(known)):
        raise UnsupportedPipelineError(f"{what} has {', '.join(unknown)}, which is not rehearsed")
