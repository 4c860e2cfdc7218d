"""Editors are told by a JSON schema what the Configuration Manager will say later."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from odp.config_manager.manifest import parse_manifests
from odp.config_manager.manifest_model import render_schema
from odp.configuration import fields_of
from odp.errors import ManifestError

from tests.configuration import DEPLOYED_MANIFESTS
from tests.unit.odp.samples import batch_config, table_config

SCHEMA = json.loads(render_schema())
GOOD: dict[str, Any] = {
    "batch_configs": fields_of(batch_config()),
    "raw_table_configs": fields_of(table_config()),
}
WRONG_BATCH: dict[str, list[object]] = {
    "refresh_cadence": ["hourly", "0_min_refresh", 10],
    "datalake_format": ["parquet"],
    "glue_job_name": ["a job", ""],
    "glue_job_worker_type": ["G.025X", "g.1x"],
    "glue_job_max_workers": [1, 300, "10", 2.5, True],
    "refresh_tables_batch_size": [0, 101, "5"],
}
WRONG_TABLE: dict[str, list[object]] = {
    "refresh_cadence": ["hourly", "0_min_refresh", 10],
    "source_table_name": ["orders", "a.b.c", "a. c", "a:b:c.d", 'a."c'],
    "hudi_primary_key": ["", "ID;LINE", "1D", "ID,", [], [""], [1], ["1D"], None],
    "hudi_partition_key": ["A,B", "1D", None, ["A"], "month(A)", "bucket(A)", "day()", "bucket(4, 1D)"],
    "hudi_precombine_field": ["A,B", "1D", "a b"],
    "column_names": ["", "sanitize"],
    "on_dropped_column": ["NULL", None],
    "before_images": ["yes", True],
    "hudi_table_type": ["COPY_ON_WRITE"],
    "table_data_versioning_type": ["s", "snapshot"],
    "table_storage_type": ["delta"],
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
    assert path.read_text() == render_schema(), "run `make schemas`"


@pytest.mark.usefixtures("deployed_configuration")
@pytest.mark.parametrize("path", sorted(DEPLOYED_MANIFESTS.glob("*.json")), ids=lambda path: str(path.name))
def test_deployed_manifests_follow_it(path: Path) -> None:
    assert accepted_by_schema(json.loads(path.read_text()))


def test_schema_and_parser_accept_a_whole_entry_of_each_kind() -> None:
    assert accepted_by_schema(document())
    assert accepted_by_parser(document())


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        (section, field, value)
        for section, fields in (("batch_configs", WRONG_BATCH), ("raw_table_configs", WRONG_TABLE))
        for field, values in fields.items()
        for value in values
    ],
)
def test_schema_and_parser_refuse_the_same_values(section: str, field: str, value: object) -> None:
    wrong = document(**{section: GOOD[section] | {field: value}})
    assert not accepted_by_schema(wrong)
    assert not accepted_by_parser(wrong)


SIZES = {"glue_job_worker_type", "glue_job_max_workers", "refresh_tables_batch_size"}
MAY_LACK = {
    "batch_configs": SIZES | {"datalake_format"},
    "raw_table_configs": {
        *("hudi_precombine_field", "hudi_table_type", "table_data_versioning_type", "table_storage_type", "is_active"),
        *("raw_database_S3_bucket", "raw_table_name", "column_names", "on_dropped_column", "before_images"),
    },
}


@pytest.mark.parametrize(
    ("section", "field"), [(section, field) for section, fields in GOOD.items() for field in fields]
)
def test_schema_and_parser_demand_the_same_fields_but_for_sizes_that_an_environment_has(
    section: str, field: str
) -> None:
    without = {name: value for name, value in GOOD[section].items() if name != field}
    manifest = document(**{section: without})
    assert accepted_by_schema(manifest) == (field in MAY_LACK[section])
    assert accepted_by_parser(manifest) == (field in MAY_LACK[section] - SIZES)


SHORT = {"source_table_name": "sales.orders"}
SHARED = {
    "refresh_cadence": GOOD["batch_configs"]["refresh_cadence"],
    "primary_key": "ID",
    "partition_key": "",
    "raw_database_name": "sales_raw",
}


def with_defaults(defaults: Any, *tables: dict[str, Any]) -> dict[str, Any]:
    return {"defaults": defaults, "batch_configs": [GOOD["batch_configs"]], "raw_table_configs": list(tables)}


GOOD_DOCUMENTS: dict[str, Any] = {
    "nothing": {},
    "no tables": {"raw_table_configs": []},
    "defaults alone": {"defaults": {}},
    "where the schema is": {"$schema": "./schema.json"},
    "a table of its source alone": with_defaults(SHARED, SHORT),
    "the reference's name in place of a default": with_defaults(SHARED, SHORT | {"hudi_primary_key": "ORDER_ID"}),
    "defaults under the reference's names": with_defaults(
        {**SHARED, "table_data_versioning_type": "H", "table_storage_type": "hudi"},
        SHORT,
        {"source_table_name": "sales.lines", "history": "latest"},
    ),
    "a list of names": with_defaults({**SHARED, "primary_key": ["ID", "LINE"]}, SHORT),
    "names of the source by default": with_defaults(
        {**SHARED, "column_names": "sanitise", "primary_key": ["Order ID", "a,b"]}, SHORT
    ),
    "a table that is named like its source in lower case": with_defaults(SHARED, {"source_table_name": 'S."ORDERS"'}),
}
BAD_DOCUMENTS: dict[str, Any] = {
    "list": [],
    "section": {"tables": []},
    "sections": {"raw_table_configs": {}},
    "entry": {"raw_table_configs": [1]},
    "defaults that are no object": with_defaults([], SHORT | SHARED),
    "a default that is wrong": with_defaults({**SHARED, "is_active": "y"}, SHORT),
    "a default that nobody knows": with_defaults({**SHARED, "active": "Y"}, SHORT),
    "a source by default": with_defaults({**SHARED, **SHORT}, SHORT),
    "a target by default": with_defaults({**SHARED, "raw_table_name": "orders"}, SHORT),
    "both names in defaults": with_defaults({**SHARED, "hudi_primary_key": "ID"}, SHORT),
    "both names of history": with_defaults(SHARED, SHORT | {"history": "all", "table_data_versioning_type": "H"}),
    "both names in an entry": with_defaults(SHARED, SHORT | {"primary_key": "A", "hudi_primary_key": "A"}),
    "no key anywhere": with_defaults({name: SHARED[name] for name in SHARED if name != "primary_key"}, SHORT),
    "no defaults": with_defaults({}, SHORT),
    "a value of the other name": with_defaults(SHARED, SHORT | {"history": "S"}),
    "and the other way round": with_defaults(SHARED, SHORT | {"table_data_versioning_type": "latest"}),
    "a source that no table can be named after": with_defaults(SHARED, {"source_table_name": "dbo.Order Details"}),
    "unusual names that a table refuses": with_defaults(
        {**SHARED, "column_names": "sanitise", "primary_key": ["Order ID"]},
        SHORT | {"column_names": "refuse", "primary_key": "Order ID"},
    ),
}


@pytest.mark.parametrize("manifest", GOOD_DOCUMENTS.values(), ids=GOOD_DOCUMENTS)
def test_schema_and_parser_accept_the_same_documents(manifest: dict[str, Any]) -> None:
    assert (accepted_by_schema(manifest), accepted_by_parser(manifest)) == (True, True)


@pytest.mark.parametrize("manifest", BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_schema_and_parser_refuse_the_same_documents(manifest: dict[str, Any]) -> None:
    assert (accepted_by_schema(manifest), accepted_by_parser(manifest)) == (False, False)


def test_editors_complete_both_names_of_a_field_and_say_what_it_means() -> None:
    for kind in ("TableEntry", "TableDefaults"):
        fields = SCHEMA["$defs"][kind]["properties"]
        for first, second in (
            ("primary_key", "hudi_primary_key"),
            ("partition_key", "hudi_partition_key"),
            ("change_sequence", "hudi_precombine_field"),
            ("history", "table_data_versioning_type"),
            ("table_format", "table_storage_type"),
        ):
            assert fields[second]["description"] == f"Another name of {first}: {fields[first]['description']}"
        assert all(field["description"] for field in fields.values())


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
