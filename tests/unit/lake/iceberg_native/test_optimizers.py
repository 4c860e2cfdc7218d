"""The Data Catalog's optimizers work on a table between two refreshes, and while one is under way."""

from __future__ import annotations

import pytest

from lake.errors import LeaseLostError, TableMovedError
from lake.tables.iceberg_native import retention
from tests.unit.lake.iceberg_native.foreign import compact, retain
from tests.unit.lake.iceberg_native.lake import LakeTable

pytestmark = pytest.mark.simulation  # it writes files, which takes long for make check


def test_compaction_between_two_refreshes_loses_neither_proof_nor_rows(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "north")], proof={"odp.file_ids": '["f2"]'}, fence=7)
    before = loaded.native.existing()
    compact(loaded.stored)
    snapshot = loaded.stored.metadata.current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    assert snapshot.summary.operation.value == "replace"
    existing = loaded.native.existing()
    assert before is not None
    assert existing is not None
    assert existing.proof == before.proof == loaded.commit().proof == {"odp.file_ids": '["f2"]'}
    assert loaded.commit().size == before_size(loaded)
    loaded.change([("U", 2, 22, "south"), ("D", 3, None, None)], proof={"odp.file_ids": '["f3"]'}, fence=8)
    assert loaded.rows("ID", "V") == [(1, 11), (2, 22)]
    assert loaded.commit().proof == {"odp.file_ids": '["f3"]'}


def before_size(table: LakeTable) -> object:
    """Three rows, of which a compaction changes none."""
    size = table.commit().size
    assert size is not None
    assert size.rows == 3
    return size


def test_run_of_an_older_lease_is_refused_across_a_compaction(loaded: LakeTable) -> None:
    loaded.change([("U", 1, 11, "north")], fence=7)
    compact(loaded.stored)

    def lost() -> None:
        raise LeaseLostError("overtaken")

    with pytest.raises(LeaseLostError):
        loaded.change([("U", 1, 12, "north")], fence=6, check_lease=lost)
    assert loaded.rows("ID", "V") == [(1, 11), (2, 20), (3, 30)]


def test_long_proof_outlives_a_compaction(loaded: LakeTable) -> None:
    proof = {"odp.file_ids": "x" * 5_000}
    loaded.change([("U", 1, 11, "north")], proof=proof)
    compact(loaded.stored)
    assert loaded.commit().proof == proof


def test_refresh_during_which_the_table_was_compacted_is_refused_and_the_next_one_is_right(loaded: LakeTable) -> None:
    changes = [("U", 1, 11, "north"), ("D", 2, None, None)]
    with pytest.raises(TableMovedError):
        loaded.change(changes, check_lease=lambda: compact(loaded.stored))
    assert loaded.rows("ID", "V") == [(1, 10), (2, 20), (3, 30)]
    loaded.change(changes)
    assert loaded.rows("ID", "V") == [(1, 11), (3, 30)]


@pytest.mark.parametrize("kept", [3, 12])
def test_retention_that_forgets_the_snapshots_that_a_refresh_forgets_leaves_the_table_as_it_should_be(
    loaded: LakeTable, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """Both forget old snapshots: whoever comes second finds them gone."""
    for number in range(14):
        loaded.change([("U", 1, number, "north")])
    monkeypatch.setattr(retention, "QUERY_MS", -1)
    monkeypatch.setattr(retention, "MOST_SNAPSHOTS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(retention, "KEPT_SNAPSHOTS", 2)
        with loaded.stored.transaction() as transaction:
            transaction.set_properties({"history.expire.min-snapshots-to-keep": "2"})
        with pytest.raises(TableMovedError):
            loaded.change([("U", 1, 99, "north")], check_lease=lambda: retain(loaded.stored, kept))
        assert loaded.rows("ID", "V") == [(1, 13), (2, 20), (3, 30)]
        loaded.change([("U", 1, 99, "north")])
    assert loaded.rows("ID", "V") == [(1, 99), (2, 20), (3, 30)]
