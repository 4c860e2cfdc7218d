"""Turns checked manifests into the running configuration of one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

from odp.config_manager.manifest import Manifests
from odp.records import BatchConfig, RawTableConfig


class ConfigurationStore(Protocol):
    """Where the running configuration lives."""

    def put(self, batches: Sequence[BatchConfig], tables: Sequence[RawTableConfig]) -> None:
        """Write configuration entries; what is there under the same key is replaced."""


def apply_manifests(manifests: Manifests, buckets: Mapping[str, str], store: ConfigurationStore) -> None:
    """Write the configuration of every manifest entry, with bucket roles (`raw`) replaced by this account's buckets."""
    tables = [
        dataclasses.replace(table, raw_database_s3_bucket=buckets[table.raw_database_s3_bucket])
        for table in manifests.tables
    ]
    store.put(manifests.batches, tables)
