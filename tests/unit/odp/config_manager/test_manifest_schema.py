"""Editors are told by a JSON schema what the Configuration Manager will say later."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from odp.config_manager.manifest import SECTIONS, parse_manifests
from odp.config_manager.manifest_schema import render_schema
from odp.configuration import fields_of
from odp.errors import ManifestError

from tests.configuration import DEPLOYED_MANIFESTS
from tests.unit.odp.samples import batch_config, table_config

SCHEMA = json.loads(render_schema())
GOOD: dict[str, Any] = {
    "batch_configs": fields_of(batch_config()),
    "raw_table_configs": fields_of(table_config()),
}
WRONG: dict[str, list[object]] = {
    "refresh_cadence": ["hourly", "0_min_refresh", 10],
    "datalake_format": ["parquet"],
    "glue_job_name": ["a job", ""],
    "glue_job_worker_type": ["G.025X", "g.1x"],
    "glue_job_max_workers": [1, 300, "10", 2.5],
    "refresh_tables_batch_size": [0, 101, "5"],
    "source_table_name": ["orders", "a.b.c", "a. c", "a:b:c.d", 'a."c'],
    "hudi_primary_key": ["", "ID;LINE", "1D", "ID,"],
    "hudi_partition_key": ["A,B", "1D"],
    "hudi_precombine_field": ["A,B", "1D", "a b"],
    "column_names": ["", "sanitize"],
    "on_dropped_column": ["NULL", None],
    "before_images": ["yes", True],
    "hudi_table_type": ["COPY_ON_WRITE"],
    "table_data_versioning_type": ["s", "snapshot"],
    "table_storage_type": ["iceberg"],
    "is_active": ["y", True],
    "raw_database_name": ["Sales", "sales-raw"],
    "raw_database_S3_bucket": ["my-bucket"],
    "raw_table_name": ["Orders", ""],
}


def document(**entries: Any) -> dict[str, Any]:
    return {section: [entry] for section, entry in (GOOD | entries).items()}


def accepted_by_schema(manifest: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(manifest))


def accepted_by_parser(manifest: dict[str, Any]) -> bool:
    try:
        parse_manifests({"sales.json": json.dumps(manifest)})
    except ManifestError:
        return False
    return True


def test_committed_schema_is_the_one_of_the_fields() -> None:
    path = DEPLOYED_MANIFESTS / "schema" / "manifest.schema.json"
    assert path.read_text() == render_schema(), "run `make manifest-schema`"


@pytest.mark.usefixtures("deployed_configuration")
@pytest.mark.parametrize("path", sorted(DEPLOYED_MANIFESTS.glob("*.json")), ids=lambda path: str(path.name))
def test_deployed_manifests_follow_it(path: Path) -> None:
    assert accepted_by_schema(json.loads(path.read_text()))


def test_schema_and_parser_accept_a_whole_entry_of_each_kind() -> None:
    assert accepted_by_schema(document())
    assert accepted_by_parser(document())


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [(section, field, value) for section, fields in SECTIONS.items() for field in fields for value in WRONG[field]],
)
def test_schema_and_parser_refuse_the_same_values(section: str, field: str, value: object) -> None:
    wrong = document(**{section: GOOD[section] | {field: value}})
    assert not accepted_by_schema(wrong)
    assert not accepted_by_parser(wrong)


@pytest.mark.parametrize(
    ("section", "field"), [(section, field) for section in SECTIONS for field in SECTIONS[section]]
)
def test_schema_demands_the_fields_that_no_environment_has_a_value_for(section: str, field: str) -> None:
    without = {name: value for name, value in GOOD[section].items() if name != field}
    assert accepted_by_schema(document(**{section: without})) == SECTIONS[section][field].is_optional
    assert not accepted_by_schema(document(**{section: GOOD[section] | {"unknown": 1}}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hudi_primary_key", 'Order ID,"a,b", Größe'),
        ("hudi_partition_key", '"QTY "'),
        ("hudi_precombine_field", "my seq"),
    ],
)
def test_schema_and_parser_accept_names_of_the_source_where_they_are_sanitised(field: str, value: str) -> None:
    for policy, is_accepted in (("sanitise", True), ("refuse", False)):
        entry = GOOD["raw_table_configs"] | {field: value, "column_names": policy}
        manifest = document(raw_table_configs=entry)
        assert (accepted_by_schema(manifest), accepted_by_parser(manifest)) == (is_accepted, is_accepted)


@pytest.mark.parametrize(
    ("field", "value"),
    [("hudi_primary_key", "ID,"), ("hudi_primary_key", 'a"b'), ("hudi_partition_key", "A,B"), ("hudi_primary_key", "")],
)
def test_schema_and_parser_refuse_what_is_no_list_of_names_of_the_source(field: str, value: str) -> None:
    manifest = document(raw_table_configs=GOOD["raw_table_configs"] | {field: value, "column_names": "sanitise"})
    assert (accepted_by_schema(manifest), accepted_by_parser(manifest)) == (False, False)


def test_schema_and_parser_know_both_names_of_the_change_sequence_and_refuse_them_together() -> None:
    entry = GOOD["raw_table_configs"] | {"change_sequence": "SEQ"}
    alone = {name: value for name, value in entry.items() if name != "hudi_precombine_field"}
    for manifest, is_accepted in (
        (document(raw_table_configs=alone), True),
        (document(raw_table_configs=entry), False),
    ):
        assert (accepted_by_schema(manifest), accepted_by_parser(manifest)) == (is_accepted, is_accepted)
