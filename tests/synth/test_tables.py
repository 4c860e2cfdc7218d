"""What the tables of every environment promise."""

from __future__ import annotations

import json

from tests.configuration import KNOWN_MANIFESTS
from tests.synth.called_actions import TABLES
from tests.synth.synthesis import Template
from tests.unit.odp.conftest import KEYS

LAYERS = {"nyc_taxi_conformed": "conformed", "nyc_taxi_purpose_built": "purpose-built"}


def test_the_tables_have_the_keys_with_which_the_runtime_is_tested(tables: Template) -> None:
    """Another key in one of the two places would be found in AWS only."""
    used = {id_: KEYS[table] for id_, table in TABLES.items()} | {"TaxiAudit": ("dataset", "file_id")}
    found = tables.resources("AWS::DynamoDB::Table").items()
    assert {id_[:-8]: tuple(key["AttributeName"] for key in table["KeySchema"]) for id_, table in found} == used


def test_all_keys_are_strings(tables: Template) -> None:
    """Defect 20 of the reference: a numeric sort key for an id that is text."""
    found = tables.resources("AWS::DynamoDB::Table").values()
    assert {attribute["AttributeType"] for table in found for attribute in table["AttributeDefinitions"]} == {"S"}


def test_tables_are_paid_by_request_and_can_be_restored_to_any_second(tables: Template) -> None:
    for table in tables.resources("AWS::DynamoDB::Table").values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_tables_rest_under_the_data_key_of_the_infra_stage(tables: Template, environment: str) -> None:
    parameters = tables.body["Parameters"]
    for table in tables.resources("AWS::DynamoDB::Table").values():
        encryption = table["SSESpecification"]
        assert (encryption["SSEEnabled"], encryption["SSEType"]) == (True, "KMS")
        key = parameters[encryption["KMSMasterKeyId"]["Ref"]]
        assert key["Default"] == f"/odp/{environment}/kms/data-key-arn"


def test_tables_refuse_deletion_and_survive_their_stack_in_prod(tables: Template, is_prod: bool) -> None:
    resources = [resource for resource in tables.body["Resources"].values() if "DynamoDB" in resource["Type"]]
    assert {resource["Properties"].get("DeletionProtectionEnabled", False) for resource in resources} == {is_prod}
    assert {resource["DeletionPolicy"] for resource in resources} == {"Retain" if is_prod else "Delete"}
    assert tables.properties.get("terminationProtection", False) is is_prod


def test_every_database_of_the_manifests_and_of_the_taxi_layers_is_in_the_catalog(tables: Template) -> None:
    manifests = [json.loads(path.read_text()) for path in KNOWN_MANIFESTS.glob("*.json")]
    named = {table["raw_database_name"] for file in manifests for table in file.get("raw_table_configs", [])}
    databases = {
        database["DatabaseInput"]["Name"]: database["DatabaseInput"]["LocationUri"]["Fn::Join"][1]
        for database in tables.resources("AWS::Glue::Database").values()
    }
    assert databases.keys() == named | LAYERS.keys()
    for name, (scheme, bucket, path) in databases.items():
        assert (scheme, path) == ("s3://", f"/{name}")
        assert tables.body["Parameters"][bucket["Ref"]]["Default"].endswith(f"/buckets/{LAYERS.get(name, 'raw')}")


def test_rule_13_histories_forget_what_is_done_and_nothing_else_expires(tables: Template) -> None:
    expiring = {
        table["TableName"]: table["TimeToLiveSpecification"]
        for table in tables.resources("AWS::DynamoDB::Table").values()
        if "TimeToLiveSpecification" in table
    }
    by_attribute = {"AttributeName": "expires_at", "Enabled": True}
    assert expiring == {
        "odpf_file_tracker_history": by_attribute,
        "odpf_file_processing_tracker_history": by_attribute,
    }
