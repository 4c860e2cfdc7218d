"""Compares a filled table's identity with its stored one in any format, and lists the names that a table takes."""

from __future__ import annotations

from collections.abc import Mapping

MERGE_ON_READ = "merge_on_read"
VIEWS = ("_ro", "_rt")
"""The views of a merge-on-read table `t`: t_ro as of the last compaction, t_rt with every change."""
BUCKET_ROLES = ("raw",)
"""The roles of the buckets that may hold tables; each account gives the roles to its own buckets."""
_BUCKET = "raw_database_S3_bucket"


def occupied_names(qualified_name: str, hudi_table_type: str) -> tuple[str, ...]:
    """Give the qualified names that a table of this type takes."""
    views = VIEWS if hudi_table_type == MERGE_ON_READ else ()
    return (qualified_name, *(f"{qualified_name}{view}" for view in views))


def bucket_role(stored: str) -> str:
    """Give the role of a stored bucket: format 1 stored its physical name, and `raw` was the only role."""
    return stored if stored in BUCKET_ROLES else BUCKET_ROLES[0]


def contradicted(identity: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Give the fields whose stored values differ from an identity; fields that it lacks are ignored."""
    known = _by_role(stored)
    return {name: known[name] for name, value in _by_role(identity).items() if known.get(name, value) != value}


def _by_role(identity: Mapping[str, str]) -> dict[str, str]:
    return {name: bucket_role(value) if name == _BUCKET else value for name, value in identity.items()}
