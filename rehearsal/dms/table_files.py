"""Makes the Parquet files of one table, with the columns that endpoint and mappings want."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rehearsal.dms import table_mappings as mappings
from rehearsal.dms.columns import SourceColumn, column_array
from rehearsal.dms.endpoints import S3Settings
from rehearsal.dms.table_mappings import AddedColumn, BeforeImages, TableMappings

OP = "Op"
_WORDS = {"I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_TIME = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a change file."""

    operation: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] | None
    committed_at: datetime
    sequence: str
    position: str


class TableFiles:
    """The files of one table; columns are: Op, time, those of the source, added ones, before-images."""

    def __init__(self, target: S3Settings, rules: TableMappings, schema: str, table: str) -> None:
        self._target = target
        self._name: Callable[[str], str] = lambda column: rules.column(schema, table, column)
        self._added = list(rules.added_columns(schema, table))
        self._before = rules.before_images(schema, table)

    def load_part(self, columns: Sequence[SourceColumn], arrays: Sequence[pa.Array], at: datetime) -> bytes:
        """A part of a full load; it has no before-images."""
        count = len(arrays[0])
        made: dict[str, Any] = {}
        if self._target.include_op_for_full_load:
            made[OP] = _constant("I", count)
        if self._target.timestamp_column_name:
            made[self._target.timestamp_column_name] = _constant(at.strftime(_TIME), count)
        made |= {self._name(column.name): array for column, array in zip(columns, arrays, strict=True)}
        for rule in self._added:
            made[rule.value] = pa.repeat(_in_load(rule, at), count)
        return self._parquet(made)

    def changes(self, columns: Mapping[str, SourceColumn], key: Sequence[str], changes: Sequence[Change]) -> bytes:
        """A file of changes, which all have these columns."""
        made: dict[str, Any] = {OP: pa.array([change.operation for change in changes], pa.string())}
        if self._target.timestamp_column_name:
            times = [change.committed_at.strftime(_TIME) for change in changes]
            made[self._target.timestamp_column_name] = pa.array(times, pa.string())
        for name, column in columns.items():
            made[self._name(name)] = column_array(column, [change.after.get(name) for change in changes])
        for rule in self._added:
            values = [_in_change(rule, change) for change in changes]
            made[rule.value] = pa.array(values, _type(rule))
        if self._before:
            for name in _imaged(self._before, columns, key):
                former = [change.before.get(name) if change.before else None for change in changes]
                made[self._before.name(self._name(name))] = column_array(columns[name], former)
        return self._parquet(made)

    def _parquet(self, columns: dict[str, Any]) -> bytes:
        file = io.BytesIO()
        pq.write_table(
            pa.table(columns), file, store_schema=False, compression="none",
            version="1.0" if self._target.parquet_version == "PARQUET_1_0" else "2.6",
            row_group_size=self._target.row_group_length, write_statistics=self._target.enable_statistics,
        )  # fmt: skip
        return file.getvalue()


def _imaged(rule: BeforeImages, columns: Mapping[str, SourceColumn], key: Sequence[str]) -> list[str]:
    """The columns that have a before-image."""
    wanted = rule.before_image_def.column_filter
    if wanted == "pk-only":
        return [name for name in key if name in columns]
    return [name for name, column in columns.items() if wanted == "all" or not column.is_large]


def _type(rule: AddedColumn) -> pa.DataType:
    return pa.timestamp("us") if rule.is_time else pa.string()


def _in_load(rule: AddedColumn, at: datetime) -> pa.Scalar:
    if rule.is_time:
        return pa.scalar(at.replace(tzinfo=None), _type(rule))
    return pa.scalar("INSERT" if rule.expression == mappings.OPERATION else "", _type(rule))


def _in_change(rule: AddedColumn, change: Change) -> Any:  # noqa: ANN401 - text or time
    return {
        mappings.CHANGE_SEQUENCE: change.sequence,
        mappings.STREAM_POSITION: change.position,
        mappings.OPERATION: _WORDS[change.operation],
        mappings.TIMESTAMP: change.committed_at.replace(tzinfo=None),
        mappings.COMMIT_TIMESTAMP: change.committed_at.replace(tzinfo=None),
    }[rule.expression]


def _constant(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)
