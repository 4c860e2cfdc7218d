"""Compares a filled table's identity with its stored one in any format, and lists the names that a table takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from lake.tables.hudi import capabilities as hudi

Value = TypeVar("Value")

MERGE_ON_READ = hudi.MERGE_ON_READ
VIEWS = hudi.HUDI.extra_names[MERGE_ON_READ]
"""The views of a merge-on-read table `t`: t_ro as of the last compaction, t_rt with every change."""
BUCKET_ROLES = ("raw",)
"""The roles of the buckets that may hold tables; each account gives the roles to its own buckets."""
_BUCKET = "raw_database_S3_bucket"
STORED_NAMES: Mapping[str, str] = {
    "primary_key": "hudi_primary_key",
    "partition_key": "hudi_partition_key",
    "change_sequence": "hudi_precombine_field",
    "history": "table_data_versioning_type",
    "table_format": "table_storage_type",
}
"""What the books, the configuration tables and commits call fields of a table: the reference framework's names."""


def stored(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Give the fields of a table under the names that are stored."""
    return {STORED_NAMES.get(name, name): value for name, value in fields.items()}


def from_stored(fields: Mapping[str, Value]) -> dict[str, Value]:
    """Give stored fields of a table under the names that they have in code and manifests."""
    return {name_of_stored(name): value for name, value in fields.items()}


def name_of_stored(name: str) -> str:
    """Give the name that a stored field has in code, manifests and messages."""
    return next((own for own, stored_as in STORED_NAMES.items() if stored_as == name), name)


def occupied_names(qualified_name: str, hudi_table_type: str) -> tuple[str, ...]:
    """Give the qualified names that a table of this type takes."""
    return (qualified_name, *(f"{qualified_name}{view}" for view in hudi.HUDI.extra_names.get(hudi_table_type, ())))


def bucket_role(stored: str) -> str:
    """Give the role of a stored bucket: format 1 stored its physical name, and `raw` was the only role."""
    return stored if stored in BUCKET_ROLES else BUCKET_ROLES[0]


def contradicted(identity: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Give the fields whose stored values differ from an identity; fields that it lacks are ignored."""
    known = _by_role(stored)
    return {name: known[name] for name, value in _by_role(identity).items() if known.get(name, value) != value}


def _by_role(identity: Mapping[str, str]) -> dict[str, str]:
    return {name: bucket_role(value) if name == _BUCKET else value for name, value in identity.items()}
