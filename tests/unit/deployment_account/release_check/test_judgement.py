"""The approver's text about a change: each case is two templates of one resource, and what must be said of them."""

import json
from typing import Any

import pytest

from deployment_account.release_check.change_sets import Prepared
from deployment_account.release_check.data_loss import lost
from deployment_account.release_check.findings import Finding, Kind
from deployment_account.release_check.message import LONGEST, message
from deployment_account.release_check.permissions import broadened

Json = dict[str, Any]


def of_type(type_: str, **properties: Any) -> Json:
    return {"Type": type_, "Properties": properties}


def bucket(*rules: Json, **properties: Any) -> Json:
    lifecycle = {"LifecycleConfiguration": {"Rules": list(rules)}} if rules else {}
    return of_type("AWS::S3::Bucket", **lifecycle, **properties)


def rule(**more: Any) -> Json:
    return {"Id": "rule", "Status": "Enabled", **more}


def table(**properties: Any) -> Json:
    return of_type("AWS::DynamoDB::Table", **properties)


def log(**properties: Any) -> Json:
    return of_type("AWS::Logs::LogGroup", **properties)


def keeping(resource: Json, **attributes: Any) -> Json:
    return {**resource, **attributes}


def recovery(*, on: Any = True, days: int = 35) -> Json:
    return {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": on, "RecoveryPeriodInDays": days}}


EXPIRES, UPLOADS = rule(ExpirationInDays=30), rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7})
LOST: dict[str, tuple[Json, Json, str]] = {
    "a first rule": (bucket(), bucket(rule(ExpirationInDays=1)), "ExpirationInDays 1"),
    "a rule beside others": (bucket(UPLOADS), bucket(UPLOADS, rule(ExpirationInDays=1)), "ExpirationInDays 1"),
    "fewer days": (bucket(EXPIRES), bucket(rule(ExpirationInDays=29)), "ExpirationInDays 29"),
    "a date": (bucket(EXPIRES), bucket(rule(ExpirationDate="2026-01-01")), "ExpirationDate"),
    "a wider prefix": (bucket(rule(ExpirationInDays=1, Prefix="a/b/")), bucket(rule(ExpirationInDays=1)), "expires"),
    "another prefix": (
        bucket(rule(ExpirationInDays=1, Prefix="a/")),
        bucket(rule(ExpirationInDays=1, Prefix="b/")),
        "expires",
    ),
    "a rule that is switched on": (
        bucket({**EXPIRES, "Status": "Disabled"}),
        bucket(EXPIRES),
        "ExpirationInDays 30",
    ),
    "days that only CloudFormation knows": (bucket(), bucket(rule(ExpirationInDays={"Ref": "Days"})), "expires"),
    "days that become unknown": (bucket(EXPIRES), bucket(rule(ExpirationInDays={"Ref": "Days"})), "expires"),
    "a rule that is put together": (bucket(), bucket({"Fn::If": ["X", EXPIRES, UPLOADS]}), "expires"),
    "a lifecycle that is put together": (
        bucket(),
        of_type("AWS::S3::Bucket", LifecycleConfiguration={"Fn::If": ["X", 1, 2]}),
        "expires",
    ),
    "noncurrent versions": (
        bucket(rule(NoncurrentVersionExpiration={"NoncurrentDays": 30})),
        bucket(rule(NoncurrentVersionExpiration={"NoncurrentDays": 1})),
        "NoncurrentDays 1",
    ),
    "fewer noncurrent versions": (
        bucket(rule(NoncurrentVersionExpiration={"NoncurrentDays": 30, "NewerNoncurrentVersions": 5})),
        bucket(rule(NoncurrentVersionExpiration={"NoncurrentDays": 30, "NewerNoncurrentVersions": 1})),
        "NewerNoncurrentVersions 1",
    ),
    "versions that are no longer kept": (
        bucket(VersioningConfiguration={"Status": "Enabled"}),
        bucket(VersioningConfiguration={"Status": "Suspended"}),
        "keeps no versions",
    ),
    "versioning left out": (bucket(VersioningConfiguration={"Status": "Enabled"}), bucket(), "keeps no versions"),
    "an object lock": (
        bucket(ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}),
        bucket(),
        "ObjectLock",
    ),
    "a deletion policy": (keeping(bucket(), DeletionPolicy="Retain"), bucket(), "is not kept any more"),
    "a policy that becomes Delete": (
        keeping(table(), UpdateReplacePolicy="Retain"),
        keeping(table(), UpdateReplacePolicy="Delete"),
        "is not kept any more (UpdateReplacePolicy Delete)",
    ),
    "recovery off": (table(**recovery()), table(**recovery(on=False)), "PointInTimeRecoveryEnabled"),
    "recovery left out": (table(**recovery()), table(), "PointInTimeRecoveryEnabled"),
    "recovery by a reference": (table(**recovery()), table(**recovery(on={"Ref": "X"})), "PointInTimeRecoveryEnabled"),
    "a shorter recovery": (table(**recovery()), table(**recovery(days=1)), "RecoveryPeriodInDays"),
    "protection off": (
        table(DeletionProtectionEnabled=True),
        table(DeletionProtectionEnabled="false"),
        "DeletionProtectionEnabled",
    ),
    "protection of a table of several Regions": (
        table(Replicas=[{"Region": "a", "DeletionProtectionEnabled": True}]),
        table(Replicas=[{"Region": "a", "DeletionProtectionEnabled": False}]),
        "Replicas.DeletionProtectionEnabled",
    ),
    "items that expire": (
        table(),
        table(TimeToLiveSpecification={"AttributeName": "made_at", "Enabled": True}),
        "TimeToLiveSpecification",
    ),
    "logs": (log(RetentionInDays=90), log(RetentionInDays=1), "RetentionInDays 1"),
    "logs that were kept for ever": (log(), log(RetentionInDays=3653), "RetentionInDays"),
    "messages": (
        of_type("AWS::SQS::Queue", MessageRetentionPeriod=1209600),
        of_type("AWS::SQS::Queue", MessageRetentionPeriod=60),
        "MessageRetentionPeriod",
    ),
    "messages as AWS keeps them": (
        of_type("AWS::SQS::Queue", MessageRetentionPeriod=1209600),
        of_type("AWS::SQS::Queue"),
        "MessageRetentionPeriod is gone",
    ),
    "a backup": (
        of_type("AWS::RDS::DBInstance", BackupRetentionPeriod=7),
        of_type("AWS::RDS::DBInstance", BackupRetentionPeriod=0),
        "BackupRetentionPeriod",
    ),
    "a key": (of_type("AWS::KMS::Key", Enabled=True), of_type("AWS::KMS::Key", Enabled=False), "Enabled"),
    "another key": (
        bucket(),
        bucket(BucketEncryption={"ServerSideEncryptionConfiguration": []}),
        "BucketEncryption",
    ),
    "what somebody set as a secret": (
        of_type("AWS::SecretsManager::Secret"),
        of_type("AWS::SecretsManager::Secret", SecretString="mine"),
        "SecretString",
    ),
    "a secret that is drawn anew": (
        of_type("AWS::SecretsManager::Secret"),
        of_type("AWS::SecretsManager::Secret", GenerateSecretString={}),
        "GenerateSecretString",
    ),
    "images": (
        of_type("AWS::ECR::Repository"),
        of_type("AWS::ECR::Repository", LifecyclePolicy={"LifecyclePolicyText": '{"rules": []}'}),
        "LifecyclePolicy",
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_data_that_will_be_lost_is_named(case: str) -> None:
    old, new, said = LOST[case]
    found = list(lost({"One": old}, {"One": new}))
    assert [finding for finding in found if said in finding.what], found
    assert {finding.kind for finding in found} == {Kind.DATA}


KEPT: dict[str, tuple[Json, Json]] = {
    "the same": (bucket(EXPIRES, **recovery()), bucket(EXPIRES, **recovery())),
    "more days": (bucket(EXPIRES), bucket(rule(ExpirationInDays=31))),
    "a rule less": (bucket(EXPIRES, UPLOADS), bucket(UPLOADS)),
    "a rule that is switched off": (bucket(EXPIRES), bucket({**EXPIRES, "Status": "Disabled"})),
    "uploads that nobody completed": (bucket(), bucket(UPLOADS)),
    "another storage class": (bucket(), bucket(rule(Transitions=[{"StorageClass": "GLACIER_IR"}]))),
    "a deletion policy": (bucket(), keeping(bucket(), DeletionPolicy="Retain")),
    "recovery": (table(), table(**recovery())),
    "longer logs": (log(RetentionInDays=1), log(RetentionInDays=30)),
    "code": (
        of_type("AWS::Lambda::Function", Code={"S3Key": "a"}),
        of_type("AWS::Lambda::Function", Code={"S3Key": "b"}),
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_is_kept_as_well_or_longer_is_no_loss(case: str) -> None:
    old, new = KEPT[case]
    assert list(lost({"One": old}, {"One": new})) == []


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: Json, **more: Any) -> Json:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return of_type("AWS::IAM::Policy", **{"PolicyDocument": document, "Roles": [{"Ref": "R"}], **more})


def role(*statements: Json, **properties: Any) -> Json:
    return of_type("AWS::IAM::Role", AssumeRolePolicyDocument={"Statement": list(statements)}, **properties)


def trust(principal: Any, **more: Any) -> Json:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}


OLD = allow("s3:GetObject", "arn:aws:s3:::a/*")
DENY = {"Effect": "Deny", "Action": ["s3:DeleteObject", "s3:DeleteBucket"], "Resource": "*", "Principal": "*"}


def results(location: str) -> Json:
    return {"ResultConfiguration": {"OutputLocation": location}}


WAY = "opens a way in or out"
BROADENED: dict[str, tuple[Json | None, Json | None, str]] = {
    "a new role": (None, role(trust({"AWS": "*"})), "allows sts:AssumeRole to AWS:*"),
    "another action": (policy(OLD), policy(OLD, allow("s3:PutObject")), "s3:PutObject"),
    "a pattern": (policy(OLD), policy(allow("s3:*", "arn:aws:s3:::a/*")), "s3:*"),
    "another resource": (policy(OLD), policy(allow("s3:GetObject")), "s3:GetObject"),
    "a condition less": (policy(allow("s3:GetObject", Condition={"a": 1})), policy(allow("s3:GetObject")), "s3:"),
    "all actions but one": (policy(OLD), policy({"Effect": "Allow", "NotAction": "x:y", "Resource": "*"}), "all-but"),
    "trust": (role(trust({"Service": "a"})), role(trust({"Service": "a"}), trust({"AWS": "1"})), "to AWS:1"),
    "trust of everybody but one": (
        role(trust({"Service": "a"})),
        role({"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "1"}}),
        "all-but",
    ),
    "a boundary that is gone": (role(PermissionsBoundary="b"), role(), "PermissionsBoundary"),
    "a policy of AWS": (role(), role(ManagedPolicyArns=["arn:aws:iam::aws:policy/Administrator"]), "ManagedPolicy"),
    "a policy for another role": (policy(OLD), policy(OLD, Roles=[{"Ref": "Other"}]), "Roles"),
    "a denial less": (
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [DENY]}),
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [{**DENY, "Action": ["s3:DeleteBucket"]}]}),
        "no longer denies s3:DeleteObject",
    ),
    "a denial with a condition": (
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [DENY]}),
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [{**DENY, "Condition": {"a": 1}}]}),
        "no longer denies",
    ),
    "denials that are gone": (of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [DENY]}), None, "denies"),
    "a policy as text": (
        of_type("AWS::Logs::ResourcePolicy", PolicyDocument='{"Statement": []}'),
        of_type(
            "AWS::Logs::ResourcePolicy",
            PolicyDocument='{"Statement": [{"Effect": "Allow", "Action": "logs:*", "Principal": "*"}]}',
        ),
        "logs:*",
    ),
    "a policy that is put together": (
        of_type("AWS::SQS::QueuePolicy", PolicyDocument={"Statement": []}),
        of_type("AWS::SQS::QueuePolicy", PolicyDocument={"Fn::If": ["X", {"Ref": "Y"}, {"Ref": "Z"}]}),
        "PolicyDocument",
    ),
    "a statement behind a condition": (policy(OLD), policy({"Fn::If": ["X", allow("*"), {"Ref": "N"}]}), "allows *"),
    "the key's policy": (
        of_type("AWS::KMS::Key", KeyPolicy={"Statement": [DENY]}),
        of_type("AWS::KMS::Key", KeyPolicy={"Statement": []}),
        "no longer denies",
    ),
    "a function that anybody may call": (None, of_type("AWS::Lambda::Permission", Principal="*"), WAY),
    "a function's address": (None, of_type("AWS::Lambda::Url", AuthType="NONE"), WAY),
    "a rule of a network": (None, of_type("AWS::EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0"), WAY),
    "a rule in a group": (
        of_type("AWS::EC2::SecurityGroup"),
        of_type("AWS::EC2::SecurityGroup", SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0"}]),
        "SecurityGroupIngress",
    ),
    "a public bucket": (bucket(PublicAccessBlockConfiguration={"BlockPublicAcls": True}), bucket(), "PublicAccess"),
    "code with another role": (
        of_type("AWS::Lambda::Function", Role={"Fn::GetAtt": ["A", "Arn"]}),
        of_type("AWS::Lambda::Function", Role="arn:aws:iam::1:role/admin"),
        "other Role",
    ),
    "a subscriber": (None, of_type("AWS::SNS::Subscription", Endpoint="https://evil.example"), WAY),
    "a way out of the network": (None, of_type("AWS::EC2::InternetGateway"), WAY),
    "logs that go elsewhere": (None, of_type("AWS::Logs::SubscriptionFilter"), WAY),
    "new code with a role of another stack": (
        None,
        of_type("AWS::Lambda::Function", Role="arn:aws:iam::1:role/admin"),
        "has Role",
    ),
    "a user": (None, of_type("AWS::IAM::AccessKey", UserName="x"), WAY),
    **{
        f"an effect that CloudFormation puts together: {effect}": (
            policy(OLD),
            policy(OLD, {**allow("iam:*"), "Effect": effect}),
            "allows iam:*",
        )
        for effect in ({"Fn::Sub": "Allow"}, {"Fn::Join": ["", ["Al", "low"]]}, {"Fn::If": ["X", "Allow", "Deny"]})
    },
    "such an effect in a policy that is new": (
        None,
        policy({**allow("iam:*"), "Effect": {"Fn::Sub": "Allow"}}),
        "allows iam:*",
    ),
    "a denial that CloudFormation puts together": (
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [DENY]}),
        of_type("AWS::S3::BucketPolicy", PolicyDocument={"Statement": [{**DENY, "Effect": {"Fn::Sub": "Deny"}}]}),
        "no longer denies",
    ),
    "a tag that a bucket's policy asks for": (
        role(),
        role(Tags=[{"Key": "odp:data-writer", "Value": "odp-prod"}]),
        "tag odp:data-writer",
    ),
    "a tag that bound a role to a network": (
        role(Tags=[{"Key": "odp:private-network", "Value": "odp-prod"}, {"Key": "a", "Value": "b"}]),
        role(Tags=[{"Key": "a", "Value": "b"}]),
        "tag odp:private-network",
    ),
    "denials that protect another bucket": (
        of_type("AWS::S3::BucketPolicy", Bucket={"Ref": "Raw"}, PolicyDocument={"Statement": [DENY]}),
        of_type("AWS::S3::BucketPolicy", Bucket={"Ref": "Other"}, PolicyDocument={"Statement": [DENY]}),
        "other Bucket",
    ),
    "denials that no longer bind a role": (
        policy(OLD, {**DENY, "Condition": {"a": 1}}, Roles=[{"Ref": "R"}, {"Ref": "Job"}]),
        policy(OLD, {**DENY, "Condition": {"a": 1}}),
        "other Roles",
    ),
    "an endpoint that lets everything through": (
        of_type("AWS::EC2::VPCEndpoint", PolicyDocument={"Statement": [OLD]}),
        of_type("AWS::EC2::VPCEndpoint"),
        "no PolicyDocument any more",
    ),
    "a schedule with a role of another stack": (
        None,
        of_type("AWS::Scheduler::Schedule", Target={"Arn": "a", "RoleArn": "arn:aws:iam::1:role/admin"}),
        "has Target.RoleArn",
    ),
    "a rule whose target acts with another role": (
        of_type("AWS::Events::Rule", Targets=[{"Arn": "a", "RoleArn": {"Fn::GetAtt": ["A", "Arn"]}}]),
        of_type("AWS::Events::Rule", Targets=[{"Arn": "a", "RoleArn": {"Fn::GetAtt": ["B", "Arn"]}}]),
        "other Targets.RoleArn",
    ),
    "new code with a role whose name is put together": (
        None,
        of_type("AWS::Lambda::Function", Role={"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/admin"}),
        "has Role",
    ),
    **{
        f"data that goes elsewhere: {name}": (of_type(type_), of_type(type_, **{name: [{"To": "evil"}]}), name)
        for type_, name in (
            ("AWS::S3::Bucket", "ReplicationConfiguration"),
            ("AWS::S3::Bucket", "InventoryConfigurations"),
            ("AWS::S3::Bucket", "AnalyticsConfigurations"),
            ("AWS::S3::Bucket", "NotificationConfiguration"),
            ("AWS::S3::Bucket", "LoggingConfiguration"),
            ("AWS::DynamoDB::Table", "KinesisStreamSpecification"),
            ("AWS::SNS::Topic", "Subscription"),
        )
    },
    "a topic that is made with a subscription of somebody else": (
        None,
        of_type("AWS::SNS::Topic", Subscription=[{"Protocol": "email", "Endpoint": "evil@example.com"}]),
        "Subscription",
    ),
    "results of queries that go elsewhere": (
        of_type("AWS::Athena::WorkGroup", WorkGroupConfiguration=results("s3://ours/queries/")),
        of_type("AWS::Athena::WorkGroup", WorkGroupConfiguration=results("s3://evil/")),
        "OutputLocation",
    ),
    "backups that are copied elsewhere": (
        of_type("AWS::Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{"RuleName": "daily"}]}),
        of_type(
            "AWS::Backup::BackupPlan",
            BackupPlan={"BackupPlanRule": [{"RuleName": "daily", "CopyActions": [{"DestinationBackupVaultArn": "e"}]}]},
        ),
        "CopyActions.DestinationBackupVault",
    ),
    **{
        f"a way out: {type_}": (None, of_type(type_, Name="x"), WAY)
        for type_ in ("AWS::Logs::AccountPolicy", "AWS::Logs::Delivery", "AWS::EC2::FlowLog", "AWS::CloudTrail::Trail")
    },
    "an endpoint that is new, of whatever service": (
        None,
        of_type("AWS::EC2::VPCEndpoint", ServiceName="com.amazonaws.vpce.us-east-1.vpce-svc-0e"),
        WAY,
    ),
    "code that leaves the private network": (
        of_type("AWS::Lambda::Function", VpcConfig={"SubnetIds": ["a"], "SecurityGroupIds": ["b"]}),
        of_type("AWS::Lambda::Function"),
        "other VpcConfig",
    ),
    "a job that leaves the private network": (
        of_type("AWS::Glue::Job", Connections={"Connections": ["private"]}),
        of_type("AWS::Glue::Job"),
        "other Connections",
    ),
    **{
        f"a role of another stack that a condition hides: {name}": (
            None,
            of_type("AWS::Events::Rule", Targets=targets),
            "has Targets.RoleArn",
        )
        for name, targets in (
            ("all targets", {"Fn::If": ["X", [{"Arn": "a", "RoleArn": "arn:aws:iam::1:role/admin"}], []]}),
            ("one target", [{"Fn::If": ["X", {"Arn": "a", "RoleArn": "arn:aws:iam::1:role/admin"}, {}]}]),
            ("its role", [{"Arn": "a", "RoleArn": {"Fn::If": ["X", "arn:aws:iam::1:role/admin", ""]}}]),
        )
    },
    "another role that a condition hides": (
        of_type("AWS::Scheduler::Schedule", Target={"Fn::If": ["X", {"Arn": "a", "RoleArn": {"Ref": "A"}}, {}]}),
        of_type("AWS::Scheduler::Schedule", Target={"Fn::If": ["X", {"Arn": "a", "RoleArn": {"Ref": "B"}}, {}]}),
        "other Target.RoleArn",
    ),
    "a bucket that is made with copies for somebody else": (
        None,
        bucket(ReplicationConfiguration={"Rules": [{"Destination": {"Account": "6" * 12}}]}),
        "ReplicationConfiguration",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROADENED)
def test_permissions_that_broaden_are_named(case: str) -> None:
    old, new, said = BROADENED[case]
    found = list(broadened({"One": old} if old else {}, {"One": new} if new else {}))
    assert [finding for finding in found if said in finding.what], found
    assert {finding.kind for finding in found} == {Kind.PERMISSIONS}


NARROWED: dict[str, tuple[Json | None, Json | None]] = {
    "the same": (policy(OLD, DENY), policy(OLD, DENY)),
    "in another order": (policy(OLD, DENY), policy(DENY, OLD)),
    "a permission less": (policy(OLD, allow("s3:PutObject")), policy(OLD)),
    "one of a pattern": (policy(allow("s3:*")), policy(OLD)),
    "a condition more": (policy(allow("s3:GetObject")), policy(allow("s3:GetObject", Condition={"a": 1}))),
    "a role that is gone": (role(trust({"AWS": "1"})), None),
    "a policy for a role less": (policy(OLD, Roles=[{"Ref": "R"}, {"Ref": "Job"}]), policy(OLD)),
    "another denial": (policy(OLD), policy(OLD, DENY)),
    "a bucket": (None, bucket()),
    "code": (None, of_type("AWS::Lambda::Function", Role={"Fn::GetAtt": ["A", "Arn"]})),
    "a rule with a role of its template": (
        None,
        of_type("AWS::Events::Rule", Targets=[{"Arn": "a", "RoleArn": {"Fn::GetAtt": ["A", "Arn"]}}]),
    ),
    "another limit of queries": (
        of_type("AWS::Athena::WorkGroup", WorkGroupConfiguration=results("s3://ours/")),
        of_type("AWS::Athena::WorkGroup", WorkGroupConfiguration=results("s3://ours/") | {"BytesScannedCutoff": 1}),
    ),
    "a workgroup that is new": (None, of_type("AWS::Athena::WorkGroup", WorkGroupConfiguration=results("s3://ours/"))),
    "another target with the same role": (
        of_type("AWS::Events::Rule", Targets=[{"Arn": "a", "RoleArn": {"Fn::GetAtt": ["A", "Arn"]}}]),
        of_type("AWS::Events::Rule", Targets=[{"Arn": "b", "RoleArn": {"Fn::GetAtt": ["A", "Arn"]}}]),
    ),
    "policies of a role that are gone": (role(Policies=[{"PolicyDocument": {"Statement": [OLD]}}]), role()),
    "the same tags in another order": (
        role(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]),
        role(Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]),
    ),
    "tags of what does nothing": (bucket(), bucket(Tags=[{"Key": "a", "Value": "1"}])),
}


@pytest.mark.parametrize("case", NARROWED)
def test_what_allows_no_more_is_not_told(case: str) -> None:
    old, new = NARROWED[case]
    assert list(broadened({"One": old} if old else {}, {"One": new} if new else {})) == []


def change(action: str, type_: str, **more: Any) -> Json:
    return {"Action": action, "LogicalResourceId": "One", "ResourceType": type_, **more}


def findings(*changes: Json, **more: Any) -> list[Finding]:
    return Prepared("stack", "arn", changes, **more).findings


@pytest.mark.parametrize("replacement", ["True", "Conditional"])
def test_what_is_replaced_is_named_and_lost_if_it_holds_data(replacement: str) -> None:
    found = findings(change("Modify", "AWS::DynamoDB::Table", Replacement=replacement))
    assert [finding.kind for finding in found] == [Kind.REPLACED, Kind.DATA]
    found = findings(change("Modify", "AWS::EC2::FlowLog", Replacement=replacement))
    assert [finding.kind for finding in found] == [Kind.REPLACED]


@pytest.mark.parametrize(
    ("policy_action", "kinds"),
    [
        (None, [Kind.REPLACED, Kind.DATA]),
        ("Delete", [Kind.REPLACED, Kind.DATA]),
        ("Retain", [Kind.REPLACED]),
        ("Snapshot", [Kind.REPLACED]),
    ],
)
def test_what_is_removed_is_named_and_lost_unless_it_is_kept(policy_action: str | None, kinds: list[Kind]) -> None:
    more = {"PolicyAction": policy_action} if policy_action else {}
    assert [finding.kind for finding in findings(change("Remove", "AWS::S3::Bucket", **more))] == kinds


@pytest.mark.parametrize("action", ["Import", "Dynamic", "SyncWithActual"])
def test_a_change_that_nobody_knows_is_told_as_such(action: str) -> None:
    assert [finding.kind for finding in findings(change(action, "AWS::S3::Bucket"))] == [Kind.UNJUDGED]


def test_what_changes_values_without_changing_properties_is_told() -> None:
    """The same property, another mapping behind it."""
    resources = {"One": bucket(rule(ExpirationInDays={"Fn::FindInMap": ["M", "a", "b"]}))}
    before, after = ({"Resources": resources, "Mappings": {"M": {"a": {"b": days}}}} for days in (30, 1))
    found = findings(before=before, after=after)
    assert [finding.kind for finding in found] == [Kind.UNJUDGED]


def test_values_behind_references_are_judged_where_cloudformation_tells_them() -> None:
    """The property is a reference before and after: only the values say that it expires earlier."""
    sides = {
        f"{side}Context": f'{{"Properties": {{"LifecycleConfiguration": {{"Rules": [{{"Status": "Enabled", '
        f'"ExpirationInDays": {days}}}]}}}}}}'
        for side, days in (("Before", 30), ("After", 1))
    }
    found = findings(change("Modify", "AWS::S3::Bucket", Replacement="False", **sides))
    assert [(finding.kind, finding.what) for finding in found] == [(Kind.DATA, "expires objects (ExpirationInDays 1)")]


def test_a_parameter_that_gets_another_value_is_told() -> None:
    found = findings(parameters={"Days": ("30", "1"), "New": (None, "x")})
    assert [(finding.kind, finding.resource) for finding in found] == [(Kind.UNJUDGED, "Days")]


def prepared(*changes: Json, stack: str = "stack", **more: Any) -> Prepared:
    return Prepared(stack, f"arn:{stack}", changes, **more)


def test_the_request_says_that_nothing_is_to_be_feared_only_then() -> None:
    assert message([prepared(), prepared(stack="two")], own="stack").startswith("No data is lost, no permissions")
    assert "No data is lost" not in message([prepared(change("Remove", "AWS::S3::Bucket"))], own="own")


def test_the_request_says_that_the_pipeline_changes_itself() -> None:
    changed = prepared(change("Add", "AWS::CodeBuild::Project"), stack="own")
    assert "THE PIPELINE CHANGES ITSELF" in message([changed], own="own")
    assert "THE PIPELINE CHANGES ITSELF" not in message([changed], own="another")


def test_the_request_fits_and_says_first_what_is_worst_however_much_there_is() -> None:
    """A thousand harmless replacements hide no loss: each kind is counted before anything is told."""
    route = change("Modify", "AWS::EC2::Route", Replacement="True")
    changes = [{**route, "LogicalResourceId": f"R{number}"} for number in range(999)]
    text = message([prepared(*changes, change("Remove", "AWS::S3::Bucket"))], own="own")
    assert text.startswith("DATA WILL BE LOST (1). REPLACED OR REMOVED (1000).")
    assert "stack/One goes with what it holds" in text
    assert text.endswith("more: READ THE LOG.")
    assert len(text) <= LONGEST + 40
    assert "\n" not in text


def test_what_somebody_pushed_cannot_speak_in_the_request() -> None:
    """Names and values are chosen by whoever is to be approved."""
    says = "x). No data is lost, no permissions are broadened.\nApproved by security #{a.B}"
    after = {"One": policy(allow(says, says)), "Two": role(trust({"AWS": says}))}
    text = message([Prepared("stack", "arn", (change("Add", "AWS::IAM::Policy"),), after={"Resources": after})], own="")
    assert text.startswith("PERMISSIONS ARE BROADENED (2).")
    for word in ("No data is lost", "by security", "#{", "\n", "x)"):
        assert word not in text


def test_what_is_new_is_told_once_though_template_and_values_say_it_in_other_words() -> None:
    template = {"Resources": {"One": role(trust({"AWS": {"Ref": "Account"}}))}}
    value = json.dumps({"Properties": role(trust({"AWS": "1"}))["Properties"]})
    found = findings(change("Add", "AWS::IAM::Role", AfterContext=value), after=template)
    assert [finding.kind for finding in found] == [Kind.PERMISSIONS]
    hidden = {"Resources": {"One": role()}}
    assert [
        finding.kind for finding in findings(change("Add", "AWS::IAM::Role", AfterContext=value), after=hidden)
    ] == [Kind.PERMISSIONS]
