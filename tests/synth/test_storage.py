"""What the storage of every environment promises."""

from __future__ import annotations

from typing import Any

import pytest

from deployment_account.names import BUNDLES, CONFIGURATION, PLANS
from tests.synth.synthesis import ACCOUNTS, Template

BUCKETS = ("AccessLogs", "AthenaResults", "Config", "Conformed", "PurposeBuilt", "Raw", "Staging")
TABLE_BUCKETS = ("Conformed", "PurposeBuilt", "Raw")


def bucket(storage: Template, name: str) -> dict[str, Any]:
    return storage.only("AWS::S3::Bucket", name)


def encryption(storage: Template, name: str) -> dict[str, Any]:
    (rule,) = bucket(storage, name)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(rule["ServerSideEncryptionByDefault"])


def lifecycle(storage: Template, name: str) -> list[dict[str, Any]]:
    return list(bucket(storage, name)["LifecycleConfiguration"]["Rules"])


def policy_statements(storage: Template, name: str) -> list[dict[str, Any]]:
    return list(storage.only("AWS::S3::BucketPolicy", name)["PolicyDocument"]["Statement"])


def test_there_is_a_bucket_for_each_layer_and_purpose(storage: Template) -> None:
    ids = sorted(storage.resources("AWS::S3::Bucket"))
    assert [id_[:-8] for id_ in ids] == sorted(BUCKETS)


@pytest.mark.parametrize("name", [name for name in BUCKETS if name != "AccessLogs"])
def test_data_rests_under_the_customer_managed_key(storage: Template, name: str) -> None:
    (key,) = storage.resources("AWS::KMS::Key")
    assert encryption(storage, name) == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": [key, "Arn"]}}


def test_access_logs_are_encrypted_by_s3_or_they_would_not_be_delivered(storage: Template) -> None:
    """Defect 28 of the reference: log delivery cannot write under a customer's key."""
    assert encryption(storage, "AccessLogs") == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("name", BUCKETS)
def test_every_action_over_plain_http_is_denied_to_everyone(storage: Template, name: str) -> None:
    denied = [statement for statement in policy_statements(storage, name) if statement["Effect"] == "Deny"]
    (deny,) = [statement for statement in denied if statement["Condition"].get("Bool")]
    assert deny["Action"] == "s3:*"
    assert deny["Principal"] == {"AWS": "*"}
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(deny["Resource"]) == 2, "the bucket and its objects"


@pytest.mark.parametrize("name", BUCKETS)
def test_the_public_is_kept_out_and_the_account_owns_every_object(storage: Template, name: str) -> None:
    properties = bucket(storage, name)
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize("name", [name for name in BUCKETS if name != "AccessLogs"])
def test_accesses_are_logged_under_the_name_of_the_bucket(storage: Template, name: str) -> None:
    (log_bucket,) = [id_ for id_ in storage.resources("AWS::S3::Bucket") if id_.startswith("AccessLogs")]
    logging = bucket(storage, name)["LoggingConfiguration"]
    assert logging == {"DestinationBucketName": {"Ref": log_bucket}, "LogFilePrefix": f"{name}/"}


def test_only_the_log_services_of_this_account_write_access_logs(storage: Template) -> None:
    allowed = [statement for statement in policy_statements(storage, "AccessLogs") if statement["Effect"] == "Allow"]
    assert {statement["Principal"]["Service"] for statement in allowed} == {
        "logging.s3.amazonaws.com",
        "delivery.logs.amazonaws.com",
    }
    assert all(statement["Condition"]["StringEquals"]["aws:SourceAccount"] for statement in allowed)


@pytest.mark.parametrize("name", BUCKETS)
def test_abandoned_uploads_are_removed(storage: Template, name: str) -> None:
    assert {"DaysAfterInitiation": 7} in [
        rule.get("AbortIncompleteMultipartUpload") for rule in lifecycle(storage, name)
    ]


@pytest.mark.parametrize("name", TABLE_BUCKETS)
def test_no_rule_expires_or_moves_live_data(storage: Template, name: str) -> None:
    """Defect 27 of the reference: objects of live tables expired after 60 days or went to Glacier."""
    forbidden = {"ExpirationInDays", "ExpirationDate", "Transitions", "Transition", "NoncurrentVersionTransitions"}
    assert not [rule for rule in lifecycle(storage, name) if forbidden & rule.keys()]


def test_rule_13_landed_files_expire_and_move_before_only_to_where_they_are_still_read_at_once(
    storage: Template, is_prod: bool
) -> None:
    """A reload or a late refresh reads them again; from Glacier's other classes that takes hours and fails."""
    rules = lifecycle(storage, "Staging")
    (expiry,) = [rule for rule in rules if "ExpirationInDays" in rule]
    assert (expiry["Id"], expiry["ExpirationInDays"]) == ("ExpireLandedFiles", 180 if is_prod else 90)
    assert "Prefix" not in expiry
    moved = [transition for rule in rules for transition in rule.get("Transitions", [])]
    assert moved == ([{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}] if is_prod else [])


def test_nothing_but_landed_files_ever_moves(storage: Template) -> None:
    moving = {name for name in BUCKETS for rule in lifecycle(storage, name) if "Transitions" in rule}
    assert moving <= {"Staging"}


def days_until_expiry(storage: Template, name: str, key: str) -> set[int]:
    rules = [rule for rule in lifecycle(storage, name) if "ExpirationInDays" in rule]
    return {rule["ExpirationInDays"] for rule in rules if key.startswith(rule.get("Prefix", ""))}


def test_current_objects_expire_only_where_no_table_lies(storage: Template, is_prod: bool) -> None:
    expiring = {name for name in BUCKETS for rule in lifecycle(storage, name) if "ExpirationInDays" in rule}
    assert expiring == {"AccessLogs", "AthenaResults", "Config", "Staging"}
    assert days_until_expiry(storage, "AccessLogs", "Raw/2026-11-24") == {365 if is_prod else 30}
    assert days_until_expiry(storage, "Config", "odp/plans/10_min_refresh/run.json") == {90 if is_prod else 14}
    assert days_until_expiry(storage, "Config", "taxi/bundles/yellow/run/1.json") == {90 if is_prod else 14}
    assert days_until_expiry(storage, "Config", "table_configs/taxi_trips.json") == set()


@pytest.mark.parametrize("digit", "0123456789abcdef")
def test_query_results_expire_and_tables_made_from_queries_do_not(storage: Template, digit: str) -> None:
    """CREATE TABLE AS without external_location puts the table into `tables/` below the place of results."""
    query = f"{digit}7ef2f1c-92f1-4ea5-a8b5-bb1e6ee6b7b4"
    for result in (f"{query}.csv", f"{query}.csv.metadata", f"{query}.txt", f"{query}-manifest.csv"):
        assert days_until_expiry(storage, "AthenaResults", f"query-results/{result}") == {30}
    assert days_until_expiry(storage, "AthenaResults", f"query-results/tables/{query}/part-0") == set()
    assert days_until_expiry(storage, "AthenaResults", f"tables/{query}/part-0") == set()


def test_requests_plans_and_bundles_are_where_the_runtime_writes_them() -> None:
    """The runtime knows no names of the deployment, so nothing else ties the two."""
    from odp.config_manager.request import REQUEST_KEY
    from odp.records import BatchPlan
    from taxi.records import Bundle

    assert REQUEST_KEY.startswith(CONFIGURATION)
    assert BatchPlan("10_min_refresh", "run", batches=()).key.startswith(PLANS)
    assert Bundle("yellow", "run", number=1, files=()).key.startswith(BUNDLES)


def test_what_cannot_be_made_again_is_versioned_and_old_versions_expire(storage: Template, is_prod: bool) -> None:
    """Without versions a bad release or a stolen job destroys tables for good."""
    versioned = {name for name in BUCKETS if "VersioningConfiguration" in bucket(storage, name)}
    assert versioned == {"Staging", "Config", *TABLE_BUCKETS}
    for name in versioned:
        assert bucket(storage, name)["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = [one for one in lifecycle(storage, name) if one["Id"].startswith("ExpireN")]
        days = 7 if name in TABLE_BUCKETS or not is_prod else 30
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
        assert rule["ExpiredObjectDeleteMarker"] is True, "or each deleted file would be listed for ever"


def test_buckets_in_which_files_arrive_send_events_by_their_own_property(storage: Template) -> None:
    """By the construct's way a Lambda function would be deployed to set it."""
    sending = {
        name: bucket(storage, name)["NotificationConfiguration"]
        for name in BUCKETS
        if "NotificationConfiguration" in bucket(storage, name)
    }
    switch = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert sending == {"Staging": switch, "Raw": switch, "Config": switch}


def test_nothing_needs_a_custom_resource(storage: Template, network: Template) -> None:
    assert not [
        type_ for type_ in storage.types() | network.types() if type_.startswith("Custom::") or "Lambda" in type_
    ]


def test_the_key_rotates(storage: Template) -> None:
    assert storage.only("AWS::KMS::Key")["EnableKeyRotation"] is True


def key_statements(storage: Template) -> dict[str, dict[str, Any]]:
    statements = storage.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    return {statement.get("Sid", "administration"): statement for statement in statements}


def test_the_key_is_administered_by_its_own_account_and_used_by_three_services(
    storage: Template, environment: str
) -> None:
    allowed = {sid: each for sid, each in key_statements(storage).items() if each["Effect"] == "Allow"}
    assert {sid: statement["Principal"] for sid, statement in allowed.items()} == {
        "administration": {"AWS": f"arn:aws:iam::{ACCOUNTS[environment]}:root"},
        "EventBridgeToEncryptedQueues": {"Service": "events.amazonaws.com"},
        "AlarmsToEncryptedTopics": {"Service": "cloudwatch.amazonaws.com"},
        "EncryptedLogGroups": {"Service": "logs.us-east-1.amazonaws.com"},
    }


def test_services_use_the_key_for_this_account_only_where_aws_passes_the_source(storage: Template) -> None:
    statements = key_statements(storage)
    assert statements["AlarmsToEncryptedTopics"]["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}
    assert statements["EncryptedLogGroups"]["Condition"]["ArnLike"].keys() == {"kms:EncryptionContext:aws:logs:arn"}
    # with a condition EventBridge could not write to encrypted queues, and nobody would be told
    assert "Condition" not in statements["EventBridgeToEncryptedQueues"]


def test_data_outlives_its_stack_in_prod_and_goes_with_it_elsewhere(storage: Template, is_prod: bool) -> None:
    stateful = [
        resource
        for resource in storage.body["Resources"].values()
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::KMS::Key")
    ]
    expected = "Retain" if is_prod else "Delete"
    assert {resource["DeletionPolicy"] for resource in stateful} == {expected}
    assert {resource["UpdateReplacePolicy"] for resource in stateful} == {expected}
    assert storage.properties.get("terminationProtection", False) is is_prod
