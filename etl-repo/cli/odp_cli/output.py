"""The answers of all commands, for a person or as JSON for a program, and their common options."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from odp_cli.errors import CommandError

PROJECT = Path(__file__).resolve().parents[3]
PLATFORM = PROJECT / "config" / "environments.json"
MANIFESTS = PROJECT / "etl-repo" / "table_configs"
REFUSED, UNANSWERED = 1, 2

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
PlatformFile = Annotated[Path, typer.Option("--platform", help="The configuration of the platform.")]
Folder = Annotated[Path, typer.Option("--manifests", help="The folder of the table manifests.")]
Profile = Annotated[str | None, typer.Option(help="Profile with credentials of the environment's account.")]
Env = Annotated[str, typer.Option(envvar="ODP_ENV", help="The environment.")]
RegionName = Annotated[
    str, typer.Option("--region", metavar="REGION", help="One of two Regions; the active one by default.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]


def say(text: RenderableType) -> None:
    """Answer to a person."""
    Console().print(text, soft_wrap=True)


def say_json(document: dict[str, Any]) -> None:
    """Answer to a program."""
    typer.echo(json.dumps(document, indent=2))


@dataclass(frozen=True, slots=True)
class Mode:
    """The options of a command that changes something."""

    dry_run: bool
    yes: bool
    as_json: bool

    def ask(self, question: str) -> None:
        """Continue if a person agrees.

        Raises:
            CommandError: a program cannot be asked.
            typer.Abort: the person does not agree.
        """
        if self.yes:
            return
        if self.as_json:
            raise CommandError("this changes the lake, and a program cannot be asked", mend="add --yes, or --dry-run")
        typer.confirm(question, abort=True)
