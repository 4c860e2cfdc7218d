"""Whether an account's quotas leave room for an environment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from deployment_account.build_sizes import BUILD_SIZES
from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import Finding, fine, unknown, unless_unreachable, unreachable, wrong
from scripts.bootstrap.stacks import stacks_of

FUNCTIONS_AT_ONCE = 20
"""The queues' pollers take up to 5, 2 and 1; the rest is for planning, sweeps, the configuration and deployments."""
TAXI_DATASETS = 2
"""Each is loaded by one run at a time."""


@dataclass(frozen=True)
class Need:
    """An environment's need of one quota, by its name in Service Quotas."""

    service: str
    quota: str
    amount: int


def needs(account: Account, environment: Environment, names: Names) -> list[Need]:
    """The needs of the environment, on top of foreign resources in the account."""
    ec2 = account.client("ec2")
    vpcs, addresses = len(ec2.describe_vpcs()["Vpcs"]), len(ec2.describe_addresses()["Addresses"])
    is_deployed = any(stack.resources("AWS::EC2::VPC") for stack in stacks_of(account, f"{names.stage('infra')}-"))
    return [
        Need("glue", "Max concurrent job runs per account", environment.odp.max_concurrent_runs),
        Need("glue", "Max task DPUs per account", dpus(environment)),
        Need("lambda", "Concurrent executions", FUNCTIONS_AT_ONCE),
        Need("vpc", "VPCs per Region", vpcs if is_deployed else vpcs + 1),
        Need("ec2", "EC2-VPC Elastic IPs", addresses if is_deployed else addresses + environment.nat_gateways),
    ]


def dpus(environment: Environment) -> int:
    """The DPUs of the lake's Glue runs at the highest concurrency, each with all its workers."""
    odp, taxi = environment.odp, environment.taxi
    workers = min(odp.cadence_defaults.glue_job_max_workers, odp.max_workers_per_run)
    of_odp = odp.max_concurrent_runs * workers * _dpus_of(odp.cadence_defaults.glue_job_worker_type)
    return math.ceil(of_odp + TAXI_DATASETS * taxi.workers * _dpus_of(taxi.worker_type))


def _dpus_of(worker_type: str) -> float:
    """A G.025X is a quarter of a DPU, and the others are as many as their name says."""
    size = worker_type.removesuffix("X").split(".")[1]
    return float(f"0.{size[1:]}" if size.startswith("0") else size)


def build_needs(platform: Platform, environment: Environment) -> list[Need]:
    """What the pipelines of one push take: each app's builds are of a size of their own, one at a time.

    On a trunk a push starts the pipelines of all environments that follow the branch.
    """
    here = _place_of_pipelines(platform, environment)
    followers = [one for one in platform.environments.values() if _place_of_pipelines(platform, one) == here]
    started = sum(one.branch == environment.branch for one in followers)
    return [Need("codebuild", size.quota, started) for size in BUILD_SIZES.values()]


def _place_of_pipelines(platform: Platform, environment: Environment) -> tuple[str, str]:
    deployment = platform.deployment_of(environment)
    return deployment.account, deployment.region


def quota_findings(name: str, account: Account, environment: Environment, names: Names) -> Iterator[Finding]:
    """What the account of an environment must have room for, in the Region of the session."""
    yield from _findings(name, account, lambda: needs(account, environment, names))


def build_quota_findings(
    name: str, account: Account, platform: Platform, environment: Environment
) -> Iterator[Finding]:
    """What the account of an environment's pipelines must have room for."""
    yield from _findings(name, account, lambda: build_needs(platform, environment))


def _findings(name: str, account: Account, needed: Callable[[], list[Need]]) -> Iterator[Finding]:
    """One finding for each need, or the one that the needs could not be seen."""
    try:
        wanted = needed()
    except (BotoCoreError, ClientError) as error:
        yield unreachable(f"{name}: quotas", error)
        return
    for need in wanted:
        subject = f"{name}: {need.quota} ({need.service})"
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
