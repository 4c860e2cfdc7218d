"""A protected environment's data is in a locked vault every morning, and by configuration in one far away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

BUCKETS = {"Config", "Conformed", "PurposeBuilt", "Raw", "Staging"}
ELSEWHERE = "arn:aws:backup:us-west-2:999999999999:backup-vault:odp-prod-copies"


@pytest.fixture
def backup(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-infra-Backup"]


@pytest.fixture
def plan(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-infra-Storage"]


def rule_of(template: Template) -> dict[str, Any]:
    (rule,) = template.only("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    return dict(rule)


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_what_may_be_destroyed_is_not_backed_up(synthesis: Synthesis, storage: Template, environment: str) -> None:
    assert f"odp-{environment}-infra-Backup" not in synthesis.templates
    assert "AWS::IAM::Role" not in storage.types()


def test_nobody_takes_recovery_points_out_of_the_vault(backup: Template) -> None:
    vault = backup.only("AWS::Backup::BackupVault")
    assert vault["BackupVaultName"] == "odp-prod-backups"
    assert vault["LockConfiguration"] == {"MinRetentionDays": 7, "ChangeableForDays": 14}
    (statement,) = vault["AccessPolicy"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert set(statement["Action"]) == {"backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"}
    assert "Condition" not in statement


def test_vault_and_key_outlive_their_stack(backup: Template) -> None:
    kept = [one for one in backup.body["Resources"].values() if one.get("DeletionPolicy") == "Retain"]
    assert {one["Type"] for one in kept} == {"AWS::Backup::BackupVault", "AWS::KMS::Key"}
    assert backup.properties["terminationProtection"] is True


def test_backups_rest_under_a_key_of_their_own(backup: Template) -> None:
    """Whoever destroys the data key would else destroy the backups with it."""
    (key,) = backup.resources("AWS::KMS::Key")
    assert backup.only("AWS::Backup::BackupVault")["EncryptionKeyArn"] == {"Fn::GetAtt": [key, "Arn"]}
    sids = [one.get("Sid") for one in backup.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]]
    assert {"KeepKey", "KeepKeyFromOthers"} <= set(sids)


def test_backups_are_made_each_night_and_last_five_weeks(backup: Template, plan: Template) -> None:
    rule = rule_of(plan)
    assert rule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 35}
    assert "CopyActions" not in rule
    assert rule["TargetBackupVault"] == backup.only("AWS::Backup::BackupVault")["BackupVaultName"]


def test_every_table_and_each_bucket_that_holds_data_is_backed_up(synthesis: Synthesis, plan: Template) -> None:
    """By name: a selection by tags lets whoever may untag a table take it out."""
    selection = plan.only("AWS::Backup::BackupSelection")["BackupSelection"]
    assert not {"ListOfTags", "Conditions", "NotResources"} & selection.keys()
    chosen = [str(resource).rstrip("'}]") for resource in selection["Resources"]]
    tables = synthesis.templates["odp-prod-etl-Tables"].resources("AWS::DynamoDB::Table").values()
    made = {table["TableName"] for table in tables}
    assert made
    for table in made:
        assert any(resource.endswith(f":table/{table}") for resource in chosen), table
    buckets = {name for name in BUCKETS if any(f"['{name}" in resource for resource in chosen)}
    assert buckets == BUCKETS
    assert len(chosen) == len(BUCKETS) + len(made)


def test_what_is_backed_up_has_versions_or_aws_backup_refuses_it(synthesis: Synthesis) -> None:
    storage = synthesis.templates["odp-prod-infra-Storage"]
    for name in BUCKETS:
        assert storage.only("AWS::S3::Bucket", name)["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_role_of_backups_reads_and_deletes_nothing(synthesis: Synthesis) -> None:
    policy = synthesis.templates["odp-prod-infra-Storage"].only("AWS::IAM::Policy", "BackupRole")
    statements = policy["PolicyDocument"]["Statement"]
    granted = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert {"s3:GetObjectVersion", "dynamodb:StartAwsBackupJob", "backup:CopyIntoBackupVault"} < granted
    verbs = ("s3:Delete", "s3:PutObject", "s3:PutBucketP", "dynamodb:DeleteT", "dynamodb:DeleteI", "backup:Delete")
    assert [action for action in granted if action.startswith(verbs)] == []


def test_the_guard_lets_aws_backup_follow_what_it_backs_up(synthesis: Synthesis) -> None:
    storage = synthesis.templates["odp-prod-infra-Storage"]
    (role,) = [id_ for id_ in storage.resources("AWS::IAM::Role") if id_.startswith("BackupRole")]
    for name in BUCKETS:
        statements = storage.only("AWS::S3::BucketPolicy", name)["PolicyDocument"]["Statement"]
        (events,) = [one for one in statements if one.get("Sid") == "KeepEvents"]
        assert {"Fn::GetAtt": [role, "Arn"]} in events["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]


def test_backups_are_copied_where_the_configuration_says(tmp_path: Path) -> None:
    document = known()
    document["environments"]["prod"]["backup"] = {"copy_to": ELSEWHERE, "keep_days": 90, "lock_after_days": 3}
    made = synthesised(document, tmp_path)
    rule = rule_of(made["odp-prod-infra-Storage"])
    assert rule["CopyActions"] == [{"DestinationBackupVaultArn": ELSEWHERE, "Lifecycle": {"DeleteAfterDays": 90}}]
    assert made["odp-prod-infra-Backup"].only("AWS::Backup::BackupVault")["LockConfiguration"]["ChangeableForDays"] == 3
    policy = made["odp-prod-infra-Storage"].only("AWS::IAM::Policy", "BackupRole")
    copying = [one for one in policy["PolicyDocument"]["Statement"] if "backup:CopyIntoBackupVault" in one["Action"]]
    assert [ELSEWHERE in one["Resource"] for one in copying] == [True]
