"""cfn-lint, AWS's judge of templates, finds nothing in ours that is not answered here.

It brings the schemas of CloudFormation's registry along, and asks nobody.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

NOISE: Mapping[tuple[str, str], str] = {
    ("I1022", "Prefer using Fn::Sub over Fn::Join"): "a matter of style; CDK writes joins",
    ("E3703", "Prefer using Fn::Sub over Fn::Join"): "the same inside the configuration of a pipeline's action",
    ("W3005", "dependency already enforced by a"): "CDK writes dependencies that a reference implies; they do no harm",
    ("W3010", "Avoid hardcoding availability zones"): "zones are configured: a look-up at synthesis would ask AWS",
    (
        "I3510",
        "'codestar-connections:UseConnection' requires a resource",
    ): "the action's new name is granted beside it; which one is asked depends on the age of the connection",
    (
        "I3510",
        "'backup:TagResource' requires a resource",
    ): "recovery points, which the statement names, have no resource type in cfn-lint's table",
}
"""Rule and beginning of what it says, with the reason why it is no defect."""


class Finding(NamedTuple):
    """What a rule says of a template."""

    rule: str
    message: str
    stack: str

    @property
    def answers(self) -> list[tuple[str, str]]:
        """The entries that answer it."""
        return [(rule, words) for rule, words in NOISE if rule == self.rule and words in self.message]


@pytest.fixture(scope="module")
def rules() -> Any:
    return get_rules([], [], ["I", "W", "E"], {}, False)


@pytest.fixture(scope="module")
def findings(synthesis: Synthesis, rules: Any) -> list[Finding]:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("cfn-lint is to ask nobody")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        return [found for each in synthesis.templates.values() for found in found_in(each, each.body, rules)]


def found_in(template: Template, body: Mapping[str, Any], rules: Any) -> Iterator[Finding]:
    for match in lint(json.dumps(body), rules=rules, regions=["us-east-1"]):
        yield Finding(match.rule.id, match.message, template.stack)


def test_nothing_is_found_that_is_not_answered(findings: list[Finding]) -> None:
    assert [finding for finding in findings if not finding.answers] == []


def test_no_answer_is_superfluous(findings: list[Finding]) -> None:
    assert {answer for finding in findings for answer in finding.answers} == NOISE.keys()


@pytest.mark.parametrize(
    ("type_", "property_", "value", "rule"),
    [
        ("AWS::S3::Bucket", "Versioned", True, "E3002"),
        ("AWS::S3::Bucket", "BucketName", {"Ref": "Nowhere"}, "E1020"),
        ("AWS::KMS::Key", "EnableKeyRotation", "sometimes", "E3012"),
    ],
)
def test_a_defect_is_found(
    synthesis: Synthesis, rules: Any, type_: str, property_: str, value: object, rule: str
) -> None:
    template = synthesis.templates["odp-dev-infra-Storage"]
    body = json.loads(json.dumps(template.body))
    first = next(each for each in body["Resources"].values() if each["Type"] == type_)
    first["Properties"][property_] = value
    assert rule in {finding.rule for finding in found_in(template, body, rules)}
