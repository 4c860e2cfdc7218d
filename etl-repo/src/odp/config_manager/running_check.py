"""Checks manifests against the running configuration: refuses changes that would corrupt a filled table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from odp.config_manager.manifest import Manifests
from odp.configuration import Configuration
from odp.errors import ManifestError, TableIsBeingWrittenError
from odp.records import BatchConfig, RawTableConfig, WrittenTable
from odp.table_identity import DEFAULT_SOURCE, VIEWS, SourceTable, from_stored, name_of_stored, occupied_names


@dataclass(frozen=True, slots=True)
class SynthesisedResources:
    """Resources that synthesis created, and that manifests cannot change at run time."""

    cadences: frozenset[str]
    glue_jobs: frozenset[str]
    sources: frozenset[str] = frozenset({DEFAULT_SOURCE})


@dataclass(frozen=True, slots=True)
class RunningCheck:
    """Compares manifests with a running lake; `written` has each table that a refresh ever touched."""

    running: Configuration
    written: Mapping[str, WrittenTable]
    deployed: SynthesisedResources

    def check(self, desired: Manifests) -> None:
        """Return if the manifests fit every table with data.

        Raises:
            ManifestError: with every problem and its correction.
            TableIsBeingWrittenError: a refresh under way may fill a table that they redefine.
        """
        problems = [
            f"{desired.places.get(name, name)}: {problem}"
            for name, problem in (
                *self._cadence_problems(desired),
                *self._source_problems(desired),
                *self._table_problems(desired),
                *self._name_problems(desired),
            )
        ]
        if problems:
            raise ManifestError(problems)
        for table in desired.tables:
            self._refuse_to_race(table)

    def _cadence_problems(self, desired: Manifests) -> Iterator[tuple[str, str]]:
        for batch in desired.batches:
            if batch.refresh_cadence not in self.deployed.cadences:
                yield batch.refresh_cadence, _not_deployed("no schedule", self.deployed.cadences)
            if batch.glue_job_name not in self.deployed.glue_jobs:
                yield (
                    batch.refresh_cadence,
                    _not_deployed(f"no Glue job {batch.glue_job_name}", self.deployed.glue_jobs),
                )

    def _source_problems(self, desired: Manifests) -> Iterator[tuple[str, str]]:
        for table in desired.tables:
            if (source := SourceTable.parse(table.source_table_name).source) not in self.deployed.sources:
                yield table.source_table_name, _unknown_source(source, self.deployed.sources)

    def _table_problems(self, desired: Manifests) -> Iterator[tuple[str, str]]:
        for table in desired.tables:
            for field, bound in table.differs_from(self._identity_of(table.qualified_name)).items():
                yield table.source_table_name, _other_identity(table, field, bound)
            running = self.running.tables.get(table.source_table_name)
            if running and self._moves_away(running, table):
                yield table.source_table_name, _other_target(running, table)

    def _name_problems(self, desired: Manifests) -> Iterator[tuple[str, str]]:
        """A table keeps its data after its entry was removed, and with merge_on_read also the names of its views."""
        for table in desired.tables:
            for name in _related(table):
                identity = self._identity_of(name)
                if identity is None:
                    continue
                given = from_stored(identity)
                taken = occupied_names(name, given.get("table_format", ""), given.get("hudi_table_type", ""))
                if shared := sorted({*taken} & {*table.occupied_names}):
                    yield table.source_table_name, _occupied(table, name, shared[0])

    def _moves_away(self, running: RawTableConfig, desired: RawTableConfig) -> bool:
        moves = running.qualified_name != desired.qualified_name
        return moves and self._identity_of(running.qualified_name) is not None

    def _identity_of(self, qualified_name: str) -> Mapping[str, str] | None:
        written = self.written.get(qualified_name)
        return written.identity if written else None

    def _refuse_to_race(self, table: RawTableConfig) -> None:
        """A first refresh under way may already have committed with the identity of the running configuration."""
        running = self.running.tables.get(table.source_table_name)
        names = {table.qualified_name, running.qualified_name if running else table.qualified_name}
        is_same = running is not None and running.identity == table.identity and len(names) == 1
        for name in sorted(names):
            written = self.written.get(name)
            if written and written.is_being_written and written.identity is None and not is_same:
                message = f"{name} is being filled for the first time and cannot be defined anew until that has ended"
                raise TableIsBeingWrittenError(message)


def changed_tables(running: Configuration, desired: Manifests) -> frozenset[str]:
    """Name the tables of new and changed entries, which a check must look up."""
    new = [table for table in desired.tables if running.tables.get(table.source_table_name) != table]
    old = [running.tables[table.source_table_name] for table in new if table.source_table_name in running.tables]
    return frozenset(name for table in (*new, *old) for name in (table.qualified_name, *_related(table)))


def _related(table: RawTableConfig) -> list[str]:
    """Other tables that may share a name with this one: its views, and tables whose view it would be."""
    views = table.occupied_names[1:]
    return [*views, *(table.qualified_name.removesuffix(view) for view in VIEWS if table.raw_table_name.endswith(view))]


def deployed_with(
    batches: tuple[BatchConfig, ...], sources: frozenset[str] = frozenset({DEFAULT_SOURCE})
) -> SynthesisedResources:
    """Return the resources that a deployment of these cadences creates."""
    return SynthesisedResources(
        cadences=frozenset(batch.refresh_cadence for batch in batches),
        glue_jobs=frozenset(batch.glue_job_name for batch in batches),
        sources=sources,
    )


def _not_deployed(what: str, deployed: frozenset[str]) -> str:
    return (
        f"this environment has {what} (it has {', '.join(sorted(deployed)) or 'none'}); schedules and jobs are made "
        "from the manifests at synth, so commit this and let the pipeline of the etl app deploy it"
    )


def _unknown_source(source: str, sources: frozenset[str]) -> str:
    return (
        f"source_table_name: this environment has no source {source} (it has {', '.join(sorted(sources))}); add it to "
        "sources in config/environments.json and let the pipelines deploy it"
    )


def _occupied(table: RawTableConfig, other: str, name: str) -> str:
    return (
        f"raw_table_name: {table.qualified_name} would share the name {name} with {other}, which holds data, and a "
        "merge_on_read table takes the names of its views, too; choose another raw_table_name"
    )


def _other_identity(table: RawTableConfig, field: str, bound: str) -> str:
    return (
        f"{name_of_stored(field)}: {table.qualified_name} holds data written with {bound!r}, which "
        f"{table.identity[field]!r} would corrupt; keep {bound!r}, or replicate {table.source_table_name} into a new "
        "raw_table_name: remove the entry, "
        "deploy, add it again under the new name, deploy, and reload the source table in DMS"
    )


def _other_target(running: RawTableConfig, table: RawTableConfig) -> str:
    return (
        f"raw_database_name, raw_table_name: the data is in {running.qualified_name}, and {table.qualified_name} would "
        "begin with a part of it; keep the target, or move in two steps: remove the entry, deploy, add it again with "
        "the new target, deploy, and reload the source table in DMS"
    )
