"""From empty accounts to accounts that pipelines deploy into, and back.

Every command that changes something takes --dry-run, which shows exactly what it would run and runs none of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from rich.console import Console

from deployment_account.environments import Environment, Platform, load_platform
from deployment_account.errors import ConfigurationError
from deployment_account.names import Names
from scripts.bootstrap import cdk_cli, checks
from scripts.bootstrap.accounts import Account, Credentials, Place, chosen_environment, open_account
from scripts.bootstrap.bootstrapping import bootstrap_steps, deployment_places
from scripts.bootstrap.cdk_cli import PROJECT
from scripts.bootstrap.configuration import read_configuration, without, write_step
from scripts.bootstrap.configure import configured
from scripts.bootstrap.default_group import closing_steps
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy.approver import approver_of
from scripts.bootstrap.execution_policy.policies import boundary_of, policies_of
from scripts.bootstrap.findings import print_findings
from scripts.bootstrap.placeholders import placeholder_refusal
from scripts.bootstrap.secret_values import Secret, chosen_secret, deployed_secrets, set_value
from scripts.bootstrap.steps import carry_out
from scripts.bootstrap.tear_down import plans_of, what_stays
from scripts.smoke.command import smoke

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, help=__doc__)
Configuration = Annotated[Path, typer.Option("--config", help="The configuration of the platform.")]
Profile = Annotated[str | None, typer.Option(help="Profile with administrator credentials of the account.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be run, and run nothing that changes.")]
EnvironmentName = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="An environment of the configuration.")]
CONFIGURATION = PROJECT / "config" / "environments.json"


def main() -> None:
    """Run the command of the command line; every known failure is one message."""
    with friendly_errors(_console(stderr=True)):
        app(prog_name=checks.PROGRAM)


@app.command()
def configure(
    environment: Annotated[
        str | None, typer.Argument(metavar="ENVIRONMENT", help="The environment to add or to change.")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As environment.branch=main; repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="ENVIRONMENT", help="Take this one out; repeatable.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask/--no-ask", help="Ask for what no option gives.")] = True,
    config: Configuration = CONFIGURATION,
    dry_run: DryRun = False,
) -> None:
    """Write the configuration; it is checked as a whole before a byte is written."""
    if not environment and (options or not remove):
        raise BootstrapError("no environment is named", mend="name the one to add or to change, or --remove one")
    before, console = read_configuration(config), _console()
    configuration = without(before, remove or (), besides=environment)
    for name in remove or ():
        if name not in before.get("environments", {}):
            console.print(f"There is no environment {name} to remove.", markup=False, highlight=False)
    if environment:
        configuration = configured(configuration, environment, options or (), _asked if ask else None)
    step = write_step(config, configuration)
    carry_out([step] if step else [], console, dry_run=dry_run)


@app.command()
def install_cdk(dry_run: DryRun = False) -> None:
    """Install the CDK command line that package-lock.json pins, into node_modules."""
    carry_out([cdk_cli.installation()], _console(), dry_run=dry_run)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def cdk(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="APP", help="infra-repo or etl-repo.")],
    dry_run: DryRun = False,
) -> None:
    """Run the pinned CDK command line for an app: cdk infra-repo deploy ... --profile ..."""
    carry_out([cdk_cli.cdk_of_app(folder, *context.args)], _console(), dry_run=dry_run)


@app.command()
def deployment_account(
    environment: EnvironmentName,
    config: Configuration = CONFIGURATION,
    profile: Profile = None,
    dry_run: DryRun = False,
) -> None:
    """Bootstrap the account of an environment's pipelines, for this environment."""
    platform, console = load_platform(config), _console()
    chosen = chosen_environment(platform, environment)
    places = deployment_places(platform, chosen)
    first = open_account(places[0], profile, needed_for=f"the pipelines of {environment}")
    _refuse_placeholders(platform, chosen, first, console, dry_run=dry_run)
    steps = [step for place in places for step in bootstrap_steps(platform, chosen, first.at(place))]
    carry_out(steps, console, dry_run=dry_run)


@app.command()
def target_account(
    environment: EnvironmentName,
    config: Configuration = CONFIGURATION,
    profile: Profile = None,
    dry_run: DryRun = False,
) -> None:
    """Bootstrap an environment's account, which then trusts its pipelines within the execution policies.

    Where the environment has a secondary Region, both Regions.
    """
    (platform, account), console = _open(environment, config, profile), _console()
    chosen = platform.environments[environment]
    _refuse_placeholders(platform, chosen, account, console, dry_run=dry_run)
    places = Place.all_of(chosen)
    steps = [step for place in places for step in bootstrap_steps(platform, chosen, account.at(place))]
    carry_out(steps, console, dry_run=dry_run)


@app.command()
def execution_policy(environment: EnvironmentName, config: Configuration = CONFIGURATION) -> None:
    """Print the IAM policies of an environment as whole documents: CloudFormation's, the boundary, the approvers'.

    Below each document stands the reason for each of its wider statements.
    """
    platform, console = load_platform(config), _console()
    chosen = chosen_environment(platform, environment)
    places = dict.fromkeys([*Place.all_of(chosen), *deployment_places(platform, chosen)])
    policies = [policy for place in places for policy in policies_of(platform, chosen, place)]
    approver = approver_of(platform, chosen)
    for policy in [*policies, boundary_of(platform, chosen), *([approver] if approver else [])]:
        console.print(f"{policy.name} ({len(policy.text)} characters)", style="bold", highlight=False)
        console.print_json(data=policy.document)
        for statement, grant in zip(policy.document["Statement"], policy.grants, strict=True):
            if grant.because:
                line = f"{', '.join(statement['Action'])}: because {grant.because}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def secrets(
    environment: EnvironmentName,
    secret: Annotated[str | None, typer.Option(help="Set this one only.")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the value from standard input (with --secret).")] = False,
    config: Configuration = CONFIGURATION,
    profile: Profile = None,
    dry_run: DryRun = False,
) -> None:
    """Set the values of an environment's secrets: typed without echo, or piped in; an empty answer changes nothing."""
    if stdin and not secret:
        raise BootstrapError("--stdin holds one value, but no secret is named", mend="name it with --secret")
    platform, account = _open(environment, config, profile)
    known = deployed_secrets(account, platform, platform.environments[environment])
    for one in [chosen_secret(known, secret)] if secret else known:
        value = _value(one, stdin=stdin, dry_run=dry_run)
        if value or stdin:
            carry_out([set_value(account, one, value)], _console(), dry_run=dry_run)


@app.command()
def check(
    environment: Annotated[list[str] | None, typer.Argument(help="Environments; all if none is named.")] = None,
    config: Configuration = CONFIGURATION,
    profile: Annotated[list[str] | None, typer.Option(help="Profile of an account to look into; repeatable.")] = None,
) -> None:
    """Check tools, connection, trust, bootstraps, policies and quotas; exit code 1 if anything is wrong.

    It reads each account with credentials of that account: name a profile for each.
    """
    platform, console = load_platform(config), _console()
    chosen = [chosen_environment(platform, name) for name in environment or platform.environments]
    if not print_findings(checks.check(platform, Credentials.of(profile or [None]), chosen), console):
        raise typer.Exit(1)


app.command()(smoke)


@app.command()
def close_default_group(
    environment: EnvironmentName,
    config: Configuration = CONFIGURATION,
    profile: Profile = None,
    dry_run: DryRun = False,
) -> None:
    """Remove every rule from the default security group of an environment's deployed network, in both its Regions."""
    platform, account = _open(environment, config, profile)
    steps = [
        step
        for there in platform.environments[environment].regions
        for step in closing_steps(account.at(Place.of(there)), Names.of(platform, there))
    ]
    carry_out(steps, _console(), dry_run=dry_run)


@app.command()
def tear_down(
    environment: EnvironmentName,
    secondary: Annotated[bool, typer.Option("--secondary", help="Only what is in the secondary Region.")] = False,
    config: Configuration = CONFIGURATION,
    profile: Profile = None,
    dry_run: DryRun = False,
) -> None:
    """Delete an environment's stacks, last deployed first; stacks with buckets stay, and no bucket is emptied."""
    platform, account = _open(environment, config, profile)
    target, console = platform.environments[environment], _console()
    plans = plans_of(account, platform, target, secondary_alone=secondary)
    if any(plan.deleted for plan in plans) and not dry_run:
        for plan in plans:
            stacks = ", ".join(stack.name for stack in plan.deleted) or "nothing"
            console.print(f"To be deleted in {plan.account.place}: {stacks}")
        if typer.prompt(f"Type {environment} to delete them") != environment:
            raise BootstrapError("that is not the environment's name; nothing was deleted", mend="run it again")
    carry_out([step for plan in plans for step in plan.steps()], console, dry_run=dry_run)
    console.print("What stays:")
    for line in dict.fromkeys(line for plan in plans for line in what_stays(plan, platform, target)):
        console.print(f"  - {line}", markup=False, highlight=False, soft_wrap=True)


def _console(*, stderr: bool = False) -> Console:
    """Without emoji: the `:secret:` of an ARN is none."""
    return Console(stderr=stderr, emoji=False)


def _asked(text: str, proposed: str | None) -> str:
    return str(typer.prompt(text, default=proposed))


def _open(environment: str, config: Path, profile: str | None) -> tuple[Platform, Account]:
    platform = load_platform(config)
    place = Place.of(chosen_environment(platform, environment))
    return platform, open_account(place, profile, needed_for=f"environment {environment}")


def _refuse_placeholders(
    platform: Platform, environment: Environment, account: Account, console: Console, *, dry_run: bool
) -> None:
    refusal = placeholder_refusal(platform.deployment_of(environment), account)
    if refusal and not dry_run:
        raise refusal
    if refusal:
        console.print(f"Warning, this would be refused: {refusal}", markup=False, highlight=False, soft_wrap=True)


def _value(secret: Secret, *, stdin: bool, dry_run: bool) -> str:
    if dry_run:
        return "the value that will be asked for"
    if stdin:
        return sys.stdin.read().removesuffix("\n")
    purpose = f" ({secret.purpose})" if secret.purpose else ""
    return str(typer.prompt(f"{secret.name}{purpose}", default="", hide_input=True, show_default=False))


@contextmanager
def friendly_errors(console: Console) -> Iterator[None]:
    """Turn every known failure into one message and exit code 1; an unknown one keeps its traceback."""
    try:
        yield
    except (BootstrapError, ConfigurationError, BotoCoreError, ClientError, WaiterError, OSError) as error:
        _say(console, error)
        raise SystemExit(1) from error


def _say(console: Console, error: Any) -> None:  # noqa: ANN401  any of the known errors
    console.print("Failed:", style="red bold", end=" ")
    console.print(str(error), markup=False, highlight=False, soft_wrap=True)
