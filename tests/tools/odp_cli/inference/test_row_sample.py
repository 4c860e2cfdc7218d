"""The sample is bounded, spread over the table, and in the table's own types."""

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest
from odp_cli.inference.columns import column_profiles
from odp_cli.inference.footers import Footers, UnreadableFile, read_footers
from odp_cli.inference.row_sample import RowSample, sample_rows
from odp_cli.inference.settings import ProfileSettings

from tests.tools.odp_cli.inference.landing import SETTINGS, Landing


def sample(
    landing: Landing, limit: int = 1000, settings: ProfileSettings = SETTINGS
) -> tuple[RowSample, tuple[UnreadableFile, ...]]:
    footers = read_footers(landing.table().loads, landing.source, settings)
    return sample_rows(footers, column_profiles(footers, Footers()), limit, landing.source, settings)


def ids(sampled: RowSample) -> list[int]:
    column = sampled.column("id")
    assert column is not None
    return list(column.to_pylist())


def test_all_rows_are_read_when_they_are_few(landing: Landing) -> None:
    for part in (1, 2):
        landing.load({"id": [part * 10, part * 10 + 1]}, part=part)
    sampled, unreadable = sample(landing)
    assert (ids(sampled), sampled.count, sampled.of_rows, unreadable) == ([10, 11, 20, 21], 4, 4, ())


def test_large_table_is_sampled_in_runs_from_the_first_to_the_last_row_group(landing: Landing) -> None:
    landing.load({"id": range(10_000)}, row_group_size=100)
    sampled, _ = sample(landing, limit=400)
    found = ids(sampled)
    assert (len(found), sampled.of_rows) == (400, 10_000)
    assert found[:25] == list(range(25))
    assert found[-25:] == list(range(9_900, 9_925))


def test_one_large_row_group_is_read_up_to_the_limit(landing: Landing) -> None:
    landing.load({"id": range(10_000)})
    assert ids(sample(landing, limit=70)[0]) == list(range(70))


@pytest.mark.parametrize("limit", [1, 2, 7, 99])
def test_limit_is_never_exceeded(landing: Landing, limit: int) -> None:
    for part in range(1, 12):
        landing.load({"id": range(30)}, part=part, row_group_size=7)
    assert 0 < sample(landing, limit=limit)[0].count <= limit


def test_wide_rows_lower_the_number_of_rows(landing: Landing) -> None:
    landing.load({f"c{number}": range(1000) for number in range(20)})
    sampled, _ = sample(landing, settings=replace(SETTINGS, sample_bytes=20 * 16 * 50))
    assert sampled.count == 50


def test_column_that_a_file_lacks_is_null_there(landing: Landing) -> None:
    landing.load({"id": [1]})
    landing.load({"id": [2], "added": ["x"]}, part=2)
    assert sample(landing)[0].rows.to_pylist() == [{"id": 1, "added": None}, {"id": 2, "added": "x"}]


def test_file_that_shares_no_column_with_the_others_keeps_its_rows(landing: Landing) -> None:
    landing.load({"id": [1]})
    landing.load({"measure": [0.5, 0.6]}, part=2)
    assert ids(sample(landing)[0]) == [1, None, None]


def test_widened_columns_come_in_the_wider_type(landing: Landing) -> None:
    landing.load({"id": pa.array([1], pa.int32()), "price": pa.array([Decimal("1.50")], pa.decimal128(5, 2))})
    landing.load({"id": pa.array([2], pa.int64()), "price": pa.array([Decimal("2.25")], pa.decimal128(9, 2))}, part=2)
    rows = sample(landing)[0].rows
    assert rows.schema.types == [pa.int64(), pa.decimal128(9, 2)]
    assert rows.column("price").to_pylist() == [Decimal("1.50"), Decimal("2.25")]


def test_columns_that_cannot_have_a_role_are_not_read(landing: Landing) -> None:
    landing.load(
        {
            "id": [1],
            "measure": [0.5],
            "blob": [b"x"],
            "list": [[1]],
            "struct": [{"a": 1}],
            "order id": [1],
            "lob": ["x" * 10_000],
            "Name": ["a"],
            "NAME": ["b"],
        }
    )
    assert sample(landing)[0].rows.column_names == ["id"]


def test_encoded_texts_are_read_as_texts(landing: Landing) -> None:
    table = pa.table(
        {"code": pa.array(["a", "b"]).dictionary_encode(), "text": pa.array(["c", "d"], pa.large_string())}
    )
    landing.load(table, store_schema=True)
    assert sample(landing)[0].rows.schema.types == [pa.string(), pa.string()]


def test_file_without_rows_changes_nothing(landing: Landing) -> None:
    landing.load({"id": [1]})
    landing.load(pa.table({"id": pa.array([], pa.int64())}), part=2)
    assert ids(sample(landing)[0]) == [1]


def test_file_with_damaged_pages_is_named_and_its_neighbours_are_read(landing: Landing) -> None:
    landing.load({"id": [1]})
    key = landing.load({"id": range(5000)}, part=2, use_dictionary=False, compression="none")
    damaged = bytearray((landing.folder / key).read_bytes())
    damaged[4:2000] = b"\xff" * 1996
    landing.put(key, bytes(damaged))
    sampled, unreadable = sample(landing)
    assert [file.key for file in unreadable] == [key]
    assert ids(sampled) == [1]


def test_file_with_texts_that_are_no_utf8_is_named(landing: Landing) -> None:
    key = landing.load({"id": [1], "name": ["abcdefgh"]}, use_dictionary=False, compression="none")
    content = (landing.folder / key).read_bytes()
    landing.put(key, content.replace(b"abcdefgh", b"abc\xff\xfefgh"))
    sampled, (unreadable,) = sample(landing)
    assert (sampled.count, unreadable.key) == (0, key)
    assert "UTF8" in unreadable.reason
