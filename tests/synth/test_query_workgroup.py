"""What Athena promises to those who ask the taxi tables, and that the queries offered to them can be asked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from etl_cdk.query_workgroup import LAYERS, QUERIES, datasets_of
from taxi.datasets.dataset import LOAD_COLUMNS, TYPE_RULES, Dataset, load_datasets
from taxi.errors import RuleError
from taxi.purpose_built.rule import load_rules, rules_of

from tests.synth.synthesis import Template

TYPES = {"string": "varchar", "timestamp": "timestamp with time zone"}
MACROS_OF_SPARK = {
    "percentile(amount, share)": "quantile_cont(amount, share)",
    "unix_micros(moment)": "epoch_us(moment)",
}
"""What rules say in Spark's words alone."""


def configuration(taxi: Template) -> dict[str, Any]:
    workgroup = taxi.only("AWS::Athena::WorkGroup")
    assert workgroup["Name"] == "nyc_taxi"
    return dict(workgroup["WorkGroupConfiguration"])


def test_no_client_overrides_the_workgroup(taxi: Template) -> None:
    assert configuration(taxi)["EnforceWorkGroupConfiguration"] is True


def test_results_are_encrypted_with_the_data_key_and_lie_where_they_expire(taxi: Template, environment: str) -> None:
    results = configuration(taxi)["ResultConfiguration"]
    encryption = results["EncryptionConfiguration"]
    assert encryption["EncryptionOption"] == "SSE_KMS"
    assert taxi.body["Parameters"][encryption["KmsKey"]["Ref"]]["Default"].endswith("/kms/data-key-arn")
    scheme, bucket, folder = results["OutputLocation"]["Fn::Join"][1]
    assert (scheme, folder) == ("s3://", "/query-results/")
    assert taxi.body["Parameters"][bucket["Ref"]]["Default"] == f"/odp/{environment}/buckets/athena-results"


def test_a_query_is_stopped_at_the_limit_and_what_it_scans_is_measured(taxi: Template) -> None:
    found = configuration(taxi)
    assert found["BytesScannedCutoffPerQuery"] == 10_000_000_000
    assert found["PublishCloudWatchMetricsEnabled"] is True


def test_the_engine_is_the_one_that_reads_and_writes_iceberg(taxi: Template) -> None:
    assert configuration(taxi)["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}


def queries(taxi: Template) -> list[dict[str, Any]]:
    return list(taxi.resources("AWS::Athena::NamedQuery").values())


def test_every_query_is_in_the_workgroup_once_for_each_dataset_that_it_fits(taxi: Template) -> None:
    found = {query["Name"] for query in queries(taxi)}
    assert len(found) == len(queries(taxi))
    assert {query["WorkGroup"] for query in queries(taxi)} == {"nyc_taxi"}
    files = [path for layer in LAYERS for path in (QUERIES / layer).glob("*.sql")]
    datasets = load_datasets().values()
    assert found == {f"{each.name}_{path.stem}" for path in files for each in datasets_of(path, datasets)}
    assert {name.split("_")[0] for name in found} == load_datasets().keys()


def without(column: str) -> Dataset:
    """A further dataset with the columns of the first one but for one, which no rule names."""
    first = next(iter(load_datasets().values()))
    columns = {name: each for name, each in first.columns.items() if name != column}
    return replace(first, name="fhv", table="fhv_trips", columns=columns)


@pytest.mark.parametrize(
    ("query", "lacks", "fits"),
    [
        ("SELECT count(*), loaded_at FROM {trips} WHERE pickup_zone_id = 1", "trip_distance", True),
        ("SELECT avg(trip_distance) FROM {trips}", "trip_distance", False),
        ("SELECT sum(trips) FROM {dataset}_hourly_demand", "trip_distance", False),
    ],
)
def test_a_query_is_offered_for_a_dataset_only_if_that_has_what_the_query_reads(
    query: str, lacks: str, fits: bool, tmp_path: Path
) -> None:
    (path := tmp_path / "q.sql").write_text(f"-- {query}\n{query}")
    every, further = list(load_datasets().values()), without(lacks)
    assert datasets_of(path, [*every, further]) == ([*every, further] if fits else every)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT mood, extra FROM {trips}", "fhv has no extra, mood"),
        ("SELECT fares, moods FROM {dataset}_moods JOIN {dataset}_fares", "fhv has no rule fares, rule moods"),
    ],
)
def test_a_query_that_fits_no_dataset_is_refused_with_what_each_lacks(query: str, reason: str, tmp_path: Path) -> None:
    (path := tmp_path / "q.sql").write_text(query)
    with pytest.raises(RuleError, match=f"q.sql: fits no dataset: {reason}"):
        datasets_of(path, [without("extra")])


def test_both_layers_are_asked(taxi: Template) -> None:
    assert {query["Database"] for query in queries(taxi)} == {"nyc_taxi_conformed", "nyc_taxi_purpose_built"}


def test_a_query_says_what_it_tells(taxi: Template) -> None:
    for query in queries(taxi):
        assert query["QueryString"].startswith(f"-- {query['Description']}\n")
        assert len(query["Description"].split()) > 4


@pytest.fixture(scope="module")
def lake() -> duckdb.DuckDBPyConnection:
    """Empty tables of both layers, with the columns that datasets declare and rules compute."""
    connection = duckdb.connect()
    for signature, body in MACROS_OF_SPARK.items():
        connection.execute(f"CREATE MACRO {signature} AS {body}")
    for dataset in load_datasets().values():
        connection.execute(f"CREATE TABLE {dataset.table} ({declared(dataset)})")
        connection.execute(f"CREATE OR REPLACE VIEW trips AS FROM {dataset.table}")
        for rule in rules_of(dataset.name, load_rules()):
            # a number with this ending is a double
            computed = re.sub(r"\b(\d+)D\b", r"\1", rule.sql)
            connection.execute(f"CREATE TABLE {dataset.name}_{rule.name} AS {computed}")
    return connection


def declared(dataset: Dataset) -> str:
    columns = {name: TYPE_RULES[column.type].sql_type for name, column in dataset.columns.items()}
    columns |= dict.fromkeys(LOAD_COLUMNS, "string") | {"loaded_at": "timestamp"}
    return ", ".join(f"{name} {TYPES.get(type_, type_)}" for name, type_ in columns.items())


def test_a_query_can_be_asked_of_the_tables_as_datasets_and_rules_make_them(
    taxi: Template, lake: duckdb.DuckDBPyConnection
) -> None:
    for query in queries(taxi):
        answer = lake.execute(query["QueryString"])
        assert answer.description, query["Name"]


def test_every_rule_is_asked(taxi: Template) -> None:
    asked = " ".join(query["QueryString"] for query in queries(taxi))
    tables = {f"{dataset}_{rule.name}" for rule in load_rules() for dataset in rule.datasets}
    assert tables
    assert {table for table in tables if f"FROM {table}\n" not in asked} == set()
