"""Rehearse the deployment: four accounts on this machine, in which `git push` runs the synthesised pipelines."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import ConnectionError as NoConnectionError
from rich.console import Console

from deployment_account.environments import load_platform
from rehearsal.demo.demo import CONFIGURATION
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import PROJECT
from rehearsal.deployment.synth import APPS
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.root_secret import kept_root_secret
from rehearsal.emulator.settings import LOOPBACK, EmulatorSettings
from rehearsal.failures import friendly_errors
from rehearsal.pipeline.approving import decide
from rehearsal.pipeline.clone import committed
from rehearsal.pipeline.errors import EmulatorLostError, RehearsalError
from rehearsal.pipeline.rehearsal import CHECKS, Rehearsal
from rehearsal.pipeline.report import write_report
from rehearsal.pipeline.watch import PipelineWatch
from rehearsal.pipeline.workspace import RehearsalWorkspace

FIRST_ENVIRONMENT = "dev"
_SECONDS_TO_DIE = 1.0
app = typer.Typer(add_completion=False, help=__doc__)
Folder = Annotated[Path | None, typer.Option(envvar="REHEARSAL_FOLDER", help="Where accounts and repository are kept.")]
Port = Annotated[int, typer.Option(envvar="PORT", help="Loopback port of the emulator; 0 takes any free one.")]
Quick = Annotated[
    bool,
    typer.Option(envvar="QUICK", help=f"Leave out {' and '.join(CHECKS)}, which take minutes, in the test builds."),
]
Once = Annotated[bool, typer.Option(envvar="ONCE", help="End when the pipelines of dev have ended.")]
PipelineName = Annotated[str | None, typer.Argument(metavar="PIPELINE", help="The pipeline; all that wait by default.")]
Comment = Annotated[str, typer.Option("--comment", help="The comment to record.")]


@app.callback(invoke_without_command=True)
def rehearse(
    context: typer.Context, port: Port = 0, folder: Folder = None, quick: Quick = False, once: Once = False
) -> None:
    """Bootstrap, deploy the pipelines, push this clone's commit to main, and serve further pushes until Ctrl-C."""
    if context.invoked_subcommand:
        return
    console, workspace = Console(), RehearsalWorkspace.of(folder)
    with friendly_errors(console), workspace.opened() as was_killed:
        if was_killed:
            console.print("The last rehearsal was interrupted: its accounts are created again, its commits are kept.")
        settings = EmulatorSettings(
            run_directory=workspace.emulator,
            port=port,
            repositories=workspace.repositories,
            skipped_commands=CHECKS if quick else (),
        )
        with Emulator(settings) as emulator:
            session = _Session(Rehearsal(load_platform(CONFIGURATION), emulator), workspace, console)
            try:
                with _noticing_its_end(emulator):
                    session.prepare()
                    if not once:
                        session.serve()
            finally:
                session.report()


@app.command()
def approve(pipeline: PipelineName = None, comment: Comment = "", folder: Folder = None) -> None:
    """Approve the release that waits."""
    _decide("Approved", pipeline, comment, folder)


@app.command()
def reject(pipeline: PipelineName = None, comment: Comment = "", folder: Folder = None) -> None:
    """Reject the release that waits: nothing of it is deployed."""
    _decide("Rejected", pipeline, comment, folder)


class _Session:
    """One use of the rehearsal by a person at a terminal."""

    def __init__(self, rehearsal: Rehearsal, workspace: RehearsalWorkspace, console: Console) -> None:
        self._rehearsal, self._workspace, self._console = rehearsal, workspace, console
        self._steps, self._started = Steps(console), datetime.now(UTC)
        self._watch = PipelineWatch(rehearsal.codepipeline, console)

    def prepare(self) -> None:
        """Bring accounts, pipelines and dev to where this clone's commit is; what is done already is left alone."""
        commit = committed(PROJECT, self._console)
        self._watch.pass_over_the_past()
        with self._steps.step("Start the emulator and its repository") as step:
            self._rehearsal.create_repository()
            step.say(str(self._rehearsal.repository.folder))
        with self._steps.step("Bootstrap the accounts") as step:
            step.say(f"{self._rehearsal.bootstrap()} bootstrapped, by scripts/bootstrap")
        with self._steps.step("git push to main") as step:
            step.say(_last_line(self._rehearsal.push(commit, "main", clone=PROJECT)))
        for component in APPS:
            with self._steps.step(f"Deploy the pipelines of {component}") as step:
                made = self._rehearsal.deploy_pipelines(component, list(self._rehearsal.platform.environments))
                step.say(f"{made} deployed by hand, once")
            self._until_deployed(self._rehearsal.pipeline(component, FIRST_ENVIRONMENT))

    def serve(self) -> None:
        """Run what is pushed until Ctrl-C."""
        repository = shlex.quote(str(self._rehearsal.repository.folder))
        exports = self._rehearsal.emulator.shell_exports(self._rehearsal.platform.deployment.account)
        shown = _HOW_TO_GO_ON.format(repository=repository, exports=exports)
        self._console.print(shown, markup=False, highlight=False, soft_wrap=True)
        with suppress(KeyboardInterrupt):
            self._watch.for_ever()
        self._console.print("The rehearsal is closed and kept; `make rehearse` continues it.")

    def report(self) -> None:
        """Write what the pipelines did, with what that does not prove."""
        with suppress(NoConnectionError):
            write_report(self._rehearsal, self._started, self._workspace.report)
            self._console.print(f"Report with pictures: {self._workspace.report}", soft_wrap=True, highlight=False)

    def _until_deployed(self, pipeline: str) -> None:
        self._rehearsal.start_unless_succeeded(pipeline)
        status = self._watch.until_settled([pipeline])[pipeline]
        if status != "Succeeded":
            raise RehearsalError(
                f"{pipeline} ended as {status}; its actions above say why. "
                "Commit what mends it and run `make rehearse` again: it goes on from here"
            )


@contextmanager
def _noticing_its_end(emulator: Emulator) -> Iterator[None]:
    """Say that the emulator is gone, whatever failed because of it."""
    try:
        yield
    except Exception as error:
        if not emulator.has_ended(within=_SECONDS_TO_DIE):
            raise
        raise EmulatorLostError(
            f"the emulator ended by itself; see {emulator.log}. Run `make rehearse` again: it creates the accounts "
            "again and keeps what was pushed"
        ) from error


_HOW_TO_GO_ON = """
The pipelines are served until Ctrl-C. In another terminal, in this folder:

  git push {repository} HEAD:main      deploys to dev
  git push {repository} HEAD:test      deploys to test
  git push {repository} HEAD:prod      waits for: .venv/bin/rehearse approve | reject

The aws command and boto3 see the pipelines with these variables; the secret is good until Ctrl-C:

{exports}
"""


def _decide(status: str, pipeline: str | None, comment: str, folder: Path | None) -> None:
    console, workspace = Console(), RehearsalWorkspace.of(folder)
    with friendly_errors(console):
        port = workspace.emulator / "port"
        if not port.exists():
            raise RehearsalError("there is no rehearsal; `make rehearse` begins one")
        deployment = load_platform(CONFIGURATION).deployment
        try:
            codepipeline = boto3.client(
                "codepipeline",
                endpoint_url=f"http://{LOOPBACK}:{port.read_text()}",
                region_name=deployment.region,
                aws_access_key_id=deployment.account,
                aws_secret_access_key=kept_root_secret(workspace.emulator),
            )
            for answered in decide(codepipeline, pipeline, status=status, summary=comment):
                console.print(f"{status}: {answered}", highlight=False)
        except (NoConnectionError, FileNotFoundError) as error:
            raise RehearsalError("the rehearsal is closed; `make rehearse` opens it") from error


def _last_line(text: str) -> str:
    """What the hook said, if it said anything."""
    said = [line.removeprefix("remote:").strip() for line in text.splitlines() if line.startswith("remote:")]
    return said[-1] if said else "up to date"
