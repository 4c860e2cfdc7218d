"""Which optimizers Iceberg tables get, and whose are left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from odp.errors import TableOptimizersFailedError
from odp.table_optimizers.optimizers import SETTINGS, TableOptimizers

from lake.tables.iceberg_native.orphans import KEPT_MS
from tests.unit.odp.samples import table_config

ROLE, OTHER = "arn:aws:iam::222222222222:role/optimizers", "arn:aws:iam::222222222222:role/of-a-person"
ALL = ("compaction", "retention", "orphan_file_deletion")
ORDERS = table_config(table_format="iceberg", raw_table_name="orders", source_table_name="s.orders")
Place = tuple[str, str, str]


class Catalog:
    """A Data Catalog with these tables; like AWS it fills in defaults."""

    def __init__(self, *tables: str) -> None:
        self.tables = set(tables)
        self.optimizers: dict[Place, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.broken: set[str] = set()

    def found(self, database: str, table: str, type_: str) -> Mapping[str, Any] | None:
        if table in self.broken:
            raise ConnectionError("the Data Catalog is away")
        return self.optimizers.get((database, table, type_))

    def create(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> bool:
        if table not in self.tables:
            return False
        self.update(database, table, type_, configuration)
        return True

    def update(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> None:
        self.writes.append(type_)
        self.optimizers[database, table, type_] = _with_defaults(configuration)

    def delete(self, database: str, table: str, type_: str) -> None:
        self.writes.append(type_)
        del self.optimizers[database, table, type_]


def _with_defaults(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"icebergConfiguration": {"runRateInHours": 24, **value["icebergConfiguration"]}}
        if isinstance(value, Mapping)
        else value
        for name, value in configuration.items()
    }


def test_made_table_gets_the_configured_optimizers_once() -> None:
    catalog = Catalog("orders")
    optimizers = TableOptimizers(catalog, ALL, ROLE)
    assert optimizers.settle([ORDERS]) == {"created": 3}
    assert set(catalog.optimizers) == {("db", "orders", type_) for type_ in ALL}
    assert all(each["roleArn"] == ROLE and each["enabled"] for each in catalog.optimizers.values())
    assert optimizers.settle([ORDERS]) == {"unchanged": 3}
    assert len(catalog.writes) == 3


def test_table_waits_for_its_first_load() -> None:
    catalog = Catalog()
    optimizers = TableOptimizers(catalog, ["compaction"], ROLE)
    assert optimizers.settle([ORDERS])["without a table"] == 1
    catalog.tables.add("orders")
    assert optimizers.settle([ORDERS])["created"] == 1


def test_only_active_iceberg_tables_get_any() -> None:
    catalog = Catalog("orders", "t")
    inactive = table_config(table_format="iceberg", raw_table_name="t", is_active=False)
    found = TableOptimizers(catalog, ALL, ROLE).settle([table_config(raw_table_name="orders"), inactive])
    assert found == {"unwanted": 3}
    assert catalog.optimizers == {}


def test_table_that_is_paused_loses_them() -> None:
    """A role that is deleted later would leave them behind, as nobody settles the table any more."""
    catalog = Catalog("orders")
    TableOptimizers(catalog, ALL, ROLE).settle([ORDERS])
    assert TableOptimizers(catalog, ALL, ROLE).settle([replace(ORDERS, is_active=False)]) == {"deleted": 3}
    assert catalog.optimizers == {}


def test_type_that_is_configured_no_longer_is_taken_away() -> None:
    catalog = Catalog("orders")
    TableOptimizers(catalog, ALL, ROLE).settle([ORDERS])
    assert TableOptimizers(catalog, ["retention"], ROLE).settle([ORDERS]) == {"deleted": 2, "unchanged": 1}
    assert list(catalog.optimizers) == [("db", "orders", "retention")]
    assert TableOptimizers(catalog, [], ROLE).settle([ORDERS]) == {"deleted": 1, "unwanted": 2}


def test_optimizer_that_a_person_created_stays_as_it_is() -> None:
    catalog = Catalog("orders")
    own = {"roleArn": OTHER, "enabled": False}
    catalog.optimizers = {("db", "orders", type_): own for type_ in ("compaction", "retention")}
    found = TableOptimizers(catalog, ["compaction"], ROLE).settle([ORDERS])
    assert found == {"of somebody else": 2, "unwanted": 1}
    assert set(map(str, catalog.optimizers.values())) == {str(own)}


@pytest.mark.parametrize("different", [{"enabled": False}, {"orphanFileDeletionConfiguration": {}}])
def test_optimizer_that_was_changed_by_hand_is_changed_back(different: dict[str, Any]) -> None:
    catalog = Catalog("orders")
    optimizers = TableOptimizers(catalog, ["orphan_file_deletion"], ROLE)
    optimizers.settle([ORDERS])
    catalog.optimizers["db", "orders", "orphan_file_deletion"].update(different)
    assert optimizers.settle([ORDERS])["updated"] == 1
    assert optimizers.settle([ORDERS])["unchanged"] == 1


def test_table_that_fails_is_named_after_the_others_were_settled() -> None:
    catalog = Catalog("orders", "lines")
    catalog.broken = {"orders"}
    lines = table_config(table_format="iceberg", raw_table_name="lines", source_table_name="s.lines")
    with pytest.raises(TableOptimizersFailedError, match=r"1 tables .*: db\.orders"):
        TableOptimizers(catalog, ["compaction"], ROLE).settle([ORDERS, lines])
    assert list(catalog.optimizers) == [("db", "lines", "compaction")]


def test_snapshots_are_kept_by_the_rule_of_refreshes_and_orphans_as_long_as_by_the_native_engine() -> None:
    """A number of the optimizer's own would win over the table's properties, and might forget a proof."""
    retention = SETTINGS["retention"]["retentionConfiguration"]["icebergConfiguration"]
    assert retention == {"cleanExpiredFiles": True}
    orphans = SETTINGS["orphan_file_deletion"]["orphanFileDeletionConfiguration"]["icebergConfiguration"]
    assert orphans["orphanFileRetentionPeriodInDays"] * 24 * 60 * 60 * 1000 >= KEPT_MS
