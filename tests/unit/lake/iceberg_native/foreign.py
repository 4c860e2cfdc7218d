"""What the Data Catalog's optimizers do to a table, done by pyiceberg alone."""

from __future__ import annotations

import uuid
from typing import Any

from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles

_TOTALS = ("total-records", "total-files-size", "total-data-files", "total-delete-files")


class _Compaction(_OverwriteFiles):
    """A commit of the operation that pyiceberg itself never makes."""

    def _summary(self, snapshot_properties: dict[str, str] | None = None) -> Summary:
        parent = self._transaction.table_metadata.current_snapshot()
        assert parent is not None
        assert parent.summary is not None
        return Summary(Operation.REPLACE, **{name: parent.summary[name] or "0" for name in _TOTALS})


def compact(stored: Table) -> None:
    """Write all rows again into new files, as a compaction does: no row changes, and the summary has no proof."""
    rows, files = stored.scan().to_arrow(), [task.file for task in stored.scan().plan_files()]
    with stored.transaction() as transaction:
        written: Any = _dataframe_to_data_files(transaction.table_metadata, rows, stored.io, uuid.uuid4())
        with _Compaction(Operation.REPLACE, transaction, stored.io) as compaction:
            for file in files:
                compaction.delete_data_file(file)
            for file in written:
                compaction.append_data_file(file)


def retain(stored: Table, newest: int) -> None:
    """Forget all but so many of the newest snapshots, and delete no file."""
    in_order = sorted(stored.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    stored.maintenance.expire_snapshots().by_ids([each.snapshot_id for each in in_order[:-newest]]).commit()
