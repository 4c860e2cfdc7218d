"""The link of two Regions replicates landed files and secrets, by roles that can do nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_permissions import as_list, statements
from tests.synth.two_regions import PRIMARY, REGIONS, SECONDARY, both_regions, plain

LINKS = {PRIMARY: "RegionLinkOfPrimary", SECONDARY: "RegionLink"}
OTHER = {PRIMARY: SECONDARY, SECONDARY: PRIMARY}


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def link(environment: str, region: str) -> Template:
    return both_regions(environment, "infra").stack(region, LINKS[region])


def rights(template: Template, role: str) -> list[dict[str, Any]]:
    """What a role may do, with what the link finds out in angle brackets."""
    return [plain(statement) for granted, statement in statements(template) if granted == role]


def test_cdk_nag_finds_nothing(environment: str) -> None:
    assert both_regions(environment, "infra").findings == frozenset()


def test_a_secondary_changes_nothing_of_the_buckets_of_the_primary(synthesis: Synthesis, environment: str) -> None:
    """A bucket with another name would be an empty one."""
    alone = synthesis.templates[f"odp-{environment}-infra-Storage"]
    with_secondary = both_regions(environment, "infra").stack(PRIMARY, "Storage")
    assert with_secondary.resources("AWS::S3::Bucket") == alone.resources("AWS::S3::Bucket")
    assert with_secondary.resources("AWS::KMS::Key").keys() == alone.resources("AWS::KMS::Key").keys()


def test_the_data_key_has_the_same_alias_in_both_regions_and_none_where_there_is_one(
    synthesis: Synthesis, environment: str, region: str
) -> None:
    storage = both_regions(environment, "infra").stack(region, "Storage")
    (key,) = storage.resources("AWS::KMS::Key")
    assert storage.only("AWS::KMS::Alias") == {
        "AliasName": f"alias/odp-{environment}-data",
        "TargetKeyId": {"Fn::GetAtt": [key, "Arn"]},
    }
    assert not synthesis.templates[f"odp-{environment}-infra-Storage"].resources("AWS::KMS::Alias")


def test_both_links_are_deployed_after_the_storage_and_the_secrets_of_the_secondary(environment: str) -> None:
    """The primary's stage is deployed before the secondary's; S3 takes no rule whose destination is missing."""
    both = both_regions(environment, "infra")
    for region, name in LINKS.items():
        dependencies = str(both.stack(region, name).properties) + str(_dependencies(both.stack(region, name)))
        assert "Storage" in dependencies
        assert "Secrets" in dependencies


def _dependencies(template: Template) -> list[str]:
    import json

    artifacts = json.loads((template.folder / "manifest.json").read_text())["artifacts"]
    (found,) = [
        artifact.get("dependencies", [])
        for artifact in artifacts.values()
        if artifact.get("properties", {}).get("templateFile") == template.properties["templateFile"]
    ]
    return list(found)


def test_landed_files_and_taxi_files_are_replicated_and_no_tables(link: Template, environment: str) -> None:
    rules = [plain(rule) for rule in link.resources("Custom::BucketReplication").values()]
    found = {rule["RuleId"]: (rule["Bucket"], rule["Prefix"], rule["DestinationBucket"]) for rule in rules}
    assert found == {
        "LandedFiles": ("<OwnStaging>", "", "<PartnerStaging>"),
        "TaxiFiles": ("<OwnRaw>", "nyc-taxi/", "<PartnerRaw>"),
    }
    assert {rule["DestinationKey"] for rule in rules} == {"<PartnerDataKey>"}
    assert {rule["Account"] for rule in rules} == {ACCOUNTS[environment]}


def test_a_rule_is_set_after_the_rights_that_it_needs_and_again_by_each_deployment(link: Template) -> None:
    for id_, resource in link.body["Resources"].items():
        if resource["Type"] == "Custom::BucketReplication":
            assert {one[:-8] for one in resource["DependsOn"]} == {
                "LinkMayReplicate",
                "ReplicatorDefaultPolicy",
                "Replicator",
            }, id_
            assert "Deployed" in resource["Properties"]


def test_s3_takes_the_role_for_the_buckets_of_this_region_alone(link: Template, environment: str, region: str) -> None:
    role = plain(link.only("AWS::IAM::Role", "Replicator"))
    assert role["RoleName"] == f"odp-{environment}-replication-from-{region}"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Condition": {
                "StringEqualsIfExists": {"aws:SourceAccount": ACCOUNTS[environment]},
                "ArnEqualsIfExists": {"aws:SourceArn": ["arn:aws:s3:::<OwnStaging>", "arn:aws:s3:::<OwnRaw>"]},
            },
        }
    ]


def test_the_role_reads_what_is_replicated_and_writes_replicas_and_nothing_else(
    link: Template, environment: str, region: str
) -> None:
    """The statements of AWS's example, with the buckets, prefixes and keys of this lake.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
    """
    own = {"StringEquals": {"aws:ResourceAccount": ACCOUNTS[environment]}}
    key_header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    source, replica = (
        [f"arn:aws:s3:::<{side}Raw>/nyc-taxi/*", f"arn:aws:s3:::<{side}Staging>/*"] for side in ("Own", "Partner")
    )

    def key_use(side: str, of: str) -> dict[str, Any]:
        buckets = [f"arn:aws:s3:::<{side}{name}>{end}" for name in ("Staging", "Raw") for end in ("", "/*")]
        return {
            "StringEquals": {"kms:ViaService": f"s3.{of}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": buckets},
        }

    assert rights(link, "Replicator") == [
        {
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Effect": "Allow",
            "Resource": ["arn:aws:s3:::<OwnRaw>", "arn:aws:s3:::<OwnStaging>"],
        },
        {
            "Action": ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            "Effect": "Allow",
            "Resource": source,
            "Condition": own,
        },
        {
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Effect": "Allow",
            "Resource": replica,
            "Condition": {**own, "StringEqualsIfExists": {key_header: ["<PartnerDataKey>"]}},
        },
        {"Action": "s3:ReplicateDelete", "Effect": "Allow", "Resource": replica, "Condition": own},
        {
            "Action": "kms:Decrypt",
            "Effect": "Allow",
            "Resource": "<OwnDataKey>",
            "Condition": key_use("Own", region),
        },
        {
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
            "Effect": "Allow",
            "Resource": "<PartnerDataKey>",
            "Condition": key_use("Partner", OTHER[region]),
        },
    ]


def test_the_function_reads_no_data_and_sets_replication_of_these_buckets_alone(
    link: Template, environment: str
) -> None:
    found = {action: statement for statement in rights(link, "LinkRole") for action in as_list(statement["Action"])}
    secrets = {action for action in found if action.startswith(("secretsmanager:", "kms:"))}
    assert found.keys() - secrets == {
        "iam:PassRole",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetReplicationConfiguration",
        "s3:PutReplicationConfiguration",
        "ssm:GetParameter",
    }
    setting = found["s3:PutReplicationConfiguration"]
    assert setting["Resource"] == ["arn:aws:s3:::<OwnRaw>", "arn:aws:s3:::<OwnStaging>"]
    assert setting["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNTS[environment]}}
    passing = found["iam:PassRole"]
    assert passing["Resource"].startswith("<Replicator")
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}
    account = ACCOUNTS[environment]
    assert all(f":{account}:parameter/odp/{environment}/" in arn for arn in found["ssm:GetParameter"]["Resource"])


def test_secrets_of_the_primary_have_replicas_under_the_secondary_s_key_of_secrets(environment: str) -> None:
    both = both_regions(environment, "infra")
    primary, secondary = (both.stack(region, LINKS[region]) for region in REGIONS)
    assert {key: value for key, value in plain(primary.only("Custom::SecretReplicas")).items() if key[0] != "S"} == {
        "Names": [f"odp/{environment}/source-database"],
        "ReplicaRegion": SECONDARY,
        "ReplicaKey": "<PartnerSecretsKey>",
        "Deployed": "",
    }
    assert not secondary.resources("Custom::SecretReplicas")
    found = {action: statement for statement in rights(primary, "LinkRole") for action in as_list(statement["Action"])}
    arn = f"arn:aws:secretsmanager:{PRIMARY}:{ACCOUNTS[environment]}:secret:odp/{environment}/source-database-??????"
    assert found["secretsmanager:ReplicateSecretToRegions"]["Resource"] == arn
    assert "secretsmanager:GetSecretValue" not in found
    services = [f"secretsmanager.{region}.amazonaws.com" for region in REGIONS]
    assert found["kms:Decrypt"]["Condition"] == {"StringEquals": {"kms:ViaService": services}}


def test_in_the_secondary_no_secret_is_made_and_the_replicas_are_published_under_the_same_names(
    environment: str,
) -> None:
    both = both_regions(environment, "infra")
    secrets, link = both.stack(SECONDARY, "Secrets"), both.stack(SECONDARY, "RegionLink")
    assert not secrets.resources("AWS::SecretsManager::Secret")
    published = {
        each["Name"]: plain(each["Value"])
        for stack in (secrets, link)
        for each in stack.resources("AWS::SSM::Parameter").values()
    }
    assert published[f"/odp/{environment}/secrets/source-database"] == "<ReplicaSourceDatabase>"
    assert f"/odp/{environment}/kms/secrets-key-arn" in published


def test_each_region_publishes_the_buckets_of_the_other_one(link: Template, environment: str) -> None:
    published = {each["Name"]: plain(each["Value"]) for each in link.resources("AWS::SSM::Parameter").values()}
    assert published[f"/odp/{environment}/partner/buckets/staging"] == "<PartnerStaging>"
    assert published[f"/odp/{environment}/partner/buckets/raw"] == "<PartnerRaw>"


def test_only_the_function_s_code_is_deployed(link: Template) -> None:
    (folder,) = [path for path in link.folder.parent.glob("asset.*") if (path / "region_link").is_dir()]
    assert {path.name for path in folder.iterdir()} == {"region_link"}
    assert {path.suffix for path in (folder / "region_link").iterdir()} == {".py"}


def test_no_parameter_of_the_template_is_read_before_the_storage_is_deployed(link: Template) -> None:
    """A pipeline prepares all change sets first, and CloudFormation reads SSM parameters while it prepares one."""
    types = {name: each["Type"] for name, each in link.body.get("Parameters", {}).items()}
    assert set(types) <= {"BootstrapVersion"}


# The experiment of AWS FIS.


def test_an_experiment_pauses_both_kinds_of_replication_for_a_while(region: str) -> None:
    link = both_regions("dev", "infra").stack(region, LINKS[region])
    template = plain(link.only("AWS::FIS::ExperimentTemplate"))
    assert template["Actions"] == {
        "PauseBuckets": {
            "ActionId": "aws:s3:bucket-pause-replication",
            "Parameters": {"duration": "PT30M", "region": OTHER[region]},
            "Targets": {"Buckets": "Buckets"},
        },
        "PauseTable": {
            "ActionId": "aws:dynamodb:global-table-pause-replication",
            "Parameters": {"duration": "PT30M"},
            "Targets": {"Tables": "Table"},
        },
    }
    table = f"arn:aws:dynamodb:{region}:222222222222:table/odpf_region"
    assert {name: target["ResourceArns"] for name, target in template["Targets"].items()} == {
        "Buckets": ["arn:aws:s3:::<OwnStaging>", "arn:aws:s3:::<OwnRaw>"],
        "Table": [table],
    }


def test_its_role_has_exactly_the_rights_that_aws_lists_for_the_two_actions(region: str) -> None:
    """https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html, without what MRSC tables need."""
    link = both_regions("dev", "infra").stack(region, LINKS[region])
    found = {action: statement for statement in rights(link, "PauseRole") for action in as_list(statement["Action"])}
    assert found.keys() == {
        "dynamodb:DeleteResourcePolicy",
        "dynamodb:DescribeTable",
        "dynamodb:GetResourcePolicy",
        "dynamodb:PutResourcePolicy",
        "s3:GetReplicationConfiguration",
        "s3:ListAllMyBuckets",
        "s3:PauseReplication",
        "s3:PutReplicationConfiguration",
        "tag:GetResources",
    }
    for action in ("s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"):
        assert found[action]["Condition"]["BoolIfExists"] == {"s3:isReplicationPauseRequest": "true"}
    assert found["s3:PauseReplication"]["Condition"]["StringEquals"]["s3:destinationRegion"] == OTHER[region]
    everywhere = {action for action, statement in found.items() if statement["Resource"] == "*"}
    assert everywhere == {"s3:ListAllMyBuckets", "tag:GetResources"}


def test_a_protected_environment_has_no_experiment(region: str) -> None:
    link = both_regions("prod", "infra").stack(region, LINKS[region])
    assert not {type_ for type_ in link.types() if type_.startswith("AWS::FIS")}
