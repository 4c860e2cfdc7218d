"""The steps that bootstrap an account for an environment or its pipelines."""

from __future__ import annotations

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.cdk_cli import PROJECT, Bootstrap, cdk
from scripts.bootstrap.execution_policy.approver import approver_of
from scripts.bootstrap.execution_policy.policies import Policy, boundary_of, policies_of
from scripts.bootstrap.managed_policies import policy_arn, policy_steps
from scripts.bootstrap.steps import Step, WriteFile
from scripts.bootstrap.toolkit_template import Narrowing, toolkit_template


def deployment_places(platform: Platform, environment: Environment) -> list[Place]:
    """The places that need a bootstrap in the account of an environment's pipelines.

    The bootstrap of the pipeline's own Region also deploys its artifact bucket in another Region.
    """
    home = Place.of_pipelines(platform, environment)
    return list(dict.fromkeys([home, *(lake for lake in Place.all_of(environment) if lake.account == home.account)]))


def trusted_roles(platform: Platform, environment: Environment) -> str:
    """The pattern of the ARNs of an environment's roles in the account of its pipelines."""
    account, names = platform.deployment_of(environment).account, Names.of(platform, environment)
    return f"arn:aws:iam::{account}:role/{names.generated}"


def bootstrap_steps(platform: Platform, environment: Environment, account: Account) -> list[Step]:
    """Write the policies first, then the bootstrap that gives them to CloudFormation."""
    place, deployment = account.place, platform.deployment_of(environment)
    names = Names.of(platform, environment)
    policies = policies_of(platform, environment, place)
    is_of_pipelines = place.account == deployment.account
    besides = _besides(platform, environment) if place == Place.of_pipelines(platform, environment) else []
    bootstrap = Bootstrap.of(names, place.account, place.region)
    template = PROJECT / ".local" / "bootstrap" / f"{bootstrap.stack}-{place.account}-{place.region}.json"
    narrowing = Narrowing(
        lake=names.lake,
        trusted_roles=trusted_roles(platform, environment),
        stacks=names.generated,
        is_of_pipelines=is_of_pipelines,
    )
    arns = ",".join(policy_arn(place, policy) for policy in policies)
    arguments = ["bootstrap", str(place), "--qualifier", bootstrap.qualifier, "--toolkit-stack-name", bootstrap.stack]
    arguments += ["--template", str(template), "--cloudformation-execution-policies", arns]
    if not is_of_pipelines:
        arguments += ["--trust", deployment.account]
    title = f"write {template}: the bootstrap of CDK, for {names.lake} alone"
    return [
        *policy_steps(account, [*besides, *policies]),
        WriteFile(template, toolkit_template(narrowing), title),
        cdk(*arguments, profile=account.profile),
    ]


def _besides(platform: Platform, environment: Environment) -> list[Policy]:
    """The policies beside the pipelines: the boundary of their roles, and the approvers' policy."""
    approver = approver_of(platform, environment)
    return [boundary_of(platform, environment), *([approver] if approver else [])]
