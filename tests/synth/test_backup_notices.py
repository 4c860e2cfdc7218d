"""People are told when a night's backup did not happen: a lock keeps only the backups that were made."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template


@pytest.fixture
def odp(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-etl-Odp"]


def rule_of(template: Template) -> dict[str, Any]:
    patterns = {id_: rule.get("EventPattern", {}) for id_, rule in template.resources("AWS::Events::Rule").items()}
    (found,) = [id_ for id_, pattern in patterns.items() if pattern.get("source") == ["aws.backup"]]
    return template.resources("AWS::Events::Rule")[found]


def test_backups_of_the_lakes_vault_that_were_not_made_are_told(odp: Template, synthesis: Synthesis) -> None:
    pattern = rule_of(odp)["EventPattern"]
    vault = synthesis.templates["odp-prod-infra-Backup"].only("AWS::Backup::BackupVault")["BackupVaultName"]
    assert pattern["detail-type"] == ["Backup Job State Change"]
    assert pattern["detail"]["backupVaultName"] == [vault], "other teams' vaults are theirs"
    assert set(pattern["detail"]["state"]) == {"FAILED", "EXPIRED", "ABORTED"}


def test_the_message_names_the_resource_and_says_what_to_do(odp: Template) -> None:
    (target,) = rule_of(odp)["Targets"]
    (topic,) = odp.resources("AWS::SNS::Topic")
    assert target["Arn"] == {"Ref": topic}
    transformer = target["InputTransformer"]
    assert {"$.detail.resourceArn", "$.detail.state", "$.detail.backupJobId"} <= set(
        transformer["InputPathsMap"].values()
    )
    text = transformer["InputTemplate"]
    placeholders = set(re.findall(r"<(.*?)>", text))
    assert placeholders == transformer["InputPathsMap"].keys(), "EventBridge refuses a rule with any other"
    assert "start-backup-job" in text
    assert "docs/operations.md" in text


def test_events_may_publish_to_the_topic(odp: Template) -> None:
    statements = odp.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    publishers = {one["Principal"]["Service"] for one in statements if one["Effect"] == "Allow"}
    assert publishers == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_where_nothing_is_backed_up_nobody_waits_for_backups(synthesis: Synthesis, environment: str) -> None:
    rules = synthesis.templates[f"odp-{environment}-etl-Odp"].resources("AWS::Events::Rule")
    assert "aws.backup" not in json.dumps(list(rules.values()))
