"""Reads table manifests; a set with any problem is refused whole, each problem named by file, entry and field."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from odp.config_manager.manifest_fields import BATCH_CONFIG_FIELDS, DEFAULTS, RAW_TABLE_CONFIG_FIELDS, Field
from odp.config_manager.manifest_rules import Entry, contradictions
from odp.errors import ManifestError
from odp.records import BatchConfig, RawTableConfig
from odp.table_identity import MERGE_ON_READ

SECTIONS: Mapping[str, Mapping[str, Field]] = {
    "batch_configs": BATCH_CONFIG_FIELDS,
    "raw_table_configs": RAW_TABLE_CONFIG_FIELDS,
}
# https://docs.aws.amazon.com/athena/latest/ug/querying-hudi-in-athena-considerations-and-limitations.html
_LIMITS_OF_MERGE_ON_READ = (
    "hudi_table_type: merge_on_read: Athena shows the newest changes in {table}_rt only, where it cannot read "
    "timestamp columns; {table}_ro shows a change once it is compacted, some refreshes later"
)
_ENTRY_NAME = {"batch_configs": "refresh_cadence", "raw_table_configs": "source_table_name"}


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
    entries: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    defaults = {"batch_configs": cadence_defaults, "raw_table_configs": DEFAULTS}
    for name, text in documents.items():
        for section, written in _entries(name, text, problems):
            entry = _without_aliases(written, SECTIONS[section], problems)
            entries[section].append(_checked(section, entry.completed(defaults[section]), problems))
    problems += contradictions(entries["batch_configs"], entries["raw_table_configs"])
    if problems:
        raise ManifestError(problems)
    return Manifests(
        batches=tuple(BatchConfig(**entry.fields) for entry in entries["batch_configs"]),
        tables=tuple(_table_config(entry.fields) for entry in entries["raw_table_configs"]),
        places={entry.fields[name]: entry.place for section, name in _ENTRY_NAME.items() for entry in entries[section]},
    )


def _table_config(fields: dict[str, Any]) -> RawTableConfig:
    named = {name.replace("_S3_", "_s3_"): value for name, value in fields.items()}
    return RawTableConfig(**named)


def _entries(name: str, text: str, problems: list[str]) -> Iterable[tuple[str, Entry]]:
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        problems.append(f"{name}: is not JSON: {error}")
        return
    except ValueError as error:
        problems.append(f"{name}: {error}")
        return
    if not isinstance(document, dict):
        problems.append(f"{name}: must hold an object with {' and '.join(SECTIONS)}")
        return
    problems += [
        f"{name}: unknown field {unknown!r}; {_suggestion(unknown, SECTIONS)}"
        for unknown in document
        if unknown not in SECTIONS and unknown != "$schema"
    ]
    for section in SECTIONS:
        listed = document.get(section, [])
        if not isinstance(listed, list):
            problems.append(f"{name}: {section} must be a list")
            continue
        for position, fields in enumerate(listed):
            if isinstance(fields, dict):
                label = fields.get(_ENTRY_NAME[section], f"entry {position + 1}")
                yield section, Entry(f"{name}: {section}: {label}", fields)
            else:
                problems.append(f"{name}: {section}: entry {position + 1} must be an object")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON takes the last of two equal names, and nobody would see that the first is lost."""
    named = dict(pairs)
    if len(named) < len(pairs):
        twice = next(name for position, (name, _) in enumerate(pairs) if name in dict(pairs[:position]))
        message = f"one object names {twice!r} twice; keep one"
        raise ValueError(message)
    return named


def _without_aliases(entry: Entry, known: Mapping[str, Field], problems: list[str]) -> Entry:
    names = {field.alias: name for name, field in known.items() if field.alias}
    problems += [
        f"{entry.place}: {alias} and {name} are two names of one field; keep one"
        for alias, name in names.items()
        if alias in entry.fields and name in entry.fields
    ]
    return Entry(entry.place, {names.get(name, name): value for name, value in entry.fields.items()})


def _checked(section: str, entry: Entry, problems: list[str]) -> Entry:
    known = SECTIONS[section]
    fields: dict[str, Any] = {}
    for name, value in entry.fields.items():
        if name not in known:
            problems.append(f"{entry.place}: unknown field {name!r}; {_suggestion(name, known)}")
            continue
        try:
            fields[name] = known[name].read(value)
        except ValueError as error:
            problems.append(f"{entry.place}: {name}: {error}")
    problems += [f"{entry.place}: {name} is missing" for name in known if name not in entry.fields]
    return Entry(entry.place, fields)


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
