"""What the execution policies of an environment, of prod or dev if none is named, grant in a place."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from deployment_account.environments import Platform
from scripts.bootstrap.accounts import Place
from scripts.bootstrap.execution_policy.grants import Grant
from scripts.bootstrap.execution_policy.policies import Policy, policies_of

DEV, PIPELINES = Place("222222222222", "us-east-1"), Place("111111111111", "us-east-1")
PROD = Place("444444444444", "us-east-1")
PLACES = {"dev": DEV, "pipelines": PIPELINES, "prod": PROD}


def grants(policies: list[Policy]) -> Iterator[Grant]:
    """Every statement of the policies."""
    for policy in policies:
        yield from policy.grants


def execution_policies(platform: Platform, place: Place, environment: str = "") -> list[Policy]:
    """What CloudFormation may do in a place for an environment."""
    environment = environment or ("prod" if place == PROD else "dev")
    return policies_of(platform, platform.environments[environment], place)


def allowed(platform: Platform, place: Place) -> set[str]:
    """Every action that is granted on anything."""
    return {f"{one.service}:{action}" for one in grants(execution_policies(platform, place)) for action in one.actions}


def patterns(platform: Platform, place: Place, full_action: str) -> set[str]:
    """The resources on which an action is granted."""
    service, action = full_action.split(":")
    granted = grants(execution_policies(platform, place))
    found = [one for one in granted if one.service == service and action in one.actions]
    return {resource for one in found for resource in one.resources}


def may(platform: Platform, place: Place, full_action: str, arn: str) -> bool:
    """Whether an action is granted on one resource."""
    return any(fnmatchcase(arn, pattern) for pattern in patterns(platform, place, full_action))


def changed(platform: Platform, name: str, environments: dict[str, dict[str, Any]]) -> Platform:
    """A platform of that name whose environments are dev with other values."""
    dev = platform.environments["dev"].model_dump()
    raw = platform.model_dump(by_alias=True) | {"name": name}
    raw["environments"] = {key: {**dev, "name": key, **values} for key, values in environments.items()}
    return Platform.model_validate(raw)
