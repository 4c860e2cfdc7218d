"""The words in which the policy is written: actions by name, resources by name, patterns with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deployment_account.names import Names, TaxiName
from scripts.bootstrap.accounts import Place


@dataclass(frozen=True)
class Scope:
    """Whose resources a policy is about: those of one environment in one account and Region."""

    place: Place
    names: Names

    @property
    def generated(self) -> str:
        """The pattern of the names that CloudFormation makes up."""
        return self.names.generated

    @property
    def typed(self) -> str:
        """The pattern of the names that people type."""
        return f"{self.names.resource_prefix}odpf_*"

    @property
    def parameter_path(self) -> str:
        """Below which the values of this environment are published."""
        return f"/{self.names.platform}/{self.names.environment}"

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
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def statement(self) -> dict[str, Any]:
        """The grant in the language of IAM."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": [f"{self.service}:{action}" for action in self.actions],
            "Resource": list(self.resources),
        }
        return statement | ({"Condition": self.condition} if self.condition else {})


def grant(
    service: str, actions: str, *resources: str, because: str = "", condition: Mapping[str, Any] | None = None
) -> Grant:
    """A grant whose actions are written in one string, divided by spaces."""
    return Grant(service, tuple(actions.split()), resources, because, condition or {})
