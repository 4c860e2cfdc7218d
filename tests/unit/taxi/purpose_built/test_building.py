"""Tables are built by several threads, whose lines are those of the run."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from taxi.purpose_built.building import Building
from taxi.purpose_built.rule import load_rules
from taxi.tables import Days, Provenance

from lake.log_keys import add_log_keys, log_keys


class Trips:
    """Trips of one snapshot, of which nobody reads a row."""

    def snapshot(self) -> str | None:
        return "s1"

    def days_changed_since(self, snapshot: str) -> Days | None:
        raise AssertionError(snapshot)

    def trips(self, snapshot: str, days: Days | None) -> Any:
        return SimpleNamespace(createOrReplaceTempView=lambda name: None)


class NewTable:
    """A table that does not exist yet."""

    def provenance(self) -> Provenance | None:
        return None

    def replace_all(self, rows: object, provenance: Provenance) -> None:
        """Take the rows."""

    def replace_days(self, rows: object, days: Days, provenance: Provenance) -> None:
        raise AssertionError(days)


def test_each_table_is_logged_with_the_keys_of_the_run(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(add_log_keys)
    caplog.set_level(logging.INFO)
    rules = list(load_rules())
    spark: Any = SimpleNamespace(sql=lambda text: text)
    table_of: Any = lambda rule: NewTable()  # noqa: E731
    with log_keys(dataset="yellow", run="jr_1"):
        Building(spark, Trips(), table_of, at_a_time=2).build(rules)
    caplog.handler.removeFilter(add_log_keys)
    lines = [record for record in caplog.records if "replaced" in record.getMessage()]
    assert len(lines) == len(rules)
    assert {(line.__dict__.get("dataset"), line.__dict__.get("run")) for line in lines} == {("yellow", "jr_1")}
