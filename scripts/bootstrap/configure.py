"""Asks for the values of a configuration, or takes them from options, and proposes common values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployment_account.placeholders import placeholders_in
from scripts.bootstrap.configuration import Json, merged, next_free_network
from scripts.bootstrap.errors import BootstrapError

ENVIRONMENT = "environment"
SECONDARY = f"{ENVIRONMENT}.secondary"
"""Asked about only where an option or the file names its Region."""
Ask = Callable[[str, str | None], str]


@dataclass(frozen=True)
class Question:
    """A question for one value of the configuration: its key, its text, and its proposal."""

    key: str
    text: str
    propose: Callable[[Json, str], str | None] = lambda _, __: None


def _region(configuration: Json, environment: str) -> str | None:
    region: str | None = value_at(configuration, "environment.region", environment)
    return region or value_at(configuration, "deployment.region", environment)


def _zones(configuration: Json, environment: str) -> str:
    return json.dumps([f"{_region(configuration, environment)}{zone}" for zone in "abc"])


def _secondary_zones(configuration: Json, environment: str) -> str:
    region = value_at(configuration, f"{SECONDARY}.region", environment)
    return json.dumps([f"{region}{zone}" for zone in "abc"])


QUESTIONS = (
    Question("name", "Name of the platform, which leads the names of its stacks", lambda _, __: "odp"),
    Question("deployment.account", "Deployment account (12 digits)"),
    Question("deployment.region", "Region of the pipelines", lambda _, __: "us-east-1"),
    Question("deployment.repository.provider", "Repository: connection or codecommit", lambda _, __: "connection"),
    Question("deployment.repository.name", "Repository (owner/name; of CodeCommit the name)"),
    Question("deployment.repository.connection_arn", "ARN of the CodeConnections connection to it"),
    Question("environment.account", "Account of the environment (12 digits)"),
    Question("environment.region", "Region of the environment", _region),
    Question("environment.availability_zones", "Availability zones", _zones),
    Question("environment.branch", "Branch", lambda _, name: "main" if name == "dev" else name),
    Question("environment.vpc_cidr", "Network", lambda configuration, _: next_free_network(configuration)),
    Question(
        "environment.removal_policy",
        "Data of deleted stacks: retain or destroy",
        lambda _, name: "retain" if name == "prod" else "destroy",
    ),
    Question(f"{SECONDARY}.availability_zones", "Availability zones of the secondary Region", _secondary_zones),
    Question(
        f"{SECONDARY}.vpc_cidr",
        "Network in the secondary Region",
        lambda configuration, _: next_free_network(configuration),
    ),
)


def configured(configuration: Json, environment: str, options: Iterable[str], ask: Ask | None) -> Json:
    """The configuration with options put in, then answers; without someone to ask, with what would be proposed."""
    result = merged(configuration, {"environments": {environment: {}}})
    given = dict(_option(option) for option in options)
    for key, value in given.items():
        result = _with(result, key, parsed(key, value), environment)
    for question in QUESTIONS:
        if question.key not in given and _is_asked(question, result, environment):
            result = _answered(question, result, environment, ask)
    return _of_its_provider(result)


def value_at(configuration: Mapping[str, Any], key: str, environment: str) -> Any:  # noqa: ANN401  any value of the file
    """The value under a key, or None; `environment.` stands for the environment at hand."""
    found: Any = configuration
    for step in _path(key, environment):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def parsed(key: str, text: str) -> Any:  # noqa: ANN401  any value of the file
    """Lists, sections, truth values and numbers as JSON; everything else, and every account's number, is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, str) or key.endswith("account") else value


def _answered(question: Question, configuration: Json, environment: str, ask: Ask | None) -> Json:
    today = value_at(configuration, question.key, environment)
    proposed = question.propose(configuration, environment) if today is None else _as_text(today)
    answer = ask(question.text, _unless_placeholder(proposed)) if ask else proposed
    return (
        configuration
        if answer in (None, "")
        else _with(configuration, question.key, parsed(question.key, answer), environment)
    )


def _unless_placeholder(proposed: str | None) -> str | None:
    """Do not propose the account of an example."""
    return None if proposed and placeholders_in(proposed) else proposed


def _of_its_provider(configuration: Json) -> Json:
    """A CodeCommit repository has no connection, so one that another provider left is dropped."""
    deployment = configuration.get("deployment")
    repository = deployment.get("repository") if isinstance(deployment, dict) else None
    if not isinstance(repository, dict) or repository.get("provider") != "codecommit":
        return configuration
    own = {key: value for key, value in repository.items() if key != "connection_arn"}
    return {**configuration, "deployment": {**configuration["deployment"], "repository": own}}


def _is_asked(question: Question, configuration: Json, environment: str) -> bool:
    if question.key.startswith(SECONDARY):
        return value_at(configuration, f"{SECONDARY}.region", environment) is not None
    provider = value_at(configuration, "deployment.repository.provider", environment)
    return not (question.key.endswith("connection_arn") and provider == "codecommit")


def _with(configuration: Json, key: str, value: object, environment: str) -> Json:
    change = value
    for step in reversed(_path(key, environment)):
        change = {step: change}
    return merged(configuration, change if isinstance(change, Mapping) else {})


def _path(key: str, environment: str) -> list[str]:
    steps = key.split(".")
    return ["environments", environment, *steps[1:]] if steps[0] == ENVIRONMENT else steps


def _option(option: str) -> tuple[str, str]:
    key, is_pair, value = option.partition("=")
    if not is_pair or not key:
        raise BootstrapError(
            f"--set {option} is not KEY=VALUE", mend="write, for example, --set environment.account=222222222222"
        )
    return key, value


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
