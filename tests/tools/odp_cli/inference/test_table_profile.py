"""One table as a whole: how much was read, what was left out, and the data that DMS really writes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa
import pytest
from odp_cli.inference import table_profile
from odp_cli.inference.draft import draft
from odp_cli.inference.errors import SourceAccessError
from odp_cli.inference.findings import Finding
from odp_cli.inference.primary_key import primary_key
from odp_cli.inference.proposal import propose
from odp_cli.inference.sampled_table import SampledTable
from odp_cli.inference.settings import ProfileSettings

from tests.tools.odp_cli.inference.landing import SETTINGS, Landing, sequence


def test_extent_tells_files_footers_rows_and_sampled_rows(landing: Landing) -> None:
    for part in range(1, 11):
        landing.load({"id": range(50)}, part=part)
    landing.changes({"Op": ["U"] * 7, "id": range(7)})
    profile = landing.profile(settings=replace(SETTINGS, footers=4, sample_rows=100))
    loads, changes = profile.loads, profile.changes
    assert (loads.files, loads.footers, loads.rows, loads.is_estimate, loads.sampled_rows) == (10, 4, 500, True, 100)
    assert (changes.files, changes.rows, changes.is_estimate, changes.sampled_rows) == (1, 7, False, 7)


def test_settings_have_the_stated_defaults(landing: Landing) -> None:
    assert (ProfileSettings().sample_rows, ProfileSettings().change_rows) == (200_000, 50_000)


def test_hexadecimal_parts_are_one_full_load(landing: Landing) -> None:
    for part in range(1, 20):
        landing.load({"id": [part]}, part=part)
    profile = landing.profile()
    assert (profile.loads.rows, profile.primary_key.columns) == (19, ("id",))


def test_op_in_the_full_load_changes_nothing(landing: Landing) -> None:
    landing.load({"Op": ["I"] * 3, "id": [1, 2, 3], "AR_H_CHANGE_SEQ": [""] * 3})
    landing.changes({"Op": ["U"], "id": [1], "AR_H_CHANGE_SEQ": sequence(1)})
    profile = landing.profile()
    assert (profile.primary_key.columns, profile.ordering.columns) == (("id",), ("AR_H_CHANGE_SEQ",))


def test_change_files_in_date_folders_are_read(landing: Landing) -> None:
    landing.load({"id": [1, 2]})
    for day in (5, 6):
        columns = {"Op": ["U"], "id": [1], "seq": sequence(day)}
        landing.write(f"shop/orders/2026/01/{day:02d}/202601{day:02d}-120000123.parquet", columns)
    profile = landing.profile()
    assert (profile.changes.files, profile.ordering.columns) == (2, ("seq",))


def test_file_without_rows_is_read_for_its_schema_only(landing: Landing) -> None:
    landing.load({"id": [1, 2]})
    landing.load(pa.table({"id": pa.array([], pa.int64())}), part=2)
    landing.changes(pa.table({"Op": pa.array([], pa.string()), "id": pa.array([], pa.int64())}))
    profile = landing.profile()
    assert (profile.loads.rows, profile.changes.rows, profile.primary_key.columns) == (2, 0, ("id",))


def test_damaged_file_is_named_and_the_rest_is_profiled(landing: Landing) -> None:
    landing.load({"id": [1, 2]})
    key = landing.put("shop/orders/LOAD00000002.parquet", b"PAR1 cut off")
    profile = landing.profile()
    assert [file.key for file in profile.unreadable] == [key]
    assert (profile.primary_key.columns, profile.loads.rows, profile.loads.footers) == (("id",), 2, 1)
    assert "left out because unreadable: 1 file" in profile.notes


def test_file_whose_rows_are_damaged_counts_in_nothing(landing: Landing) -> None:
    landing.load({"id": [1, 2]})
    key = landing.load({"id": range(5000), "extra": range(5000)}, part=2, use_dictionary=False, compression="none")
    content = bytearray((landing.folder / key).read_bytes())
    content[4:2000] = b"\xff" * 1996
    landing.put(key, bytes(content))
    profile = landing.profile()
    assert [file.key for file in profile.unreadable] == [key]
    assert (profile.loads.rows, [column.name for column in profile.columns]) == (2, ["id"])
    assert profile.primary_key.columns == ("id",)


def test_table_without_a_readable_file_proves_nothing(landing: Landing) -> None:
    landing.put("shop/orders/LOAD00000001.parquet", b"")
    profile = landing.profile()
    assert (profile.columns, len(profile.unreadable)) == ((), 1)
    assert (profile.primary_key.columns, profile.partition_key.columns, profile.ordering.columns) == ((), (), ())


def test_every_type_that_dms_writes_is_profiled(landing: Landing) -> None:
    landing.load(
        {
            "id": pa.array([1, 2], pa.uint64()),
            "small": pa.array([1, 2], pa.int8()),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
            "ratio": pa.array([0.5, None], pa.float32()),
            "day": [date(2026, 1, 5), date(2026, 1, 6)],
            "at": pa.array([1, 2], pa.timestamp("us")),
            "at_utc": [datetime(2026, 1, 5, tzinfo=UTC)] * 2,
            "time": pa.array([1, 2], pa.time32("ms")),
            "flag": [True, False],
            "photo": [b"x", None],
            "tags": [["a"], []],
            "nothing": pa.nulls(2, pa.string()),
        }
    )
    landing.changes({"Op": ["U"], "id": pa.array([1], pa.uint64()), "AR_H_CHANGE_SEQ": sequence(1)})
    profile = landing.profile()
    assert profile.primary_key.columns == ("id",)
    assert not {name for each in profile.primary_key.candidates for name in each.columns} & {"ratio", "photo", "tags"}


def test_table_of_two_hundred_columns_is_profiled_in_bounded_work(landing: Landing) -> None:
    rows = 500
    columns = {f"c{number}": [row * number % 50 for row in range(rows)] for number in range(200)}
    landing.load(columns)
    profile = landing.profile()
    assert len(profile.columns) == 200
    assert "of the 10 most promising of" in profile.primary_key.reason


def test_table_with_blanks_and_dots_in_its_name_is_named_as_manifests_name_it(landing: Landing) -> None:
    landing.write("shop/order lines.v2/LOAD00000001.parquet", {"id": [1]})
    assert landing.profile('shop."order lines.v2"').notes == ()


def test_reload_over_a_longer_load_shows_in_the_key(landing: Landing) -> None:
    landing.load({"id": [1, 2, 3]})
    landing.load({"id": [3, 4]}, part=2)  # left over from the load before
    assert landing.profile().primary_key.columns == ()


def test_change_files_without_op_are_noted(landing: Landing) -> None:
    landing.load({"id": [1]})
    landing.changes({"Op": ["U"], "id": [1]}, minute=1)
    landing.write("shop/orders/20260105-000200123.parquet", {"id": [1]})
    assert landing.profile().notes == (
        "1 of 2 change files have no column Op: set CdcInsertsOnly of the DMS endpoint to false",
    )


def test_changes_without_op_and_full_load_prove_no_key(landing: Landing) -> None:
    landing.write("shop/orders/20260105-000200123.parquet", {"id": [1, 2]})
    assert landing.profile().primary_key.columns == ()


def test_operations_that_are_no_letters_are_no_operations(landing: Landing) -> None:
    landing.changes({"Op": [1, 2], "id": [1, 2], "region": ["eu", "us"]})
    assert landing.profile().primary_key.columns == ()


def test_columns_without_any_value_are_never_proposed(landing: Landing) -> None:
    landing.load({"id": pa.nulls(3), "AR_H_CHANGE_SEQ": pa.nulls(3), "name": ["a", "b", "c"]}, store_schema=True)
    landing.changes({"Op": ["U", "U"], "id": pa.nulls(2), "AR_H_CHANGE_SEQ": pa.nulls(2), "name": ["a", "a"]})
    profile = landing.profile()
    assert (profile.primary_key.columns, profile.ordering.columns) == (("name",), ())
    assert profile.ordering.candidates[0].objections == (
        "AR_H_CHANGE_SEQ is empty in 2 of 2 sampled changes, so it does not say when they happened",
    )


def test_trouble_in_one_table_is_told_for_it_and_leaves_the_others(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in ("a", "b", "c"):
        landing.load({"id": [1, 2]}, table=table)

    def troubled(sampled: SampledTable) -> Finding:
        if sampled.table_name == "b":
            raise pa.ArrowInvalid("what nobody expects\nand more")
        return primary_key(sampled)

    monkeypatch.setattr(table_profile, "primary_key", troubled)
    a, b, c = landing.profiles()
    assert [found.primary_key.columns for found in (a, b, c)] == [("id",), (), ("id",)]
    assert b.notes == (
        "could not be profiled: ArrowInvalid: what nobody expects; write its keys by hand, and report this",
    )
    manifest = draft([a, b, c], propose(landing.listed().tables))
    assert [entry["primary_key"] for entry in manifest["raw_table_configs"]] == ["id", "", "id"]


def test_source_that_cannot_be_read_at_all_stops_everything(landing: Landing, monkeypatch: pytest.MonkeyPatch) -> None:
    landing.load({"id": [1, 2]})

    def denied(landed: object) -> BinaryIO:
        raise SourceAccessError("denied")

    monkeypatch.setattr(landing.source, "open", denied)
    with pytest.raises(SourceAccessError):
        landing.profiles()
