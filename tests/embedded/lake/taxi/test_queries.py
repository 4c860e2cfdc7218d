"""The workgroup's named queries, as an analyst finds them: each runs as it stands and gives rows."""

from collections.abc import Callable
from typing import Any

import pytest

from deployment_account.names import QUERY_RESULTS, Shared, Taxi
from tests.embedded.lake.taxi.drop import GREEN_FILES, LOADED_YELLOW
from tests.embedded.lake.taxi.flow import Flow, Item, Outcome
from tests.embedded.waiting import eventually

Rows = list[dict[str, str]]
Query = Callable[[Item], Rows]


@pytest.fixture(scope="module")
def named_queries(flow: Flow, dropped: Outcome) -> dict[str, Item]:
    athena, workgroup = flow.lake.client("athena"), flow.lake.published(Taxi.ATHENA_WORKGROUP)
    pages = athena.get_paginator("list_named_queries").paginate(WorkGroup=workgroup)
    ids = [query for page in pages for query in page["NamedQueryIds"]]
    found = [athena.get_named_query(NamedQueryId=query)["NamedQuery"] for query in ids]
    return {query["Name"]: query for query in found}


@pytest.fixture(scope="module")
def run(flow: Flow) -> Query:
    """Run a named query with nothing but what it and its workgroup say."""
    athena = flow.lake.client("athena")

    def run(query: Item) -> Rows:
        execution = athena.start_query_execution(
            QueryString=query["QueryString"],
            QueryExecutionContext={"Database": query["Database"]},
            WorkGroup=query["WorkGroup"],
        )["QueryExecutionId"]
        ended = eventually(
            lambda: athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"],
            lambda found: found["Status"]["State"] not in {"QUEUED", "RUNNING"},
        )
        assert ended["Status"]["State"] == "SUCCEEDED", (query["Name"], ended["Status"])
        results = f"s3://{flow.lake.published(Shared.ATHENA_RESULTS_BUCKET)}/{QUERY_RESULTS}"
        assert ended["ResultConfiguration"]["OutputLocation"].startswith(results)
        return _rows(athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"])

    return run


def test_every_named_query_of_both_datasets_gives_rows(named_queries: dict[str, Item], run: Query) -> None:
    of_dataset = {name.partition("_")[0] for name in named_queries}
    assert (of_dataset, len(named_queries)) == ({"yellow", "green"}, 16)
    assert [name for name, query in named_queries.items() if not run(query)] == []


def test_files_query_names_each_file_with_its_trips(named_queries: dict[str, Item], run: Query) -> None:
    found = {row["source_file"]: int(row["trips"]) for row in run(named_queries["green_files"])}
    assert found.keys() >= {file.key for file in GREEN_FILES}
    assert found[GREEN_FILES[-1].key] == len(GREEN_FILES[-1].trips)


def test_demand_query_counts_every_trip(named_queries: dict[str, Item], run: Query, flow: Flow) -> None:
    (hour,) = run(named_queries["yellow_demand_by_hour"])
    assert (hour["pickup_hour"], int(hour["trips"])) == ("10", flow.trips("yellow").num_rows)
    assert int(hour["trips"]) >= len(LOADED_YELLOW)


def _rows(rows: list[Any]) -> Rows:
    header, *others = ([cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows)
    return [dict(zip(header, values, strict=True)) for values in others]
