"""odpf_region is one table with a replica in each Region; code reads it, marks files in it, and begins no epoch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws
from odp.dynamodb.landing_marks import TABLES, marks_of

from lake.ledger.regions import EPOCHS, RegionSettings, StandbyMode
from scripts.idle_cost import assumptions
from tests.synth.called_actions import Actions, of_the_batch_manager, of_the_file_manager, of_the_sweep, prepare
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_alerts import name_of, rows
from tests.synth.test_permissions import as_list, statements
from tests.synth.test_region_link import LINKS
from tests.synth.two_regions import PRIMARY, REGIONS, SECONDARY, both_regions, plain
from tests.tools.scripts.bootstrap.iam_evaluation import matches

OTHER = {PRIMARY: SECONDARY, SECONDARY: PRIMARY}
READS_EPOCHS = {
    "FileProcessorBatchManagerRole",
    "FileProcessorJobsRole",
    "FileProcessorNativeRole",
    "FlowBundlesRole",
    "FlowJobsConformedRole",
    "FlowJobsPurposeBuiltRole",
}
MARKS_FILES = {"FileManagerHandlerRole", "FileManagerSweepRole"}


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stacks(environment: str, region: str, *names: str) -> list[Template]:
    return [both_regions(environment, "etl").stack(region, name) for name in names or ("Odp", "Taxi")]


def of_the_table(environment: str, region: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What roles may do with it, by role."""
    for template in stacks(environment, region):
        for role, statement in statements(template):
            if "table/odpf_region" in str(statement["Resource"]):
                yield role, plain(statement)


def test_cdk_nag_finds_nothing(environment: str) -> None:
    assert both_regions(environment, "etl").findings == frozenset()


def test_it_has_a_replica_in_each_region_under_the_data_key_there(environment: str) -> None:
    """A replica of a protected environment is not deleted by mistake; each can be put back to any second."""
    (tables,) = stacks(environment, PRIMARY, "Tables")
    found = tables.only("AWS::DynamoDB::GlobalTable")
    assert found["TableName"] == "odpf_region"
    assert found["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert [replica["Region"] for replica in found["Replicas"]] == [PRIMARY, SECONDARY]
    for replica in found["Replicas"]:
        assert replica["SSESpecification"] == {"KMSMasterKeyId": f"alias/odp-{environment}-data"}
        assert replica["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert replica["DeletionProtectionEnabled"] is (environment == "prod")
    assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    keys = {key["AttributeName"]: key["KeyType"] for key in found["KeySchema"]}
    assert keys == {"region_kind": "HASH", "entry_id": "RANGE"}


def test_it_outlives_its_stack_where_data_is_protected(environment: str) -> None:
    (tables,) = stacks(environment, PRIMARY, "Tables")
    (found,) = [each for each in tables.body["Resources"].values() if each["Type"] == "AWS::DynamoDB::GlobalTable"]
    assert found["DeletionPolicy"] == ("Retain" if environment == "prod" else "Delete")


def test_the_primary_alone_makes_it_and_none_is_made_where_there_is_one_region(
    synthesis: Synthesis, environment: str
) -> None:
    (tables,) = stacks(environment, SECONDARY, "Tables")
    for template in (tables, synthesis.templates[f"odp-{environment}-etl-Tables"]):
        assert "AWS::DynamoDB::GlobalTable" not in template.types()


def told(environment: str, region: str) -> Mapping[str, str]:
    """What each function and job is told of the two Regions."""
    found = {}
    for template in stacks(environment, region):
        for function in template.resources("AWS::Lambda::Function").values():
            variables = function.get("Environment", {}).get("Variables", {})
            if "REGIONS" in variables:
                found[function["Handler"]] = variables["REGIONS"]
        for job in template.resources("AWS::Glue::Job").values():
            if "--regions" in job["DefaultArguments"]:
                found[job["Name"]] = job["DefaultArguments"]["--regions"]
    return found


def test_all_that_plans_registers_or_refreshes_is_told_the_same(environment: str, region: str) -> None:
    found = told(environment, region)
    assert found.keys() == {
        "odp.file_manager.handler.handle",
        "odp.file_manager.sweep.handle",
        "odp.file_processor.handler.handle",
        "odp.native.handler.handle",
        "taxi.bundles.handler.handle",
        "odpf_file_processor",
        "taxi_conformed_to_purpose_built",
        "taxi_raw_to_conformed",
    }
    (text,) = set(found.values())
    settings = RegionSettings.from_json(text)
    assert settings == RegionSettings("odpf_region", PRIMARY, SECONDARY, StandbyMode.WARM, 15, 30)


def test_whoever_is_told_may_use_the_table_in_the_own_region(environment: str, region: str) -> None:
    found = list(of_the_table(environment, region))
    assert {role for role, _ in found} == READS_EPOCHS | MARKS_FILES
    arn = f"arn:aws:dynamodb:{region}:{ACCOUNTS[environment]}:table/odpf_region"
    assert {statement["Resource"] for _, statement in found} == {arn}


def test_nothing_that_is_deployed_may_begin_an_epoch(environment: str, region: str) -> None:
    """People do, by `odp failover`: a program that could would decide on the Region that is active."""
    for _, statement in of_the_table(environment, region):
        kinds = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        writes = [
            action for action in as_list(statement["Action"]) if action not in ("dynamodb:GetItem", "dynamodb:Query")
        ]
        if any(matches(kind, EPOCHS) for kind in kinds):
            assert writes == []
        else:
            assert set(kinds) == {TABLES, f"{TABLES}#*"}


def test_marks_are_in_the_partitions_that_the_rights_name(environment: str, region: str) -> None:
    kinds = ["landed", "landed#*"]
    assert all(any(matches(kind, partition) for kind in kinds) for partition in (TABLES, marks_of("sales.orders")))


@pytest.fixture(scope="module")
def called() -> Mapping[str, Actions]:
    """What code that is told of two Regions calls of the table and of the staging bucket."""
    work = {
        "FileManagerHandlerRole": of_the_file_manager,
        "FileManagerSweepRole": of_the_sweep,
        "FileProcessorBatchManagerRole": of_the_batch_manager,
    }
    regions = json.dumps(
        {"table": "odpf_region", "primary": PRIMARY, "secondary": SECONDARY, "mode": "warm"}
        | {"lag_minutes": 15, "refresh_minutes": 30}
    )
    found = {}
    for role, run in work.items():
        with mock_aws(), pytest.MonkeyPatch.context() as patch:
            prepare(patch)
            patch.setenv("REGIONS", regions)
            boto3.client("dynamodb").create_table(
                TableName="odpf_region",
                KeySchema=[
                    {"AttributeName": "region_kind", "KeyType": "HASH"},
                    {"AttributeName": "entry_id", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"} for key in ("region_kind", "entry_id")
                ],
                BillingMode="PAY_PER_REQUEST",
            )
            found[role] = run()
    return found


@pytest.mark.parametrize("role", ["FileManagerHandlerRole", "FileManagerSweepRole", "FileProcessorBatchManagerRole"])
def test_a_role_may_do_what_its_code_does_with_two_regions(called: Mapping[str, Actions], role: str) -> None:
    """Without a secondary test_called_actions compares both ways."""
    (odp,) = stacks("dev", PRIMARY, "Odp")
    may = {
        (action, kind)
        for granted_to, statement in statements(odp)
        if granted_to == role
        for action in as_list(statement["Action"])
        for kind in ("odpf_region", "staging")
        if kind in json.dumps(statement["Resource"]).lower()
        or (kind == "staging" and "StagingBucket" in json.dumps(plain(statement["Resource"])))
    }
    calls = {(action, on) for action, on in called[role] if on in ("odpf_region", "staging")}
    assert calls <= may
    marks = {action for action, on in calls if on == "odpf_region"}
    if role == "FileManagerHandlerRole":
        assert marks == {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}


# Alarms.

ARRIVING = {"LateReplicas", "PendingReplicas", "LateTaxiReplicas"}
LEAVING = {"FailedReplicas", "FailedTaxiReplicas"}
OF_ITEMS = {"LateRegionItems"}


def alarms(environment: str, region: str) -> dict[str, dict[str, Any]]:
    return {
        name_of(id_): alarm
        for template in stacks(environment, region)
        for id_, alarm in template.resources("AWS::CloudWatch::Alarm").items()
    }


def test_each_region_watches_what_it_receives_and_what_it_cannot_send(
    synthesis: Synthesis, environment: str, region: str
) -> None:
    """S3 publishes latency and what is pending at the destination, and failures at the source.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    found = alarms(environment, region)
    known = {
        name_of(id_)
        for stack in ("Odp", "Taxi")
        for id_ in synthesis.templates[f"odp-{environment}-etl-{stack}"].resources("AWS::CloudWatch::Alarm")
    }
    assert found.keys() - known == ARRIVING | LEAVING | OF_ITEMS
    for name in ARRIVING | LEAVING:
        dimensions = {each["Name"]: str(plain(each["Value"])) for each in found[name]["Dimensions"]}
        assert dimensions["RuleId"] == ("TaxiFiles" if "Taxi" in name else "LandedFiles")
        partner = "SourceBucket" if name in ARRIVING else "DestinationBucket"
        (own,) = {"SourceBucket", "DestinationBucket"} - {partner}
        assert "partnerbuckets" in dimensions[partner]
        assert "partnerbuckets" not in dimensions[own]
        assert found[name]["Namespace"] == "AWS/S3"


def test_the_page_of_costs_counts_as_many_alarms_and_metrics_as_there_are() -> None:
    """S3 publishes four metrics of each rule: bytes and operations pending, latency, and failures."""
    assert 2 * len(ARRIVING | LEAVING | OF_ITEMS) == assumptions.REPLICATION_ALARMS.value
    rules = {
        rule["RuleId"]
        for region in REGIONS
        for rule in both_regions("dev", "infra")
        .stack(region, LINKS[region])
        .resources("Custom::BucketReplication")
        .values()
    }
    assert 2 * 4 * len(rules) == assumptions.REPLICATION_METRICS.value


def test_late_replicas_ring_after_the_lag_that_the_standby_allows_and_when_nothing_is_measured(
    environment: str, region: str
) -> None:
    """S3 measures also while nothing is replicated: silence means that the rule is gone."""
    for name in ("LateReplicas", "LateTaxiReplicas"):
        alarm = alarms(environment, region)[name]
        assert (alarm["MetricName"], alarm["Statistic"]) == ("ReplicationLatency", "Maximum")
        assert (alarm["Threshold"], alarm["TreatMissingData"]) == (15 * 60, "breaching")


def test_items_are_watched_where_they_are_sent_from(environment: str, region: str) -> None:
    alarm = alarms(environment, region)["LateRegionItems"]
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/DynamoDB", "ReplicationLatency")
    assert dimensions == {"TableName": "odpf_region", "ReceivingRegion": OTHER[region]}
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (60_000, "notBreaching")


def test_the_handbook_says_what_to_do_about_each(environment: str, region: str) -> None:
    for name in ARRIVING | LEAVING | OF_ITEMS:
        description = str(alarms(environment, region)[name]["AlarmDescription"])
        assert description.endswith(f". What to do: docs/operations.md, Alarms, {name}.")
        assert len(rows()[name].split()) >= 2
