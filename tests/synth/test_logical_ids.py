"""Logical ids of what holds data: another id is another resource, and the data stays behind in the old one."""

from __future__ import annotations

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

DATA = {
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::SecretsManager::Secret",
    "AWS::DynamoDB::Table",
    "AWS::Glue::Database",
}
STATEFUL = DATA | {"AWS::SQS::Queue", "AWS::SNS::Topic"}
"""Queues hold events of two weeks; subscribers of a topic have confirmed, and would have to do so again."""
STORAGE = {
    "AccessLogs8B620ECA",
    "AthenaResults99A60126",
    "Config57D1D894",
    "Conformed0962C5DA",
    "DataKey2A0DE9E6",
    "PurposeBuiltAA06B708",
    "Raw72517081",
    "Staging12D1754E",
}
SECRETS = {"Key961B73FD", "Secretsourcedatabase"}
PIPELINE = {"ArtifactsBucket88671897", "ArtifactsKeyA4B22E2B", "NoticesTopic898AF2CD"}
ODP = {
    "AlertsTopicCF7C81C9",
    "AlertsUndelivered89951F36",
    "ConfigManagerDeadLettersBCCF1BE7",
    "ConfigManagerQueue70094B47",
    "FileManagerDeadLetters6A30E040",
    "FileManagerQueueD9231CA7",
}
TABLES = {
    "BatchConfig5841312C",
    "ConfigDeployTracker7CA7E219",
    "Databaseodpfdemotaxitripsraw",
    "FileProcessingTracker329F14C4",
    "FileProcessingTrackerHistory60756F6F",
    "FileTrackerBA3AEBE1",
    "FileTrackerHistory505E44D0",
    "Quarantine23FF09FE",
    "RawTableConfigBAB66E88",
    "TaxiAuditC0A44FC0",
    "TaxiConformed80627C20",
    "TaxiPurposeBuiltA07955DF",
}
TAXI = {"AlertsTopicCF7C81C9", "AlertsUndelivered89951F36", "LandingDeadLettersBABFEF3A", "LandingQueueDC665654"}


def stateful(template: Template) -> set[str]:
    return {id_ for id_, resource in template.body["Resources"].items() if resource["Type"] in STATEFUL}


def test_buckets_and_keys_keep_their_ids_in_every_environment(storage: Template) -> None:
    assert stateful(storage) == STORAGE


def test_secrets_and_their_key_keep_their_ids_in_every_environment(secrets: Template) -> None:
    assert stateful(secrets) == SECRETS


def test_every_pipeline_keeps_its_artifacts_and_subscribers(synthesis: Synthesis) -> None:
    pipelines = [template for name, template in synthesis.templates.items() if name.endswith("-Pipeline")]
    assert pipelines
    assert [pipeline.stack for pipeline in pipelines if stateful(pipeline) != PIPELINE] == []


def test_tables_and_databases_keep_their_ids_in_every_environment(tables: Template) -> None:
    assert stateful(tables) == TABLES


def test_queues_and_topics_keep_their_ids_in_every_environment(odp: Template) -> None:
    assert stateful(odp) == ODP


def test_queues_and_the_topic_of_the_taxi_flow_keep_their_ids_in_every_environment(taxi: Template) -> None:
    assert stateful(taxi) == TAXI


def test_data_is_kept_apart_from_code_and_network(odp: Template, taxi: Template, network: Template) -> None:
    assert not (odp.types() | taxi.types() | network.types()) & DATA
