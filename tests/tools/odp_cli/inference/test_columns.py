"""The columns of a table over all its files, and each difference between the files by name."""

from decimal import Decimal

import pyarrow as pa
from odp_cli.inference.column_types import ColumnKind
from odp_cli.inference.columns import DifferenceKind, SchemaDifference

from tests.tools.odp_cli.inference.landing import Landing


def differences(landing: Landing) -> dict[str, SchemaDifference]:
    return {difference.column: difference for difference in landing.profile().differences}


def test_columns_stand_in_the_order_of_the_first_file_and_new_ones_behind(landing: Landing) -> None:
    landing.load({"b": [1], "a": [2]})
    landing.load({"b": [1], "new": [3], "a": [2]}, part=2)
    assert [(each.name, each.position) for each in landing.profile().columns] == [("b", 0), ("a", 1), ("new", 2)]


def test_nulls_are_counted_apart_for_load_and_changes_and_a_missing_column_is_null(landing: Landing) -> None:
    landing.load({"id": [1, 2, 3], "note": [None, "a", None]})
    landing.changes({"id": [1, 2], "added": [None, 5]})
    found = {each.name: (each.load_nulls, each.change_nulls) for each in landing.profile().columns}
    assert found == {"id": (0, 0), "note": (2, 2), "added": (3, 1), "Op": (3, 0)}


def test_nulls_without_statistics_are_unknown(landing: Landing) -> None:
    landing.load({"id": [1]}, write_statistics=False)
    assert landing.profile().columns[0].load_nulls is None


def test_files_alike_differ_in_nothing(landing: Landing) -> None:
    for part in (1, 2):
        landing.load({"id": [part]}, part=part)
    landing.changes({"Op": ["U"], "id": [1], "AR_H_CHANGE_SEQ": ["1"]})  # metadata of changes is no difference
    assert differences(landing) == {}


def test_column_that_appears_later_is_added(landing: Landing) -> None:
    landing.load({"id": [1]})
    landing.changes({"id": [1]}, minute=1)
    landing.changes({"id": [1], "email": ["a"]}, minute=2)
    difference = differences(landing)["email"]
    assert difference.kind is DifferenceKind.ADDED
    assert "in 1 of 3 files, 20260105-000200123.parquet; NULL in the others" in difference.text


def test_column_that_disappears_is_dropped_and_one_that_comes_and_goes_is_partial(landing: Landing) -> None:
    landing.load({"id": [1], "fax": ["a"]})
    landing.changes({"id": [1], "trial": ["a"]}, minute=1)
    landing.changes({"id": [1]}, minute=2)
    found = differences(landing)
    assert (found["fax"].kind, found["trial"].kind) == (DifferenceKind.DROPPED, DifferenceKind.PARTIAL)


def test_widened_type_names_both_types_and_the_one_that_holds_both(landing: Landing) -> None:
    landing.load({"id": pa.array([1], pa.int32()), "price": pa.array([Decimal("1.5")], pa.decimal128(5, 2))})
    landing.changes({"id": pa.array([2], pa.int64()), "price": pa.array([Decimal("1.5")], pa.decimal128(9, 2))})
    found = differences(landing)
    assert (found["id"].kind, found["price"].kind) == (DifferenceKind.WIDENED, DifferenceKind.WIDENED)
    assert found["id"].text == "int32 in 1 file, int64 in 1 file: read as int64"


def test_types_that_conflict_are_named_with_what_to_do(landing: Landing) -> None:
    landing.load({"id": [1], "code": [1]})
    landing.changes({"id": [2], "code": ["a"]})
    profile = landing.profile()
    (difference,) = profile.differences
    assert difference.kind is DifferenceKind.CONFLICTING
    assert difference.text.startswith("int64 in 1 file, string in 1 file: no type holds both")
    assert [(each.kind, each.data_type) for each in profile.columns if each.name == "code"] == [
        (ColumnKind.CONFLICTING, None)
    ]


def test_names_that_differ_only_by_case_are_reported_within_a_file_and_across_files(landing: Landing) -> None:
    landing.load({"id": [1], "Name": ["a"], "NAME": ["b"]})
    landing.changes({"ID": [2], "Name": ["a"], "NAME": ["b"]})
    found = [each for each in landing.profile().differences if each.kind is DifferenceKind.CASE]
    assert [each.text.split(" are one")[0] for each in found] == ["id and ID", "Name and NAME"]


def test_name_that_occurs_twice_in_a_file_is_reported(landing: Landing) -> None:
    landing.load(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"]))
    profile = landing.profile()
    assert [each.kind for each in profile.differences] == [DifferenceKind.CASE]
    assert profile.primary_key.columns == ()
