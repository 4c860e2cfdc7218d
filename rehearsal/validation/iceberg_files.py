"""Reads an Iceberg table from its files alone: JSON, fastavro for manifests, duckdb for Parquet.

Both engines share no code with it. pyiceberg would not do: the native engine commits with it.
https://iceberg.apache.org/spec/
"""

import json
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fastavro
import pyarrow as pa
from duckdb import connect

ReadFile = Callable[[str], bytes]
"""Gives the content of the file of this URI."""
_DELETED, _DATA = 2, 0
"""The status of an entry that is no longer live; the content of manifests and files that hold rows."""
_TYPES = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
}


class IcebergFilesError(ValueError):
    """A table is not what the engines of the lake write."""


def read_iceberg_files(metadata: str, read: ReadFile) -> pa.Table:
    """Every row of the current snapshot, by the metadata file that the Data Catalog names."""
    document = json.loads(read(metadata))
    fields = _fields(document)
    with TemporaryDirectory() as folder, connect() as database:
        files = [_kept(Path(folder), number, read(uri)) for number, uri in enumerate(_data_files(document, read))]
        if not files:
            return pa.table({field["name"]: pa.array([], pa.string()) for field in fields})
        columns = ", ".join(
            f"{field['id']}: {{name: {_quoted(field['name'])}, type: '{_type(field)}', default_value: NULL}}"
            for field in fields
        )
        # by field ids: older files may name a column otherwise, have a narrower type, or lack it
        query = f"SELECT * FROM read_parquet(?, schema = MAP {{{columns}}})"  # noqa: S608 - names are quoted
        return database.execute(query, [files]).to_arrow_table()


def read_records(content: bytes) -> list[dict[str, Any]]:
    """Read every record of an Avro file.

    Raises:
        IcebergFilesError: the file is none, or damaged.
    """
    try:
        records: list[dict[str, Any]] = [dict(record) for record in fastavro.reader(BytesIO(content))]  # type: ignore[arg-type]
    except (ValueError, EOFError) as error:
        message = f"a file of the table's metadata is no Avro file, or damaged: {error}"
        raise IcebergFilesError(message) from error
    return records


def _fields(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    (schema,) = (each for each in document["schemas"] if each["schema-id"] == document["current-schema-id"])
    fields: list[dict[str, Any]] = schema["fields"]
    return fields


def _data_files(document: Mapping[str, Any], read: ReadFile) -> Iterator[str]:
    snapshots = {each["snapshot-id"]: each for each in document.get("snapshots", ())}
    current = snapshots.get(document.get("current-snapshot-id"))
    if current is None:
        return
    for manifest in read_records(read(current["manifest-list"])):
        if manifest["content"] != _DATA:
            raise IcebergFilesError("has delete files, which no engine of the lake writes")
        for entry in read_records(read(manifest["manifest_path"])):
            if entry["status"] != _DELETED:
                yield entry["data_file"]["file_path"]


def _kept(folder: Path, number: int, content: bytes) -> str:
    path = folder / f"{number}.parquet"
    path.write_bytes(content)
    return str(path)


def _type(field: Mapping[str, Any]) -> str:
    type_ = field["type"]
    if isinstance(type_, str) and type_.startswith("decimal("):
        return type_.upper()
    if not isinstance(type_, str) or type_ not in _TYPES:
        raise IcebergFilesError(f"has a column {field['name']} of the type {type_}, which no engine of the lake writes")
    return _TYPES[type_]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
