"""What templates and a change set say of replications: which ones a deployment changes, and how their tables change."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
SERVERLESS, TASK = "AWS::DMS::ReplicationConfig", "AWS::DMS::ReplicationTask"
_UNNUMBERED = {"rule-id": "", "rule-name": ""}
_KINDS = {SERVERLESS: "replication-config", TASK: "task"}


@dataclass(frozen=True)
class Replication:
    """A replication in a template."""

    logical_id: str
    type_: str
    identifier: str
    endpoints: frozenset[str]
    """The logical ids of its endpoints, which DMS does not change either while it runs."""
    rules: tuple[Json, ...]

    @property
    def is_serverless(self) -> bool:
        """Whether it is no task on an instance."""
        return self.type_ == SERVERLESS

    @property
    def transformations(self) -> str:
        """A digest of what becomes of its tables; which tables it selects is not in it."""
        rules = sorted(
            json.dumps({**rule, **_UNNUMBERED}, sort_keys=True)
            for rule in self.rules
            if rule["rule-type"] != "selection"
        )
        return hashlib.sha256(json.dumps(rules).encode()).hexdigest()

    def arn(self, region: str, account: str) -> str:
        """Its ARN, whose end the template chooses."""
        return f"arn:aws:dms:{region}:{account}:{_KINDS[self.type_]}:{self.identifier}"


@dataclass(frozen=True)
class TableChanges:
    """What a deployment changes of the tables of a replication."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    needs_load_of_all: bool
    """DMS takes other transformations only with a new load of all tables."""


def replications_in(template: Json) -> dict[str, Replication]:
    """The replications of a template, by logical id."""
    found = {}
    for id_, resource in template.get("Resources", {}).items():
        if resource.get("Type") in _KINDS:
            found[id_] = _replication(id_, resource["Type"], resource["Properties"])
    return found


def changed_by(changes: Collection[Json], deployed: Mapping[str, Replication]) -> list[Replication]:
    """The deployed replications that a change set changes, by themselves or by an endpoint."""
    changed = {change["LogicalResourceId"] for change in changes}
    return [one for one in deployed.values() if changed & {one.logical_id, *one.endpoints}]


def table_changes(before: Replication, after: Replication) -> TableChanges:
    """Compare the mappings of a replication.

    What becomes of tables that stay decides about a load: rules may be written for a schema, or for each of its tables.
    """
    earlier, later = set(_selected(before)), set(_selected(after))
    stay = earlier & later
    return TableChanges(
        tuple(sorted(".".join(table) for table in later - earlier)),
        tuple(sorted(".".join(table) for table in earlier - later)),
        any(_transformations(before, *table) != _transformations(after, *table) for table in stay),
    )


def _replication(id_: str, type_: str, properties: Json) -> Replication:
    mappings = properties["TableMappings"]
    document = json.loads(mappings) if isinstance(mappings, str) else mappings
    ends = (properties[f"{end}EndpointArn"]["Ref"] for end in ("Source", "Target"))
    return Replication(id_, type_, properties["ResourceIdentifier"], frozenset(ends), tuple(document["rules"]))


def _selected(replication: Replication) -> Iterator[tuple[str, str]]:
    for rule in replication.rules:
        if rule["rule-type"] == "selection":
            locator = rule["object-locator"]
            yield _plain(locator["schema-name"]), _plain(locator["table-name"])


def _plain(name: str) -> str:
    """Undo how mappings write a letter that would stand for others."""
    return name.replace("[_]", "_").replace("[[]", "[")


def _transformations(replication: Replication, schema: str, table: str) -> set[str]:
    """What becomes of one table, whether a rule names it or stands for many."""
    return {
        json.dumps({**rule, "object-locator": rule["object-locator"].get("column-name"), **_UNNUMBERED}, sort_keys=True)
        for rule in replication.rules
        if rule["rule-type"] != "selection" and _is_about(rule["object-locator"], schema, table)
    }


def _is_about(locator: Json, schema: str, table: str) -> bool:
    return _matches(locator["schema-name"], schema) and _matches(locator.get("table-name", "%"), table)


def _matches(pattern: str, name: str) -> bool:
    """DMS's wildcards: % stands for any letters, _ for one, and brackets take the meaning away."""
    parts = re.split(r"(\[.\]|%|_)", pattern)
    known = {"%": ".*", "_": "."}
    plain = (known.get(part) or re.escape(part[1] if re.fullmatch(r"\[.\]", part) else part) for part in parts)
    return bool(re.fullmatch("".join(plain), name))
