"""Turns checked manifests into the running configuration of one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from odp.config_manager.manifest import Manifests
from odp.ports import BatchConfigs, TableConfigs


def apply_manifests(
    manifests: Manifests, buckets: Mapping[str, str], batch_configs: BatchConfigs, table_configs: TableConfigs
) -> None:
    """Write the configuration of every manifest entry, with bucket roles (`raw`) replaced by this account's buckets."""
    batch_configs.put(manifests.batches)
    table_configs.put(
        [
            dataclasses.replace(table, raw_database_s3_bucket=buckets[table.raw_database_s3_bucket])
            for table in manifests.tables
        ]
    )
