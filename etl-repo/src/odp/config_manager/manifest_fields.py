"""The fields of a manifest entry: what each may hold, in messages that say how to write it right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from odp.config_manager.cadence import schedule_expression
from odp.records import VersioningType

FieldReader = Callable[[object], object]

# https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html; G.025X is for streaming jobs only
WORKER_TYPES = ("G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X")
BUCKETS = ("raw",)
_IDENTIFIER = re.compile(r"[a-z0-9_]{1,255}")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SOURCE_TABLE = re.compile(r"[^./\s]+\.[^./\s]+")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"must be a text, not {value!r}"
        raise ValueError(message)
    return value


def _matching(pattern: re.Pattern[str], meaning: str) -> FieldReader:
    def read(value: object) -> str:
        if pattern.fullmatch(_text(value)) is None:
            message = f"{value!r} is no {meaning}"
            raise ValueError(message)
        return _text(value)

    return read


def _one_of(*allowed: str) -> FieldReader:
    def read(value: object) -> str:
        if value not in allowed:
            message = f"{value!r} is not known; write {' or '.join(allowed)}"
            raise ValueError(message)
        return str(value)

    return read


def _whole_number(low: int, high: int) -> FieldReader:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            message = f"must be a whole number from {low} to {high}, without quotes, not {value!r}"
            raise ValueError(message)
        return value

    return read


def _cadence(value: object) -> str:
    schedule_expression(_text(value))
    return _text(value)


def _columns(value: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in _text(value).split(","))
    for name in names:
        _column(name)
    if len({name.lower() for name in names}) < len(names):
        message = f"names a column twice: {value!r}"
        raise ValueError(message)
    return names


_column = _matching(_COLUMN, "column name")


def _column_or_none(value: object) -> str | None:
    if value == "":
        return None
    if isinstance(value, str) and "," in value:
        message = f"{value!r} names several columns; write one, or an empty text for an unpartitioned table"
        raise ValueError(message)
    return str(_column(value))


BATCH_CONFIG_FIELDS: Mapping[str, FieldReader] = {
    "refresh_cadence": _cadence,
    "datalake_format": _one_of("hudi"),
    "glue_job_name": _matching(re.compile(r"[A-Za-z0-9_-]{1,200}"), "Glue job name (letters, digits, _ and -)"),
    "glue_job_worker_type": _one_of(*WORKER_TYPES),
    "glue_job_max_workers": _whole_number(2, 299),
    "refresh_tables_batch_size": _whole_number(1, 100),
}

RAW_TABLE_CONFIG_FIELDS: Mapping[str, FieldReader] = {
    "refresh_cadence": _cadence,
    "source_table_name": _matching(_SOURCE_TABLE, "source table; write schema.table"),
    "hudi_primary_key": _columns,
    "hudi_partition_key": _column_or_none,
    "hudi_precombine_field": _column,
    "hudi_table_type": _one_of("copy_on_write", "merge_on_read"),
    "table_data_versioning_type": lambda value: VersioningType(str(_one_of(*VersioningType)(value))),
    "table_storage_type": _one_of("hudi"),
    "is_active": lambda value: _one_of("Y", "N")(value) == "Y",
    "raw_database_name": _matching(_IDENTIFIER, "database name (a-z, 0-9 and _)"),
    "raw_database_S3_bucket": _one_of(*BUCKETS),
    "raw_table_name": _matching(_IDENTIFIER, "table name (a-z, 0-9 and _)"),
}
