"""Keeps the optimizers of Iceberg tables in the Data Catalog as the environment configures them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from lake.tables.iceberg.options import ORPHAN_DAYS
from odp.errors import TableOptimizersFailedError
from odp.records import RawTableConfig

logger = logging.getLogger(__name__)

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "compaction": {"compactionConfiguration": {"icebergConfiguration": {"strategy": "binpack"}}},
    # without numbers of its own, the optimizer keeps what the table's properties say, as refreshes do
    "retention": {"retentionConfiguration": {"icebergConfiguration": {"cleanExpiredFiles": True}}},
    "orphan_file_deletion": {
        "orphanFileDeletionConfiguration": {
            "icebergConfiguration": {"orphanFileRetentionPeriodInDays": ORPHAN_DAYS},
        }
    },
}
"""By type: what the Data Catalog is asked for, besides the role."""


class OptimizerCatalog(Protocol):
    """The optimizers of tables, by database, table and type."""

    def found(self, database: str, table: str, type_: str) -> Mapping[str, Any] | None:
        """Return an optimizer's configuration; None if there is none, or no such table."""

    def create(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> bool:
        """Create an optimizer, unless it is there already; False if there is no such table."""

    def update(self, database: str, table: str, type_: str, configuration: Mapping[str, Any]) -> None:
        """Change an optimizer."""

    def delete(self, database: str, table: str, type_: str) -> None:
        """Delete an optimizer, if it is there."""


class TableOptimizers:
    """Gives each table the optimizers of these types, with this role, and takes others of this role away."""

    def __init__(self, catalog: OptimizerCatalog, types: Collection[str], role: str) -> None:
        self._catalog = catalog
        self._types = types
        self._role = role

    def settle(self, tables: Iterable[RawTableConfig]) -> Counter[str]:
        """Settle the optimizers of all Iceberg tables; count what was done. Paused tables have none.

        A table that no refresh has made yet waits for the next call.

        Raises:
            TableOptimizersFailedError: after all tables were tried, naming those that failed.
        """
        done: Counter[str] = Counter()
        failed: list[str] = []
        for table in tables:
            if table.table_format != "iceberg":
                continue
            try:
                done.update(self._settle(table, type_) for type_ in SETTINGS)
            except Exception:  # the other tables have nothing to do with it
                logger.exception("%s: the Data Catalog does not take its optimizers", table.qualified_name)
                failed.append(table.qualified_name)
        if failed:
            message = f"{len(failed)} tables have not the optimizers that are configured: {', '.join(failed[:20])}"
            raise TableOptimizersFailedError(message)
        return done

    def _wants(self, table: RawTableConfig, type_: str) -> bool:
        return table.is_active and type_ in self._types

    def _settle(self, table: RawTableConfig, type_: str) -> str:
        place = table.raw_database_name, table.raw_table_name, type_
        wanted = {"roleArn": self._role, "enabled": True, **SETTINGS[type_]} if self._wants(table, type_) else None
        found = self._catalog.found(*place)
        if found is None:
            if wanted is None:
                return "unwanted"
            return "created" if self._catalog.create(*place, wanted) else "without a table"
        if found.get("roleArn") != self._role:
            logger.info("%s: the optimizer %s is of somebody else, and stays", table.qualified_name, type_)
            return "of somebody else"
        if wanted is None:
            self._catalog.delete(*place)
            return "deleted"
        if _has(found, wanted):
            return "unchanged"
        self._catalog.update(*place, wanted)
        return "updated"


def _has(found: object, wanted: object) -> bool:
    """Whether a configuration has all that is wanted; the Data Catalog may add its defaults."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_has(found.get(name), value) for name, value in wanted.items())
    return found == wanted
