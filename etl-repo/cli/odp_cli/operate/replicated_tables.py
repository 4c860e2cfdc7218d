"""Compares the tables that manifests name with those that DMS replicates: it does not say what it does not find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from odp.config_manager.manifest import load_manifests
from odp.table_identity import SourceTable

from odp_cli.lake import cadence_defaults

if TYPE_CHECKING:
    from pathlib import Path

    from deployment_account.environments import Environment
    from odp_cli.operate.replications import TableState

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences between manifests and a replication, as manifests write names."""

    missing: list[str]
    unnamed: list[str]

    def lines(self) -> Iterator[str]:
        """Say the differences to a person, the first of many."""
        yield from _shown(self.missing, "not replicated: not deployed yet, or the database has no table of this name")
        yield from _shown(self.unnamed, "replicated, but no manifest names it: push, or look at your manifests")


NOTHING_COMPARED = Compared([], [])


def named_tables(folder: Path, environment: Environment) -> Mapping[str, set[tuple[str, str]]]:
    """Read the schema and name of each table that the manifests name, by source; raises ManifestError."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for table in load_manifests(folder, cadence_defaults(environment)).tables:
        named = SourceTable.parse(table.source_table_name)
        found[named.source].add((named.schema, named.table))
    return found


def compare(source: str, named: Collection[tuple[str, str]], replicated: Collection[TableState]) -> Compared:
    """Find what only the manifests or only DMS names; both tell upper from lower case."""
    wanted, known = set(named), {(each.schema, each.table) for each in replicated}
    return Compared(_names(source, wanted - known), _names(source, known - wanted))


def _names(source: str, tables: Collection[tuple[str, str]]) -> list[str]:
    return [SourceTable(source, schema, table).name for schema, table in sorted(tables)]


def _shown(names: list[str], meaning: str) -> Iterator[str]:
    yield from (f"  ? {name}: {meaning}" for name in names[:_SHOWN])
    if len(names) > _SHOWN:
        yield f"  ? {len(names) - _SHOWN} more: --json"
