"""The policies of a place, as IAM takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from deployment_account.sources import replications
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy import delivery, processing, storage
from scripts.bootstrap.execution_policy.backups import backups
from scripts.bootstrap.execution_policy.experiments import experiments
from scripts.bootstrap.execution_policy.grants import Grant, Scope
from scripts.bootstrap.execution_policy.network import network
from scripts.bootstrap.execution_policy.region_table import region_table
from scripts.bootstrap.execution_policy.replication import replication

LONGEST_POLICY = 6_144

_Part = Callable[[Scope], list[Grant]]
_ENVIRONMENT: dict[str, tuple[_Part, ...]] = {
    "network": (network,),
    "storage": (storage.keys, storage.buckets, storage.parameters, storage.tables, storage.secrets),
    "identity": (processing.roles, processing.functions, processing.logs, processing.messages, processing.observation),
    "processing": (processing.jobs, processing.workflows),
}
_PROTECTED: dict[str, tuple[_Part, ...]] = {"backups": (backups,)}
_REPLICATED: dict[str, tuple[_Part, ...]] = {"replication": (replication,)}
_PIPELINES: dict[str, tuple[_Part, ...]] = {
    "delivery": (
        delivery.pipelines,
        delivery.bounded_roles,
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
    """The policies that create the stacks of one environment in one of its Regions.

    An account holds those of both Regions, so the secondary's are named after it.
    """
    names = Names.of(platform, environment)
    parts = {
        **_ENVIRONMENT,
        **(_PROTECTED if environment.is_protected else {}),
        **(_REPLICATED if replications(environment.sources) else {}),
    }
    if environment.secondary and not environment.is_secondary:
        # with the secrets, too, the policy would be too long
        parts["storage"] = (*parts["storage"][:-1], partial(region_table, partner=environment.secondary.region))
        parts["identity"] = (*parts["identity"], storage.secrets)
    if environment.secondary and not environment.is_protected:
        parts["experiments"] = (experiments,)
    scope = Scope(Place.of(environment), names, environment.catalog_names)
    return _policies(names.policies, scope, parts)


def pipeline_policies(platform: Platform, environment: Environment, place: Place) -> list[Policy]:
    """The policies that create the pipelines of one environment, in a Region of their account."""
    names, deployment = Names.of(platform, environment), platform.deployment_of(environment)
    parts = {**_PIPELINES, "delivery": (*_PIPELINES["delivery"], lambda _: delivery.connection(deployment))}
    return _policies(f"{names.lake}-pipelines-{place.region}", Scope(place, names), parts)


def policies_of(platform: Platform, environment: Environment, place: Place) -> list[Policy]:
    """All policies of CloudFormation for one environment in one place: for its stacks and its pipelines.

    The role of the pipelines' own Region also creates their artifact buckets in the lake's Regions.
    """
    home = Place.of_pipelines(platform, environment)
    here = (there for there in environment.regions if Place.of(there) == place)
    policies = [policy for there in here for policy in environment_policies(platform, there)]
    if place == home:
        for region in dict.fromkeys((home.region, *(there.region for there in environment.regions))):
            policies += pipeline_policies(platform, environment, Place(home.account, region))
    _check(policies)
    return policies


def boundary_of(platform: Platform, environment: Environment) -> Policy:
    """The permissions boundary of an environment's roles in the account of its pipelines."""
    names, deployment = Names.of(platform, environment), platform.deployment_of(environment)
    scope = Scope(Place.of_pipelines(platform, environment), names)
    grants = delivery.boundary(scope, deployment, environment)
    boundary = Policy(names.pipeline_boundary, tuple(grants))
    _check([boundary])
    return boundary


def _policies(name: str, scope: Scope, parts: dict[str, tuple[_Part, ...]]) -> list[Policy]:
    return [
        Policy(f"{name}-deployment-{title}", tuple(grant for part in these for grant in part(scope)))
        for title, these in parts.items()
    ]


def _check(policies: Sequence[Policy]) -> None:
    for policy in policies:
        if len(policy.text) > LONGEST_POLICY:
            raise BootstrapError(
                f"policy {policy.name} is {len(policy.text)} characters long; IAM allows {LONGEST_POLICY}",
                mend="divide it in scripts/bootstrap/execution_policy/policies.py",
            )
