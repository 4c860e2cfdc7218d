"""A pipeline's definition: the document that CloudFormation and the CodePipeline API share, and how it is read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class RehearsalError(Exception):
    """The rehearsal cannot go on; the message says what, where and how to mend it."""


class EmulatorLostError(RehearsalError):
    """The emulator ended by itself, and with it what it had not saved."""


class UnsupportedPipelineError(RehearsalError):
    """A pipeline asks for something that is not rehearsed; passing it over would prove nothing."""


class ActionFailedError(RehearsalError):
    """An action failed as it would on AWS; the message names the link at fault and what mends it."""


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


# Variables that actions hand to later actions: `#{namespace.name}` in a configuration.

Namespaces = Mapping[str, Mapping[str, str]]
_REFERENCE = re.compile(r"#\{([\w@-]+)\.([\w-]+)\}")


def resolved(configuration: Mapping[str, str], namespaces: Namespaces) -> dict[str, str]:
    """Put the values in place of every reference; one that nobody has set fails the action."""

    def value(reference: re.Match[str]) -> str:
        namespace, name = reference.groups()
        try:
            return namespaces[namespace][name]
        except KeyError:
            raise ActionFailedError(f"no action before this one has set the variable {reference[0]}") from None

    return {key: _REFERENCE.sub(value, text) for key, text in configuration.items()}


# Which pipelines a push starts: those whose trigger names its branch and a file that it changed.

_PROVIDER = "CodeStarSourceConnection"


@dataclass(frozen=True)
class Push:
    """New commits on one branch of a repository."""

    repository: str
    branch: str
    commit: str
    changed_files: tuple[str, ...]


def started_source(document: Mapping[str, Any], push: Push) -> str | None:
    """Name the source action that a push starts; None if it does not start the pipeline."""
    sources = {action["name"]: action["configuration"] for action in document["stages"][0]["actions"]}
    for trigger in document.get("triggers", ()):
        git = trigger["gitConfiguration"]
        name = git["sourceActionName"]
        if trigger["providerType"] != _PROVIDER or "pullRequest" in git:
            raise UnsupportedPipelineError(f"{document['name']}: only triggers on pushes to a connection are rehearsed")
        is_from_here = sources[name].get("FullRepositoryId") == push.repository
        if is_from_here and any(_accepts(filters, push) for filters in git.get("push", ())):
            return str(name)
    return None


def _accepts(filters: Mapping[str, Any], push: Push) -> bool:
    if "tags" in filters:
        raise UnsupportedPipelineError("triggers on tags are not rehearsed")
    return _includes(filters.get("branches"), [push.branch]) and _includes(filters.get("filePaths"), push.changed_files)


def _includes(patterns: Mapping[str, Sequence[str]] | None, names: Iterable[str]) -> bool:
    """One of the names is included and not excluded; without a filter every name is."""
    if patterns is None:
        return True
    included, excluded = patterns.get("includes") or ["**"], patterns.get("excludes") or []
    return any(_matches(name, included) and not _matches(name, excluded) for name in names)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(_expression(pattern), name) for pattern in patterns)


def _expression(pattern: str) -> str:
    """CodePipeline's glob: `*` stays within a folder, `**` does not, `{a,b}` is either; groups are not nested.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
    """
    if unknown := re.search(r"[][\\\\]|\{[^}]*(?:\{|$)|^[^{]*\}", pattern):
        raise UnsupportedPipelineError(f"{pattern}: {unknown[0]} in the pattern of a trigger is not rehearsed")
    wild = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    literal = "".join(wild.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern))
    return re.sub(r"\\\{(.*?)\\\}", lambda group: f"(?:{group[1].replace(',', '|')})", literal)
