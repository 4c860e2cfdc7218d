"""Decides what a reload of a historical table adds: versions of rows that differ, marks of rows that vanished."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from lake.tables.columns import Columns, String
from odp.file_processor.apply.row_keys import key_text
from odp.file_processor.apply.row_order import VALID_SEQUENCE
from odp.file_processor.apply.technical_columns import KEY, VERSION
from odp.records import DELETE, INSERT, OPERATION, RawTableConfig

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_JOIN, _GREATEST, _LOADED = "_odp_join", "_odp_greatest", "_odp_loaded_"


def load_version(before: str, generation: int) -> str:
    """Name the version of a load's rows: later than the version before the load, earlier than any change after it."""
    return f"{before}/L{generation}"


def greatest_version(rows: DataFrame, before: str | None = None) -> str:
    """Give the greatest version among rows, of those before another if it is given; '' of none."""
    rows = rows if before is None else rows.filter(F.col(VERSION) < before)
    return str(rows.agg(F.max(VERSION)).collect()[0][0] or "")


def least_version(rows: DataFrame, after: str) -> str | None:
    """Give the least version among rows, of those after another; None of none."""
    found = rows.filter(F.col(VERSION) > after).agg(F.min(VERSION)).collect()[0][0]
    return None if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Reload:
    """What the table holds of a historical table before a reload, whose rows get this version."""

    config: RawTableConfig
    columns: Columns
    existing: DataFrame
    version: str

    def new_versions(self, loaded: DataFrame) -> DataFrame:
        """Give the rows to add for a load that has one row of each key: nothing for a row that is as it was."""
        names = [*self.columns]
        load = loaded.withColumn(_JOIN, key_text(self.config, self.columns))
        load = load.select(_JOIN, *(F.col(name).alias(_LOADED + name) for name in names))
        both = self._newest().join(load, _JOIN, "full_outer")
        is_loaded, was_live = F.col(_LOADED + OPERATION).isNotNull(), F.col(OPERATION) != DELETE
        is_new = F.col(OPERATION).isNull() | ~was_live | self._differs()
        changed = both.filter(F.when(is_loaded, is_new).otherwise(was_live))
        values = {name: F.when(is_loaded, F.col(_LOADED + name)).otherwise(F.col(name)) for name in names}
        values[OPERATION] = F.when(is_loaded, F.lit(INSERT)).otherwise(F.lit(DELETE))
        return changed.select(
            *(value.alias(name) for name, value in values.items()), F.lit(self.version).alias(VERSION)
        )

    def marks(self) -> DataFrame:
        """Give a delete mark for every key that is live."""
        live = self._newest().filter(F.col(OPERATION) != DELETE).drop(_JOIN)
        return live.withColumns({OPERATION: F.lit(DELETE), VERSION: F.lit(self.version)})

    def _newest(self) -> DataFrame:
        """Give the newest version of each key before the load; the record key ends in a comma and the version."""
        before = self.existing.filter(F.col(VERSION) < self.version)
        keyed = before.withColumn(_JOIN, F.expr(f"left({KEY}, length({KEY}) - length({VERSION}) - 1)"))
        newest = keyed.withColumn(_GREATEST, F.max(VERSION).over(Window.partitionBy(_JOIN)))
        return newest.filter(F.col(_GREATEST) == F.col(VERSION)).select(_JOIN, *self.columns)

    def _differs(self) -> Column:
        return reduce(or_, (self._differs_in(name) for name in self.columns if name != OPERATION))

    def _differs_in(self, name: str) -> Column:
        loaded, existing = F.col(_LOADED + name), F.col(name)
        if name == self.config.partition_key and self.columns[name] == String():
            # Spark takes it from the folder's name, which an empty text and NULL have in common
            loaded, existing = (F.when(column != "", column) for column in (loaded, existing))
        differs = ~loaded.eqNullSafe(existing)
        if name == self.config.change_sequence and self.columns[name] == String():
            # DMS's sequence is empty in loads
            is_sequence = F.coalesce(existing, F.lit("")).rlike(f"{VALID_SEQUENCE}|^\\z")
            differs = differs & ~((F.coalesce(loaded, F.lit("")) == "") & is_sequence)
        return differs
