"""A CodeBuild buildspec, version 0.2: read strictly, so that nothing in one is passed over in silence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.pipeline.artifacts import ArtifactSpec
from rehearsal.pipeline.errors import UnsupportedPipelineError

PHASES = ("install", "pre_build", "build", "post_build")
_KNOWN = {
    "": {"version", "env", "phases", "artifacts"},
    "env": {"variables", "exported-variables"},
    "phases": set(PHASES),
    "phase": {"commands", "finally", "on-failure", "runtime-versions"},
    "artifacts": {"files", "base-directory", "exclude-paths", "secondary-artifacts", "name"},
}


@dataclass(frozen=True)
class Phase:
    """The commands of one phase."""

    name: str
    commands: tuple[str, ...]
    finally_commands: tuple[str, ...] = ()
    aborts_on_failure: bool = False


@dataclass(frozen=True)
class BuildSpec:
    """What a build runs and what it leaves."""

    phases: tuple[Phase, ...]
    runtimes: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    artifacts: ArtifactSpec | None = None
    secondary_artifacts: Mapping[str, ArtifactSpec] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "BuildSpec":
        """Read YAML or JSON; what is not rehearsed is refused by name."""
        document = yaml.safe_load(text)
        if not isinstance(document, dict) or str(document.get("version")) != "0.2":
            raise UnsupportedPipelineError("only buildspecs of version 0.2 are rehearsed")
        _refuse_unknown("", document)
        phases, env = _section(document, "phases"), _section(document, "env")
        artifacts = _section(document, "artifacts")
        return cls(
            phases=tuple(_phase(name, phases[name]) for name in PHASES if phases.get(name)),
            runtimes={
                name: str(version)
                for phase in phases.values()
                for name, version in ((phase or {}).get("runtime-versions") or {}).items()
            },
            variables={name: str(value) for name, value in (env.get("variables") or {}).items()},
            exported=tuple(env.get("exported-variables") or ()),
            artifacts=_artifact(artifacts) if artifacts.get("files") else None,
            secondary_artifacts={
                name: _artifact(each) for name, each in (artifacts.get("secondary-artifacts") or {}).items()
            },
        )

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command in its order."""
        return tuple(command for phase in self.phases for command in phase.commands)


def is_inline(text: str) -> bool:
    """Tell a buildspec from the name of a file that holds one."""
    return "\n" in text or text.lstrip().startswith("{")


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    section: dict[str, Any] = document.get(name) or {}
    _refuse_unknown(name, section)
    return section


def _phase(name: str, document: Mapping[str, Any]) -> Phase:
    _refuse_unknown("phase", document)
    on_failure = str(document.get("on-failure", "")).upper()
    if on_failure not in ("", "ABORT", "CONTINUE"):
        raise UnsupportedPipelineError(f"a buildspec's on-failure: {on_failure} is not rehearsed")
    return Phase(
        name, tuple(document.get("commands") or ()), tuple(document.get("finally") or ()), on_failure == "ABORT"
    )


def _artifact(document: Mapping[str, Any]) -> ArtifactSpec:
    return ArtifactSpec(
        _texts(document["files"]), str(document.get("base-directory", ".")), _texts(document.get("exclude-paths") or ())
    )


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any YAML
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)


def _refuse_unknown(section: str, document: Mapping[str, Any]) -> None:
    if unknown := sorted(set(document) - _KNOWN[section]):
        where = f"{section}: " if section else ""
        raise UnsupportedPipelineError(f"a buildspec's {where}{', '.join(unknown)} is not rehearsed")
