"""Footers give the counts of whole files; what cannot be read is named and left out."""

from dataclasses import replace

import pyarrow as pa
import pytest
from odp_cli.inference.errors import SourceAccessError
from odp_cli.inference.footers import read_footers
from odp_cli.inference.landed_objects import LandedObject, ObjectSource

from tests.tools.odp_cli.inference.landing import SETTINGS, FolderSource, Landing


def test_rows_nulls_and_bytes_are_those_of_all_row_groups(landing: Landing) -> None:
    landing.load({"id": list(range(10)), "note": [None, *"abcdefghi"]}, row_group_size=3)
    (footer,) = read_footers(landing.table().loads, landing.source, SETTINGS).read
    assert (footer.rows, footer.nulls, footer.names) == (10, {"id": 0, "note": 1}, ("id", "note"))
    assert footer.bytes["note"] > 0


def test_nulls_are_unknown_where_the_writer_kept_no_statistics(landing: Landing) -> None:
    landing.load({"id": [1, 2]}, write_statistics=False)
    (footer,) = read_footers(landing.table().loads, landing.source, SETTINGS).read
    assert footer.nulls == {"id": None}


def test_file_without_rows_counts_as_none(landing: Landing) -> None:
    landing.load(pa.table({"id": pa.array([], pa.int64())}))
    footers = read_footers(landing.table().loads, landing.source, SETTINGS)
    assert (footers.rows, footers.read[0].types) == (0, {"id": pa.int64()})


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all", b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_file_that_is_no_parquet_is_named_and_its_neighbours_are_read(landing: Landing, content: bytes) -> None:
    landing.load({"id": [1, 2]})
    key = landing.put("shop/orders/LOAD00000002.parquet", content)
    footers = read_footers(landing.table().loads, landing.source, SETTINGS)
    (unreadable,) = footers.unreadable
    assert (unreadable.key, footers.rows, footers.is_complete) == (key, 2, True)
    assert unreadable.reason
    assert "\n" not in unreadable.reason


def test_file_that_vanished_after_the_listing_is_named(landing: Landing) -> None:
    key = landing.load({"id": [1, 2]})
    table = landing.table()
    (landing.folder / key).unlink()
    assert [file.key for file in read_footers(table.loads, landing.source, SETTINGS).unreadable] == [key]


def test_many_files_are_represented_by_some_from_the_first_to_the_last(landing: Landing) -> None:
    for part in range(1, 21):
        landing.load({"id": [part]}, part=part)
    footers = read_footers(landing.table().loads, landing.source, replace(SETTINGS, footers=5))
    names = [footer.file.name for footer in footers.read]
    assert (len(names), names[0], names[-1]) == (5, "LOAD00000001.parquet", "LOAD00000014.parquet")
    assert len(landing.source.opened) == 5


def test_rows_are_estimated_by_bytes_when_not_every_footer_was_read(landing: Landing) -> None:
    for part in range(1, 21):
        landing.load({"id": list(range(10))}, part=part)
    footers = read_footers(landing.table().loads, landing.source, replace(SETTINGS, footers=5))
    assert (footers.rows, footers.is_complete) == (200, False)


def test_source_that_refuses_access_stops_the_profile(landing: Landing) -> None:
    class Refusing(FolderSource):
        def open(self, landed: LandedObject) -> None:  # type: ignore[override]
            message = f"{landed.key}: no access"
            raise SourceAccessError(message)

    landing.load({"id": [1]})
    source: ObjectSource = Refusing(landing.folder)  # type: ignore[assignment]
    with pytest.raises(SourceAccessError, match="no access"):
        read_footers(landing.table().loads, source, SETTINGS)


def test_table_without_files_has_no_footers(landing: Landing) -> None:
    footers = read_footers((), landing.source, SETTINGS)
    assert (footers.read, footers.rows, footers.is_complete) == ((), 0, True)
