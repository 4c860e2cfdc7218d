"""Physical names of databases: manifests are the same everywhere; an account with two lakes needs a prefix."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from odp.config_manager.manifest import Manifests
from odp.records import RawTableConfig


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """The prefix of one lake's database names; stored records keep the roles of buckets."""

    database_prefix: str = ""

    def resolve(self, manifests: Manifests) -> Manifests:
        """Give the configuration with the lake's physical database names."""
        return dataclasses.replace(manifests, tables=tuple(self._resolve(table) for table in manifests.tables))

    def _resolve(self, table: RawTableConfig) -> RawTableConfig:
        return dataclasses.replace(table, raw_database_name=f"{self.database_prefix}{table.raw_database_name}")
