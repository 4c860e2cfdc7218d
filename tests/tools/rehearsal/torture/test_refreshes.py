"""What the run log of a deployed lake says of its refreshes."""

from typing import Any

from rehearsal.torture.deployed.refreshes import defects, endings


def item(engine: str, **fields: str) -> dict[str, Any]:
    status = "error" if "error_message" in fields else "completed"
    return {"raw_table_name": "raw.t7", "engine": engine, "refresh_status": status, **fields}


ITEMS = [
    item("native"),
    item("native", beyond_engine="a historical table, whose loads Spark compares"),
    item("native", error_message="ClientError: too many requests"),
    item(
        "native", error_message="TypeError: 'UnderFire' object is not callable", beyond_engine="TypeError: 'UnderFire'"
    ),
    item("spark", error_message="AttributeError: no such method"),
]


def test_refresh_that_failed_by_a_defect_is_found_and_one_that_a_fault_ended_is_not() -> None:
    assert [str(problem) for problem in defects(ITEMS)] == [
        "t7: a refresh failed by a defect: native: TypeError: 'UnderFire' object is not callable",
        "t7: a refresh failed by a defect: native: TypeError: 'UnderFire'",
        "t7: a refresh failed by a defect: spark: AttributeError: no such method",
    ]


def test_endings_are_counted_by_engine() -> None:
    assert endings(ITEMS) == {
        ("native", "completed"): 1,
        ("native", "left to Spark"): 2,
        ("native", "ClientError"): 1,
        ("spark", "AttributeError"): 1,
    }
