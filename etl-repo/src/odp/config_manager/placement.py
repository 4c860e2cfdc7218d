"""Where the tables of one lake lie: manifests in git name buckets and databases alike for every environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from odp.config_manager.manifest import Manifests
from odp.records import RawTableConfig


@dataclass(frozen=True, slots=True)
class Placement:
    """The bucket behind each role (`raw`), and what leads the names of databases where an account has two lakes."""

    buckets: Mapping[str, str]
    database_prefix: str = ""

    def place(self, manifests: Manifests) -> Manifests:
        """Replace roles and names by those of the lake."""
        return dataclasses.replace(manifests, tables=tuple(self._place(table) for table in manifests.tables))

    def _place(self, table: RawTableConfig) -> RawTableConfig:
        return dataclasses.replace(
            table,
            raw_database_name=f"{self.database_prefix}{table.raw_database_name}",
            raw_database_s3_bucket=self.buckets[table.raw_database_s3_bucket],
        )
