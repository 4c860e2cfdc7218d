"""The reviewed backups of prod, deployed: what AWS Backup is told to keep, and for how long nobody can end it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import WaiterError

TEMPLATES = Path(__file__).resolve().parents[2] / "synth" / "snapshots" / "prod"
Aws = Callable[[str], Any]


def deploy(aws: Aws, name: str, **more: Any) -> None:
    body = json.dumps(json.loads((TEMPLATES / f"infra-{name}.json").read_text()), separators=(",", ":"))
    # names of buckets are taken in the whole world, and tests of other accounts take this one
    body = body.replace("odp-prod-access-logs-", f"odp-prod-logs-{uuid4().hex[:8]}-")
    aws("ssm").put_parameter(Name="/cdk-bootstrap/odpprod/version", Value="30", Type="String", Overwrite=True)
    aws("cloudformation").create_stack(
        StackName=f"odp-prod-infra-{name}", TemplateBody=body, Capabilities=["CAPABILITY_IAM"], **more
    )
    waiter = aws("cloudformation").get_waiter("stack_create_complete")
    waiter.wait(StackName=f"odp-prod-infra-{name}", WaiterConfig={"Delay": 1, "MaxAttempts": 30})


@pytest.fixture
def vault(aws: Aws) -> None:
    deploy(aws, "Backup")


@pytest.mark.usefixtures("vault")
def test_buckets_and_tables_go_into_a_locked_vault_each_night(aws: Aws) -> None:
    deploy(aws, "Storage")
    backup = aws("backup")
    vault = backup.describe_backup_vault(BackupVaultName="odp-prod-backups")
    assert (vault["Locked"], vault["MinRetentionDays"]) == (True, 7)
    assert timedelta(days=13) < vault["LockDate"] - datetime.now(UTC) < timedelta(days=15)
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]) == ("odp-prod-backups", {"DeleteAfterDays": 35})
    (listed,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    chosen = backup.get_backup_selection(BackupPlanId=plan["BackupPlanId"], SelectionId=listed["SelectionId"])
    resources = chosen["BackupSelection"]["Resources"]
    buckets = {bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]}
    assert {one.removeprefix("arn:aws:s3:::") for one in resources if ":s3:" in one} < buckets
    assert "arn:aws:dynamodb:us-east-1:444444444444:table/odpf_file_tracker" in resources


@pytest.mark.usefixtures("vault")
def test_who_may_not_hand_a_role_to_aws_backup_makes_no_selection(aws: Aws, account: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    rights = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"},
    ]
    role = aws("iam").create_role(
        RoleName="deployer", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": rights})
    aws("iam").put_role_policy(RoleName="deployer", PolicyName="all", PolicyDocument=policy)
    with pytest.raises(WaiterError):
        deploy(aws, "Storage", RoleARN=role)
    events = aws("cloudformation").describe_stack_events(StackName="odp-prod-infra-Storage")["StackEvents"]
    refusals = [one["ResourceStatusReason"] for one in events if "iam:PassRole" in one.get("ResourceStatusReason", "")]
    assert any(f"arn:aws:iam::{account}:role/" in refusal for refusal in refusals)
