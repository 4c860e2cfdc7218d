"""The fields of a manifest entry: what each means and may hold, in messages that say how to write it right.

The JSON schema from which editors complete manifests is made from the same declarations (manifest_schema.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from odp.config_manager.cadence import CADENCE, schedule_expression
from odp.quoted_names import COLUMN, COLUMNS, read_columns
from odp.records import VersioningType
from odp.source_table import PATTERN, SourceTable
from odp.table_identity import BUCKET_ROLES, MERGE_ON_READ

# https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html; G.025X is for streaming jobs only
WORKER_TYPES = ("G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X")
SANITISE = "sanitise"
PLAIN_COLUMN = r"[A-Za-z_][A-Za-z0-9_]*"
"""A column's name that tables can have as it is."""
_PLAIN_COLUMNS = rf"\s*{PLAIN_COLUMN}\s*(,\s*{PLAIN_COLUMN}\s*)*"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its meaning, the reader that checks a value (ValueError says what is wrong), and its JSON schema."""

    meaning: str
    read: Callable[[object], object]
    schema: Mapping[str, object]
    is_optional: bool = False
    """Whether an entry may leave it out: `default` counts then, or the environment's value (`cadence_defaults`)."""
    default: str | None = None
    alias: str = ""
    """A second name of the field, which belongs to no table format."""
    plain_schema: Mapping[str, object] = field(default_factory=dict)
    """What the schema demands besides, where names of columns are not sanitised."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"must be a text, not {value!r}"
        raise ValueError(message)
    return value


def _matching(meaning: str, pattern: str, what: str) -> Field:
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if compiled.fullmatch(_text(value)) is None:
            message = f"{value!r} is no {what}"
            raise ValueError(message)
        return _text(value)

    return Field(meaning, read, {"type": "string", "pattern": f"^{pattern}$"})


def _one_of(meaning: str, *allowed: str) -> Field:
    def read(value: object) -> str:
        if value not in allowed:
            message = f"{value!r} is not known; write {' or '.join(allowed)}"
            raise ValueError(message)
        return str(value)

    return Field(meaning, read, {"enum": list(allowed)})


def _whole_number(meaning: str, low: int, high: int) -> Field:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            message = f"must be a whole number from {low} to {high}, without quotes, not {value!r}"
            raise ValueError(message)
        return value

    return Field(meaning, read, {"type": "integer", "minimum": low, "maximum": high})


def _cadence(value: object) -> str:
    schedule_expression(_text(value))
    return _text(value)


def _columns(value: object) -> tuple[str, ...]:
    names = read_columns(_text(value))
    if len({name.lower() for name in names}) < len(names):
        message = f"names a column twice: {value!r}"
        raise ValueError(message)
    return names


def _column_or_none(without: str) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value == "":
            return None
        if re.fullmatch(COLUMN, _text(value)):
            return read_columns(_text(value))[0]
        if len(read_columns(_text(value))) > 1:
            message = f"{value!r} names several columns; write one, or an empty text for {without}"
            raise ValueError(message)
        message = f"{value!r} is no column name; write it without blanks at its ends, or in double quotes"
        raise ValueError(message)

    return read


def _column_field(meaning: str, without: str) -> Field:
    schema = {"type": "string", "pattern": f"^({COLUMN})?$"}
    return Field(meaning, _column_or_none(without), schema, plain_schema={"pattern": f"^({PLAIN_COLUMN})?$"})


def _optional(described: Field, default: str, alias: str = "") -> Field:
    return replace(described, is_optional=True, default=default, alias=alias)


def _identifier(meaning: str, what: str) -> Field:
    return _matching(meaning, "[a-z0-9_]{1,255}", f"{what} (a-z, 0-9 and _)")


_REFRESH_CADENCE = Field(
    "How often: <n>_min_refresh, <n>_hour_refresh or <n>_day_refresh.",
    _cadence,
    {"type": "string", "pattern": f"^{CADENCE.pattern}$".replace("?P<count>", "").replace("?P<unit>", "")},
)
_VERSIONING = _one_of("S keeps the latest row of each key (snapshot), H every version of it (historical).", "S", "H")
_ACTIVE = _one_of("N pauses the table: its data stays, its files wait.", "Y", "N")

BATCH_CONFIG_FIELDS: Mapping[str, Field] = {
    "refresh_cadence": _REFRESH_CADENCE,
    "datalake_format": _one_of("The table format that the job writes.", "hudi"),
    "glue_job_name": _matching(
        "The Glue job that refreshes the batches.", "[A-Za-z0-9_-]{1,200}", "Glue job name (letters, digits, _ and -)"
    ),
    "glue_job_worker_type": replace(_one_of("The worker of each run.", *WORKER_TYPES), is_optional=True),
    "glue_job_max_workers": replace(_whole_number("The most workers of a run.", 2, 299), is_optional=True),
    "refresh_tables_batch_size": replace(_whole_number("The most tables of a run.", 1, 100), is_optional=True),
}

RAW_TABLE_CONFIG_FIELDS: Mapping[str, Field] = {
    "refresh_cadence": _REFRESH_CADENCE,
    "source_table_name": Field(
        "The table in the source database: schema.table, or source:schema.table where the source is not the default "
        "one. Names that hold one of . : / or a quote, or white space at an end, stand in double quotes.",
        lambda value: SourceTable.parse(_text(value)).name,
        {"type": "string", "pattern": f"^{PATTERN}$"},
    ),
    "hudi_primary_key": Field(
        "The columns that identify a row, separated by commas.",
        _columns,
        {"type": "string", "pattern": f"^{COLUMNS}$"},
        plain_schema={"pattern": f"^{_PLAIN_COLUMNS}$"},
    ),
    "hudi_partition_key": _column_field(
        "The column by whose values the table is partitioned; empty for an unpartitioned table.",
        "an unpartitioned table",
    ),
    "hudi_precombine_field": _optional(
        _column_field(
            "The column that holds DMS's change sequence (AR_H_CHANGE_SEQ). Without one, the names of files and the "
            "order of their rows decide which change is the last.",
            "the order of files and rows",
        ),
        "",
        alias="change_sequence",
    ),
    "hudi_table_type": _one_of(
        "copy_on_write, which every reader reads, or merge_on_read.", "copy_on_write", MERGE_ON_READ
    ),
    "table_data_versioning_type": replace(_VERSIONING, read=lambda value: VersioningType(str(_VERSIONING.read(value)))),
    "table_storage_type": _one_of("The table format of the table.", "hudi"),
    "is_active": replace(_ACTIVE, read=lambda value: _ACTIVE.read(value) == "Y"),
    "raw_database_name": _identifier("The Data Catalog's database.", "database name"),
    "raw_database_S3_bucket": _one_of("The bucket by its role, which is another one in each account.", *BUCKET_ROLES),
    "raw_table_name": _identifier("The table in that database.", "table name"),
    "column_names": _optional(
        _one_of(
            "A source column whose name tables cannot have (blanks, $, letters beyond ASCII): refuse refuses its "
            "files, sanitise gives the column a name that tables can have and keeps the source's name as its comment.",
            "refuse",
            SANITISE,
        ),
        "refuse",
    ),
    "on_dropped_column": _optional(
        _one_of(
            "A column that the source dropped: refuse refuses files without it, null leaves it NULL from then on.",
            "refuse",
            "null",
        ),
        "refuse",
    ),
    "before_images": _optional(
        _one_of(
            "Columns BI_X beside X in files of changes: written says that they are before-images of the DMS task "
            "(add-before-image-columns), none that they are columns of the source. detect takes them for before-images "
            "if a full load has come without them, and refuses their files before any full load.",
            "detect",
            "written",
            "none",
        ),
        "detect",
    ),
}
DEFAULTS: Mapping[str, str] = {
    name: described.default for name, described in RAW_TABLE_CONFIG_FIELDS.items() if described.default is not None
}
"""What the fields are that an entry of raw_table_configs leaves out."""
