"""What builds with a role of the environment run: programs of the deployed pipeline, in a folder that holds nothing."""

from __future__ import annotations

import base64
import bz2
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_codebuild as codebuild

import deployment_account
from deployment_account import release_check, replication_step
from deployment_account.npm_tools import CDK_ASSETS
from deployment_account.pipeline_steps import NODE_VERSION, PYTHON_VERSION, runtimes
from deployment_account.release_check import command_line
from deployment_account.release_check.__main__ import RELEASE
from deployment_account.replication_step.__main__ import PLACE

if TYPE_CHECKING:
    from constructs import IConstruct

EMPTY_FOLDER = 'export HOME="$(mktemp -d)" && cd "$(mktemp -d)"'
"""First of all: tools read their settings, and programs, from where they begin: cdk.json, .npmrc, .python-version."""
PROGRAM = "python3 -E -s -m release_check"
REPLICATION_PROGRAM = f"python3 -E -s -m {replication_step.__name__}"
UNPACK = """\
import base64, bz2, json, pathlib, sys
for name, text in json.loads(bz2.decompress(base64.b64decode(sys.argv[1]))).items():
    file = pathlib.Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
"""
LONGEST_BUILD_SPEC = 25_600
"""What CodeBuild takes in a project, said nowhere but in https://github.com/aws/aws-cdk/pull/14974."""


def release_step(stacks: Sequence[Mapping[str, str]], exported: Sequence[str]) -> dict[str, Any]:
    """Carry out the step that the action names, and make variables of what it finds out."""
    release = f"printf %s {shlex.quote(json.dumps(list(stacks)))} > {RELEASE}"
    values = [f'if [ -f {name} ]; then export {name}="$(cat {name})"; fi' for name in exported if name != "LINK"]
    commands = [EMPTY_FOLDER, _unpacked(), release, f'{PROGRAM} "$STEP"', *values]
    if "LINK" in exported:
        commands.append('export LINK="$CODEBUILD_BUILD_URL"')
    return _short(
        {
            "version": "0.2",
            "env": {"exported-variables": list(exported)},
            "phases": {"install": runtimes(python=PYTHON_VERSION), "build": {"commands": commands}},
        }
    )


def publishing(blueprint: IConstruct) -> None:
    """Publish what was there when somebody approved, where CDK would run a buildspec that was pushed."""
    (project,) = (
        child
        for child in blueprint.node.find_all()
        if isinstance(child, codebuild.CfnProject) and "/Assets/" in child.node.path
    )
    install = {
        **runtimes(nodejs=NODE_VERSION, python=PYTHON_VERSION),
        "commands": [EMPTY_FOLDER, *CDK_ASSETS.install_commands],
    }
    commands = [EMPTY_FOLDER, _unpacked(), f"{PROGRAM} publish"]
    spec = _short({"version": "0.2", "phases": {"install": install, "build": {"commands": commands}}})
    project.add_property_override("Source.BuildSpec", json.dumps(spec, indent=2))


def replication_build(place: Mapping[str, str]) -> dict[str, Any]:
    """Stop or start the replications of an environment, as the variable STEP of the action says."""
    root = Path(deployment_account.__file__).parents[1]
    package, shared = Path(replication_step.__file__).parent, Path(release_check.__file__).parent
    files = [Path(deployment_account.__file__), shared / "__init__.py", Path(command_line.__file__)]
    program = _packed([*files, *sorted(package.glob("*.py"))], root)
    written = f"printf %s {shlex.quote(json.dumps(dict(place)))} > {PLACE}"
    commands = [EMPTY_FOLDER, program, written, f'{REPLICATION_PROGRAM} "$STEP"']
    phases = {"install": runtimes(python=PYTHON_VERSION), "build": {"commands": commands}}
    return _short({"version": "0.2", "phases": phases})


def _unpacked() -> str:
    package = Path(release_check.__file__).parent
    return _packed(sorted(package.glob("*.py")), package.parent)


def _packed(files: Iterable[Path], root: Path) -> str:
    """Write a program's files, packed to fit: by an algorithm whose result no version of a library changes."""
    texts = {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}
    packed = base64.b64encode(bz2.compress(json.dumps(texts).encode())).decode()
    return f"python3 -E -s -c {shlex.quote(UNPACK)} {packed}"


def _short(spec: dict[str, Any]) -> dict[str, Any]:
    length = len(json.dumps(spec, indent=2))
    if length > LONGEST_BUILD_SPEC:
        raise ValueError(f"a buildspec of {length} characters; CodeBuild takes {LONGEST_BUILD_SPEC}")
    return spec
