"""The names of one smoke test: all of them hold its run id, and nothing without it is ever written or removed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deployment_account.sources import Source

DEFAULT_SOURCE = "default"


def new_run_id() -> str:
    """A name that no other run has: the time tells people, the rest tells two runs of one second apart."""
    return f"smoke_{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(2)}"


@dataclass(frozen=True)
class SmokeNames:
    """Folder and tables of one run, below the folder of one source."""

    run: str
    source: str = DEFAULT_SOURCE
    folder: str = ""

    @classmethod
    def of(cls, run: str, sources: Mapping[str, Source]) -> SmokeNames:
        """Choose the default source, or else the first one."""
        name = DEFAULT_SOURCE if DEFAULT_SOURCE in sources else next(iter(sources))
        return cls(run, name, sources[name].folder)

    def source_table(self, table: str) -> str:
        """The identity of a table of the run, whose schema is the run id."""
        prefix = "" if self.source == DEFAULT_SOURCE else f"{self.source}:"
        return f"{prefix}{self.run}.{table}"

    def landing(self, table: str = "") -> str:
        """Where in the staging bucket DMS would write a table, or all tables of the run."""
        prefix = f"{self.folder}/" if self.folder else ""
        return f"{prefix}{self.run}/{table}/" if table else f"{prefix}{self.run}/"

    def lake_table(self, table: str) -> str:
        """The name of a table in the Data Catalog."""
        return f"{self.run}_{table}"

    def require_own(self, name: str) -> str:
        """Refuse to touch what is not of this run, whatever a caller got wrong."""
        if self.run not in name:
            raise ValueError(f"{name} is not of the run {self.run}")
        return name
