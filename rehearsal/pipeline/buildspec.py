"""A CodeBuild buildspec, version 0.2: what it runs, as one shell program, and what it leaves, as an archive."""

import io
import shlex
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.pipeline.definition import ActionFailedError, UnsupportedPipelineError

# Artifacts as CodeBuild and CodePipeline pack them: archives of the files that a pattern finds below a folder.

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o777
_COMPRESSED = {".jar", ".whl", ".zip"}
"""Compressing 50 MB of packages once more takes seconds and saves nothing."""


@dataclass(frozen=True)
class ArtifactSpec:
    """What a buildspec calls an artifact."""

    files: tuple[str, ...]
    base_directory: str = "."
    excluded: tuple[str, ...] = ()


def collect(spec: ArtifactSpec, source: Path) -> bytes:
    """Pack what a build has made; an artifact without files fails the build, as on CodeBuild."""
    base = (source / spec.base_directory).resolve()
    if not base.is_dir():
        raise ActionFailedError(f"the build left no folder {spec.base_directory}, its artifacts' base-directory")
    found = sorted(set(_found(spec, base)))
    if not found:
        raise ActionFailedError(f"the build left no file that its artifacts' files name: {', '.join(spec.files)}")
    return packed(base, found)


def packed(base: Path, files: Iterable[Path]) -> bytes:
    """Pack files under their paths below `base`; the same files make the same archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.relative_to(base).as_posix(), _LONG_AGO)
            entry.external_attr = (file.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_STORED if file.suffix in _COMPRESSED else zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def extract(content: bytes, folder: Path) -> None:
    """Unpack an artifact; what was executable is so again."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            mode = (entry.external_attr >> 16) & _PERMISSIONS
            if mode and path.is_file():
                path.chmod(mode)


def read_file(content: bytes, path: str, *, artifact: str) -> bytes:
    """Read one file of an artifact."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            return archive.read(path)
        except KeyError:
            raise ActionFailedError(f"artifact {artifact} has no file {path}") from None


def _found(spec: ArtifactSpec, base: Path) -> Iterator[Path]:
    for pattern in spec.files:
        for path in base.glob(pattern):
            inside = path.rglob("*") if path.is_dir() and not pattern.endswith("*") else [path]
            yield from (file for file in inside if file.is_file() and not _is_excluded(file, base, spec.excluded))


def _is_excluded(file: Path, base: Path, patterns: Iterable[str]) -> bool:
    return any(file.relative_to(base).match(pattern) for pattern in patterns)


# A CodeBuild buildspec, version 0.2: read strictly, so that nothing in one is passed over in silence.

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


# A buildspec as one shell program: phases share a shell, so that `cd` and `export` carry over, as on CodeBuild.

# The emulator holds the other end of standard input: when it ends, however it ends, the build ends with it.
_LIFELINE = """\
exec 3<&0 </dev/null
( cat <&3; kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
"""


def build_script(spec: BuildSpec, *, source: Path, exported_to: Path, skipped: tuple[str, ...] = ()) -> str:
    """Write the program; it exits with the exit code of the first failed command.

    A failed install or pre_build ends the build; post_build runs also when build has failed. Skipped commands are
    named in the log in place of being run.
    """
    lines = [_LIFELINE, f"cd {shlex.quote(str(source))}", "__code=0; __stop="]
    for phase in spec.phases:
        lines += _phase_lines(phase, skipped)
    lines += [f"printf '%s=%s\\0' {name} \"${{{name}}}\" >> {shlex.quote(str(exported_to))}" for name in spec.exported]
    return "\n".join([*lines, "exit $__code", ""])


def _phase_lines(phase: Phase, skipped: tuple[str, ...]) -> Iterator[str]:
    yield f'if [ -z "$__stop" ]; then {_say(f"Entering phase {phase.name.upper()}")}'
    yield "CODEBUILD_BUILD_SUCCEEDING=$(( __code == 0 )); export CODEBUILD_BUILD_SUCCEEDING; __failed=0"
    for command in phase.commands:
        yield from _command_lines(command, skipped)
    for command in phase.finally_commands:
        yield _say(f"Running command {command}")
        yield command
    stops = "__stop=1; " if phase.aborts_on_failure or phase.name not in ("build", "post_build") else ""
    failed = _say(f"Phase {phase.name.upper()} failed")
    yield f"if [ $__failed -ne 0 ]; then {failed}; {stops}[ $__code -ne 0 ] || __code=$__failed; fi"
    yield "fi"


def _command_lines(command: str, skipped: tuple[str, ...]) -> Iterator[str]:
    if command in skipped:
        yield _say(f"Left out of this rehearsal: {command}")
        return
    yield f"if [ $__failed -eq 0 ]; then {_say(f'Running command {command}')}"
    yield command
    yield "__failed=$?"
    yield "fi"


def _say(text: str) -> str:
    return f"echo {shlex.quote(f'[Container] {text}')}"
