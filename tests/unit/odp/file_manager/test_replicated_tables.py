"""A table that DMS has suspended is told once, with the command that loads it again, and so is its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from odp.commands import Commands
from odp.dms import DmsReplications
from odp.file_manager.replicated_tables import replicated_tables
from odp.table_identity import SourceTable

from tests.unit.odp.file_manager.test_sweep_states import People

ORDERS, ITEMS = SourceTable("default", "shop", "orders"), SourceTable("erp", "sales", "Order Items")


def tell(people: People, **sources: dict[SourceTable, str]) -> list[str]:
    people.now += timedelta(hours=1)
    return people.tell(replicated_tables(sources, people.known(), Commands("dev")))


@pytest.mark.parametrize("state", ["Table error", "Table cancelled", "Table does not exist"])
def test_a_suspended_table_is_told_once_with_the_commands(state: str) -> None:
    people = People()
    found = [tell(people, default={ORDERS: state}, erp={ITEMS: "Table completed"}) for _ in range(30)]
    assert found == [["odp-dev: DMS has stopped replicating shop.orders"], *[[]] * 29]
    (mail,) = people.mails
    assert state in mail
    assert "odp replication status --source default --env dev" in mail
    assert "odp replication reload shop.orders --env dev" in mail


def test_a_table_of_another_source_is_named_as_its_manifest_does() -> None:
    people = People()
    tell(people, erp={ITEMS: "Table error"})
    assert "odp replication status --source erp" in people.mails[0]
    assert "odp replication reload 'erp:sales.Order Items' --env dev" in people.mails[0]


@pytest.mark.parametrize("state", ["Table completed", "Full load", "Before load", "Table is being reloaded"])
def test_a_table_that_is_loaded_or_follows_is_no_news(state: str) -> None:
    assert tell(People(), default={ORDERS: state}) == []


def test_the_end_is_told_once() -> None:
    people = People()
    tell(people, default={ORDERS: "Table error"})
    found = [tell(people, default={ORDERS: "Table completed"}) for _ in range(3)]
    assert found == [["odp-dev: DMS replicates shop.orders again"], [], []]


def test_a_table_that_was_taken_out_is_forgotten_without_a_message() -> None:
    people = People()
    tell(people, default={ORDERS: "Table error"})
    assert tell(people, default={}) == []
    assert tell(people, default={ORDERS: "Table error"}) == ["odp-dev: DMS has stopped replicating shop.orders"]


def test_what_dms_does_not_answer_about_ends_nothing() -> None:
    """A replication that is stopped or provisioned may have no statistics for a while."""
    people = People()
    tell(people, default={ORDERS: "Table error"})
    assert [tell(people), tell(people, erp={})] == [[], []]
    assert tell(people, default={ORDERS: "Table error"}) == []


class UnknownError(Exception):
    """What DMS says of a replication that it knows no statistics of."""


class Dms:
    """Answers pages of two tables, of a replication and of a task."""

    class exceptions:  # noqa: N801 - as boto3 names it
        InvalidResourceStateFault = ResourceNotFoundFault = UnknownError

    def __init__(self) -> None:
        self.tables = [
            {"SchemaName": "shop", "TableName": f"t{number}", "TableState": "Table completed"} for number in range(5)
        ]

    def describe_replication_table_statistics(self, *, ReplicationConfigArn: str, **page: Any) -> dict[str, Any]:  # noqa: N803
        if ReplicationConfigArn.endswith("never-started"):
            raise UnknownError
        return self._page("ReplicationTableStatistics", **page)

    def describe_table_statistics(self, *, ReplicationTaskArn: str, **page: Any) -> dict[str, Any]:  # noqa: N803
        return self._page("TableStatistics", **page)

    def _page(self, key: str, *, MaxRecords: int, Marker: str = "0") -> dict[str, Any]:  # noqa: N803
        assert 20 <= MaxRecords <= 500, (
            "https://docs.aws.amazon.com/dms/latest/APIReference/API_DescribeTableStatistics"
        )
        end = int(Marker) + 2
        more = {"Marker": str(end)} if end < len(self.tables) else {}
        return {key: self.tables[int(Marker) : end], **more}


def test_all_pages_are_read_and_a_source_without_statistics_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DmsReplications, "_dms", Dms())
    arn = "arn:aws:dms:us-east-1:2:{}"
    arns = {
        "default": arn.format("replication-config:odp-dev-default"),
        "erp": arn.format("task:odp-dev-erp"),
        "new": arn.format("replication-config:odp-dev-never-started"),
    }
    found = DmsReplications(arns).tables()
    assert found.keys() == {"default", "erp"}
    for source, tables in found.items():
        assert tables == {SourceTable(source, "shop", f"t{number}"): "Table completed" for number in range(5)}
