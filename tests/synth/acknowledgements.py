"""What is acknowledged to cdk-nag and where: in stacks as the assembly says it, above them as the app does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk

ACKNOWLEDGED = "aws:cdk:acknowledged-rules"
OF_NAG = "Annotation::AwsSolutions-"
ONE_FINDING = re.compile(rf"{OF_NAG}(?!IAM[45]\b)[A-Z]+\d+|{OF_NAG}IAM[45]\[(Action|Policy|Resource)::.+\]")
"""A rule; of IAM4 and IAM5, which find many things in one policy, one of those things."""


@dataclass(frozen=True, order=True)
class Acknowledgement:
    """One rule that need not hold for one construct and all that is in it."""

    path: str
    rule: str
    reason: str
    is_on_a_resource: bool

    @property
    def is_blanket(self) -> bool:
        """Whether it silences more than one finding of one resource."""
        return not self.is_on_a_resource or not ONE_FINDING.fullmatch(self.rule)


def acknowledgements(app: cdk.App, folder: Path) -> list[Acknowledgement]:
    """All that a synthesised app acknowledges to cdk-nag."""
    found = [*_above_stacks(app), *(one for path in folder.rglob("*.metadata.json") for one in _in_stack(path))]
    return sorted(one for one in found if one.rule.startswith(OF_NAG))


def _above_stacks(app: cdk.App) -> Iterator[Acknowledgement]:
    for scope in (app, *(child for child in app.node.children if isinstance(child, cdk.Stage))):
        for entry in scope.node.metadata:
            if entry.type == ACKNOWLEDGED:
                yield from (Acknowledgement(scope.node.path, rule, why, False) for rule, why in entry.data.items())


def _in_stack(metadata: Path) -> Iterator[Acknowledgement]:
    entries_by_path = json.loads(metadata.read_text())
    resources = {
        path for path, entries in entries_by_path.items() if "aws:cdk:logicalId" in {entry["type"] for entry in entries}
    }
    for path, entries in entries_by_path.items():
        is_on_a_resource = path in resources or f"{path}/Resource" in resources
        for entry in entries:
            if entry["type"] == ACKNOWLEDGED:
                yield from (Acknowledgement(path, rule, why, is_on_a_resource) for rule, why in entry["data"].items())
