"""The rights of the lake's roles as the reviewed templates give them, and what the embedded tiers saw them call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tests.configuration import PROJECT

SNAPSHOTS = PROJECT / "tests" / "synth" / "snapshots"
STACKS = {"odp-dev-etl-Odp": "etl-Odp.json", "odp-dev-etl-Taxi": "etl-Taxi.json"}
"""The stacks that hold the roles of functions, jobs and workflows."""
CALLS = PROJECT / ".local" / "calls"
"""Where each tier leaves a folder with what its emulators wrote down (`make test-rights`)."""
SUFFIX = 13
"""The characters that the emulator's CloudFormation adds to a name that it makes up."""
RESOURCES_TOGETHER = ("glue:",)
"""Glue asks for an action on catalog, database and table at once; the emulator writes down the last of them."""


class Right(NamedTuple):
    """An action that a role may do on what a pattern names."""

    role: str
    action: str
    resource: str


class Call(NamedTuple):
    """An action that a role was seen to do."""

    role: str
    action: str
    resource: str

    def is_of(self, role: str) -> bool:
        """Whether the role made it, in whatever environment."""
        name = re.sub(r"^odp-[a-z]+-", "odp-dev-", self.role[:-SUFFIX].rstrip("-"))
        return role.startswith(name)

    def uses(self, right: Right) -> bool:
        """Whether it takes this right to make the call."""
        return (
            self.is_of(right.role)
            and self.action == right.action
            and (right.action.startswith(RESOURCES_TOGETHER) or fnmatchcase(self.resource, right.resource))
        )


def rights() -> list[Right]:
    """All rights of all roles."""
    return [right for stack, file in STACKS.items() for right in _of_stack(stack, SNAPSHOTS / file)]


def _of_stack(stack: str, snapshot: Path) -> Iterator[Right]:
    for resource in json.loads(snapshot.read_text())["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            for role in resource["Properties"]["Roles"]:
                for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    yield from _of_statement(f"{stack}-{role['Ref']}", statement)


def _of_statement(role: str, statement: dict[str, Any]) -> Iterator[Right]:
    for action in _texts(statement["Action"]):
        patterns = [_pattern(resource) for resource in _texts(statement["Resource"])]
        if action.startswith(RESOURCES_TOGETHER):
            yield Right(role, action, " ".join(patterns))
        else:
            yield from (Right(role, action, pattern) for pattern in patterns)


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pattern(resource: Any) -> str:
    """A resource without what only a deployment knows: accounts, Regions, generated names, hashes."""
    match resource:
        case str():
            text = resource.replace("<asset>", "*")
            parts = text.split(":", 5)
            return ":".join([*parts[:3], "*", "*", *parts[5:]]) if len(parts) > 5 and parts[2] != "s3" else text
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_pattern(part) for part in parts)
        case _:
            return "*"


class Record:
    """What the tiers' emulators wrote down."""

    @cached_property
    def tiers(self) -> set[str]:
        """The tiers that left something."""
        return {file.parent.name for file in CALLS.glob("*/*.jsonl")}

    @cached_property
    def calls(self) -> set[Call]:
        """What roles called."""
        lines = (line for file in CALLS.glob("*/*.jsonl") for line in file.read_text().splitlines())
        return {Call(**json.loads(line)) for line in lines}
