"""Rule 10: which schema may follow which, decided for any columns."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.file_processor.apply.source_columns import (
    SchemaVersion,
    decide_columns,
    must_rewrite,
    refuse_partition_type,
)

from lake.errors import SchemaChangeRefusedError
from lake.tables.columns import ColumnType, column_type, promote
from lake.tables.hudi.capabilities import HUDI
from lake.tables.iceberg.capabilities import ICEBERG
from lake.tables.partitions import Partition

SCALARS = ("boolean", "int", "bigint", "float", "double", "string", "binary", "date", "timestamp", "time(micros)")
DECIMALS = [f"decimal({precision},{scale})" for precision in range(1, 39) for scale in range(precision + 1)]
TYPES = st.sampled_from(SCALARS) | st.sampled_from(DECIMALS)
NAMES = st.sampled_from([f"C{number}" for number in range(6)])
COLUMNS = st.dictionaries(NAMES, TYPES, min_size=1)


def types(columns: Mapping[str, str]) -> dict[str, ColumnType]:
    return {name: column_type(text) for name, text in columns.items()}


def decided(*versions: dict[str, str]) -> dict[str, str]:
    columns = decide_columns([SchemaVersion(f"v{number}", types(columns)) for number, columns in enumerate(versions)])
    return {name: str(type_) for name, type_ in columns.items()}


def is_wider(old: str, new: str) -> bool:
    return promote(column_type(old), column_type(new)) is not None


def refusal(*versions: dict[str, str]) -> list[str]:
    with pytest.raises(SchemaChangeRefusedError) as refused:
        decided(*versions)
    return refused.value.problems


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, str]]:
    """Schemas that each continue the one before: the source only adds and widens columns."""
    versions = [draw(COLUMNS)]
    for _ in range(draw(st.integers(0, 4))):
        columns = dict(versions[-1])
        for name, type_ in columns.items():
            wider = draw(TYPES)
            columns[name] = wider if is_wider(type_, wider) else type_
        versions.append(columns | {n: t for n, t in draw(COLUMNS).items() if n not in columns})
    return versions


@given(histories())
def test_rule_10_columns_that_are_added_and_widened_end_as_in_the_newest_version(
    versions: list[dict[str, str]],
) -> None:
    stored = {name: type_.replace("time(micros)", "string") for name, type_ in versions[-1].items()}
    assert decided(*versions) == stored
    assert list(decided(*versions))[: len(versions[0])] == list(versions[0])


@given(histories(), st.data())
def test_rule_10_version_that_is_left_out_or_comes_twice_changes_nothing(
    versions: list[dict[str, str]], data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(versions) - 1))
    assert decided(*versions[: position + 1], *versions[position:]) == decided(*versions)
    assert decided(*versions[:position], versions[-1]) == decided(*versions)


@given(COLUMNS, st.data())
def test_rule_10_column_that_a_newer_version_lacks_is_refused_by_name(
    columns: dict[str, str], data: st.DataObject
) -> None:
    dropped = data.draw(st.sampled_from(sorted(columns)))
    newer = {name: type_ for name, type_ in columns.items() if name != dropped}
    [problem] = refusal(columns, newer, newer)
    type_ = columns[dropped].replace("time(micros)", "string")
    assert problem == f"column {dropped} ({type_} in v0) is missing in v1"


@given(TYPES, TYPES)
def test_rule_10_type_that_changes_otherwise_is_refused_with_both_types(old: str, new: str) -> None:
    stored = [type_.replace("time(micros)", "string") for type_ in (old, new)]
    if stored[0] == stored[1] or is_wider(*stored):
        assert decided({"C": old}, {"C": new}) == {"C": stored[1]}
    else:
        assert refusal({"C": old}, {"C": new}) == [f"column C is {stored[0]} in v0, but {stored[1]} in v1"]


def test_rule_10_every_column_that_is_refused_is_named() -> None:
    assert refusal({"A": "int", "B": "string", "C": "date"}, {"A": "string", "C": "date"}) == [
        "column A is int in v0, but string in v1",
        "column B (string in v0) is missing in v1",
    ]


@pytest.mark.parametrize("name", ["my col", "1st", "SYS$COL", "Größe", "a.b", "a-b", ""])
def test_rule_10_name_that_a_table_cannot_have_is_refused(name: str) -> None:
    [problem] = refusal({name: "int"})
    assert problem.startswith(f"column {name!r} of v0 has a name that tables cannot have")


def test_rule_10_columns_that_differ_in_case_only_are_refused_in_one_file_and_over_time() -> None:
    assert refusal({"Note": "string", "NOTE": "string"}) == [
        "columns Note and NOTE of v0 differ in upper and lower case only"
    ]
    assert "columns Note and NOTE of v1 differ in upper and lower case only" in refusal(
        {"Note": "string"}, {"NOTE": "string"}
    )


def test_rule_10_type_that_no_table_holds_is_refused_once() -> None:
    columns = {"TAGS": "unsupported: group LIST"}
    assert refusal(columns, columns) == [
        "column TAGS of v0 has a type that tables cannot hold (unsupported: group LIST)"
    ]


@pytest.mark.parametrize("type_", ["timestamp", "binary"])
def test_partition_column_whose_values_name_no_folder_is_refused(type_: str) -> None:
    refuse_partition_type(types({"P": type_}), None, HUDI)
    refuse_partition_type(types({"P": "date"}), Partition("P"), HUDI)
    with pytest.raises(SchemaChangeRefusedError, match=f"partition column P is of type {type_}"):
        refuse_partition_type(types({"P": type_}), Partition("P"), HUDI)


@pytest.mark.parametrize(
    ("partition", "good", "bad"),
    [
        (Partition("P", "day"), ["date", "timestamp"], ["string", "bigint", "boolean"]),
        (Partition("P", "bucket", 4), ["int", "bigint", "decimal(8,2)", "string", "timestamp"], ["double", "boolean"]),
    ],
    ids=str,
)
def test_partitions_by_days_or_buckets_need_values_that_have_them(
    partition: Partition, good: list[str], bad: list[str]
) -> None:
    for type_ in good:
        refuse_partition_type(types({"P": type_}), partition, ICEBERG)
    for type_ in bad:
        with pytest.raises(SchemaChangeRefusedError, match=r"column P is of type .*, by which Iceberg tables have no"):
            refuse_partition_type(types({"P": type_}), partition, ICEBERG)


@pytest.mark.parametrize(
    ("old", "new", "bound", "rewrites"),
    [
        ("int", "int", {"C"}, False),
        ("int", "bigint", {"D"}, False),
        ("int", "bigint", {"C"}, True),
        ("float", "double", {"D"}, True),
        ("decimal(8,2)", "decimal(9,2)", {"D"}, True),
        ("bigint", "decimal(20,0)", {"D"}, True),
    ],
)
def test_rule_10_table_is_rewritten_only_for_what_readers_do_not_widen_themselves(
    old: str, new: str, bound: set[str], rewrites: bool
) -> None:
    assert must_rewrite(types({"C": old}), types({"C": new, "NEW": "string"}), bound, HUDI) is rewrites
