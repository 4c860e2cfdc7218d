"""Changes config/environments.json: checked as a whole before a byte of it is written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from json_documents.problems import problems_of
from pydantic import ValidationError

from deployment_account.environments import Platform
from deployment_account.networks import parse_cidr
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import WriteFile

WIDTH = 110
MOST_MEMBERS_OF_A_LINE = 2
Json = dict[str, Any]


def read_configuration(path: Path) -> Json:
    """Read the file, or begin a new configuration."""
    if not path.exists():
        return {"$schema": "./environments.schema.json", "environments": {}}
    mend = "mend the file, or take it away"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BootstrapError(f"{path} cannot be read: {error}", mend=mend) from error
    if not isinstance(content, dict):
        raise BootstrapError(f"{path} holds no sections", mend=mend)
    return content


def merged(configuration: object, changes: Mapping[str, Any], place: str = "the configuration") -> Json:
    """The configuration with the changes put in; sections are merged, values replaced, None changes nothing."""
    result = _section(configuration, place, changes)
    for key, value in changes.items():
        if isinstance(value, Mapping):
            result[key] = merged(result.get(key, {}), value, key)
        elif value is not None:
            result[key] = value
    return result


def without(configuration: Json, names: Collection[str], *, besides: str | None = None) -> Json:
    """The configuration without these environments; at least one other must be left."""
    if not names:
        return configuration
    there = _section(configuration.get("environments", {}), "environments", names)
    if besides in names:
        raise BootstrapError(f"{besides} is to be configured and removed at once", mend="name it once")
    left = {name: environment for name, environment in there.items() if name not in names}
    if not left and not besides:
        raise BootstrapError(
            f"{', '.join(names)} cannot be removed: no environment would be left",
            mend=f"configure another one in the same run: "
            f"python -m scripts.bootstrap configure NAME --remove {' --remove '.join(names)}",
        )
    return {**configuration, "environments": left}


def write_step(path: Path, configuration: Json) -> WriteFile | None:
    """The writing of a configuration that is valid; None if the file holds it already."""
    try:
        Platform.model_validate(configuration)
    except ValidationError as error:
        raise BootstrapError(
            "\n  ".join([f"{path} would not be valid, nothing was written:", *_problems(error)]),
            mend="correct those values and run the command again",
        ) from error
    text = render(configuration) + "\n"
    unchanged = path.exists() and path.read_text(encoding="utf-8") == text
    return None if unchanged else WriteFile(path, text)


def render(value: object, indent: str = "") -> str:
    """JSON with short values on one line, as a person would write it."""
    inner = indent + "  "
    match value:
        case dict() if value and not _fits(value, indent):
            members = (f"{inner}{json.dumps(key)}: {render(item, inner)}" for key, item in value.items())
            return "{\n" + ",\n".join(members) + f"\n{indent}}}"
        case dict() if value:
            return "{ " + json.dumps(value, ensure_ascii=False)[1:-1] + " }"
        case _:
            return json.dumps(value, ensure_ascii=False)


def next_free_network(configuration: Mapping[str, Any]) -> str:
    """The first /16 of 10.0.0.0/8 that no environment uses: in tens (10.10, 10.20 …), and when those are used, any."""
    used = list(_networks(configuration))
    for number in [*range(10, 256, 10), *range(256)]:
        network = IPv4Network(f"10.{number}.0.0/16")
        if not any(network.overlaps(other) for other in used):
            return str(network)
    raise BootstrapError(
        "every /16 of 10.0.0.0/8 is used by an environment", mend="give one: --set environment.vpc_cidr=172.16.0.0/16"
    )


def _section(value: object, place: str, wanted: Iterable[str]) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    raise BootstrapError(
        f"{place} holds {json.dumps(value)}, so there is no {', '.join(wanted)} in it",
        mend="name what config/environments.schema.json knows, as in --set environment.branch=main, or mend the file",
    )


def _networks(configuration: Mapping[str, Any]) -> Iterator[IPv4Network]:
    for name, environment in configuration["environments"].items():
        if not isinstance(environment, Mapping):
            continue
        for key, place in (("vpc_cidr", environment), ("secondary.vpc_cidr", environment.get("secondary"))):
            if isinstance(place, Mapping) and "vpc_cidr" in place:
                yield _network(str(place["vpc_cidr"]), name, key)


def _network(text: str, environment: str, key: str) -> IPv4Network:
    try:
        return parse_cidr(text)
    except ValueError as error:
        raise BootstrapError(
            f"environments.{environment}.{key}: {text} is no network: {error}",
            mend=f"correct it first: python -m scripts.bootstrap configure {environment} --set environment.{key}=…",
        ) from error


def _fits(value: Mapping[str, Any], indent: str) -> bool:
    is_small = len(value) <= MOST_MEMBERS_OF_A_LINE and len(indent) + len(json.dumps(value)) < WIDTH
    return is_small and len(indent) > len("  ") and not any(isinstance(item, dict) for item in value.values())


def _problems(error: ValidationError) -> list[str]:
    return [problem.dotted for problem in problems_of(error, Platform)]
