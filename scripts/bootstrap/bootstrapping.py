"""The steps by which an account becomes one that CDK deploys into."""

from __future__ import annotations

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.cdk_cli import cdk
from scripts.bootstrap.execution_policy.policies import policies_of
from scripts.bootstrap.managed_policies import policy_arn, policy_steps
from scripts.bootstrap.steps import Step


def deployment_places(platform: Platform) -> list[Place]:
    """Where the deployment account needs a bootstrap: its own Region, and each to which a pipeline hands artifacts."""
    account = platform.deployment.account
    regions = [platform.deployment.region, *(one.region for one in platform.environments.values())]
    return [Place(account, region) for region in dict.fromkeys(regions)]


def bootstrap_steps(platform: Platform, account: Account) -> list[Step]:
    """First the policies, then the bootstrap that lets CloudFormation do what they say, and trusts who deploys."""
    policies = policies_of(platform, account.place)
    arns = ",".join(policy_arn(account.place, policy) for policy in policies)
    arguments = ["bootstrap", str(account.place), "--cloudformation-execution-policies", arns]
    if account.place.account != platform.deployment.account:
        arguments += ["--trust", platform.deployment.account]
    return [*policy_steps(account, policies), cdk(*arguments, profile=account.profile)]
