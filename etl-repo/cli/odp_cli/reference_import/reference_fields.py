"""The fields of the reference framework's two configurations, with the spellings that its files and pages have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

BATCH, TABLE = "batch_configs", "raw_table_configs"

FIELDS: Mapping[str, tuple[str, ...]] = {
    BATCH: (
        "refresh_cadence",
        "datalake_format",
        "glue_job_name",
        "glue_job_worker_type",
        "glue_job_max_workers",
        "refresh_tables_batch_size",
    ),
    TABLE: (
        "refresh_cadence",
        "source_table_name",
        "hudi_primary_key",
        "hudi_partition_key",
        "hudi_precombine_field",
        "hudi_table_type",
        "table_data_versioning_type",
        "table_storage_type",
        "is_active",
        "raw_database_name",
        "raw_database_S3_bucket",
        "raw_table_name",
    ),
}
"""The fields of each section in the order in which manifests have them."""
NAME_OF_ENTRY: Mapping[str, str] = {BATCH: "refresh_cadence", TABLE: "source_table_name"}

OTHER_SPELLINGS: Mapping[str, str] = {
    "data_lake_format": "datalake_format",
    "glue_table_data_versioning_type": "table_data_versioning_type",
}
"""The demo has the first beside the real name; the File Processor's page has the second."""

_PARALLELISM = "this project chooses Hudi's parallelism for each refresh"
LEFT_OUT: Mapping[str, str] = {
    "hudi_blk_insert_shuffle_parallelism": _PARALLELISM,
    "upsert_shuffle_parallelism": _PARALLELISM,
    "delete_shuffle_parallelism": _PARALLELISM,
    "hudi_full_load_rec_size_estimate": "Hudi measures the size of records itself",
    "hudi_commits_to_keep": "this project keeps the same number of commits for every table",
}
"""What the File Processor of the reference reads besides, and why a manifest has no such field."""


def section_of(names: Iterable[str]) -> str | None:
    """Say which configuration an entry belongs to: most of its fields are those that only this one has; or None."""
    known = {field_of(name) for name in names} - {"refresh_cadence"}
    own = {section: len(known & {*fields}) for section, fields in FIELDS.items()}
    section = max(own, key=lambda each: own[each])
    return section if own[section] else None


def is_known(name: str) -> bool:
    """Whether a name is one of a field, in any spelling."""
    return field_of(name) is not None


def field_of(name: str) -> str | None:
    """Return the field that a name means, in whatever case it is written; None if it means none."""
    return _BY_SPELLING.get(name.strip().lower())


_BY_SPELLING: Mapping[str, str] = {
    **{name.lower(): name for names in FIELDS.values() for name in names},
    **OTHER_SPELLINGS,
}
