"""Names of databases: manifests in git name them alike for every environment, an account with two lakes does not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from odp.config_manager.manifest import Manifests
from odp.records import RawTableConfig


@dataclass(frozen=True, slots=True)
class PhysicalNames:
    """What precedes the names of one lake's databases; buckets stay roles in everything that is stored."""

    database_prefix: str = ""

    def resolve(self, manifests: Manifests) -> Manifests:
        """Give the manifests with the database names of the lake."""
        return dataclasses.replace(manifests, tables=tuple(self._resolve(table) for table in manifests.tables))

    def _resolve(self, table: RawTableConfig) -> RawTableConfig:
        return dataclasses.replace(table, raw_database_name=f"{self.database_prefix}{table.raw_database_name}")
