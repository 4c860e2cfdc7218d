"""A draft has exactly the fields of manifests; a complete one is valid, and what is missing is named by validation."""

import json
from typing import Any

import pytest
from odp.config_manager.manifest import Manifests, parse_manifests
from odp.errors import ManifestError
from odp.records import RowHistory
from odp_cli.inference.draft import draft
from odp_cli.inference.proposal import propose
from odp_cli.inference.settings import MEBIBYTE

from tests.tools.odp_cli.inference.landing import Landing, sequence

SEQUENCE = "AR_H_CHANGE_SEQ"


def drafted(landing: Landing) -> dict[str, Any]:
    return dict(draft(landing.profiles(), propose(landing.listed().tables)))


def parsed(manifest: dict[str, Any]) -> Manifests:
    return parse_manifests({"drafted.json": json.dumps(manifest)})


def land(landing: Landing, table: str, *, minutes: tuple[int, ...] = (0, 5, 10)) -> None:
    landing.load({"id": [1, 2, 3], "name": ["a", "b", "a"], SEQUENCE: [""] * 3}, table=table)
    for minute in minutes:
        changes = {"Op": ["U"], "id": [1], "name": ["c"], SEQUENCE: sequence(minute)}
        landing.changes(changes, table=table, minute=minute)


def test_draft_has_the_fields_that_manifests_demand_and_the_change_sequence(landing: Landing) -> None:
    land(landing, "orders")
    manifest = drafted(landing)
    assert manifest.keys() == {"batch_configs", "raw_table_configs"}
    assert list(manifest["batch_configs"][0]) == [
        *("refresh_cadence", "datalake_format", "glue_job_name", "glue_job_worker_type", "glue_job_max_workers"),
        "refresh_tables_batch_size",
    ]
    assert list(manifest["raw_table_configs"][0]) == [
        *("refresh_cadence", "source_table_name", "primary_key", "partition_key", "change_sequence"),
        *("table_format", "engine", "raw_database_name", "raw_table_name"),
    ]


def test_table_without_a_change_sequence_is_drafted_without_an_order_and_valid(landing: Landing) -> None:
    landing.load({"id": [1, 2, 3], "updated_at": [1, 2, 3]})
    landing.changes({"Op": ["U"] * 20, "id": [1] * 20, "updated_at": range(20)})
    manifest = drafted(landing)
    assert "change_sequence" not in manifest["raw_table_configs"][0]
    assert parsed(manifest).tables[0].change_sequence is None


def test_complete_draft_is_a_valid_manifest(landing: Landing) -> None:
    land(landing, "orders")
    land(landing, "Order-Lines")
    land(landing, "clients", minutes=(0, 120, 240))
    manifests = parsed(drafted(landing))
    assert {batch.refresh_cadence for batch in manifests.batches} == {"10_min_refresh", "1_hour_refresh"}
    assert {table.qualified_name for table in manifests.tables} == {
        "shop_raw.orders",
        "shop_raw.order_lines",
        "shop_raw.clients",
    }


def test_values_of_a_drafted_table_are_those_of_a_new_snapshot_table(landing: Landing) -> None:
    land(landing, "orders")
    (table,) = parsed(drafted(landing)).tables
    assert (table.source_table_name, table.primary_key, table.partition_key, table.change_sequence) == (
        "shop.orders",
        ("id",),
        None,
        SEQUENCE,
    )
    assert (table.hudi_table_type, table.table_format, table.engine, table.history, table.is_active) == (
        "copy_on_write",
        "iceberg",
        "auto",
        RowHistory.LATEST,
        True,
    )
    assert table.raw_database_s3_bucket == "raw"


def test_composite_key_and_partition_are_written_as_manifests_write_them(landing: Landing) -> None:
    rows = range(400)
    columns = {
        "order_id": [row // 4 for row in rows],
        "line_no": [row % 4 for row in rows],
        "region": ["eu", "us"] * 200,
    }
    landing.load({**columns, SEQUENCE: [""] * 400})
    profile = landing.profile(load_bytes=500 * MEBIBYTE)
    (entry,) = draft([profile], propose([profile.table]))["raw_table_configs"]
    assert (entry["primary_key"], entry["partition_key"]) == ("order_id,line_no", "region")


def test_what_was_not_inferred_is_empty_so_that_validation_names_it(landing: Landing) -> None:
    landing.load({"name": ["a", "a"]})
    manifest = drafted(landing)
    entry = manifest["raw_table_configs"][0]
    assert entry["primary_key"] == ""
    with pytest.raises(ManifestError) as error:
        parsed(manifest)
    assert [problem.split(": ")[3] for problem in error.value.problems] == ["primary_key"]


def test_table_without_a_readable_file_is_drafted_with_what_is_known(landing: Landing) -> None:
    landing.put("shop/orders/LOAD00000001.parquet", b"damaged")
    (entry,) = drafted(landing)["raw_table_configs"]
    assert (entry["source_table_name"], entry["raw_table_name"], entry["primary_key"]) == (
        "shop.orders",
        "orders",
        "",
    )


def test_tables_that_would_share_a_target_are_drafted_apart(landing: Landing) -> None:
    land(landing, "ORDER-LINES")
    land(landing, "order_lines")
    names = {table.source_table_name: table.raw_table_name for table in parsed(drafted(landing)).tables}
    assert names == {"shop.order_lines": "order_lines", "shop.ORDER-LINES": "order_lines_2"}


def test_nothing_landed_gives_an_empty_manifest(landing: Landing) -> None:
    assert drafted(landing) == {"batch_configs": [], "raw_table_configs": []}
