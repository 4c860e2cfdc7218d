"""The building blocks of policies: actions and resources by name, wider patterns with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployment_account.names import LAKE_TAG, Names, TaxiName
from scripts.bootstrap.accounts import Place

Condition = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scope:
    """The scope of a policy: resources of one environment in one account and Region."""

    place: Place
    names: Names
    patterns: tuple[str, ...] = ()
    """The patterns of the names that manifests may give to databases and jobs."""

    @property
    def generated(self) -> str:
        """The pattern of the names that CloudFormation makes up."""
        return self.names.generated

    @property
    def typed(self) -> str:
        """The pattern of the names that people type."""
        return f"{self.names.resource_prefix}odpf_*"

    @property
    def catalog_names(self) -> list[str]:
        """The name patterns of databases, Glue jobs and connections, including the taxi flow's."""
        taxi = [TaxiName.CONFORMED_JOB, TaxiName.PURPOSE_BUILT_JOB]
        databases = [TaxiName.CONFORMED_DATABASE, TaxiName.PURPOSE_BUILT_DATABASE]
        own = [f"{self.names.resource_prefix}{pattern}" for pattern in self.patterns]
        return [*own, *map(self.names.taxi, (*databases, *taxi))]

    @property
    def parameter_path(self) -> str:
        """The SSM path of this environment's published values."""
        return f"/{self.names.platform}/{self.names.environment}"

    @property
    def tagged(self) -> Condition:
        """The condition for resources of this lake; AWS generates ids of keys and networks, so only tags tell."""
        return {"StringEquals": {f"aws:ResourceTag/{LAKE_TAG}": self.names.lake}}

    @property
    def made_with_tag(self) -> Condition:
        """The condition for a request that adds this lake's tag."""
        return {"StringEquals": {f"aws:RequestTag/{LAKE_TAG}": self.names.lake}}

    @property
    def untagged(self) -> Condition:
        """The condition for a request that adds this lake's tag to a resource without any lake's tag."""
        return {**self.made_with_tag, "Null": {f"aws:ResourceTag/{LAKE_TAG}": "true"}}

    def taxi(self, name: TaxiName) -> str:
        """What people type to work with a part of the NYC taxi flow."""
        return self.names.taxi(name)

    def arn(self, service: str, resource: str) -> str:
        """A resource of this account and Region."""
        return f"arn:aws:{service}:{self.place.region}:{self.place.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """A resource of this account that knows no Region."""
        return f"arn:aws:{service}::{self.place.account}:{resource}"

    def bucket_arn(self, name: str) -> str:
        """A bucket, or objects in it."""
        return f"arn:aws:s3:::{name}"


@dataclass(frozen=True)
class Grant:
    """Actions of one service on resources; a resource beyond the platform's own names needs a reason."""

    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    because: str = ""
    condition: Condition = field(default_factory=dict)

    def statement(self) -> dict[str, Any]:
        """The grant in the language of IAM."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": [f"{self.service}:{action}" for action in self.actions],
            "Resource": list(self.resources),
        }
        return statement | ({"Condition": self.condition} if self.condition else {})


def grant(service: str, actions: str, *resources: str, because: str = "", condition: Condition | None = None) -> Grant:
    """A grant whose actions are written in one string, divided by spaces."""
    return Grant(service, tuple(actions.split()), resources, because, condition or {})
