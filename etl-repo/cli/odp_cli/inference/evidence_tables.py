"""The evidence as tables for people: what was found, what is proposed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from odp_cli.inference.draft import ENGINE, TABLE_FORMAT, WHY_ENGINE, WHY_FORMAT
from odp_cli.inference.findings import Candidate, Finding
from odp_cli.inference.landed_tables import LandedTables
from odp_cli.inference.proposal import Proposal
from odp_cli.inference.quantities import byte_text, counted
from odp_cli.inference.table_profile import ReadExtent, TableProfile

_NOT_INFERRED = Text("not inferred", style="red")
_UNPARTITIONED = Text("unpartitioned")
_FILE_ORDER = Text("order of files")


def overview_table(profiles: Sequence[TableProfile], proposal: Proposal) -> Table:
    """Show a line for each table: files, rows, bytes and what is proposed."""
    shown = Table(title="Tables")
    for heading in ("Table", "Files", "Rows", "Bytes"):
        shown.add_column(heading, justify="left" if heading == "Table" else "right", overflow="fold")
    for heading in ("Primary key", "Partition key", "Change sequence", "Cadence"):
        shown.add_column(heading, overflow="fold")
    for profile in profiles:
        shown.add_row(
            Text(profile.source_table_name),
            f"{len(profile.table.files):,}",
            " + ".join(map(_rows, _extents(profile))),
            byte_text(profile.table.load_bytes + profile.table.change_bytes),
            _proposed(profile.primary_key),
            _proposed(profile.partition_key, nothing=_UNPARTITIONED),
            _proposed(profile.ordering, nothing=_FILE_ORDER),
            proposal.cadences[profile.source_table_name].refresh_cadence,
        )
    return shown


def table_evidence(profile: TableProfile, proposal: Proposal) -> Table:
    """Show one table: how much was read, each proposal with its reason, and the candidates that were weighed."""
    shown = Table(title=Text(profile.source_table_name), caption=Text("\n".join(profile.notes)), show_lines=True)
    for heading in ("", "Proposed", "Evidence"):
        shown.add_column(heading)
    for label, extent, size in zip(
        ("Full load", "Changes"), _extents(profile), (profile.table.load_bytes, profile.table.change_bytes), strict=True
    ):
        shown.add_row(label, "", _extent(extent, size))
    for label, finding, nothing in (
        ("Primary key", profile.primary_key, _NOT_INFERRED),
        ("Partition key", profile.partition_key, _UNPARTITIONED),
        ("Change sequence", profile.ordering, _FILE_ORDER),
    ):
        shown.add_row(label, _proposed(finding, nothing), Text("\n".join(_finding(finding))))
    cadence = proposal.cadences[profile.source_table_name]
    shown.add_row("Cadence", cadence.refresh_cadence, Text(cadence.evidence))
    shown.add_row("Format", TABLE_FORMAT, WHY_FORMAT)
    shown.add_row("Engine", ENGINE, WHY_ENGINE)
    return shown


def schema_table(profile: TableProfile) -> Table:
    """Show the columns of one table, their NULLs, and where its files differ."""
    shown = Table(title=Text(f"{profile.source_table_name}: columns"))
    for heading in ("Column", "Type", "NULLs in full load", "NULLs in changes", "Differences"):
        shown.add_column(heading, justify="right" if heading.startswith("NULLs") else "left")
    for column in profile.columns:
        differences = [f"{each.kind}: {each.text}" for each in profile.differences if each.column == column.name]
        shown.add_row(
            Text(column.name),
            Text(str(column.data_type or column.kind)),
            _nulls(column.load_nulls, column.loads_without, profile.loads),
            _nulls(column.change_nulls, column.changes_without, profile.changes),
            Text("\n".join(differences)),
        )
    return shown


def batch_table(proposal: Proposal) -> Table:
    """Show the batch configuration of each cadence with its reasons."""
    shown = Table(title="Batch configurations", show_lines=True)
    for heading in ("Cadence", "Tables", "Tables a run", "Worker", "Workers", "Reasons"):
        shown.add_column(heading)
    for batch in proposal.batches:
        sizes = (batch.tables, batch.refresh_tables_batch_size, batch.glue_job_worker_type, batch.glue_job_max_workers)
        shown.add_row(batch.refresh_cadence, *map(str, sizes), Text("\n".join(batch.reasons)))
    return shown


def left_out_table(landed: LandedTables, profiles: Sequence[TableProfile]) -> Table | None:
    """Show every object that was left out, with the reason; None when there is none."""
    unreadable = [(file.key, file.reason) for profile in profiles for file in profile.unreadable]
    left_out = [*((other.key, other.reason) for other in landed.others), *unreadable]
    if not left_out:
        return None
    shown = Table(title="Left out")
    for heading in ("Object", "Reason"):
        shown.add_column(heading, overflow="fold")
    for key, reason in left_out:
        shown.add_row(Text(key), Text(reason.removeprefix(f"{key}: ")))
    return shown


def _extents(profile: TableProfile) -> tuple[ReadExtent, ReadExtent]:
    return profile.loads, profile.changes


def _rows(extent: ReadExtent) -> str:
    return f"{'about ' if extent.is_estimate else ''}{extent.rows:,}"


def _extent(extent: ReadExtent, size: int) -> str:
    if not extent.files:
        return "no file"
    return (
        f"{_rows(extent)} rows in {counted(extent.files, 'file')}, {byte_text(size)}; read: "
        f"{counted(extent.footers, 'footer')} and {counted(extent.sampled_rows, 'row')}"
    )


def _nulls(nulls: int | None, files_without: int, extent: ReadExtent) -> str:
    if files_without == extent.footers:
        return "absent" if extent.footers else ""
    return "unknown" if nulls is None else f"{nulls:,}"


def _proposed(finding: Finding, nothing: Text = _NOT_INFERRED) -> Text:
    return Text(", ".join(finding.columns)) if finding.columns else nothing


def _finding(finding: Finding) -> Iterator[str]:
    """The proposed candidate's evidence is the reason, so it needs no line of its own."""
    yield finding.reason
    for candidate in finding.candidates:
        is_proposed = candidate.columns == finding.columns
        if not is_proposed:
            yield f"· {', '.join(candidate.columns)}: {candidate.evidence}"
        yield from _remarks(candidate)


def _remarks(candidate: Candidate) -> Iterator[str]:
    for objection in candidate.objections:
        yield f"  not proposed: {objection}"
    for warning in candidate.warnings:
        yield f"  note: {warning}"
