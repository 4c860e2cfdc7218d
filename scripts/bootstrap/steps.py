"""A step is data: what a dry run prints is what a run does, because both come from the same object."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Protocol

from botocore import xform_name

from scripts.bootstrap.errors import BootstrapError

if TYPE_CHECKING:
    from rich.console import Console

HIDDEN = "<hidden>"
LONGEST_WAIT = 60 * 60
"""Seconds: the network interfaces of VPC endpoints and NAT gateways take their time to go."""


class Step(Protocol):
    """Something that changes an account or a file."""

    def shown(self) -> str:
        """The step as a person would type it."""

    def run(self) -> None:
        """Do what is shown."""


@dataclass(frozen=True)
class Call:
    """One call of AWS, shown as the AWS CLI would make it; hidden parameters are never shown."""

    client: Any = field(repr=False)
    operation: str
    parameters: Mapping[str, Any]
    region: str
    profile: str | None = None
    hidden: frozenset[str] = frozenset()

    def shown(self) -> str:
        """The command line of the AWS CLI."""
        words = ["aws", str(self.client.meta.service_model.service_name), self.operation.replace("_", "-")]
        for name, value in self.parameters.items():
            words += _option(name, HIDDEN if name in self.hidden else value)
        words += ["--region", self.region, *(["--profile", self.profile] if self.profile else [])]
        return shlex.join(words)

    def run(self) -> None:
        """Make the call."""
        getattr(self.client, self.operation)(**self.parameters)


@dataclass(frozen=True)
class Wait:
    """Waiting until AWS has finished what a call began."""

    client: Any = field(repr=False)
    waiter: str
    parameters: Mapping[str, Any]
    region: str
    profile: str | None = None
    seconds: int = 5

    def shown(self) -> str:
        """The command line of the AWS CLI."""
        words = ["aws", str(self.client.meta.service_model.service_name), "wait", self.waiter.replace("_", "-")]
        words += [word for name, value in self.parameters.items() for word in _option(name, value)]
        words += ["--region", self.region, *(["--profile", self.profile] if self.profile else [])]
        return shlex.join(words)

    def run(self) -> None:
        """Ask until it is so, as long as the AWS CLI would."""
        attempts = LONGEST_WAIT // max(self.seconds, 1)
        settings = {"Delay": self.seconds, "MaxAttempts": attempts}
        self.client.get_waiter(self.waiter).wait(**self.parameters, WaiterConfig=settings)


@dataclass(frozen=True)
class Command:
    """One command line, with variables in addition to the process's own."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)

    def shown(self) -> str:
        """The command line."""
        return " ".join(
            [*(f"{name}={shlex.quote(value)}" for name, value in self.variables.items()), shlex.join(self.words)]
        )

    def run(self) -> None:
        """Run the command with its output on this terminal."""
        code = subprocess.run(self.words, cwd=self.folder, env=os.environ | self.variables, check=False).returncode
        if code:
            raise BootstrapError(
                f"`{shlex.join(self.words)}` ended with exit code {code}",
                mend="its output above says why; correct that and run this command again, which continues there",
            )


@dataclass(frozen=True)
class WriteFile:
    """A file that gets a new content at once: readers see the old one or the new one."""

    path: Path
    content: str
    title: str = ""
    """Shown instead of a content that is long and can be looked at in the file."""

    def shown(self) -> str:
        """The file and what it will hold."""
        return self.title or f"write {self.path}:\n{self.content.rstrip()}"

    def run(self) -> None:
        """Write beside the file, then rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", encoding="utf-8", dir=self.path.parent, delete=False) as temporary:
            temporary.write(self.content)
        temporary_path = Path(temporary.name)
        temporary_path.chmod(self.path.stat().st_mode if self.path.exists() else 0o644)
        temporary_path.replace(self.path)


def carry_out(steps: Iterable[Step], console: Console, *, dry_run: bool) -> None:
    """Show every step before it is taken; a dry run shows them all and takes none."""
    taken = 0
    for step in steps:
        console.print(f"{'would run' if dry_run else 'running'}: ", style="bold", end="")
        console.print(step.shown(), markup=False, highlight=False, soft_wrap=True)
        if not dry_run:
            step.run()
        taken += 1
    if dry_run:
        console.print("Nothing was changed: this was a dry run." if taken else "There is nothing to do.")
    elif not taken:
        console.print("There is nothing to do.")


def _option(name: str, value: Any) -> list[str]:  # noqa: ANN401  a parameter of AWS is anything that JSON can hold
    option = f"--{xform_name(name, '-')}"
    match value:
        case True:
            return [option]
        case False:
            return [f"--no-{option[2:]}"]
        case str() | int():
            return [option, str(value)]
        case [*words] if all(isinstance(word, str) for word in words):
            return [option, *words]
        case _:
            return [option, json.dumps(value)]
