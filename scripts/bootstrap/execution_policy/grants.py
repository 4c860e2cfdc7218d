"""The words in which the policy is written: actions by name, resources by name, patterns with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployment_account.names import LAKE_TAG, Names, TaxiName
from scripts.bootstrap.accounts import Place

Condition = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scope:
    """Whose resources a policy is about: those of one environment in one account and Region."""

    place: Place
    names: Names
    patterns: tuple[str, ...] = ()
    """Of the names that manifests may give to databases and jobs."""

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
        """The patterns of the names of databases, Glue jobs and connections, those of the taxi flow included."""
        taxi = [TaxiName.CONFORMED_JOB, TaxiName.PURPOSE_BUILT_JOB]
        databases = [TaxiName.CONFORMED_DATABASE, TaxiName.PURPOSE_BUILT_DATABASE]
        own = [f"{self.names.resource_prefix}{pattern}" for pattern in self.patterns]
        return [*own, *map(self.names.taxi, (*databases, *taxi))]

    @property
    def parameter_path(self) -> str:
        """Below which the values of this environment are published."""
        return f"/{self.names.platform}/{self.names.environment}"

    @property
    def tagged(self) -> Condition:
        """Holds for what this lake has made; AWS makes up the ids of keys and networks, so that only a tag tells."""
        return {"StringEquals": {f"aws:ResourceTag/{LAKE_TAG}": self.names.lake}}

    @property
    def made_with_tag(self) -> Condition:
        """Holds for a request that gives the tag of this lake."""
        return {"StringEquals": {f"aws:RequestTag/{LAKE_TAG}": self.names.lake}}

    @property
    def untagged(self) -> Condition:
        """Holds for a request that gives the tag of this lake to what has none of any lake."""
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
    """Actions of one service on resources; what is wider than this platform's own names says because of what."""

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
