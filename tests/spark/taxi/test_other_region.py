"""Another Region becomes active while files are loaded: no table changes any more, and nothing has failed by a file."""

import pytest
from taxi.errors import BuildFailedError
from taxi.iceberg import one_region
from taxi.records import LoadStatus

from lake.errors import StaleRegionError
from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import csv, trip

REASON = "the active Region changed to us-west-2 by epoch 1"


def stale() -> None:
    raise StaleRegionError(REASON)


def test_bundle_whose_region_is_no_longer_active_is_not_committed_and_is_loaded_once_when_it_is_again(
    lake: Lake,
) -> None:
    file = lake.put("a.csv", csv(trip(1)))
    lake.check_region = stale
    outcome = lake.conform(file)[file.file_id]
    assert (outcome.status, outcome.error) == (LoadStatus.STOPPED, REASON)
    assert lake.table.snapshot() is None
    lake.check_region = one_region
    lake.conform(file)
    before = lake.table.snapshot()
    other = lake.put("b.csv", csv(trip(2)))
    lake.check_region = stale
    assert lake.conform(other)[other.file_id].status is LoadStatus.STOPPED
    assert lake.table.snapshot() == before
    lake.check_region = one_region
    assert lake.conform(other)[other.file_id].status is LoadStatus.LOADED
    assert len(lake.rows("source_file")) == 2


def test_purpose_built_tables_are_not_changed_in_a_region_that_is_no_longer_active(lake: Lake) -> None:
    lake.conform(lake.put("a.csv", csv(trip(1))))
    lake.check_region = stale
    with pytest.raises(BuildFailedError, match=REASON):
        lake.build()
    lake.check_region = one_region
    assert lake.build()
    assert all(rebuild.is_needless for rebuild in lake.build().values())
