"""Reads table manifests; a set with any problem is refused whole, each problem named by file, entry and field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from json_documents.model import readable_fields
from json_documents.problems import Problem, problems_of
from json_documents.text import read_json
from pydantic import ValidationError

from lake.tables.partitions import Partition
from odp.config_manager.manifest_model import (
    OWN_FIELDS,
    BatchEntry,
    BatchParts,
    ManifestFile,
    TableDefaults,
    TableEntry,
    TableParts,
)
from odp.config_manager.manifest_rules import Entry, contradictions
from odp.errors import ManifestError
from odp.records import BatchConfig, RawTableConfig, RowHistory
from odp.table_identity import MERGE_ON_READ

# https://docs.aws.amazon.com/athena/latest/ug/querying-hudi-in-athena-considerations-and-limitations.html
_LIMITS_OF_MERGE_ON_READ = (
    "hudi_table_type: merge_on_read: Athena shows the newest changes in {table}_rt only, where it cannot read "
    "timestamp columns; {table}_ro shows a change once it is compacted, some refreshes later"
)
_BATCHES, _TABLES, _DEFAULTS = "batch_configs", "raw_table_configs", "defaults"
_LABELS = {_BATCHES: "refresh_cadence", _TABLES: "source_table_name"}
_VERSIONING = {"latest": RowHistory.LATEST, "all": RowHistory.ALL}


@dataclass(frozen=True, slots=True)
class Manifests:
    """The whole configuration as written in git; bucket names are still roles (`raw`), the same in every account.

    `places` says of each cadence and source table where its entry stands, for messages.
    """

    batches: tuple[BatchConfig, ...]
    tables: tuple[RawTableConfig, ...]
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def warnings(self) -> dict[str, str]:
        """What is allowed, but limits those who read the table: a message for the source table that it concerns."""
        return {
            table.source_table_name: f"{self.places.get(table.source_table_name, table.source_table_name)}: "
            + _LIMITS_OF_MERGE_ON_READ.format(table=table.qualified_name)
            for table in self.tables
            if table.hudi_table_type == MERGE_ON_READ
        }


def load_manifests(folder: Path, cadence_defaults: Mapping[str, object] = MappingProxyType({})) -> Manifests:
    """Read every `*.json` of a folder as one configuration.

    Args:
        folder: where the manifests lie.
        cadence_defaults: the environment's value for each field that an entry of batch_configs leaves out.

    Raises:
        ManifestError: with every problem found, in any file.
    """
    return parse_manifests(read_documents(folder), cadence_defaults)


def read_documents(folder: Path) -> dict[str, str]:
    """Read the text of every `*.json` of a folder, by file name; raises ManifestError if there is none."""
    documents: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            documents[path.name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ManifestError([f"{path.name}: is not UTF-8: byte {error.start}"]) from error
    if not documents:
        raise ManifestError([f"{folder}: holds no manifest; add a .json file with batch_configs and raw_table_configs"])
    return documents


def parse_manifests(
    documents: Mapping[str, str], cadence_defaults: Mapping[str, object] = MappingProxyType({})
) -> Manifests:
    """Turn the text of each manifest file into one checked configuration; `load_manifests` tells the arguments."""
    problems: list[str] = []
    batches: list[Entry] = []
    tables: list[Entry] = []
    for name, text in documents.items():
        try:
            file = _File.read(name, text, cadence_defaults)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            continue
        problems += file.problems()
        batches += file.entries(_BATCHES)
        tables += file.entries(_TABLES)
    problems += contradictions(batches, tables)
    if problems:
        raise ManifestError(problems)
    return Manifests(
        batches=tuple(BatchConfig(**entry.fields) for entry in batches),
        tables=tuple(_table_config(entry.fields) for entry in tables),
        places={
            **{entry.fields["refresh_cadence"]: entry.place for entry in batches},
            **{entry.fields["source_table_name"]: entry.place for entry in tables},
        },
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A manifest as written, and with the defaults of file and environment in its entries."""

    name: str
    written: Any
    completed: Any

    @classmethod
    def read(cls, name: str, text: str, cadence_defaults: Mapping[str, object]) -> _File:
        written = read_json(text)
        if not isinstance(written, dict):
            return cls(name, written, written)
        completed = {
            **written,
            **_completed(written, _BATCHES, lambda entry: {**cadence_defaults, **entry}),
            **_completed(written, _TABLES, lambda entry: {**_left_to_defaults(written, entry), **entry}),
        }
        return cls(name, written, completed)

    def problems(self) -> Iterator[str]:
        """Name what the fields of this file may not say; what is wrong with a default is told once, where it stands."""
        try:
            ManifestFile.model_validate(self.completed)
        except ValidationError as error:
            for problem in problems_of(error, ManifestFile):
                if not self._is_of_a_default(problem):
                    place = ": ".join([self.name, *problem.place(self.completed, _LABELS)])
                    yield f"{place}: {_reason(problem)}"

    def entries(self, section: str) -> Iterator[Entry]:
        """Give each entry of a section with the fields that are right."""
        model, parts = (BatchEntry, BatchParts) if section == _BATCHES else (TableEntry, TableParts)
        for position, entry in enumerate(_objects(self.completed, section)):
            if isinstance(entry, dict):
                place = ": ".join([self.name, *Problem((section, position), "").place(self.completed, _LABELS)])
                fields = readable_fields(model, parts, entry)
                yield Entry(place, fields, {first: name for name, first in model.names().items() if name in entry})

    def _is_of_a_default(self, problem: Problem) -> bool:
        match [*problem.steps, problem.field]:
            case ["raw_table_configs", int(position), name, *_] if isinstance(self.written[_TABLES][position], dict):
                return name in self.completed[_TABLES][position] and name not in self.written[_TABLES][position]
        return False


def _completed(
    written: Mapping[str, Any], section: str, complete: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, list[Any]]:
    entries = _objects(written, section)
    return {section: [complete(entry) if isinstance(entry, dict) else entry for entry in entries]} if entries else {}


def _objects(written: object, section: str) -> list[Any]:
    listed = written.get(section) if isinstance(written, dict) else None
    return listed if isinstance(listed, list) else []


def _left_to_defaults(written: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """A field that the entry has under either of its names is not left to the defaults, which say it once."""
    defaults = written.get(_DEFAULTS)
    names = TableDefaults.names()
    said = {names.get(name) for name in entry}
    left: dict[str, Any] = {}
    for name, value in defaults.items() if isinstance(defaults, dict) else ():
        if name in names and names[name] not in said:
            said.add(names[name])
            left[name] = value
    return left


def _reason(problem: Problem) -> str:
    if problem.steps == (_DEFAULTS,) and problem.field in OWN_FIELDS:
        return f"{problem.field} cannot be a default, because each table has its own; write it in the table's entry"
    return problem.reason


def _table_config(fields: Mapping[str, Any]) -> RawTableConfig:
    partition: Partition | None = fields["partition_key"]
    return RawTableConfig(
        refresh_cadence=fields["refresh_cadence"],
        source_table_name=fields["source_table_name"],
        primary_key=fields["primary_key"],
        partition_key=partition.column if partition else None,
        change_sequence=fields["change_sequence"],
        hudi_table_type=fields["hudi_table_type"],
        history=_VERSIONING[fields["history"]],
        table_format=fields["table_format"],
        is_active=fields["is_active"] == "Y",
        raw_database_name=fields["raw_database_name"],
        raw_database_s3_bucket=fields["raw_database_bucket"],
        raw_table_name=fields["raw_table_name"],
        column_names=fields["column_names"],
        on_dropped_column=fields["on_dropped_column"],
        before_images=fields["before_images"],
        partition_transform=partition.transform if partition else "identity",
        partition_buckets=partition.buckets if partition else 0,
        engine=fields["engine"],
    )
