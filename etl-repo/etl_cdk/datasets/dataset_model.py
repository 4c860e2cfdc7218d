"""The fields of a dataset file: what each means and may hold."""

from __future__ import annotations

from typing import Annotated

from json_documents.model import Matching, Model
from pydantic import Field, StrictBool
from taxi.datasets.dataset import ColumnType, FileFormat  # noqa: TC002  pydantic evaluates the annotations

DatasetName = Annotated[str, Matching("[a-z][a-z0-9_]{0,39}", "name (a-z, 0-9 and _, at most 40 characters)")]
ColumnName = Annotated[str, Matching("[a-z][a-z0-9_]*", "column name (a-z, 0-9 and _)")]
Folder = Annotated[
    str, Matching("([^/]+/)+", "folder of the raw bucket; write one that ends with / and does not begin with it")
]


class ColumnEntry(Model):
    """A conformed column."""

    type: ColumnType
    """What the column holds."""
    required: StrictBool
    """Whether a row without a value is malformed."""


class LayoutEntry(Model):
    """One way in which the files of a dataset are written."""

    name: DatasetName
    """Names the layout in messages and in the audit table."""
    format: FileFormat
    """How a file is written; its name ends so."""
    columns: Annotated[dict[str, str], Field(min_length=1, examples=[{"VendorID": "vendor_id"}])]
    """Leads from each source column to the conformed one."""
    optional: tuple[str, ...] = ()
    """Source columns that a file may lack."""
    timestamp_formats: Annotated[tuple[str, ...], Field(examples=[["yyyy-MM-dd HH:mm:ss"]])] = ()
    """How CSV files write timestamps, in Spark's patterns; Parquet files hold timestamps themselves."""


class DatasetFile(Model):
    """A kind of files with one conformed table."""

    schema_location: Annotated[str, Field(alias="$schema")] = ""
    """Where editors find the schema that completes this file."""
    name: DatasetName
    """The dataset's name, which is that of its file."""
    prefix: Annotated[Folder, Field(examples=["nyc-taxi/yellow/"])]
    """The folder of the raw bucket into which its files land, at any depth."""
    table: DatasetName
    """The conformed table."""
    partition_by: ColumnName
    """The conformed column by whose days the table is partitioned: a required timestamp."""
    malformed_share_limit: Annotated[float, Field(strict=True, ge=0, le=1, examples=[0.05])]
    """A file with a larger share of malformed rows is refused."""
    columns: Annotated[dict[ColumnName, ColumnEntry], Field(min_length=1)]
    """The conformed columns by name, in the order of the table."""
    layouts: Annotated[tuple[LayoutEntry, ...], Field(min_length=1)]
    """The ways in which files are written; a file must fit one of them."""
