"""The Data Catalog takes no entry that AWS refuses, and an update replaces the whole entry."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

LARGEST = 512_000


@pytest.fixture
def glue(aws: Callable[[str], Any]) -> Any:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    return glue


def columns(**different: str) -> dict[str, Any]:
    return {"Columns": [{"Name": "id", "Type": "int", **different}]}


@pytest.mark.parametrize(
    "entry",
    [
        {"Parameters": {"odp.long-proof": "x" * (LARGEST + 1)}},
        {"Parameters": {"k" * 256: "x"}},
        {"StorageDescriptor": columns(Comment="c" * 256)},
        {"StorageDescriptor": columns(Name="n" * 256)},
        {"PartitionKeys": [{"Name": "day", "Type": "date", "Comment": "c" * 256}]},
    ],
    ids=["parameter", "key of a parameter", "comment", "name of a column", "comment of a partition"],
)
def test_what_aws_takes_in_no_entry_is_refused(glue: Any, entry: dict[str, Any]) -> None:
    glue.create_table(DatabaseName="lake", TableInput={"Name": "trips"})
    with pytest.raises(ClientError, match="ValidationException"):
        glue.create_table(DatabaseName="lake", TableInput={"Name": "other", **entry})
    with pytest.raises(ClientError, match="ValidationException"):
        glue.update_table(DatabaseName="lake", TableInput={"Name": "trips", **entry})
    (table,) = glue.get_tables(DatabaseName="lake")["TableList"]
    assert table["VersionId"] == "1"


def test_what_aws_just_takes_is_taken(glue: Any) -> None:
    entry = {"Parameters": {"k" * 255: "x" * LARGEST}, "StorageDescriptor": columns(Comment="c" * 255)}
    glue.create_table(DatabaseName="lake", TableInput={"Name": "trips", **entry})
    assert len(glue.get_table(DatabaseName="lake", Name="trips")["Table"]["Parameters"]["k" * 255]) == LARGEST


def test_update_empties_what_it_leaves_out(glue: Any) -> None:
    whole = {"Description": "d", "Parameters": {"a": "1", "b": "2"}, "StorageDescriptor": columns()}
    glue.create_table(DatabaseName="lake", TableInput={"Name": "trips", **whole})
    glue.update_table(DatabaseName="lake", TableInput={"Name": "trips", "Parameters": {"b": "3"}})
    table = glue.get_table(DatabaseName="lake", Name="trips")["Table"]
    assert table["Parameters"] == {"b": "3"}
    assert not table["StorageDescriptor"].get("Columns")
    assert not table.get("Description")
