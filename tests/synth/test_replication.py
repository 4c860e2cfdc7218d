"""What is promised of the replication by DMS: no setting loses data, rights are least, a manifest entry is enough."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.core import get_rules
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from scripts.bootstrap.execution_policy.policies import environment_policies
from tests.configuration import KNOWN_MANIFESTS
from tests.synth.configurations import Json, configured_app, known, platform_of, synthesised
from tests.synth.conftest import findings_of
from tests.synth.synthesis import Template, templates
from tests.synth.test_cfn_lint import found_in
from tests.synth.test_private_network import reached

CERTIFICATE = "arn:aws:dms:us-east-1:222222222222:cert:AUTHORITY"
DATABASE: Json = {
    "engine": "mysql",
    "network": "10.50.0.0/24",
    "secret": "source-database",
    "certificate_arn": CERTIFICATE,
}


def with_replication(**changes: object) -> Json:
    """The known configuration, whose dev has DMS replicate its one source."""
    document = known()
    dev = document["environments"]["dev"]
    dev["sources"] = {"default": {"replication": {**DATABASE, **changes}}}
    dev["interface_endpoints"] = ["secretsmanager"]
    return document


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """Both apps of a lake with a serverless replication."""
    found: dict[str, Template] = {}
    for app in ("infra", "etl"):
        found |= synthesised(with_replication(), tmp_path_factory.mktemp(app), app, direct="dev")
    return found


@pytest.fixture(scope="module")
def stack(lake: dict[str, Template]) -> Template:
    return lake["odp-dev-etl-Replication"]


@pytest.fixture(scope="module")
def replication(stack: Template) -> Json:
    return stack.only("AWS::DMS::ReplicationConfig")


def rules(replication: Json, kind: str, action: str) -> list[Json]:
    return [
        rule
        for rule in replication["TableMappings"]["rules"]
        if (rule["rule-type"], rule["rule-action"]) == (kind, action)
    ]


def statements(template: Template) -> Iterator[Json]:
    for policy in template.resources("AWS::IAM::Policy").values():
        yield from policy["PolicyDocument"]["Statement"]


def actions_of(template: Template, role_id: str) -> set[str]:
    found: set[str] = set()
    for policy in template.resources("AWS::IAM::Policy").values():
        if policy["Roles"] == [{"Ref": role_id}]:
            for statement in policy["PolicyDocument"]["Statement"]:
                listed = statement["Action"]
                found |= {listed} if isinstance(listed, str) else set(listed)
    return found


def test_an_environment_without_replication_has_no_such_stack(synthesis: Any) -> None:
    assert not [name for name in synthesis.templates if name.endswith("Replication")]


def test_each_table_of_the_manifests_is_selected_by_its_whole_name(replication: Json) -> None:
    named = {
        entry["source_table_name"]
        for file in KNOWN_MANIFESTS.glob("*.json")
        for entry in json.loads(file.read_text()).get("raw_table_configs", [])
    }
    chosen = {
        f"{rule['object-locator']['schema-name']}.{rule['object-locator']['table-name']}".replace("[_]", "_")
        for rule in rules(replication, "selection", "include")
    }
    assert chosen == named
    assert named


def test_an_underscore_in_a_name_stands_for_itself_alone(replication: Json) -> None:
    for rule in rules(replication, "selection", "include"):
        for name in rule["object-locator"].values():
            assert "_" not in name.replace("[_]", "")
            assert "%" not in name


def test_rules_have_ids_of_their_own(replication: Json) -> None:
    ids = [rule["rule-id"] for rule in replication["TableMappings"]["rules"]]
    assert len(set(ids)) == len(ids)


def test_changes_carry_their_sequence_and_the_former_key(replication: Json) -> None:
    (added,) = rules(replication, "transformation", "add-column")
    assert (added["value"], added["expression"]) == ("CDC_TIMESTAMP_SEQ", "$AR_H_CHANGE_SEQ")
    assert added["data-type"] == {"type": "string", "length": 35}
    (before,) = rules(replication, "transformation", "add-before-image-columns")
    assert before["before-image-def"]["column-filter"] == "pk-only"


def test_no_default_that_loses_data_is_left(stack: Template, replication: Json) -> None:
    settings = replication["ReplicationSettings"]
    assert settings["ErrorBehavior"]["DataErrorPolicy"] == "SUSPEND_TABLE"
    assert settings["ErrorBehavior"]["DataTruncationErrorPolicy"] == "SUSPEND_TABLE"
    assert settings["ErrorBehavior"]["ApplyErrorFailOnTruncationDdl"] is True
    assert settings["FullLoadSettings"]["TargetTablePrepMode"] == "DO_NOTHING"
    assert settings["ChangeProcessingDdlHandlingPolicy"]["HandleSourceTableTruncated"] is False
    assert settings["ChangeProcessingDdlHandlingPolicy"]["HandleSourceTableDropped"] is False
    assert settings["TargetMetadata"]["BatchApplyEnabled"] is False
    files = endpoint(stack, "target")["S3Settings"]
    assert files["DataFormat"] == "parquet"
    assert files["IncludeOpForFullLoad"] is True
    assert not files["CdcInsertsOnly"]
    assert not files["CdcInsertsAndUpdates"]
    assert files["ParquetTimestampInMillisecond"] is False


@pytest.mark.parametrize("kind", ["serverless", "instance"])
def test_cdk_nag_and_cfn_lint_find_nothing(kind: str, tmp_path: Path) -> None:
    app = configured_app(with_replication(kind=kind), tmp_path, "etl", direct="dev")
    assert findings_of(app, tmp_path / "out") == set()
    template = templates(tmp_path / "out")["odp-dev-etl-Replication"]
    rules_of_lint = get_rules([], [], ["I", "W", "E"], {}, False)
    assert [each for each in found_in(template, template.body, rules_of_lint) if not each.answers] == []


def test_cloudformation_may_make_what_the_stack_has(stack: Template, tmp_path: Path) -> None:
    platform = platform_of(with_replication(), tmp_path)
    allowed = {
        f"{grant.service}:{action}"
        for policy in environment_policies(platform, platform.environments["dev"])
        for grant in policy.grants
        for action in grant.actions
    }
    for type_ in stack.types():
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema["handlers"]
        if type_.startswith("AWS::DMS::"):
            needed = {action for one in handlers.values() for action in one["permissions"]}
            assert {action for action in needed if not is_of_other_features(action)} <= allowed


def is_of_other_features(action: str) -> bool:
    """Rights for targets that are no buckets, for endpoints under keys of ours, and for roles that DMS makes itself."""
    prefixes = ("rds:", "redshift:", "kms:", "iam:Attach", "iam:PutRole", "iam:UpdateRole", "iam:DeleteService")
    return action.startswith((*prefixes, "iam:GetServiceLinkedRoleDeletionStatus"))


def endpoint(stack: Template, type_: str) -> Json:
    (found,) = (each for each in stack.resources("AWS::DMS::Endpoint").values() if each["EndpointType"] == type_)
    return found


def test_files_rest_under_the_key_of_the_lake_from_the_first_one(stack: Template) -> None:
    files = endpoint(stack, "target")["S3Settings"]
    assert files["EncryptionMode"] == "SSE_KMS"
    assert "kmsdatakeyarn" in json.dumps(files["ServerSideEncryptionKmsKeyId"])


def test_the_database_is_known_by_a_secret_and_checked_by_a_certificate(stack: Template) -> None:
    source = endpoint(stack, "source")
    assert source["SslMode"] == "verify-full"
    assert source["CertificateArn"] == CERTIFICATE
    assert {"SecretsManagerAccessRoleArn", "SecretsManagerSecretId"} <= source["MySqlSettings"].keys()
    assert not source.keys() & {"Password", "Username", "ServerName", "Port"}


def test_secrets_manager_is_reached_by_the_endpoint_in_the_vpc(stack: Template) -> None:
    assert "secretsManagerEndpointOverride=" in json.dumps(endpoint(stack, "source")["ExtraConnectionAttributes"])


def test_the_role_that_reads_the_secret_does_nothing_else(stack: Template) -> None:
    (role,) = (id_ for id_ in stack.resources("AWS::IAM::Role") if "SecretRole" in id_)
    assert actions_of(stack, role) == {
        "kms:Decrypt",
        "kms:DescribeKey",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }


def test_the_role_that_writes_reads_no_file(stack: Template) -> None:
    roles = stack.resources("AWS::IAM::Role")
    (role,) = (id_ for id_, each in roles.items() if each.get("RoleName") == "odp-dev-dms-default")
    allowed = actions_of(stack, role)
    assert {"s3:PutObject", "s3:DeleteObject"} <= allowed
    assert not allowed & {"s3:GetObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl"}


def test_only_dms_of_this_account_takes_the_roles(stack: Template) -> None:
    roles = stack.resources("AWS::IAM::Role").values()
    principals = []
    for role in roles:
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        if "dms" in statement["Principal"].get("Service", ""):
            principals.append(statement["Principal"]["Service"])
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == "222222222222"
    assert sorted(principals) == ["dms.amazonaws.com", "dms.us-east-1.amazonaws.com"]


def test_the_vpc_lets_dms_reach_the_database_and_aws_alone(lake: dict[str, Template]) -> None:
    network = lake["odp-dev-infra-Network"]
    group = network.only("AWS::EC2::SecurityGroup", "Replication")
    reached = {(str(rule.get("CidrIp")), rule["FromPort"]) for rule in group["SecurityGroupEgress"]}
    assert ("10.50.0.0/24", 3306) in reached
    assert {port for _, port in reached} == {443, 3306}
    assert "SecurityGroupIngress" not in group


def test_the_endpoint_of_secrets_manager_is_open_to_dms(lake: dict[str, Template]) -> None:
    network = lake["odp-dev-infra-Network"]
    (group,) = (id_ for id_ in network.resources("AWS::EC2::SecurityGroup") if id_.startswith("Replication"))
    opened = [
        rule
        for rule in network.resources("AWS::EC2::SecurityGroupIngress").values()
        if rule["SourceSecurityGroupId"] == {"Fn::GetAtt": [group, "GroupId"]}
    ]
    assert len(opened) == 1


def test_without_the_endpoint_a_nat_gateway_leads_to_the_secret(tmp_path: Path) -> None:
    document = with_replication()
    document["environments"]["dev"] |= {"interface_endpoints": [], "nat_gateways": 1}
    network = synthesised(document, tmp_path, direct="dev")["odp-dev-infra-Network"]
    group = network.only("AWS::EC2::SecurityGroup", "Replication")
    assert "0.0.0.0/0" in {rule.get("CidrIp") for rule in group["SecurityGroupEgress"] if rule["FromPort"] == 443}


def test_the_role_of_a_source_writes_into_the_folders_of_its_schemas_alone(stack: Template) -> None:
    (objects,) = (one for one in statements(stack) if "s3:PutObject" in one["Action"])
    assert json.dumps(objects["Resource"]).count("/*") == json.dumps(objects["Resource"]).count("/taxi_trips/*") == 1


def test_silence_of_a_replication_is_an_alarm(stack: Template) -> None:
    alarms = [each for each in stack.resources("AWS::CloudWatch::Alarm").values() if each.get("Namespace") == "AWS/DMS"]
    assert {each["MetricName"] for each in alarms} == {"CDCLatencySource", "CDCLatencyTarget", "CapacityUtilization"}
    assert {each["TreatMissingData"] for each in alarms} == {"breaching"}


@pytest.mark.parametrize(
    ("event_type", "is_told"),
    [("REPLICATION_FAILED", True), ("REPLICATION_STOPPED", True), ("REPLICATION_STARTED", False)],
)
def test_failures_and_stops_are_told_and_starts_are_not(stack: Template, event_type: str, is_told: bool) -> None:
    pattern = stack.only("AWS::Events::Rule")["EventPattern"]
    assert "DMS Replication State Change" in pattern["detail-type"]
    suffixes = [each["suffix"] for each in pattern["detail"]["eventType"] if "suffix" in each]
    assert any(event_type.endswith(suffix) for suffix in suffixes) is is_told


def test_a_protected_bucket_lets_dms_replace_its_files(tmp_path: Path) -> None:
    document = with_replication()
    prod = document["environments"]["prod"]
    prod |= {key: document["environments"]["dev"][key] for key in ("sources", "interface_endpoints")}
    storage = synthesised(document, tmp_path, direct="prod")["odp-prod-infra-Storage"]
    denials = json.dumps(storage.resources("AWS::S3::BucketPolicy"))
    assert "role/odp-prod-dms-default" in denials


def test_an_instance_takes_the_same_settings_as_text(tmp_path: Path, replication: Json) -> None:
    document = with_replication(kind="instance")
    stack = synthesised(document, tmp_path, "etl", direct="dev")["odp-dev-etl-Replication"]
    task = stack.only("AWS::DMS::ReplicationTask")
    assert json.loads(task["TableMappings"]) == replication["TableMappings"]
    assert json.loads(task["ReplicationTaskSettings"]) == replication["ReplicationSettings"]
    assert stack.only("AWS::DMS::ReplicationInstance")["PubliclyAccessible"] is False


@pytest.mark.parametrize(
    ("kind", "arn", "action"),
    [
        ("serverless", "replication-config:odp-dev-default", "dms:DescribeReplicationTableStatistics"),
        ("instance", "task:odp-dev-default", "dms:DescribeTableStatistics"),
    ],
)
def test_the_sweep_asks_about_the_tables_of_the_replications_and_does_nothing_else_with_dms(
    kind: str, arn: str, action: str, tmp_path: Path
) -> None:
    found = synthesised(with_replication(kind=kind), tmp_path, "etl", direct="dev")
    odp, replication = found["odp-dev-etl-Odp"], found["odp-dev-etl-Replication"]
    whole = f"arn:aws:dms:us-east-1:222222222222:{arn}"
    sweep = odp.only("AWS::Lambda::Function", "FileManagerSweep")["Environment"]["Variables"]
    assert json.loads(sweep["REPLICATIONS"]) == {"default": whole}
    with_dms = [one for one in statements(odp) if "dms:" in json.dumps(one["Action"])]
    assert [(one["Action"], one["Resource"]) for one in with_dms] == [(action, whole)]
    type_ = {"serverless": "ReplicationConfig", "instance": "ReplicationTask"}[kind]
    assert whole.endswith(f":{replication.only(f'AWS::DMS::{type_}')['ResourceIdentifier']}")


def test_in_a_private_network_functions_reach_dms_where_a_source_is_replicated(tmp_path: Path) -> None:
    document = with_replication()
    document["environments"]["dev"] |= {"private_network": True}
    network = synthesised(document, tmp_path, direct="dev")["odp-dev-infra-Network"]
    assert "dms" in reached(network, "Functions")


def test_a_source_of_which_no_manifest_names_a_table_stops_the_synthesis(tmp_path: Path) -> None:
    document = with_replication()
    document["environments"]["dev"]["sources"]["erp"] = {"folder": "erp", "replication": DATABASE}
    with pytest.raises(Exception, match="source erp has a replication, but no manifest names a table of it"):
        synthesised(document, tmp_path, "etl", direct="dev")
