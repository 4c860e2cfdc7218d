"""`python -m scripts.bootstrap smoke`: the first day in a real account."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deployment_account.environments import Environment, Platform, load_platform
from scripts.bootstrap.accounts import Account, Credentials, Place, chosen_environment
from scripts.bootstrap.cdk_cli import PROJECT
from scripts.bootstrap.errors import BootstrapError
from scripts.smoke.costs import MOST_DOLLARS, Load, refuse_if_dear
from scripts.smoke.lake import SmokeLake
from scripts.smoke.made import Made
from scripts.smoke.names import SmokeNames, new_run_id
from scripts.smoke.outcome import Result
from scripts.smoke.patience import DEFAULT_SECONDS, Patience
from scripts.smoke.plan import STEPS, load_of
from scripts.smoke.queries import Queries
from scripts.smoke.refreshes import Refreshes
from scripts.smoke.report import Report, show_end, show_result
from scripts.smoke.step import Smoke, SmokeOptions, Step, take, with_needed
from scripts.smoke.tables import SmokeTables

CONFIGURATION = PROJECT / "config" / "environments.json"


def smoke(  # noqa: PLR0913, PLR0917  each is an option of the command line
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="An environment of the configuration.")],
    config: Annotated[Path, typer.Option("--config", help="The configuration of the platform.")] = CONFIGURATION,
    profile: Annotated[
        list[str] | None, typer.Option(help="Profile of the lake's account, or of its pipelines'; repeatable.")
    ] = None,
    only: Annotated[
        list[int] | None, typer.Option(min=1, max=len(STEPS), help="This step and those it needs; repeatable.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=40, help="Executions at once in step 6.")] = 25,
    keys: Annotated[int, typer.Option(min=1, help="Files of step 8.")] = 2000,
    taxi: Annotated[bool, typer.Option("--taxi", help="Send a file of trips although the table is in use.")] = False,
    patience: Annotated[int, typer.Option(min=1, help="Seconds that any one wait may last.")] = DEFAULT_SECONDS,
    protected: Annotated[bool, typer.Option("--protected", help="Write into a protected environment.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the steps and the estimate, take no step.")] = False,
) -> None:
    """Try a deployed lake in thirteen steps; exit code 1 if one fails. It costs less than 5 $ and cleans up."""
    platform = load_platform(config)
    chosen = chosen_environment(platform, environment)
    refuse_protected(chosen, is_meant=protected)
    options, steps = SmokeOptions(parallel, keys, taxi), with_needed(STEPS, only or ())
    load = load_of(steps, options, patience)
    refuse_if_dear(load, chosen)
    console = Console(stderr=as_json, emoji=False)
    _say(console, estimate_of(load, chosen))
    if dry_run:
        for step in steps:
            _say(console, f"would try {step.number:>2} {step.name}: {step.checks}")
        return
    lake = open_lake(platform, chosen, profile or [])
    report = run(lake, steps, (options, load), console)
    show_end(report, console)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    if not report.is_good:
        raise typer.Exit(1)


def refuse_protected(environment: Environment, *, is_meant: bool) -> None:
    """Refuse a protected environment, which would also keep files and tables of the test.

    Raises:
        BootstrapError: the environment is protected, and nobody said that this is meant.
    """
    if environment.is_protected and not is_meant:
        raise BootstrapError(
            f"{environment.name} is protected, so the files of the test could not be removed from its buckets",
            mend="try an environment that is not protected first; --protected if it is meant (docs/deployment.md, "
            "step 10 says what stays)",
        )


def open_lake(platform: Platform, environment: Environment, profiles: Sequence[str]) -> SmokeLake:
    """Find the sessions of the lake's account, which is needed, and of its pipelines'."""
    credentials = Credentials.of(profiles or [None])
    account = credentials.account(Place.of(environment))
    if account is None:
        raise BootstrapError(
            f"no credentials of account {environment.account}, environment {environment.name}, were given",
            mend=f"name a profile of account {environment.account} with --profile",
        )
    pipelines: Account | None = credentials.account(Place.of_pipelines(platform, environment))
    return SmokeLake(account, platform, environment, pipelines)


def run(lake: SmokeLake, steps: Sequence[Step], bounds: tuple[SmokeOptions, Load], console: Console) -> Report:
    """Take the steps, then remove what they made, whatever came between."""
    options, load = bounds
    names, made = SmokeNames.of(new_run_id(), lake.environment.sources), Made()
    _say(console, f"{names.run} tries {lake.environment.name} in {lake.account.place}")
    results: list[Result] = []
    is_interrupted = False
    with _terminated_as_interrupted(), console.status("") as status:
        patience = Patience(load.wait_seconds, status.update)
        tables = SmokeTables(lake, names, made, patience)
        refreshes = Refreshes(lake, names, tables, made, patience, most=load.lake_runs)
        smoke = Smoke(lake, names, options, made, patience, tables, refreshes, Queries(lake, made, patience))
        try:
            for result in take(steps, smoke):
                results.append(result)
                show_result(result, console)
        except KeyboardInterrupt:
            is_interrupted = True
        finally:
            left = made.remove_all(status.update)
    is_interrupted = is_interrupted or any("interrupted" in result.why for result in results)
    return Report(names.run, lake.environment.name, tuple(results), tuple(left), is_interrupted)


def estimate_of(load: Load, environment: Environment) -> str:
    """What the steps start at most, and what that costs."""
    return (
        f"At most {load.lake_runs} Glue runs of smoke tables, {load.taxi_runs} of the taxi flow, {load.keys} swept "
        f"files: about {load.likely(environment):.2f} $, and never more than {MOST_DOLLARS:.0f} $"
    )


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Whoever ends the process politely gets the clean-up that Ctrl-C gets."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
