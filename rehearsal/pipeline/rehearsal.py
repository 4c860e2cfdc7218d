"""A rehearsal: four accounts, bootstrapped by the project's own scripts, its pipelines in them, and a repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from rich.console import Console

from deployment_account.environments import Platform
from deployment_account.names import Names
from deployment_account.repository import ConnectedRepository
from rehearsal import toolchain
from rehearsal.demo.workspace import CONFIGURATION, PROJECT, Workspace
from rehearsal.deployment.assembly import APPS
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import WITHOUT_VALIDATION
from rehearsal.pipeline.definition import EmulatorLostError, RehearsalError
from rehearsal.pipeline.repository import Repository, hook
from rehearsal.private_files import make_private_folder

# The folder in which a clone's rehearsal lives: resumed after an orderly end, restarted after a kill.


@dataclass(frozen=True, slots=True)
class RehearsalWorkspace(Workspace):
    """Where the emulator keeps its accounts; the repositories outlive them."""

    @classmethod
    def of(cls, folder: Path | None) -> Self:
        """Return the workspace in a folder of the user's, or the clone's own."""
        home = folder.resolve() if folder else PROJECT / ".local"
        return cls(home / "rehearsal", (folder.resolve() if folder else PROJECT) / "report.html")

    @property
    def repositories(self) -> Path:
        """What was pushed."""
        return self.folder / "repositories"

    @contextmanager
    def opened(self) -> Iterator[bool]:
        """Use the workspace alone; tell whether accounts were thrown away because the last use did not end in order.

        A failure ends in order, as long as the emulator could save its state.
        """
        with self.alone():
            was_killed = self._mark.exists()
            if was_killed:
                shutil.rmtree(self.emulator, ignore_errors=True)
            make_private_folder(self.folder)
            self._mark.touch()
            try:
                yield was_killed
            except EmulatorLostError:
                raise
            except BaseException:
                self._mark.unlink()
                raise
            self._mark.unlink()

    @property
    def _mark(self) -> Path:
        return self.folder / "in-use"


# The clone from which is pushed: only what is committed can be.

_AUTHOR = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@example.com")
_NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv", ".local", "node_modules", "cdk.out", "*_cache", ".hypothesis", "__pycache__", "*.egg-info"),
    "report.html",
)


def committed(clone: Path, console: Console) -> str:
    """The commit of a clone; what is changed on top of it is said to stay out."""
    found = _git(clone, "rev-parse", "HEAD")
    if found.returncode:
        raise RehearsalError(
            f"{clone} is no clone of a git repository, so nothing can be pushed from it: `git init` one"
        )
    changed = _git(clone, "status", "--porcelain", "--untracked-files=no").stdout.splitlines()
    if changed:
        console.print(f"[yellow]{len(changed)} changed files are not committed and therefore not pushed.[/yellow]")
    return found.stdout.strip()


def committed_copy(project: Path, folder: Path, changed: Mapping[Path, str] = MappingProxyType({})) -> Path:
    """A separate repository with the project's present files, committed or not; some may get other texts first."""
    shutil.copytree(project, folder, ignore=_NOT_COPIED)
    _done(folder, "init", "--initial-branch=main")
    commit_changes(folder, changed, "As it is")
    return folder


def commit_changes(clone: Path, changed: Mapping[Path, str], message: str) -> None:
    """Give files of a clone other texts, and commit all that is new or changed."""
    for name, text in changed.items():
        (clone / name).write_text(text, encoding="utf-8")
    _done(clone, "add", "--all")
    _done(clone, "commit", "-m", message)


def _done(clone: Path, *words: str) -> None:
    run = _git(clone, *_AUTHOR, *words)
    if run.returncode:
        raise RehearsalError(f"`git {' '.join(words)}` failed in {clone}: {run.stderr.strip()}")


def _git(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=False)


CHECKS = ("make install", "make check", "make test-synth")
"""The commands of the test build that a quick rehearsal leaves out: they take minutes."""
_COMPONENTS = {app: app.removesuffix("-repo") for app in APPS}
_SIDE_BY_SIDE = 2
_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_LINES_SHOWN = 30


class Rehearsal:
    """The deployment system of one platform in one emulator."""

    def __init__(
        self, platform: Platform, emulator: Emulator, *, project: Path = PROJECT, configuration: Path = CONFIGURATION
    ) -> None:
        """`configuration` is the environments.json of the platform."""
        repository = platform.deployment.repository
        if not isinstance(repository, ConnectedRepository):
            raise RehearsalError("only repositories behind a connection are rehearsed, and this one is in CodeCommit")
        self.platform, self.emulator, self._project = platform, emulator, project
        self._configuration = configuration
        self.repository_name = repository.name
        self.repository = Repository.of(emulator.settings.repositories, repository.name)

    def create_repository(self) -> None:
        """Make the repository, whose pushes start the pipelines."""
        port = self.emulator.settings.run_directory / "port"
        deployment = self.platform.deployment
        self.repository.create(hook(port, deployment.account, deployment.region, self.repository_name))

    def bootstrap(self, environments: Sequence[str] = ()) -> int:
        """Bootstrap the accounts that lack it (by default of all environments), and return their number."""
        chosen = [self.platform.environments[name] for name in environments or self.platform.environments]
        wanted = [(self.platform.deployment_of(each).account, "deployment-account", each) for each in chosen]
        wanted += [(each.account, "target-account", each) for each in chosen]
        missing = [
            (account, (command, each.name, "--config", str(self._configuration)))
            for account, command, each in wanted
            if not self._has_stack(account, Names.of(self.platform, each).toolkit_stack)
        ]
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(lambda one: self._script(one[0], *one[1]), missing))
        return len(missing)

    def deploy_pipelines(self, app: str, environments: Sequence[str]) -> int:
        """Deploy those pipelines of an app that are missing, by hand as a person would, and give their number."""
        account = self.platform.deployment.account
        names = {name: Names.of(self.platform, self.platform.environments[name]) for name in environments}
        stacks = {name: each.pipeline_stack(_COMPONENTS[app]) for name, each in names.items()}
        missing = {name: stack for name, stack in stacks.items() if not self._has_stack(account, stack)}
        if missing:
            context: tuple[str, ...] = ("-c", f"environments={self._configuration}")
            if len(missing) == 1:
                context += ("-c", f"pipeline={next(iter(missing))}")
            # not the app's own cdk.out: the CDK command refuses a folder that another one is using
            output = ("--output", str(self.emulator.settings.run_directory / f"{app}.cdk.out"))
            options = (*context, *output, "--require-approval", "never")
            self._script(account, "cdk", app, "deploy", *missing.values(), *options)
        return len(missing)

    def push(self, commit: str, branch: str, *, clone: Path) -> str:
        """Push a commit of a clone as any developer would, and give what git and the hook said."""
        command = ["git", "push", "--force", str(self.repository.folder), f"{commit}:refs/heads/{branch}"]
        run = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RehearsalError(f"git push to {branch} failed: {run.stderr.strip()}")
        return run.stderr

    def start_unless_succeeded(self, pipeline: str) -> None:
        """Restart a pipeline whose newest execution ended in another way."""
        executions = self.codepipeline.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]
        if executions and executions[0]["status"] not in ("InProgress", "Succeeded"):
            self.codepipeline.start_pipeline_execution(name=pipeline)

    @property
    def codepipeline(self) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """CodePipeline in the deployment account."""
        deployment = self.platform.deployment
        return self.emulator.client("codepipeline", account=deployment.account, region=deployment.region)

    def hold_deployment(self, app: str, environment: str, reason: str) -> None:
        """Let a pipeline build and publish, but not enter the stage that deploys."""
        self.codepipeline.disable_stage_transition(**self._into_deployment(app, environment), reason=reason)

    def release_deployment(self, app: str, environment: str) -> None:
        """Let it enter that stage."""
        self.codepipeline.enable_stage_transition(**self._into_deployment(app, environment))

    def _into_deployment(self, app: str, environment: str) -> dict[str, str]:
        name = self.pipeline(app, environment)  # the stage has the name of its pipeline
        return {"pipelineName": name, "stageName": name, "transitionType": "Inbound"}

    def pipeline(self, app: str, environment: str) -> str:
        """The name of a pipeline."""
        return Names.of(self.platform, self.platform.environments[environment]).stage(_COMPONENTS[app])

    def _has_stack(self, account: str, name: str) -> bool:
        stacks = self.emulator.client("cloudformation", account=account).describe_stacks()["Stacks"]
        return any(stack["StackName"] == name and stack["StackStatus"] in _DEPLOYED for stack in stacks)

    def _script(self, account: str, *words: str) -> None:
        """Run one of the project's bootstrap scripts with the credentials of an account."""
        command = [sys.executable, "-m", "scripts.bootstrap", *words]
        # what is deployed by hand here, the pipeline's own build synthesises again
        environment = {**os.environ, **self.emulator.shell_environment(account), **WITHOUT_VALIDATION}
        environment["JSII_NODE"] = str(toolchain.node())
        run = subprocess.run(
            command, cwd=self._project, env=environment, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if run.returncode:
            said = "\n".join((run.stdout + run.stderr).splitlines()[-_LINES_SHOWN:])
            raise RehearsalError(f"`python -m scripts.bootstrap {' '.join(words)}` failed:\n{said}")
