"""Where data is protected, replicas and delete markers come from the other Region's role, and from nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.synth.synthesis import Template
from tests.synth.two_regions import ORGANIZATION, PRIMARY, REGIONS, SECONDARY, both_regions, plain
from tests.tools.scripts.bootstrap.iam_evaluation import matches, texts

ACCOUNT = "444444444444"
OTHER = {PRIMARY: SECONDARY, SECONDARY: PRIMARY}
Context = Mapping[str, str]


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def storage(region: str) -> Template:
    return both_regions("prod", "infra").stack(region, "Storage")


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def denied_by(storage: Template, bucket: str, principal: str, action: str, key: str = "", **more: str) -> set[str]:
    """The statements of a bucket's policy that deny a call to a role of the account and its organization.

    By the rules of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    (policy,) = [
        plain(each["PolicyDocument"])
        for id_, each in storage.resources("AWS::S3::BucketPolicy").items()
        if id_.startswith(bucket)
    ]
    (id_,) = [id_ for id_ in storage.resources("AWS::S3::Bucket") if id_.startswith(bucket)]
    context = {
        "aws:PrincipalArn": principal,
        "aws:PrincipalOrgID": ORGANIZATION,
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        **more,
    }
    resource = f"<{id_}.Arn>/{key}" if key else f"<{id_}.Arn>"
    return {
        str(one.get("Sid", "TLS"))
        for one in policy["Statement"]
        if one["Effect"] == "Deny" and _is_about(one, action, resource) and _holds(one.get("Condition", {}), context)
    }


def _is_about(statement: dict[str, Any], action: str, resource: str) -> bool:
    named = statement.get("Resource")
    applies = (
        any(matches(one, resource) for one in texts(named))
        if named is not None
        else not any(matches(one, resource) for one in texts(statement["NotResource"]))
    )
    return applies and any(matches(one, action) for one in texts(statement["Action"]))


def _holds(conditions: dict[str, Any], context: Context) -> bool:
    return all(
        _compare(operator, context.get(key), texts(wanted))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _compare(operator: str, found: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return str(found is None).lower() in wanted
    if operator.endswith("IfExists"):
        return found is None or _compare(operator.removesuffix("IfExists"), found, wanted)
    if operator in ("ArnNotEquals", "ArnNotLike", "StringNotEquals"):
        return found is None or not any(matches(one, found) for one in wanted)
    assert operator in ("ArnEquals", "Bool", "StringEquals", "StringLike"), operator
    return found is not None and any(matches(one, found) for one in wanted)


REPLICATED = [("Staging", "sales/orders/LOAD00000001.parquet"), ("Raw", "nyc-taxi/yellow/2026-01.parquet")]
WRITING = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]


@pytest.mark.parametrize(("bucket", "key"), REPLICATED)
@pytest.mark.parametrize("action", WRITING)
def test_the_partners_role_writes_replicas_and_delete_markers(
    storage: Template, region: str, bucket: str, key: str, action: str
) -> None:
    """Nothing of the organization's perimeter, of the private network or of the guard stands in its way."""
    replicator = role(f"odp-prod-replication-from-{OTHER[region]}")
    assert denied_by(storage, bucket, replicator, action, key) == set()


@pytest.mark.parametrize(("bucket", "key"), REPLICATED)
@pytest.mark.parametrize("action", WRITING)
@pytest.mark.parametrize(
    "name", ["Admin", "dms-landing", "odp-prod-etl-Odp-Jobs-1A2B", "odp-prod-region-link-us-east-1"]
)
def test_nobody_else_does(storage: Template, bucket: str, key: str, action: str, name: str) -> None:
    """A replica may have any version id and any landing time: whoever could write one could falsify what landed."""
    assert "KeepReplicas" in denied_by(storage, bucket, role(name), action, key)


def test_this_regions_own_role_does_not_write_here(storage: Template, region: str) -> None:
    own = role(f"odp-prod-replication-from-{region}")
    assert "KeepReplicas" in denied_by(storage, "Staging", own, "s3:ReplicateObject", "a/b/LOAD1.parquet")


def test_the_partners_role_writes_no_tables(storage: Template, region: str) -> None:
    replicator = role(f"odp-prod-replication-from-{OTHER[region]}")
    for bucket, key in (("Raw", "odpf_trips/t/1.parquet"), ("Conformed", "nyc_taxi_conformed/t/1.parquet")):
        assert denied_by(storage, bucket, replicator, "s3:ReplicateObject", key)


def test_the_partners_role_deletes_nothing_but_by_delete_markers(storage: Template, region: str) -> None:
    replicator = role(f"odp-prod-replication-from-{OTHER[region]}")
    for bucket, key in REPLICATED:
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
            assert denied_by(storage, bucket, replicator, action, key)


@pytest.mark.parametrize("bucket", ["Staging", "Raw"])
def test_the_function_of_this_region_sets_the_replication_and_nobody_else_but_the_deployer(
    storage: Template, region: str, bucket: str
) -> None:
    action = "s3:PutReplicationConfiguration"
    deployer = role(f"cdk-odpprod-cfn-exec-role-{ACCOUNT}-{region}")
    assert denied_by(storage, bucket, role(f"odp-prod-region-link-{region}"), action) == set()
    assert denied_by(storage, bucket, deployer, action) == set()
    for other in ("Admin", f"odp-prod-region-link-{OTHER[region]}", f"odp-prod-replication-from-{region}"):
        assert denied_by(storage, bucket, role(other), action) == {"KeepReplication"}


@pytest.mark.parametrize("bucket", ["AccessLogs", "AthenaResults", "Config", "Conformed", "PurposeBuilt"])
def test_the_other_buckets_are_replicated_by_nobody(storage: Template, region: str, bucket: str) -> None:
    linker = role(f"odp-prod-region-link-{region}")
    assert denied_by(storage, bucket, linker, "s3:PutReplicationConfiguration") == {"KeepBucket"}


def test_the_function_may_change_no_other_protection(storage: Template, region: str) -> None:
    linker = role(f"odp-prod-region-link-{region}")
    for action in ("s3:PutBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"):
        assert denied_by(storage, "Staging", linker, action) == {"KeepBucket"}


def test_the_roles_of_the_link_are_those_that_the_policies_name(region: str) -> None:
    link = both_regions("prod", "infra").stack(
        region, {PRIMARY: "RegionLinkOfPrimary", SECONDARY: "RegionLink"}[region]
    )
    names = {each.get("RoleName") for each in link.resources("AWS::IAM::Role").values()}
    assert names == {f"odp-prod-region-link-{region}", f"odp-prod-replication-from-{region}"}
    for each in link.resources("AWS::IAM::Role").values():
        assert "odp:private-network" not in str(each.get("Tags")), "the buckets would admit it from the VPC only"
