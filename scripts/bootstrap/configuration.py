"""Changes config/environments.json: checked as a whole before a byte of it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deployment_account.environments import Platform
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.steps import WriteFile

WIDTH = 110
MOST_MEMBERS_OF_A_LINE = 2
Json = dict[str, Any]


def read_configuration(path: Path) -> Json:
    """What the file holds, or the beginning of a new configuration."""
    if not path.exists():
        return {"$schema": "./environments.schema.json", "environments": {}}
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BootstrapError(f"{path} cannot be read: {error}", mend="mend the file, or take it away") from error
    return content


def merged(configuration: Mapping[str, Any], changes: Mapping[str, Any]) -> Json:
    """The configuration with the changes put in; sections are merged, values replaced, None changes nothing."""
    result = dict(configuration)
    for key, value in changes.items():
        if isinstance(value, Mapping):
            result[key] = merged(result.get(key) or {}, value)
        elif value is not None:
            result[key] = value
    return result


def write_step(path: Path, configuration: Json) -> WriteFile | None:
    """The writing of a configuration that is valid; None if the file holds it already."""
    try:
        Platform.model_validate(configuration)
    except ValidationError as error:
        raise BootstrapError(
            "\n  ".join([f"{path} would not be valid, nothing was written:", *map(_problem, error.errors())]),
            mend="correct those values and run the command again",
        ) from error
    text = render(configuration) + "\n"
    unchanged = path.exists() and path.read_text(encoding="utf-8") == text
    return None if unchanged else WriteFile(path, text)


def render(value: object, indent: str = "") -> str:
    """JSON as a person would write it: what holds no section and fits stands on one line."""
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
    """The first /16 of 10.0.0.0/8 in tens (10.10, 10.20 …) that no environment uses."""
    used = [IPv4Network(one["vpc_cidr"]) for one in configuration["environments"].values() if "vpc_cidr" in one]
    candidates = (IPv4Network(f"10.{number}.0.0/16") for number in range(10, 256, 10))
    return str(next(network for network in candidates if not any(network.overlaps(other) for other in used)))


def _fits(value: Mapping[str, Any], indent: str) -> bool:
    is_small = len(value) <= MOST_MEMBERS_OF_A_LINE and len(indent) + len(json.dumps(value)) < WIDTH
    return is_small and len(indent) > len("  ") and not any(isinstance(item, dict) for item in value.values())


def _problem(detail: Any) -> str:  # noqa: ANN401  pydantic's error details
    place = ".".join(str(step) for step in detail["loc"])
    reason = str(detail["msg"]).removeprefix("Value error, ")
    return f"{place}: {reason}" if place else reason
