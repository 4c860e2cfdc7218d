"""Imports the reference framework's configuration: reads files, checks the manifest, reports every decision."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer
from odp.errors import ManifestError
from rich.console import Console
from rich.text import Text

from deployment_account.environments import Environment, Platform
from odp_cli.config_validate import validate_documents
from odp_cli.errors import CommandError
from odp_cli.output import say_json
from odp_cli.reference_import.entries import ReferenceEntry
from odp_cli.reference_import.import_log import ImportLog
from odp_cli.reference_import.importing import Choices, imported_entries, manifest_of
from odp_cli.reference_import.report_tables import report
from odp_cli.rendering import problem_lines

Schemas = Annotated[
    list[str] | None,
    typer.Option("--schema", metavar="NAME", help="The schema of tables without one; repeat it for several."),
]
BucketRoles = Annotated[
    list[str] | None,
    typer.Option("--bucket", metavar="PHYSICAL=ROLE", help="The role of a bucket: raw; repeat it for several."),
]
_DEPLOYED_NAMES = ("glue_job_name", "raw_database_name")


@dataclass(frozen=True, slots=True)
class Import:
    """What became of the files; a refused import has no manifest to write."""

    entries: Sequence[ReferenceEntry]
    log: ImportLog
    warnings: Sequence[str] = ()

    @property
    def refused(self) -> list[str]:
        """Every reason against writing the manifest."""
        return self.log.problems

    @property
    def manifest(self) -> dict[str, Any]:
        """The entries as one manifest."""
        return dict(manifest_of(self.entries))

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "refused": self.refused,
            "warnings": list(self.warnings),
            "entries": [{"entry": entry.place, "became": entry.name} for entry in self.entries],
            "decisions": [decision.as_json() for decision in self.log.decisions],
            "manifest": None if self.refused else self.manifest,
        }


def choices(schemas: Sequence[str] | None, buckets: Sequence[str] | None, *, may_ask: bool) -> Choices:
    """Read the options; a person at a terminal must name a missing schema."""
    asks = may_ask and sys.stdin.isatty()
    return Choices(schemas or (), _bucket_roles(buckets or ()), _ask_schema if asks else None)


def import_files(files: Sequence[Path], chosen: Choices, output: Path | None, platform: Platform) -> Import:
    """Turn files into a manifest that is valid in every environment beside the manifests in the output's folder.

    Raises:
        CommandError: a file cannot be read.
    """
    log = ImportLog()
    others = _manifests_beside(output, files) if output else {}
    configured = {cadence for text in others.values() for cadence in _cadences(text)}
    entries = imported_entries({str(path): _content(path) for path in files}, chosen, configured, log)
    environments = list(platform.environments.values())
    _note_names_to_deploy(entries, environments, log)
    if log.problems:
        return Import(entries, log)
    return Import(entries, log, _validated({**others, **_documents(entries)}, environments, log))


def say_import(found: Import, output: Path | None) -> None:
    """Report to a person; where the manifest goes to stdout, the report goes to stderr."""
    console = Console(stderr=not (output or found.refused))
    for part in report(found.entries, found.log):
        console.print(part, soft_wrap=True)
    for warning in found.warnings:
        console.print(Text(f"! {warning}", style="yellow"), soft_wrap=True)
    if found.refused:
        console.print(problem_lines(found.refused), soft_wrap=True)
    elif output:
        console.print(
            f"The manifest is in {output}: check the lines with ?, then `odp config validate`.", soft_wrap=True
        )
    else:
        say_json(found.manifest)


def _bucket_roles(options: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for option in options:
        physical, _, role = option.partition("=")
        bucket = physical.removeprefix("s3://").rstrip("/")
        if not bucket or not role or roles.setdefault(bucket, role) != role:
            raise CommandError(
                f"--bucket {option!r} does not name one role of a bucket",
                mend="write --bucket PHYSICAL=ROLE once for each bucket: --bucket my-lake=raw",
            )
    return roles


def _ask_schema(tables: Sequence[str]) -> str:
    answer = typer.prompt(f"These tables have no schema: {', '.join(tables)}\nSchema of the source database", err=True)
    return str(answer).strip()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", mend="name files that can be read") from error


def _manifests_beside(output: Path, files: Sequence[Path]) -> dict[str, str]:
    """Other files of the folder may be anything, and the imported ones are no manifests."""
    imported = {path.resolve() for path in files}
    texts = {
        path.name: _content(path).decode(errors="replace")
        for path in sorted(output.parent.glob("*.json"))
        if path.is_file() and path.resolve() not in imported
    }
    return {name: text for name, text in texts.items() if _sections(text)}


def _sections(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: document[name] for name in ("batch_configs", "raw_table_configs") if name in document}


def _cadences(text: str) -> Iterator[str]:
    batches = _sections(text).get("batch_configs")
    for batch in batches if isinstance(batches, list) else ():
        if isinstance(batch, dict) and "refresh_cadence" in batch:
            yield str(batch["refresh_cadence"])


def _documents(entries: Sequence[ReferenceEntry]) -> dict[str, str]:
    """A manifest for each file, so that validation names the file that a person must mend."""
    files = dict.fromkeys(entry.file for entry in entries)
    return {file: json.dumps(manifest_of([one for one in entries if one.file == file])) for file in files}


def _validated(documents: Mapping[str, str], environments: Sequence[Environment], log: ImportLog) -> list[str]:
    warnings: dict[str, str] = {}
    for environment in environments:
        try:
            warnings |= validate_documents(documents, environment).warnings
        except ManifestError as refused:
            log.problems += [problem for problem in refused.problems if problem not in log.problems]
    return list(warnings.values())


def _note_names_to_deploy(
    entries: Sequence[ReferenceEntry], environments: Sequence[Environment], log: ImportLog
) -> None:
    """Databases and jobs are made by deployments, which may make only those that `catalog_names` allows."""
    for entry in entries:
        for field in _DEPLOYED_NAMES:
            name = entry.fields.get(field)
            refusing = [one.name for one in environments if isinstance(name, str) and not _allows(one, name)]
            if refusing:
                log.leave_to_check(
                    entry.place,
                    field,
                    f"synthesis for {', '.join(refusing)} refuses {name}: choose a name that catalog_names in "
                    "config/environments.json allows, or add a pattern there",
                )


def _allows(environment: Environment, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in environment.catalog_names)
