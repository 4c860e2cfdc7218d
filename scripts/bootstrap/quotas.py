"""Whether an account's quotas leave room for an environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from deployment_account.environments import Environment
from deployment_account.names import Names
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import Finding, fine, unknown, unless_unreachable, unreachable, wrong
from scripts.bootstrap.stacks import stacks_of


@dataclass(frozen=True)
class Need:
    """How much an environment needs of a quota, under the name that Service Quotas gives it."""

    service: str
    quota: str
    amount: int


def needs(account: Account, environment: Environment, names: Names) -> list[Need]:
    """What the environment takes, on top of what the account already has unless it is the environment's own."""
    ec2 = account.client("ec2")
    vpcs, addresses = len(ec2.describe_vpcs()["Vpcs"]), len(ec2.describe_addresses()["Addresses"])
    is_deployed = any(stack.resources("AWS::EC2::VPC") for stack in stacks_of(account, f"{names.stage('infra')}-"))
    return [
        Need("glue", "Max concurrent job runs per account", environment.odp.max_concurrent_runs),
        Need("vpc", "VPCs per Region", vpcs if is_deployed else vpcs + 1),
        Need("ec2", "EC2-VPC Elastic IPs", addresses if is_deployed else addresses + environment.nat_gateways),
    ]


def quota_findings(account: Account, environment: Environment, names: Names) -> Iterator[Finding]:
    """One finding for each need, or the one that the needs could not be seen."""
    try:
        wanted = needs(account, environment, names)
    except (BotoCoreError, ClientError) as error:
        yield unreachable(f"{environment.name}: quotas", error)
        return
    for need in wanted:
        subject = f"{environment.name}: {need.quota} ({need.service})"
        yield unless_unreachable(subject, lambda subject=subject, need=need: _judge(subject, account, need))  # type: ignore[misc]


def _judge(subject: str, account: Account, need: Need) -> Finding:
    pages = account.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode=need.service)
    quotas = [quota for page in pages for quota in page["Quotas"] if quota["QuotaName"] == need.quota]
    if not quotas:
        return unknown(subject, f"Service Quotas names no such quota of {need.service}")
    allowed = int(quotas[0]["Value"])
    if allowed >= need.amount:
        return fine(subject, f"{allowed}, needed {need.amount}")
    request = (
        f"aws service-quotas request-service-quota-increase --service-code {need.service} "
        f"--quota-code {quotas[0]['QuotaCode']} --desired-value {need.amount} --region {account.place.region}"
    )
    return wrong(subject, f"{allowed}, needed {need.amount}", mend=f"in account {account.place.account}: {request}")
