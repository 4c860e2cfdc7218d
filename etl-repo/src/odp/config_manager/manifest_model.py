"""The fields of a manifest: what each means and may hold, and the names that the reference framework has for them.

The JSON schema from which editors complete manifests is made from the same models, at the end of this file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from json_documents.model import Matching, Model, optional
from json_documents.schema_file import schema_text, write_schema
from pydantic import AfterValidator, AliasChoices, Field, GetPydanticSchema, WithJsonSchema

from lake.tables.registry import FormatName
from odp.config_manager.cadence import CADENCE, schedule_expression
from odp.config_manager.manifest_rules import (
    PLAIN_COLUMN_OR_NONE,
    PLAIN_KEY,
    PLAIN_PARTITION,
    SANITISE,
    ChangeSequence,
    Key,
    PartitionField,
)
from odp.table_identity import PATTERN, SourceTable

if TYPE_CHECKING:
    from pydantic.config import JsonDict


WorkerType = Literal["G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
"""https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html; G.025X is for streaming jobs only."""


def _cadence(text: str) -> str:
    schedule_expression(text)
    return text


def _named(*names: str) -> Any:  # noqa: ANN401  what pydantic's Field gives
    return Field(validation_alias=AliasChoices(*names))


_CADENCE = CADENCE.pattern.replace("?P<count>", "").replace("?P<unit>", "")
Cadence = Annotated[
    str,
    AfterValidator(_cadence),
    WithJsonSchema({"type": "string", "pattern": f"^{_CADENCE}$", "examples": ["10_min_refresh"]}),
]
SourceTableName = Annotated[
    str,
    AfterValidator(lambda text: SourceTable.parse(text).name),
    WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$", "examples": ["sales.orders", "crm:sales.orders"]}),
]
JobName = Annotated[str, Matching("[A-Za-z0-9_-]{1,200}", "Glue job name (letters, digits, _ and -)")]
DatabaseName = Annotated[str, Matching("[a-z0-9_]{1,255}", "database name (a-z, 0-9 and _)")]
TableName = Annotated[str, Matching("[a-z0-9_]{1,255}", "table name (a-z, 0-9 and _)")]


class BatchEntry(Model):
    """How the tables of one cadence are processed."""

    refresh_cadence: Cadence
    """How often: <n>_min_refresh, <n>_hour_refresh or <n>_day_refresh."""
    datalake_format: Literal["hudi"] = "hudi"
    """The reference framework's field. Each table says its own format (table_format), and a job writes all of them."""
    glue_job_name: Annotated[JobName, Field(examples=["odpf_file_processor"])]
    """The Glue job that refreshes the batches."""
    glue_job_worker_type: WorkerType
    """The worker of each run; config/environments.json has a value for cadences that leave it out."""
    glue_job_max_workers: Annotated[int, Field(strict=True, ge=2, le=299)]
    """The most workers of a run; config/environments.json has a value for cadences that leave it out."""
    refresh_tables_batch_size: Annotated[int, Field(strict=True, ge=1, le=100)]
    """The most tables of a run; config/environments.json has a value for cadences that leave it out."""


def _like_the_source(fields: dict[str, Any]) -> str:
    return SourceTable.parse(fields["source_table_name"]).table.lower() if "source_table_name" in fields else ""


_LATEST: JsonDict = {"default": "latest"}


def _as_versioned(fields: dict[str, Any]) -> str:
    return "all" if fields.get("versioning") == "H" else "latest"


class TableEntry(Model):
    """How one source table becomes one table of the raw database."""

    SECOND_NAMES: ClassVar[Mapping[str, str]] = {"table_data_versioning_type": "history"}

    refresh_cadence: Cadence
    """How often the table is refreshed; batch_configs has an entry for each cadence."""
    source_table_name: SourceTableName
    """The table in the source database: schema.table, or source:schema.table where the source is not the default one.

    Names that hold one of . : / or a quote, or white space at an end, stand in double quotes.
    """
    primary_key: Annotated[Key, _named("primary_key", "hudi_primary_key")]
    """The columns that identify a row: a text with commas between them, or a list of texts."""
    partition_key: Annotated[PartitionField, _named("partition_key", "hudi_partition_key")]
    """The column by whose values the table is partitioned; empty for an unpartitioned table.

    Iceberg tables may also be partitioned by the days of a column, day(ORDERED_AT), or by buckets of its values,
    bucket(16, ID).
    """
    change_sequence: Annotated[ChangeSequence, _named("change_sequence", "hudi_precombine_field")] = None
    """The column that holds DMS's change sequence (AR_H_CHANGE_SEQ).

    Without one, the names of files and the order of their rows decide which change is the last.
    """
    versioning: Annotated[Literal["S", "H"], Field(alias="table_data_versioning_type")] = "S"
    """S for latest, H for all."""
    history: Annotated[Literal["latest", "all"], Field(default_factory=_as_versioned, json_schema_extra=_LATEST)]
    """Which versions of a row the table keeps: latest keeps the newest one of each key, all keeps every one."""
    table_format: Annotated[FormatName, _named("table_format", "table_storage_type")] = "hudi"
    """The table format of the table: hudi, or iceberg (version 2, copy-on-write).

    A table that has data changes its format only by a reload into a new raw_table_name.
    """
    engine: Literal["auto", "spark", "native"] = "auto"
    """What refreshes the table: spark (a Glue job), native (a function without Spark, for Iceberg tables), or auto.

    auto chooses for each refresh, by the pending files and the size of the table. Whatever the native engine cannot
    take is refreshed by Spark, also with native.
    """
    hudi_table_type: Literal["copy_on_write", "merge_on_read"] = "copy_on_write"
    """Of Hudi tables only: copy_on_write, which every reader reads, or merge_on_read."""
    is_active: Literal["Y", "N"] = "Y"
    """N pauses the table: its data stays, its files wait."""
    raw_database_name: DatabaseName
    """The Data Catalog's database."""
    raw_database_bucket: Annotated[Literal["raw"], Field(alias="raw_database_S3_bucket")] = "raw"
    """The bucket by its role, which is another one in each account."""
    raw_table_name: Annotated[TableName, Field(default_factory=_like_the_source, validate_default=True)]
    """The table in that database; like the source table, in lower case, where the entry does not say."""
    column_names: Literal["refuse", "sanitise"] = "refuse"
    """What becomes of a source column whose name tables cannot have (blanks, $, letters beyond ASCII).

    refuse refuses its files; sanitise gives the column a name that tables can have, and keeps the source's name as its
    comment.
    """
    on_dropped_column: Literal["refuse", "null"] = "refuse"
    """A column that the source dropped: refuse refuses files without it, null leaves it NULL from then on."""
    before_images: Literal["detect", "written", "none"] = "detect"
    """What columns BI_X beside X in files of changes are.

    written says that they are before-images of the DMS task (add-before-image-columns), none that they are columns of
    the source. detect takes them for before-images if a full load has come without them, and refuses their files before
    any full load.
    """


OWN_FIELDS = ("source_table_name", "raw_table_name")
"""What each table has for itself, so that no default can say it."""
BatchParts = optional(BatchEntry, "BatchParts", "What of an entry of batch_configs can be read.")
TableParts = optional(TableEntry, "TableParts", "What of an entry of raw_table_configs can be read.")
TableDefaults = optional(
    TableEntry, "TableDefaults", "What the table entries of this file say where they do not say otherwise.", OWN_FIELDS
)


class ManifestFile(Model):
    """A table manifest: cadences, tables, and what tables have in common."""

    schema_location: Annotated[str, Field(alias="$schema")] = ""
    """Where editors find the schema that completes this file."""
    defaults: Annotated[Model, GetPydanticSchema(lambda _, handler: handler(TableDefaults))] = Field(
        default_factory=TableDefaults
    )
    """Fields of a table entry that every entry of raw_table_configs in this file takes, unless it names them itself."""
    batch_configs: tuple[BatchEntry, ...] = ()
    """How the tables of each cadence are processed."""
    raw_table_configs: tuple[TableEntry, ...] = ()
    """How each source table becomes a table of the raw database."""


# Generates the JSON schema from which editors complete and check table manifests.
#
# Run `make schemas` after changing the models.


Schema = dict[str, Any]
FROM_ENVIRONMENT = ("glue_job_worker_type", "glue_job_max_workers", "refresh_tables_batch_size")
"""What an entry of batch_configs may leave out, because config/environments.json says it."""
_PLAIN = {"primary_key": PLAIN_KEY, "partition_key": PLAIN_PARTITION, "change_sequence": PLAIN_COLUMN_OR_NONE}
_PLAIN_TABLE = r"\.(\"[A-Za-z0-9_]{1,255}\"|[A-Za-z0-9_]{1,255})$"
"""Source tables after which a table of the lake can be named."""


def render_schema() -> str:
    """Return the JSON schema of a manifest, which is committed beside the manifests."""
    schema = ManifestFile.model_json_schema()
    batch, table = schema["$defs"][BatchEntry.__name__], schema["$defs"][TableEntry.__name__]
    batch["required"] = [name for name in batch["required"] if name not in FROM_ENVIRONMENT]
    demanded = [name for name, field in TableEntry.model_fields.items() if field.is_required()]
    table["required"] = [name for name in demanded if name in OWN_FIELDS]
    table["allOf"] = [rule for rule in table["allOf"] if "not" in rule] + [_named_like_its_source()]
    left = [name for name in demanded if name not in OWN_FIELDS]
    schema["allOf"] = [*map(_demanded_of_entries_or_defaults, left), _plain_columns()]
    return schema_text(schema)


def _demanded_of_entries_or_defaults(name: str) -> Schema:
    one = {"anyOf": [{"required": [each]} for each in _names(name)]}
    return {"if": _defaults(one), "else": _tables(one)}


def _named_like_its_source() -> Schema:
    plain = {"properties": {"source_table_name": {"pattern": _PLAIN_TABLE}}}
    return {"if": plain, "else": {"required": ["raw_table_name"]}}


def _plain_columns() -> Schema:
    """Where names are sanitised, keys are named as the source names them."""
    plain = {"properties": {each: rule for name, rule in _PLAIN.items() for each in _names(name)}}
    return {
        "if": _defaults(_policy(SANITISE)),
        "then": _tables({"if": _policy("refuse"), "then": plain}),
        "else": _tables({"if": _policy(SANITISE), "else": plain}),
    }


def _policy(value: str) -> Schema:
    return {"properties": {"column_names": {"const": value}}, "required": ["column_names"]}


def _defaults(rule: Schema) -> Schema:
    return {"properties": {"defaults": rule}, "required": ["defaults"]}


def _tables(rule: Schema) -> Schema:
    return {"properties": {"raw_table_configs": {"items": rule}}}


def _names(first: str) -> Iterable[str]:
    return [name for name, field in TableEntry.names().items() if field == first]


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    write_schema(render_schema(), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
