"""cdk-nag's NIST 800-53 R5 rules over prod: each finding has its own answer, and no answer outlives its finding."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from tests.synth.configurations import configured_app, known
from tests.synth.conftest import findings_of
from tests.synth.nist_answers import ANSWERS
from tests.synth.synthesis import APPS

PACK = "NIST.800.53.R5"
Finding = tuple[str, str]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> set[Finding]:
    """Of both apps, deployed directly and by their pipelines: the rule and the construct."""
    found: set[Finding] = set()
    for app in APPS:
        folder = tmp_path_factory.mktemp(app)
        found |= findings_of(configured_app(known(), folder, app, direct="prod"), folder / "out", PACK)
        folder = tmp_path_factory.mktemp(f"{app}-pipeline")
        found |= findings_of(configured_app(known(), folder, app, pipeline="prod"), folder / "out", PACK)
    return {(rule.removeprefix(f"{PACK}-"), construct) for rule, construct in found}


def answers_to(finding: Finding) -> list[str]:
    """The answers that fit a finding, by the end of its construct's path."""
    rule, construct = finding
    return [reason for path, reason in ANSWERS.get(rule, ()) if re.search(rf"[-/]({path})$", construct)]


def test_each_finding_has_one_answer(findings: set[Finding]) -> None:
    assert len(findings) > 50, "the rules are at work"
    assert {one: answers for one in findings if len(answers := answers_to(one)) != 1} == {}


def test_no_answer_is_about_what_is_not_found(findings: set[Finding]) -> None:
    given = {(rule, reason) for rule, answers in ANSWERS.items() for _, reason in answers}
    assert given - {(rule, reason) for rule, construct in findings for reason in answers_to((rule, construct))} == set()


def test_answers_to_one_rule_differ_and_say_something() -> None:
    for rule, answers in ANSWERS.items():
        reasons = Counter(reason for _, reason in answers)
        assert max(reasons.values()) == 1, rule
        assert [reason for reason in reasons if len(reason.split()) < 5] == []


def test_a_finding_that_nobody_answered_is_noticed(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    s3.Bucket(cdk.Stack(app, "Stack"), "Open")
    found = findings_of(app, tmp_path, PACK)
    assert ("NIST.800.53.R5-S3BucketVersioningEnabled", "Stack/Open/Resource") in found
    assert answers_to(("S3BucketVersioningEnabled", "Stack/Open/Resource")) == []
