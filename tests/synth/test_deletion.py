"""In protected environments data cannot be deleted, by a person, a program or a way around the rules."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from odp.config_manager.request import REQUEST_KEY
from taxi.datasets.dataset import load_datasets

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template
from tests.synth.test_permissions import as_list, statements, text

BUCKETS = ("AccessLogs", "AthenaResults", "Config", "Conformed", "PurposeBuilt", "Raw", "Staging")
WRITTEN_BY_JOBS = ("Conformed", "PurposeBuilt", "Raw")
DEPLOYER_ARN = "arn:aws:iam::444444444444:role/cdk-odpprod-cfn-exec-role-444444444444-us-east-1"
DMS_ARN = "arn:aws:iam::444444444444:role/dms-landing"
"""As tests/environments.json names it for prod."""
DEPLOYER = {"aws:PrincipalArn": DEPLOYER_ARN}
JOBS_ARN = "arn:aws:iam::444444444444:role/odp-prod-etl-*"


@pytest.fixture
def prod(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-infra-Storage"]


def written(part: Any) -> Any:
    match part:
        case {"Fn::Join": [_, parts]}:
            return "".join("aws" if isinstance(each, dict) else each for each in parts)
        case dict():
            return {name: written(value) for name, value in part.items()}
        case list():
            return [written(value) for value in part]
        case _:
            return part


def denial(prod: Template, bucket: str, sid: str) -> dict[str, Any]:
    statements = prod.only("AWS::S3::BucketPolicy", bucket)["PolicyDocument"]["Statement"]
    (found,) = [statement for statement in statements if statement.get("Sid") == sid]
    assert found["Effect"] == "Deny"
    assert found["Principal"] == {"AWS": "*"}
    return dict(found)


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return [given] if isinstance(given, str) else list(given)


def objects_of(resource: dict[str, Any]) -> str:
    _, path = resource["Fn::Join"][1]
    return str(path)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_nobody_but_the_deployer_deletes_a_bucket_or_changes_what_protects_it(prod: Template, bucket: str) -> None:
    """Defect 29 of the reference: aws:userId was compared with an ARN, which it never equals."""
    found = denial(prod, bucket, "KeepBucket")
    assert set(found["Action"]) == {
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketAcl",
        "s3:PutBucketLogging",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
    }
    assert written(found["Condition"]) == {"ArnNotEquals": DEPLOYER}
    assert found["Resource"]["Fn::GetAtt"][0].startswith(bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_nobody_cuts_the_events_of_a_bucket_or_has_it_listed_for_somebody_else(prod: Template, bucket: str) -> None:
    """Without events no file is registered; AWS Backup alone, and the deployment, set both."""
    found = denial(prod, bucket, "KeepEvents")
    assert set(actions(found)) == {"s3:PutBucketNotification", "s3:PutInventoryConfiguration"}
    (backup,) = [id_ for id_ in prod.resources("AWS::IAM::Role") if id_.startswith("BackupRole")]
    but = {"aws:PrincipalArn": [DEPLOYER_ARN, {"Fn::GetAtt": [backup, "Arn"]}]}
    assert written(found["Condition"]) == {"ArnNotEquals": but}
    assert found["Resource"]["Fn::GetAtt"][0].startswith(bucket)


@pytest.mark.parametrize("bucket", [bucket for bucket in BUCKETS if bucket != "Staging"])
def test_nobody_deletes_objects_but_the_deployer_and_jobs_the_files_of_their_tables(
    prod: Template, bucket: str
) -> None:
    found = denial(prod, bucket, "KeepObjects")
    versions = [] if bucket in WRITTEN_BY_JOBS else ["s3:DeleteObjectVersion"]
    assert actions(found) == ["s3:DeleteObject", *versions]
    jobs = {"StringNotEquals": {"aws:PrincipalTag/odp:data-writer": "odp-prod"}}
    exceptions = {"ArnNotEquals": DEPLOYER} | (jobs if bucket in WRITTEN_BY_JOBS else {})
    assert written(found["Condition"]) == exceptions, "all of these must be untrue of a caller who is denied"
    assert objects_of(found["Resource"]) == "/*"


def test_nobody_but_deployments_writes_what_becomes_the_configuration(prod: Template) -> None:
    """Whoever may write into the bucket could otherwise change prod's tables past git and past the approval."""
    found = denial(prod, "Config", "KeepConfiguration")
    assert found["Action"] == "s3:PutObject"
    bucket, prefix = found["Resource"]["Fn::Join"][1]
    assert bucket["Fn::GetAtt"][0].startswith("Config")
    assert REQUEST_KEY.startswith(prefix.strip("/*") + "/")
    assert written(found["Condition"]) == {"ArnNotLike": {"aws:PrincipalArn": [DEPLOYER_ARN, JOBS_ARN]}}


def test_of_the_roles_that_may_only_the_deployments_own_has_the_right_to(synthesis: Synthesis) -> None:
    """The denial spares roles by the beginning of their names; what they may do is in their policies."""
    writers = {
        role
        for template in synthesis.templates.values()
        if template.stack.startswith("odp-prod-etl-")
        for role, statement in statements(template)
        if {"s3:PutObject", "s3:*"} & set(as_list(statement["Action"]))
        and any(
            fnmatchcase(REQUEST_KEY, text(template, resource).split("/", 1)[-1])
            for resource in as_list(statement["Resource"])
            if "<config>/" in text(template, resource)
        )
    }
    assert writers == {"ConfigManagerDeliveryRole"}


def test_of_landed_files_dms_replaces_those_of_a_table_that_it_loads_again_but_no_old_version(prod: Template) -> None:
    """Audit B4: DROP_AND_CREATE and TRUNCATE_BEFORE_LOAD delete, and prod denied it to everybody.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html demands write and delete access.
    """
    deletion, of_versions = denial(prod, "Staging", "KeepObjects"), denial(prod, "Staging", "KeepVersions")
    assert deletion["Action"] == "s3:DeleteObject"
    assert written(deletion["Condition"]) == {"ArnNotEquals": {"aws:PrincipalArn": [DEPLOYER_ARN, DMS_ARN]}}
    assert of_versions["Action"] == "s3:DeleteObjectVersion"
    assert written(of_versions["Condition"]) == {"ArnNotEquals": DEPLOYER}
    for found in (deletion, of_versions):
        _, objects = found["Resource"]["Fn::Join"][1]
        assert objects == "/*"


def test_dms_is_exempt_in_no_other_bucket(prod: Template) -> None:
    for bucket in BUCKETS:
        if bucket != "Staging":
            assert "dms-landing" not in str(prod.only("AWS::S3::BucketPolicy", bucket))


@pytest.mark.parametrize("bucket", WRITTEN_BY_JOBS)
@pytest.mark.parametrize("sid", ["KeepObjects", "KeepTables"])
def test_the_tag_of_jobs_helps_no_role_that_is_not_of_the_lakes_etl_stage(
    prod: Template, bucket: str, sid: str
) -> None:
    """Whoever may tag a role or a session could else give themselves the right to delete."""
    found, tagged = denial(prod, bucket, f"{sid}FromOtherRoles"), denial(prod, bucket, sid)
    for part in ("Action", "Resource", "NotResource"):
        assert found.get(part) == tagged.get(part)
    assert written(found["Condition"]) == {"ArnNotLike": {"aws:PrincipalArn": [DEPLOYER_ARN, JOBS_ARN]}}


@pytest.mark.parametrize("bucket", WRITTEN_BY_JOBS)
def test_old_versions_of_a_tables_files_are_left_to_the_lifecycle(prod: Template, bucket: str) -> None:
    found = denial(prod, bucket, "KeepVersions")
    assert actions(found) == ["s3:DeleteObjectVersion"]
    assert written(found["Condition"]) == {"ArnNotEquals": DEPLOYER}


@pytest.mark.parametrize("bucket", WRITTEN_BY_JOBS)
def test_tables_are_written_by_jobs_alone_and_files_land_where_the_taxi_flow_looks(prod: Template, bucket: str) -> None:
    found = denial(prod, bucket, "KeepTables")
    assert actions(found) == ["s3:PutObject", "s3:ReplicateDelete", "s3:ReplicateObject"]
    but = found.get("NotResource")
    assert (objects_of(but) if but else None) == ("/nyc-taxi/*" if bucket == "Raw" else None)


def test_no_dataset_of_the_taxi_flow_lands_elsewhere() -> None:
    """Its producers would be denied; LANDING in deployment_account/names.py says where."""
    assert [dataset.prefix for dataset in load_datasets().values() if not dataset.prefix.startswith("nyc-taxi/")] == []


@pytest.mark.parametrize("bucket", BUCKETS)
def test_nobody_at_all_writes_under_a_key_that_the_lake_has_not(prod: Template, bucket: str) -> None:
    customers = denial(prod, bucket, "KeepReadable")
    assert customers["Condition"] == {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}}
    if bucket == "AccessLogs":
        return
    (key,) = prod.resources("AWS::KMS::Key")
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    assert denial(prod, bucket, "KeepUnderKey")["Condition"] == {
        "Null": {header: "false"},
        "StringNotEquals": {header: [{"Fn::GetAtt": [key, "Arn"]}, {"Ref": key}]},
    }


def test_the_name_that_the_jobs_role_will_get_is_one_of_those(synthesis: Synthesis) -> None:
    odp = synthesis.templates["odp-prod-etl-Odp"]
    (role,) = [id_ for id_ in odp.resources("AWS::IAM::Role") if id_.startswith("FileProcessorJobsRole")]
    assert "RoleName" not in odp.resources("AWS::IAM::Role")[role], "CloudFormation makes the name up"
    made_up = f"{odp.stack[:24]}-{role[:24]}-1A2B3C4D5E6F"
    assert fnmatchcase(f"arn:aws:iam::444444444444:role/{made_up}", JOBS_ARN)


def test_what_replaces_files_of_tables_carries_the_tag_that_lets_it(synthesis: Synthesis, environment: str) -> None:
    """Without it neither engine could clean up, and in prod every refresh would fail."""
    odp = synthesis.templates[f"odp-{environment}-etl-Odp"]
    tagged = {
        id_[:-8]: tag["Value"]
        for id_, role in odp.resources("AWS::IAM::Role").items()
        for tag in role.get("Tags", [])
        if tag["Key"] == "odp:data-writer"
    }
    assert tagged == dict.fromkeys(["FileProcessorJobsRole", "FileProcessorNativeRole"], f"odp-{environment}")


@pytest.mark.parametrize("stack", ["Storage", "Secrets"])
def test_a_key_is_kept_like_the_data_under_it(synthesis: Synthesis, stack: str) -> None:
    key = synthesis.templates[f"odp-prod-infra-{stack}"].only("AWS::KMS::Key")
    found, grants = [statement for statement in key["KeyPolicy"]["Statement"] if statement["Effect"] == "Deny"]
    assert set(found["Action"]) == {"kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"}
    assert written(found["Condition"]) == {"ArnNotEquals": DEPLOYER}
    assert set(grants["Action"]) == {"kms:CreateGrant", "kms:RevokeGrant"}
    by_hand = {"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}
    assert written(grants["Condition"]) == {"ArnNotEquals": DEPLOYER, **by_hand}
    assert found["Principal"] == grants["Principal"] == {"AWS": "*"}


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_environments_that_are_not_protected_can_be_taken_down(storage: Template, secrets: Template) -> None:
    policies = storage.resources("AWS::S3::BucketPolicy").values()
    sids = {statement.get("Sid") for policy in policies for statement in policy["PolicyDocument"]["Statement"]}
    assert not [sid for sid in sids if sid and sid.startswith("Keep")]
    for template in (storage, secrets):
        statements = template.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        assert {statement["Effect"] for statement in statements} == {"Allow"}
