"""Names that leave a stack are a contract: with those who type them and between the apps."""

from __future__ import annotations

from deployment_account.environments import load_platform
from deployment_account.names import (
    Names,
    Odp,
    OdpTable,
    Shared,
    Taxi,
    TaxiName,
    published_schedule,
    published_secret,
)
from tests.configuration import KNOWN

DEV = Names("odp", "dev")
PREFIXED = Names("odp", "dev", "second_")


def test_names_come_from_the_configuration() -> None:
    platform = load_platform(KNOWN)
    assert Names.of(platform, platform.environments["dev"]) == DEV


def test_parameters_lie_below_platform_and_environment() -> None:
    assert DEV.parameter(Shared.STAGING_BUCKET) == "/odp/dev/buckets/staging"
    assert DEV.parameter(Odp.STATE_MACHINE_ARN) == "/odp/dev/odp/state-machine-arn"
    assert DEV.parameter(OdpTable.FILE_TRACKER.published_name) == "/odp/dev/odp/tables/odpf_file_tracker"
    assert DEV.parameter(Taxi.STATE_MACHINE_ARN) == "/odp/dev/taxi/state-machine-arn"
    assert DEV.parameter(published_schedule("10_min_refresh")) == "/odp/dev/odp/schedules/10_min_refresh"


def test_no_two_values_share_a_parameter() -> None:
    values = [*Shared, *Odp, *Taxi, *(table.published_name for table in OdpTable), published_schedule("1_day_refresh")]
    assert len({DEV.parameter(value) for value in values}) == len(values)


def test_what_people_type_is_named_as_in_the_reference_framework() -> None:
    assert DEV.table(OdpTable.RAW_TABLE_CONFIG) == "odpf_raw_table_config"
    assert DEV.state_machine == "odpf_file_processor"
    assert DEV.schedule("10_min_refresh") == "odpf_file_processor_10_min_refresh"


def test_a_prefix_keeps_two_lakes_of_one_account_apart() -> None:
    assert PREFIXED.table(OdpTable.FILE_TRACKER) == "second_odpf_file_tracker"
    assert PREFIXED.state_machine == "second_odpf_file_processor"
    assert PREFIXED.schedule("1_day_refresh") == "second_odpf_file_processor_1_day_refresh"
    assert PREFIXED.security_configuration == "second_odpf_file_processor"
    assert PREFIXED.database("sales_raw") == "second_sales_raw"
    assert {PREFIXED.taxi(name) for name in TaxiName} == {f"second_{name}" for name in TaxiName}


def test_no_two_parts_of_the_taxi_flow_that_are_listed_together_share_a_name() -> None:
    assert DEV.taxi(TaxiName.FLOW) == "taxi_flow"
    assert len({DEV.taxi(name) for name in TaxiName}) == len(TaxiName)


def test_stages_of_components_and_environments_have_names_of_their_own() -> None:
    assert {names.stage(component) for names in (DEV, Names("odp", "prod")) for component in ("infra", "etl")} == {
        "odp-dev-infra",
        "odp-dev-etl",
        "odp-prod-infra",
        "odp-prod-etl",
    }


def test_the_stack_of_a_pipeline_is_named_after_the_stage_that_it_deploys() -> None:
    assert DEV.pipeline_stack("infra") == "odp-dev-infra-Pipeline"


def test_roles_are_known_by_as_much_of_their_stack_as_cloudformation_keeps() -> None:
    assert DEV.roles("etl") == "odp-dev-etl-*"
    assert Names("p" * 24, "dev").roles("etl") == "p" * 24 + "*"


def test_secrets_are_named_as_people_and_scripts_set_them() -> None:
    assert DEV.secret("source-database") == "odp/dev/source-database"
    assert DEV.parameter(published_secret("source-database")) == "/odp/dev/secrets/source-database"


def test_jobs_carry_the_prefix_of_their_lake() -> None:
    assert DEV.glue_job("odpf_file_processor") == "odpf_file_processor"
    assert PREFIXED.glue_job("odpf_file_processor") == "second_odpf_file_processor"


def test_the_jobs_of_one_lake_are_no_writers_of_another() -> None:
    assert DEV.lake != Names("odp", "prod").lake
