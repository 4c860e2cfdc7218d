"""What CloudFormation is answered, and what is in S3 and Secrets Manager then."""

from __future__ import annotations

from typing import Any

import pytest
from region_link.handler import handle

from tests.unit.region_link.two_regions import ACCOUNT, PRIMARY, SECONDARY, Aws

ROLE = f"arn:aws:iam::{ACCOUNT}:role/odp-dev-replication-from-us-east-1"
KEY = f"arn:aws:kms:{SECONDARY}:{ACCOUNT}:key/data"
SOURCE, DESTINATION = f"lake-staging-{PRIMARY}", f"lake-staging-{SECONDARY}"
STAGING = {
    "Bucket": SOURCE,
    "RuleId": "LandedFiles",
    "Prefix": "",
    "Role": ROLE,
    "DestinationBucket": DESTINATION,
    "DestinationKey": KEY,
    "Account": ACCOUNT,
    "Deployed": "abc",
}
NAMES = {
    "Region": PRIMARY,
    "PartnerRegion": SECONDARY,
    "Parameters": {"Staging": "/odp/dev/buckets/staging", "DataKey": "/odp/dev/kms/data-key-arn"},
    "Secrets": {"crm": "/odp/dev/secrets/crm"},
}
SECRETS = {"Names": ["odp/dev/crm"], "ReplicaRegion": SECONDARY, "ReplicaKey": KEY}
FOREIGN: dict[str, Any] = {"Role": ROLE, "Rules": [{"ID": "audit", "Status": "Enabled"}]}


def event(kind: str, request: str, properties: dict[str, Any], id_: str | None = None) -> dict[str, Any]:
    known = {} if request == "Create" else {"PhysicalResourceId": id_ or "made"}
    return {
        "RequestType": request,
        "ResourceType": f"Custom::{kind}",
        "ResponseURL": "https://cloudformation/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Link",
        "ResourceProperties": properties,
        **known,
    }


def test_a_bucket_replicates_everything_that_its_lake_needs(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "SUCCESS"
    assert answers[0]["PhysicalResourceId"] == SOURCE
    replication = aws.s3.buckets[SOURCE].replication
    assert replication
    assert replication["Role"] == ROLE
    (rule,) = replication["Rules"]
    assert (rule["Status"], rule["ID"], rule["Filter"]) == ("Enabled", "LandedFiles", {"Prefix": ""})
    assert rule["DeleteMarkerReplication"] == {"Status": "Enabled"}
    assert rule["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    destination = rule["Destination"]
    assert destination["Bucket"] == f"arn:aws:s3:::{DESTINATION}"
    assert destination["EncryptionConfiguration"] == {"ReplicaKmsKeyID": KEY}
    assert destination["Metrics"] == {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
    assert destination["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}


def test_a_replica_is_not_replicated_again_so_no_rule_asks_for_changes_of_replicas(
    aws: Aws, answers: list[dict[str, Any]]
) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)

    replication = aws.s3.buckets[SOURCE].replication
    assert replication
    assert "ReplicaModifications" not in replication["Rules"][0]["SourceSelectionCriteria"]


@pytest.mark.parametrize(
    ("partner", "said"),
    [("absent", "Destination bucket must exist"), ("unversioned", "Destination bucket must have versioning enabled")],
)
def test_a_deployment_fails_with_the_words_of_s3_when_the_partner_s_bucket_is_not_fit(
    aws: Aws, answers: list[dict[str, Any]], partner: str, said: str
) -> None:
    if partner == "absent":
        del aws.s3.buckets[DESTINATION]
    else:
        aws.s3.buckets[DESTINATION].versioned = False

    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "FAILED"
    assert said in answers[0]["Reason"]
    assert aws.s3.buckets[SOURCE].replication is None


def test_a_right_that_iam_does_not_know_yet_is_waited_for(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.s3.denials = 5

    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "SUCCESS"


def test_a_right_that_never_comes_fails_the_deployment(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.s3.denials = 1000

    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "FAILED"
    assert "AccessDenied" in answers[0]["Reason"]


def test_a_configuration_that_somebody_removed_is_there_again_after_the_next_deployment(
    aws: Aws, answers: list[dict[str, Any]]
) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)
    aws.s3.buckets[SOURCE].replication = None

    handle(event("BucketReplication", "Update", {**STAGING, "Deployed": "def"}, SOURCE), None)

    assert answers[1]["Status"] == "SUCCESS"
    assert aws.s3.buckets[SOURCE].replication


def test_a_deployment_that_changes_nothing_writes_nothing(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)

    handle(event("BucketReplication", "Update", {**STAGING, "Deployed": "def"}, SOURCE), None)

    assert aws.s3.puts == 1


def test_another_destination_replaces_the_first_one(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)

    handle(event("BucketReplication", "Update", {**STAGING, "DestinationBucket": "lake-raw-us-west-2"}, SOURCE), None)

    replication = aws.s3.buckets[SOURCE].replication
    assert replication
    assert replication["Rules"][0]["Destination"]["Bucket"] == "arn:aws:s3:::lake-raw-us-west-2"


def test_a_rule_of_somebody_else_is_never_replaced(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.s3.buckets[SOURCE].replication = FOREIGN

    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "FAILED"
    assert "audit" in answers[0]["Reason"]
    assert aws.s3.buckets[SOURCE].replication == FOREIGN


def test_with_the_resource_goes_the_configuration(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("BucketReplication", "Create", STAGING), None)

    handle(event("BucketReplication", "Delete", STAGING, SOURCE), None)

    assert answers[1] == {**answers[1], "Status": "SUCCESS", "PhysicalResourceId": SOURCE}
    assert aws.s3.buckets[SOURCE].replication is None


def test_a_deletion_leaves_what_somebody_else_has_set(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.s3.buckets[SOURCE].replication = FOREIGN

    handle(event("BucketReplication", "Delete", STAGING, SOURCE), None)

    assert answers[0]["Status"] == "SUCCESS"
    assert aws.s3.buckets[SOURCE].replication == FOREIGN


def test_a_bucket_that_is_gone_does_not_hold_up_the_deletion(aws: Aws, answers: list[dict[str, Any]]) -> None:
    del aws.s3.buckets[SOURCE]

    handle(event("BucketReplication", "Delete", STAGING, SOURCE), None)

    assert answers[0]["Status"] == "SUCCESS"


def test_a_bucket_of_another_account_under_our_name_gets_nothing(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.s3.buckets[SOURCE].owner = "999999999999"

    handle(event("BucketReplication", "Create", STAGING), None)

    assert answers[0]["Status"] == "FAILED"
    assert aws.s3.buckets[SOURCE].replication is None


def test_names_come_from_the_same_parameters_of_both_regions(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("RegionNames", "Create", NAMES), None)

    assert answers[0]["Data"] == {
        "OwnStaging": SOURCE,
        "OwnDataKey": f"arn:aws:kms:{PRIMARY}:{ACCOUNT}:key/data",
        "PartnerStaging": DESTINATION,
        "PartnerDataKey": KEY,
        "Replicacrm": f"arn:aws:secretsmanager:{PRIMARY}:{ACCOUNT}:secret:odp/dev/crm-AbCdEf",
    }


def test_a_region_without_the_infra_stage_is_named(aws: Aws, answers: list[dict[str, Any]]) -> None:
    del aws.ssm[SECONDARY].parameters["/odp/dev/buckets/staging"]

    handle(event("RegionNames", "Create", NAMES), None)

    assert answers[0]["Status"] == "FAILED"
    assert "/odp/dev/buckets/staging is not in us-west-2: deploy the infra stage there first" in answers[0]["Reason"]


def test_names_are_not_asked_for_when_their_resource_goes(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.ssm.clear()

    handle(event("RegionNames", "Delete", NAMES, "id"), None)

    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("SUCCESS", "id")


def test_a_secret_gets_a_replica_under_the_partner_s_key(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("SecretReplicas", "Create", SECRETS), None)

    assert aws.secrets.asked == [
        {
            "SecretId": "odp/dev/crm",
            "AddReplicaRegions": [{"Region": SECONDARY, "KmsKeyId": KEY}],
            "ForceOverwriteReplicaSecret": False,
        }
    ]


def test_a_replica_is_asked_for_once(aws: Aws, answers: list[dict[str, Any]]) -> None:
    for request in ("Create", "Update"):
        handle(event("SecretReplicas", request, SECRETS), None)

    assert len(aws.secrets.asked) == 1


def test_a_replica_that_failed_is_asked_for_again(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.secrets.described["odp/dev/crm"]["ReplicationStatus"] = [{"Region": SECONDARY, "Status": "Failed"}]

    handle(event("SecretReplicas", "Update", SECRETS), None)

    assert len(aws.secrets.asked) == 1


def test_a_secret_without_a_value_does_not_fail_the_deployment(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.secrets.described["odp/dev/crm"] = {}

    handle(event("SecretReplicas", "Create", SECRETS), None)

    assert answers[0]["Status"] == "SUCCESS"
    assert aws.secrets.asked == []


def test_with_the_resource_go_the_replicas(aws: Aws, answers: list[dict[str, Any]]) -> None:
    handle(event("SecretReplicas", "Create", SECRETS), None)

    handle(event("SecretReplicas", "Delete", SECRETS), None)

    assert aws.secrets.described["odp/dev/crm"]["ReplicationStatus"] == []


def test_a_secret_that_is_gone_does_not_hold_up_the_deletion(aws: Aws, answers: list[dict[str, Any]]) -> None:
    aws.secrets.described.clear()

    handle(event("SecretReplicas", "Delete", SECRETS), None)

    assert answers[0]["Status"] == "SUCCESS"


def test_a_resource_that_was_never_made_can_be_deleted(aws: Aws, answers: list[dict[str, Any]]) -> None:
    """CloudFormation deletes what it could not create, by the id that the failed creation gave."""
    del aws.s3.buckets[DESTINATION]
    handle(event("BucketReplication", "Create", STAGING), None)

    handle(event("BucketReplication", "Delete", STAGING, answers[0]["PhysicalResourceId"]), None)

    assert answers[1]["Status"] == "SUCCESS"
