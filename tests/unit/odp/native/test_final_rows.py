"""Rule 3 natively: the last row of each key in the source's order, by the same rules as the Spark engine."""

from __future__ import annotations

import random
import re
from typing import Any

import pyarrow as pa
import pytest
from odp.file_processor.apply.commit_proof import FinalRows
from odp.records import RowHistory

from lake.errors import ObjectGoneError, RejectedInputError
from lake.tables.columns import Columns, column_type
from tests.unit.odp.native.dms import Files, values

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check

LOAD, FIRST, SECOND, THIRD = "LOAD00000001", *(f"20260101-00000000{n}" for n in (1, 2, 3))
NAMES = ("Op", "ID", "V", "SEQ")


def columns(**types: str) -> Columns:
    return {name: column_type(text) for name, text in {"Op": "string", "ID": "bigint", **types}.items()}


COLUMNS = columns(V="string", SEQ="string")


def seq(number: int) -> str:
    return f"{number:035d}"


def changes(*rows: tuple[Any, ...], names: tuple[str, ...] = NAMES) -> pa.Table:
    types = {"ID": pa.int64()}
    return pa.table(
        {name: pa.array([row[at] for row in rows], types.get(name, pa.string())) for at, name in enumerate(names)}
    )


def load(*rows: tuple[Any, ...]) -> pa.Table:
    return changes(*rows, names=("ID", "V"))


def test_last_row_of_the_newest_file_wins_whatever_the_order_of_files() -> None:
    files = Files()
    files.add(SECOND, changes(("U", 1, "newer", None), ("U", 1, "newest", None), ("D", 2, None, None)))
    files.add(FIRST, changes(("I", 1, "old", None), ("I", 2, "old", None), ("I", 3, "old", None)))
    final = files.final(COLUMNS)
    assert values(final, "Op", "ID", "V") == [("D", 2, None), ("I", 3, "old"), ("U", 1, "newest")]
    assert final.counts() == FinalRows(rows=3, inserted=2)
    assert pa.concat_tables(final.read(with_deletes=False))["ID"].to_pylist() == [3, 1]


def test_delete_followed_by_an_insert_stays_an_insert() -> None:
    files = Files()
    files.add(FIRST, changes(("D", 1, None, None), ("I", 1, "again", None)))
    assert values(files.final(COLUMNS), "Op", "V") == [("I", "again")]


def test_row_of_a_load_is_older_than_any_change() -> None:
    files = Files()
    files.add(FIRST, changes(("U", 1, "changed", seq(1))))
    files.add(LOAD, load((1, "loaded"), (2, "loaded")))
    for sequence in (None, "SEQ"):
        found = values(files.final(COLUMNS, change_sequence=sequence), "Op", "ID", "V")
        assert found == [("I", 2, "loaded"), ("U", 1, "changed")]


def test_sequence_orders_the_changes_of_a_key_only_if_all_of_them_have_a_valid_one() -> None:
    files = Files()
    backwards = [
        ("U", digits, f"{digits} digits, {when}", f"{20260101000000}{number:0{digits - 14}d}")
        for digits in (20, 34, 36)
        for when, number in (("first", 9), ("last", 1))
    ]
    files.add(FIRST, changes(("U", 1, "newer", seq(2)), ("U", 1, "older", seq(1)), *backwards))
    files.add(SECOND, changes(("U", 2, "sequenced", seq(9)), ("U", 2, "not sequenced", None)))
    found = values(files.final(COLUMNS, change_sequence="SEQ"), "ID", "V")
    assert found == [(1, "newer"), (2, "not sequenced"), *((n, f"{n} digits, last") for n in (20, 34, 36))]


def test_equal_sequences_are_ordered_by_file_and_row() -> None:
    files = Files()
    files.add(SECOND, changes(("U", 1, "third", seq(5))))
    files.add(FIRST, changes(("U", 1, "first", seq(5)), ("U", 1, "second", seq(5))))
    assert values(files.final(COLUMNS, change_sequence="SEQ"), "V") == [("third",)]


def test_two_files_of_one_name_are_ordered_row_by_row() -> None:
    files = Files()
    files.add(FIRST, changes(("U", 1, "a0", None), ("U", 1, "a1", None), ("U", 1, "a2", None)), folder="s/t/a")
    files.add(FIRST, changes(("U", 1, "b0", None), ("U", 1, "b1", None)), folder="s/t/b")
    assert values(files.final(COLUMNS), "V") == [("a2",)]


def test_null_is_a_key_like_others() -> None:
    files = Files()
    files.add(FIRST, changes(("I", None, "old", None), ("U", None, "new", None)))
    assert values(files.final(COLUMNS), "ID", "V") == [(None, "new")]


def test_column_that_a_file_lacks_is_null_and_types_are_those_of_the_table() -> None:
    files = Files()
    files.add(FIRST, pa.table({"V": ["x"], "ID": pa.array([1], pa.int16()), "Op": ["I"]}))
    table = pa.concat_tables(files.final(columns(V="string", MORE="timestamp")).read())
    assert table.to_pylist() == [{"Op": "I", "ID": 1, "V": "x", "MORE": None}]
    assert table.schema.field("ID").type == pa.int64()


def test_update_of_a_key_deletes_the_row_of_the_old_key() -> None:
    files = Files()
    names = ("Op", "ID", "BI_ID", "V")
    rows = [("I", 1, None, "new"), ("U", 2, "1", "moved"), ("U", 3, "3", "stays"), ("U", 4, None, "as it was")]
    table = changes(*rows, names=names)
    table = table.set_column(2, "BI_ID", pa.array([None, 1, 3, None], pa.int64()))
    files.add(FIRST, table)
    final = files.final(columns(V="string"), images={"BI_ID": "ID"})
    assert values(final, "Op", "ID") == [("D", 1), ("U", 2), ("U", 3), ("U", 4)]


def test_operation_that_dms_does_not_write_is_refused_with_its_file() -> None:
    for name, operation in ((FIRST, "X"), (FIRST, None), (LOAD, "U")):
        files = Files()
        files.add(name, changes((operation, 1, "v", None)))
        said = "NULL" if operation is None else f"'{operation}'"
        with pytest.raises(
            RejectedInputError, match=re.escape(f"{name}.parquet has a row with {said} in the column 'Op'")
        ):
            files.final(COLUMNS)


def test_before_image_of_an_inserted_row_is_refused() -> None:
    files = Files()
    files.add(FIRST, pa.table({"Op": ["I"], "ID": [1], "BI_ID": [1]}))
    with pytest.raises(RejectedInputError, match="has an inserted row with a value in the column BI_ID"):
        files.final(columns(), images={"BI_ID": "ID"})


def test_file_that_is_gone_and_one_that_is_no_parquet_are_told_apart() -> None:
    files = Files()
    file = files.add(FIRST, b"no parquet")
    with pytest.raises(RejectedInputError, match="is not a Parquet file"):
        files.final(COLUMNS)
    del files.contents[file.key]
    with pytest.raises(ObjectGoneError, match="was deleted after the refresh was planned"):
        files.final(COLUMNS)


def test_keys_of_several_columns_are_one_text_that_no_two_keys_share() -> None:
    files = Files()
    rows = [("I", 1, "a,b", None), ("I", 1, "a\\,b", None), ("I", 1, None, None), ("I", 1, "\\N", None)]
    files.add(FIRST, changes(*rows))
    found = values(files.final(COLUMNS, primary_key=("ID", "V")), "_odp_key")
    assert found == sorted([("1,a\\,b",), ("1,a\\\\\\,b",), ("1,\\N",), ("1,\\\\N",)], key=repr)


def test_historical_rows_have_their_version_in_their_key() -> None:
    files = Files()
    files.add(LOAD, load((1, "loaded")))
    files.add(FIRST, changes(("U", 1, "b", seq(7)), ("D", 1, None, None), ("U", 1, "c", seq(7))))
    final = files.final(COLUMNS, history=RowHistory.ALL, change_sequence="SEQ", load_version="/L1")
    assert values(final, "Op", "V", "_odp_key") == [
        ("D", None, f"1,{FIRST}.parquet#0000000001"),
        ("I", "loaded", "1,/L1"),
        ("U", "c", f"1,{seq(7)}"),
    ]


def test_update_of_a_key_shifts_the_numbers_of_no_row_behind_it() -> None:
    """Spark counts rows of the file, and may read it again for a late one: versions must be the same."""
    files = Files()
    images = pa.array([1, 2, None], pa.int64())
    files.add(
        FIRST,
        changes(("U", 5, "a"), ("U", 2, "b"), ("I", 9, "c"), names=("Op", "ID", "V")).append_column("BI_ID", images),
    )
    final = files.final(columns(V="string"), images={"BI_ID": "ID"}, history=RowHistory.ALL)
    assert values(final, "Op", "_odp_key") == [
        ("D", f"1,{FIRST}.parquet#0000000000"),
        ("I", f"9,{FIRST}.parquet#0000000002"),
        ("U", f"2,{FIRST}.parquet#0000000001"),
        ("U", f"5,{FIRST}.parquet#0000000000"),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_random_refreshes_equal_a_model_in_plain_python(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    files, model = Files(), []
    names = [LOAD, FIRST, SECOND, THIRD, SECOND]
    chance.shuffle(names)
    for at, name in enumerate(names):
        is_load = name == LOAD
        rows = [
            (
                "I" if is_load else chance.choice("IUD"),
                chance.choice([None, *range(6)]),
                f"{at}.{row}",
                chance.choice([None, "", seq(chance.randrange(4)), seq(chance.randrange(4))]),
            )
            for row in range(chance.randrange(12))
        ]
        files.add(name, changes(*rows), folder=f"s/t/{at}", row_group=chance.choice([1, 4, 100]))
        model += [
            {"key": key, "op": op, "v": v, "is_change": not is_load, "at": (name, row, f"s/t/{at}"), "seq": s or ""}
            for row, (op, key, v, s) in enumerate(rows)
        ]
    for sequence in (None, "SEQ"):
        expected = []
        for key in {row["key"] for row in model}:
            of_key = [row for row in model if row["key"] == key]
            is_sequenced = sequence and all(row["seq"] for row in of_key if row["is_change"])

            def order(row: Any, is_sequenced: Any = is_sequenced) -> Any:
                return row["is_change"], row["seq"] if is_sequenced and row["is_change"] else "", row["at"]

            last = max(of_key, key=order)
            expected.append((last["op"], key, last["v"]))
        assert values(files.final(COLUMNS, change_sequence=sequence), "Op", "ID", "V") == sorted(expected, key=repr)
