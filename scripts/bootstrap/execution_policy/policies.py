"""The policies of a place, as IAM takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deployment_account.environments import Environment, Platform
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy import delivery, processing, storage
from scripts.bootstrap.execution_policy.grants import Grant, Scope
from scripts.bootstrap.execution_policy.network import network

LONGEST_POLICY = 6_144
MOST_POLICIES_OF_A_ROLE = 10

_Part = Callable[[Scope], list[Grant]]
_ENVIRONMENT: dict[str, tuple[_Part, ...]] = {
    "network": (network,),
    "storage": (storage.keys, storage.buckets, storage.parameters, storage.tables, storage.secrets),
    "identity": (processing.roles, processing.functions, processing.jobs, processing.logs),
    "processing": (processing.workflows, processing.messages, processing.observation),
}
_PIPELINES: dict[str, tuple[_Part, ...]] = {
    "delivery": (
        delivery.pipelines,
        processing.roles,
        processing.rules,
        processing.messages,
        processing.logs,
        storage.version,
    ),
    "artifacts": (storage.keys, storage.buckets, delivery.replicas),
}


@dataclass(frozen=True)
class Policy:
    """One customer-managed policy."""

    name: str
    grants: tuple[Grant, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The policy in the language of IAM."""
        return {"Version": "2012-10-17", "Statement": [grant.statement() for grant in self.grants]}

    @property
    def text(self) -> str:
        """The document without a blank, which is how IAM counts its length."""
        return json.dumps(self.document, separators=(",", ":"))


def environment_policies(platform: Platform, environment: Environment) -> list[Policy]:
    """What the stacks of one environment are made with."""
    name = f"{platform.name}-{environment.name}"
    scope = Scope(
        Place.of(environment), f"{name}-", f"/{platform.name}/{environment.name}", environment.resource_prefix
    )
    return _policies(name, scope, _ENVIRONMENT)


def pipeline_policies(platform: Platform, place: Place) -> list[Policy]:
    """What the pipelines of all environments are made with."""
    name = f"{platform.name}-pipelines-{place.region}"
    return _policies(name, Scope(place, f"{platform.name}-", f"/{platform.name}"), _PIPELINES)


def policies_of(platform: Platform, place: Place) -> list[Policy]:
    """All that CloudFormation may do in an account and Region: for the environments there, and for the pipelines."""
    there = [environment for environment in platform.environments.values() if Place.of(environment) == place]
    policies = [policy for environment in there for policy in environment_policies(platform, environment)]
    if place.account == platform.deployment.account:
        policies += pipeline_policies(platform, place)
    _check(policies, place)
    return policies


def _policies(name: str, scope: Scope, parts: dict[str, tuple[_Part, ...]]) -> list[Policy]:
    return [
        Policy(f"{name}-deployment-{title}", tuple(grant for part in these for grant in part(scope)))
        for title, these in parts.items()
    ]


def _check(policies: Sequence[Policy], place: Place) -> None:
    if len(policies) > MOST_POLICIES_OF_A_ROLE:
        raise BootstrapError(
            f"{place} holds so many environments that its role needs {len(policies)} policies; IAM allows 10",
            mend="give some of the environments another account or Region",
        )
    for policy in policies:
        if len(policy.text) > LONGEST_POLICY:
            raise BootstrapError(
                f"policy {policy.name} is {len(policy.text)} characters long; IAM allows {LONGEST_POLICY}",
                mend="divide it in scripts/bootstrap/execution_policy/policies.py",
            )
