"""Writes that take several steps: on a branch, to which the table is moved at last, in one commit of the catalog."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from lake.spark_session import elements

_MAIN, _LOAD = "main", "load_"


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of one table; `table` is Iceberg's own, a Java object."""

    table: Any
    name: str

    def sql(self, table_sql: str) -> str:
        """Name the branch in SQL, as a table that can be written."""
        return f"{table_sql}.`branch_{self.name}`"

    def publish(self) -> None:
        """Move the table to the branch; refused if the table is not what it was when the branch began."""
        self.table.refresh()
        self.table.manageSnapshots().fastForwardBranch(_MAIN, self.name).removeBranch(self.name).commit()


def begin_branch(table: Any) -> Branch:  # noqa: ANN401 - a Java object
    """Begin a branch where the table is now, and remove those that runs before left behind."""
    references = table.manageSnapshots()
    for name in elements(table.refs().keySet()):
        if name.startswith(_LOAD):
            references.removeBranch(name)
    name = f"{_LOAD}{uuid.uuid4().hex}"
    references.createBranch(name).commit()
    return Branch(table, name)
