"""A buildspec as one shell program: phases share a shell, so that `cd` and `export` carry over, as on CodeBuild."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rehearsal.pipeline.buildspec import BuildSpec, Phase

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
        lines += _phase(phase, skipped)
    lines += [f"printf '%s=%s\\0' {name} \"${{{name}}}\" >> {shlex.quote(str(exported_to))}" for name in spec.exported]
    return "\n".join([*lines, "exit $__code", ""])


def _phase(phase: Phase, skipped: tuple[str, ...]) -> Iterator[str]:
    yield f'if [ -z "$__stop" ]; then {_say(f"Entering phase {phase.name.upper()}")}'
    yield "CODEBUILD_BUILD_SUCCEEDING=$(( __code == 0 )); export CODEBUILD_BUILD_SUCCEEDING; __failed=0"
    for command in phase.commands:
        yield from _command(command, skipped)
    for command in phase.finally_commands:
        yield _say(f"Running command {command}")
        yield command
    stops = "__stop=1; " if phase.aborts_on_failure or phase.name not in ("build", "post_build") else ""
    failed = _say(f"Phase {phase.name.upper()} failed")
    yield f"if [ $__failed -ne 0 ]; then {failed}; {stops}[ $__code -ne 0 ] || __code=$__failed; fi"
    yield "fi"


def _command(command: str, skipped: tuple[str, ...]) -> Iterator[str]:
    if command in skipped:
        yield _say(f"Left out of this rehearsal: {command}")
        return
    yield f"if [ $__failed -eq 0 ]; then {_say(f'Running command {command}')}"
    yield command
    yield "__failed=$?"
    yield "fi"


def _say(text: str) -> str:
    return f"echo {shlex.quote(f'[Container] {text}')}"
