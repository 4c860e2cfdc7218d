"""Replicas of objects: what they keep, when they come, and who may make them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.regions.control import RegionControl
from tests.embedded.emulator.regions.places import EAST, REPLICATION_RIGHTS, WEST, Pair
from tests.embedded.waiting import eventually

LONG = (60, 60)


def test_a_replica_is_there_at_once_with_version_time_and_content_of_its_source(pair: Pair) -> None:
    version = pair.put(EAST, "a", b"content", Metadata={"k": "v"}, Tagging="t=1")
    (source,), (replica,) = pair.versions(EAST), pair.versions(WEST)
    assert replica["VersionId"] == source["VersionId"] == version
    assert replica["LastModified"] == source["LastModified"]
    found = pair.s3(WEST).get_object(Bucket=pair.bucket(WEST), Key="a")
    assert (found["Body"].read(), found["Metadata"], found["ReplicationStatus"]) == (b"content", {"k": "v"}, "REPLICA")
    tags = pair.s3(WEST).get_object_tagging(Bucket=pair.bucket(WEST), Key="a")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]
    assert pair.status(EAST, "a") == "COMPLETED"


def test_an_object_in_parts_is_as_old_in_both_regions(pair: Pair) -> None:
    s3, name = pair.s3(EAST), {"Bucket": pair.bucket(EAST), "Key": "parts"}
    upload = s3.create_multipart_upload(**name)["UploadId"]
    tag = s3.upload_part(**name, UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload=parts)
    (source,), (replica,) = pair.versions(EAST), pair.versions(WEST)
    assert [source[name] for name in ("VersionId", "LastModified", "ETag")] == [
        replica[name] for name in ("VersionId", "LastModified", "ETag")
    ]


def test_a_source_is_pending_until_its_replica_has_come(pair: Pair, control: RegionControl) -> None:
    control.delay(1, objects=(0.5, 0.5))
    pair.put(EAST, "a")
    assert pair.status(EAST, "a") == "PENDING"
    assert pair.versions(WEST) == []
    eventually(lambda: pair.status(EAST, "a"), lambda status: status == "COMPLETED")
    assert len(pair.versions(WEST)) == 1


def test_replicas_come_in_an_order_of_the_seed(pair: Pair, control: RegionControl) -> None:
    control.delay(7, objects=(0, 0.5))
    for number in range(10):
        pair.put(EAST, str(number))
    seen: list[str] = []

    def arrived() -> int:
        seen.extend(one["Key"] for one in pair.versions(WEST) if one["Key"] not in seen)
        return len(seen)

    eventually(arrived, lambda count: count == 10, rarest=0.02)
    assert seen != sorted(seen)


def test_an_older_version_that_comes_later_does_not_become_the_current_one(pair: Pair, control: RegionControl) -> None:
    control.delay(1, objects=LONG)
    old = pair.put(EAST, "a", b"old")
    control.delay(1)
    new = pair.put(EAST, "a", b"new")
    control.cut(WEST)
    control.drop(WEST, newest=0)
    assert [one["VersionId"] for one in pair.versions(WEST)] == [new]
    control.heal(WEST)
    control.delay(1, objects=(0.4, 0.4))
    older = pair.put(EAST, "b", b"old")
    control.delay(1)
    newer = pair.put(EAST, "b", b"new")
    found = eventually(lambda: pair.versions(WEST, "b"), lambda versions: len(versions) == 2)
    assert [(one["VersionId"], one["IsLatest"]) for one in found] == [(newer, True), (older, False)]
    read = pair.s3(WEST).get_object
    assert read(Bucket=pair.bucket(WEST), Key="b")["Body"].read() == b"new"
    assert read(Bucket=pair.bucket(WEST), Key="b", VersionId=older)["Body"].read() == b"old"
    assert old not in [one["VersionId"] for one in pair.versions(WEST)]


def test_nothing_passes_a_cut_and_late_replicas_keep_their_times(pair: Pair, control: RegionControl) -> None:
    control.cut(EAST)
    version = pair.put(EAST, "a")
    (waiting,) = control.under_way
    assert waiting["what"] == f"s3://{pair.bucket(EAST)}/a"
    assert (pair.versions(WEST), pair.status(EAST, "a")) == ([], "PENDING")
    control.heal(EAST)
    (replica,) = eventually(lambda: pair.versions(WEST))
    (source,) = pair.versions(EAST)
    assert (replica["VersionId"], replica["LastModified"]) == (version, source["LastModified"])


def test_a_replica_is_not_replicated_again(pair: Pair) -> None:
    pair.put(EAST, "from-east")
    pair.put(WEST, "from-west")
    for region in (EAST, WEST):
        assert sorted(one["Key"] for one in pair.versions(region)) == ["from-east", "from-west"]


def test_delete_markers_are_replicated_and_hide_the_replica(pair: Pair, control: RegionControl) -> None:
    version = pair.put(EAST, "a")
    pair.s3(EAST).delete_object(Bucket=pair.bucket(EAST), Key="a")
    (marker,), (copied,) = pair.markers(EAST), pair.markers(WEST)
    assert (copied["VersionId"], copied["LastModified"]) == (marker["VersionId"], marker["LastModified"])
    with pytest.raises(ClientError, match="404"):
        pair.s3(WEST).head_object(Bucket=pair.bucket(WEST), Key="a")
    assert [one["VersionId"] for one in pair.versions(WEST)] == [version]


def test_a_version_is_not_deleted_in_the_other_region(pair: Pair) -> None:
    version = pair.put(EAST, "a")
    pair.s3(EAST).delete_object(Bucket=pair.bucket(EAST), Key="a", VersionId=version)
    assert [one["VersionId"] for one in pair.versions(WEST)] == [version]


def test_a_version_that_was_deleted_before_it_was_copied_never_comes(pair: Pair, control: RegionControl) -> None:
    control.cut(EAST)
    version = pair.put(EAST, "a")
    pair.s3(EAST).delete_object(Bucket=pair.bucket(EAST), Key="a", VersionId=version)
    control.heal(EAST)
    pair.put(EAST, "b")
    assert [one["Key"] for one in pair.versions(WEST)] == ["b"]


def test_a_replica_is_an_event_of_its_own_region(pair: Pair, client: Callable[[str, str], Any]) -> None:
    sqs, events = client("sqs", WEST), client("events", WEST)
    queue = sqs.create_queue(QueueName="landed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="landed", EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]}))
    events.put_targets(Rule="landed", Targets=[{"Id": "queue", "Arn": arn}])
    pair.s3(WEST).put_bucket_notification_configuration(
        Bucket=pair.bucket(WEST), NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    version = pair.put(EAST, "a")
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []))
    event = json.loads(message["Body"])
    assert (event["region"], event["detail"]["bucket"]["name"]) == (WEST, pair.bucket(WEST))
    assert (event["detail"]["object"]["key"], event["detail"]["object"]["version-id"]) == ("a", version)
    assert event["detail"]["reason"] == "PutObject"


@pytest.mark.parametrize("missing", [right for right in REPLICATION_RIGHTS if right != "s3:ReplicateDelete"])
def test_a_role_that_lacks_a_right_copies_nothing(pair: Pair, client: Callable[[str, str], Any], missing: str) -> None:
    allow(client, [right for right in REPLICATION_RIGHTS if right != missing])
    pair.put(EAST, "a")
    assert (pair.status(EAST, "a"), pair.versions(WEST)) == ("FAILED", [])


def test_objects_under_a_key_are_copied_by_a_rule_that_names_the_key_of_the_replica(
    pair: Pair, client: Callable[[str, str], Any]
) -> None:
    keys = {region: client("kms", region).create_key()["KeyMetadata"]["Arn"] for region in (EAST, WEST)}
    client("kms", WEST).create_alias(AliasName="alias/lake", TargetKeyId=keys[WEST])
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": keys[EAST]}
    pair.put(EAST, "without", **under)
    assert (pair.status(EAST, "without"), pair.versions(WEST)) == ("", [])
    of_replica = f"arn:aws:kms:{WEST}:{pair.account}:alias/lake"
    pair.replicate(
        EAST,
        SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        Destination={
            "Bucket": f"arn:aws:s3:::{pair.bucket(WEST)}",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": of_replica},
        },
    )
    pair.put(EAST, "refused", **under)
    assert pair.status(EAST, "refused") == "FAILED"
    allow(client, [*REPLICATION_RIGHTS, "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])
    pair.put(EAST, "copied", **under)
    assert pair.status(EAST, "copied") == "COMPLETED"
    replica = pair.s3(WEST).head_object(Bucket=pair.bucket(WEST), Key="copied")
    assert replica["SSEKMSKeyId"] == of_replica


@pytest.mark.parametrize(
    ("destination", "message"),
    [("nobody-has-this-one", "must exist"), ("plain", "versioning enabled")],
)
def test_a_destination_that_cannot_take_replicas_is_refused(pair: Pair, destination: str, message: str) -> None:
    plain = f"plain-{pair.account}"
    pair.s3(EAST).create_bucket(Bucket=plain)
    named = plain if destination == "plain" else destination
    with pytest.raises(ClientError, match=message):
        pair.replicate(EAST, Destination={"Bucket": f"arn:aws:s3:::{named}"})


def test_a_role_that_the_caller_may_not_pass_is_refused(pair: Pair, as_role: Callable[..., Any]) -> None:
    rights = {"Effect": "Allow", "Action": "s3:PutReplicationConfiguration", "Resource": "*"}
    caller = as_role("configurer", rights)("s3")
    configuration = pair.s3(EAST).get_bucket_replication(Bucket=pair.bucket(EAST))["ReplicationConfiguration"]
    with pytest.raises(ClientError, match="iam:PassRole"):
        caller.put_bucket_replication(Bucket=pair.bucket(EAST), ReplicationConfiguration=configuration)


def allow(client: Callable[[str, str], Any], actions: list[str]) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam", EAST).put_role_policy(RoleName="replication", PolicyName="rights", PolicyDocument=document)
