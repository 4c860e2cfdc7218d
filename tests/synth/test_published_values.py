"""What one stage publishes is what another reads."""

from __future__ import annotations

from deployment_account.names import Odp, OdpTable, Reading, Shared, Taxi, published_schedule, published_secret
from tests.synth.synthesis import Template


def published(*templates: Template) -> dict[str, object]:
    found = [parameter for template in templates for parameter in template.resources("AWS::SSM::Parameter").values()]
    names = [parameter["Name"] for parameter in found]
    assert len(names) == len(set(names)), "published twice"
    return {parameter["Name"]: parameter["Value"] for parameter in found}


def test_the_infra_stage_publishes_every_shared_value_and_its_secrets(
    storage: Template, secrets: Template, network: Template, environment: str
) -> None:
    of_private_networks = {Shared.FUNCTION_SECURITY_GROUP_ID} if environment != "prod" else set()
    of_replications = {Shared.REPLICATION_SECURITY_GROUP_ID, Shared.SECRETS_ENDPOINT}
    values = [*(set(Shared) - of_private_networks - of_replications), published_secret("source-database")]
    assert published(storage, secrets, network).keys() == {f"/odp/{environment}/{value}" for value in values}


def test_the_etl_stage_publishes_what_is_needed_to_work_with_it(
    tables: Template, odp: Template, taxi: Template, environment: str
) -> None:
    readers = [*Reading] if environment == "prod" else []
    values = [
        *readers,
        *Odp,
        *Taxi,
        *(table.published_name for table in OdpTable),
        published_schedule("10_min_refresh"),
    ]
    assert published(tables, odp, taxi).keys() == {f"/odp/{environment}/{value}" for value in values}


def test_the_etl_stage_reads_only_what_the_infra_stage_of_its_environment_publishes(
    tables: Template, odp: Template, taxi: Template, storage: Template, network: Template
) -> None:
    offered = published(storage, network).keys()
    for template in (tables, odp, taxi):
        read = {
            parameter["Default"]
            for parameter in template.body["Parameters"].values()
            if parameter["Type"] == "AWS::SSM::Parameter::Value<String>" and "cdk-bootstrap" not in parameter["Default"]
        }
        assert read
        assert read <= offered
