"""Rehearse the deployment: four accounts on this machine, in which `git push` runs the synthesised pipelines."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ConnectionError as NoConnectionError
from rich.console import Console

from deployment_account.environments import load_platform
from rehearsal.demo.progress import Steps
from rehearsal.demo.workspace import CONFIGURATION, PROJECT
from rehearsal.deployment.assembly import APPS
from rehearsal.emulator.account_root import client_of_run
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.failures import friendly_errors
from rehearsal.pipeline.definition import EmulatorLostError, RehearsalError
from rehearsal.pipeline.rehearsal import CHECKS, Rehearsal, RehearsalWorkspace, committed
from rehearsal.pipeline.report import PipelineWatch, write_report

# Answers what pipelines ask of a person, over the same API as the console does.

_ACTS_WITHIN_SECONDS = 30
_POLL_SECONDS = 0.1
_Question = tuple[str, str, str]


def decide(codepipeline: Any, pipeline: str | None, *, status: str, summary: str) -> list[str]:  # noqa: ANN401 - boto3 makes clients at run time
    """Answer the open questions of a pipeline, or of all, and name the stages that asked."""
    names = [each["name"] for each in codepipeline.list_pipelines()["pipelines"]]
    if pipeline and pipeline not in names:
        raise RehearsalError(f"there is no pipeline {pipeline}; there are {', '.join(names) or 'none'}")
    answered = []
    for name in [pipeline] if pipeline else names:
        for stage, action, token in _asked(codepipeline, name):
            codepipeline.put_approval_result(
                pipelineName=name,
                stageName=stage,
                actionName=action,
                token=token,
                result={"status": status, "summary": summary},
            )
            _wait_until_taken(codepipeline, name, (stage, action, token))
            answered.append(f"{name} {stage}/{action}")
    if not answered:
        raise RehearsalError(f"{pipeline} waits for nobody" if pipeline else "no pipeline waits for an approval")
    return answered


def _wait_until_taken(codepipeline: Any, name: str, question: _Question) -> None:  # noqa: ANN401
    """Let the pipeline act on an answer: who looks at it right after that would find the question still open."""
    deadline = time.monotonic() + _ACTS_WITHIN_SECONDS
    while question in _asked(codepipeline, name) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _asked(codepipeline: Any, name: str) -> list[_Question]:  # noqa: ANN401 - boto3 makes clients at run time
    return [
        (stage["stageName"], action["actionName"], token)
        for stage in codepipeline.get_pipeline_state(name=name)["stageStates"]
        for action in stage["actionStates"]
        if (token := action.get("latestExecution", {}).get("token"))
    ]


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
            validates_templates=not quick,
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
        if not (workspace.emulator / "port").exists():
            raise RehearsalError("there is no rehearsal; `make rehearse` begins one")
        deployment = load_platform(CONFIGURATION).deployment
        try:
            codepipeline = client_of_run(workspace.emulator, "codepipeline", deployment.account, deployment.region)
            for answered in decide(codepipeline, pipeline, status=status, summary=comment):
                console.print(f"{status}: {answered}", highlight=False)
        except (NoConnectionError, FileNotFoundError) as error:
            raise RehearsalError("the rehearsal is closed; `make rehearse` opens it") from error


def _last_line(text: str) -> str:
    """What the hook said, if it said anything."""
    said = [line.removeprefix("remote:").strip() for line in text.splitlines() if line.startswith("remote:")]
    return said[-1] if said else "up to date"
