"""Counts the updates of one commit that are of keys which the table did not have.

Without before-images DMS writes an update of the key as an update with the new key only: the table does not have it,
and the row of the former key stays. The count is a lower bound, and nothing is counted where such an update may have
another cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odp.file_processor.apply.column_names import NamedColumns
from odp.file_processor.apply.existing_table import ExistingTable
from odp.refresh import RefreshKind, RefreshPlan, RowCounts


@dataclass(frozen=True, slots=True)
class FinalRows:
    """How many final rows a commit has, deletes included, and how many rows of inserted keys are among them."""

    rows: int = 0
    inserted: int = 0

    def updates_without_row(self, written: RowCounts) -> int:
        """Give how many final rows were new to the table though no change inserted their key.

        `written` are the commit's own statistics. A final row is an update in place, or a delete, or a move to another
        partition, which counts as an insert and a delete, or new to the table. The delete of an unknown key may count
        as an insert too. So what is new is the rest, and not simply what was inserted.
        """
        new = min(self.rows - written.updated - written.deleted, written.inserted)
        return max(0, new - self.inserted)


def may_count_updates_without_row(
    refresh: RefreshPlan, table: ExistingTable | None, files: Iterable[NamedColumns]
) -> bool:
    """Whether an update in these files whose row the table does not have is worth a report.

    It is not:

    - before the table has a load, or while one is awaited, which may have the row;
    - in the first changes after a load: DMS may have read the row for the load after a change, and delete it later;
    - in changes that are read again or come late, whose rows later changes may have deleted;
    - if any file has before-images, which tell the former keys.
    """
    if refresh.kind is not RefreshKind.CHANGES or refresh.awaits_load or table is None:
        return False
    is_live = bool(table.newest_load and table.newest_change)
    is_newer = all(not file.is_load and file.name > table.newest_change for file in refresh.read_files)
    return is_live and is_newer and not any(file.before_images for file in files)
