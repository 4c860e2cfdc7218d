"""The verdict finds everything that can be wrong with a table, in evidence that is made by hand."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from rehearsal.source.dms import CHANGE_SEQUENCE, OP
from rehearsal.torture.check import Finding, Kind, moment, verdict
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import (
    APPLIED,
    COMPLETED,
    FAILED,
    HELD,
    PENDING,
    SKIPPED,
    CommitEvidence,
    Counts,
    RecordedFile,
    Row,
    TableEvidence,
)
from rehearsal.torture.reference_model import VERSION, ReferenceModel
from rehearsal.torture.reference_model import Kind as TableKind

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOAD, CHANGES = "torture/t/LOAD00000001.parquet", "torture/t/20260301-000000001.parquet"
OTHER_PART = "torture/t/LOAD00000002.parquet"
ON_LOAD = RecordedFile("load", LOAD, "v1", is_load=True, status=APPLIED)
ON_CHANGES = RecordedFile("changes", CHANGES, "v2", is_load=False, status=APPLIED)


def replica(*, is_historical: bool = False) -> ReferenceModel:
    """A source with some rows, all of whose changes DMS has written."""
    kind = TableKind("default", "t", ("ID",), None, is_historical, None)
    table = ReferenceModel("t", kind, Random(5), lambda: NOW)
    draw = Random(1)
    while len(table.source.rows) < 3:
        table.source.change(draw)
    table.next_changes()
    return table


def evidence(rows: Sequence[Row], **otherwise: Any) -> TableEvidence:
    """Everything is as it should be for these rows."""
    counts = Counts(inserted=len(rows))
    versions = frozenset({(LOAD, "v1"), (CHANGES, "v2")})
    commit = CommitEvidence(frozenset({"load", "changes"}), counts, is_reload=False)
    well = TableEvidence(versions, versions, [], [ON_LOAD, ON_CHANGES], [commit], counts, COMPLETED, list(rows))
    return replace(well, **otherwise)


def snapshot(table: ReferenceModel) -> list[Row]:
    return [dict(row) for row in table.source.rows.values()]


def versions(table: ReferenceModel) -> list[Row]:
    """Every version that DMS wrote, in the order of its sequence."""
    return [{**row, VERSION: sequence} for (_, sequence), row in table.required_versions().items()]


def found(table: TableEvidence, source: ReferenceModel) -> list[Finding]:
    return list(verdict(table, source))


@pytest.mark.parametrize("is_historical", [True, False])
def test_table_that_equals_its_source_is_found_well(is_historical: bool) -> None:
    source = replica(is_historical=is_historical)
    assert found(evidence(versions(source) if is_historical else snapshot(source)), source) == []


def test_missing_row_is_found() -> None:
    source = replica()
    (finding,) = found(evidence(snapshot(source)[1:]), source)
    assert (finding.kind, finding.detail.split(":")[0]) == (Kind.ROWS, "1 missing")


def test_stale_row_is_found() -> None:
    source = replica()
    first, *others = snapshot(source)
    (finding,) = found(evidence([{**first, "NOTE": "as it was"}, *others]), source)
    assert (finding.kind, finding.detail.split(":")[0]) == (Kind.ROWS, "1 different")


def test_column_that_is_empty_in_the_lake_only_is_found() -> None:
    source = replica()
    key = source.source.rows.__iter__().__next__()
    source.source.rows[key] = {**source.source.rows[key], "AMOUNT": 7}
    rows = [{name: value for name, value in row.items() if name != "AMOUNT"} for row in snapshot(source)]
    assert Kind.ROWS in {finding.kind for finding in found(evidence(rows), source)}


def test_ghost_of_a_row_that_the_source_deleted_is_found() -> None:
    source = replica()
    rows = snapshot(source)
    source.source.rows.popitem()
    (finding,) = found(evidence(rows), source)
    assert (finding.kind, finding.detail.split(":")[0]) == (Kind.ROWS, "1 too many")


def test_former_key_is_excused_only_where_the_source_writes_no_before_images() -> None:
    source = replica()
    rows = snapshot(source)
    key, _ = source.source.rows.popitem()
    source.ghosts.add(key)
    source.dms.before_images = False
    assert found(evidence(rows), source) == []
    source.dms.before_images = True
    assert [finding.kind for finding in found(evidence(rows), source)] == [Kind.ROWS]


def test_row_that_is_there_twice_is_found() -> None:
    source = replica()
    rows = snapshot(source)
    assert "1 are there more than once" in {finding.detail for finding in found(evidence([*rows, rows[0]]), source)}


def test_missing_version_of_a_historical_table_is_found() -> None:
    source = replica(is_historical=True)
    details = [finding.detail for finding in found(evidence(versions(source)[1:]), source)]
    assert any("1 versions missing" in detail for detail in details)


def test_row_of_an_applied_load_that_no_version_is_like_is_found() -> None:
    """A part that is not applied needs no version, nor does a row that is as a version is already."""
    source = replica(is_historical=True)
    rows = versions(source)
    live = next(row for row in reversed(rows) if row[OP] != "D")
    for key, value, number in ((LOAD, {**live, "NOTE": "loaded"}, "v1"), (LOAD, live, "v0"), (CHANGES, {}, "v2")):
        source.note(DmsFile(key, source.source.columns, (value,)), number)
    (finding,) = found(evidence(rows), source)
    assert (finding.kind, finding.detail.split(":")[0]) == (Kind.ROWS, "1 versions of loads missing")
    doubtful = RecordedFile(
        "doubt", OTHER_PART, "v3", is_load=True, status=SKIPPED, reason="… while the table was written"
    )
    source.note(DmsFile(OTHER_PART, source.source.columns, ({**live, "NOTE": "of the next load"},)), "v4")
    landed = frozenset({(LOAD, "v1"), (OTHER_PART, "v3"), (CHANGES, "v2")})
    assert found(evidence(rows, landed=landed, history=[ON_LOAD, doubtful, ON_CHANGES]), source) == []
    as_it_was = replace(ON_LOAD, file_id="0", version_id="v0")
    history = [replace(ON_LOAD, status=SKIPPED, reason="in the load"), as_it_was, ON_CHANGES]
    commit = CommitEvidence(frozenset({"0", "changes"}), Counts(inserted=len(rows)), is_reload=False)
    landed = frozenset({(LOAD, "v0"), (LOAD, "v1"), (CHANGES, "v2")})
    assert found(evidence(rows, landed=landed, history=history, commits=[commit]), source) == []


def test_version_with_another_value_is_found() -> None:
    source = replica(is_historical=True)
    rows = versions(source)
    number = next(number for number, row in enumerate(rows) if row[OP] != "D")
    rows[number] = {**rows[number], "NOTE": "another"}
    details = [finding.detail for finding in found(evidence(rows), source)]
    assert any("1 versions different" in detail for detail in details)


def test_version_that_is_there_twice_is_found() -> None:
    source = replica(is_historical=True)
    rows = versions(source)
    details = [finding.detail for finding in found(evidence([*rows, rows[0]]), source)]
    assert any("1 versions twice" in detail for detail in details)


def test_row_that_vanished_and_is_not_marked_as_deleted_is_found() -> None:
    source = replica(is_historical=True)
    rows = versions(source)
    source.source.rows.popitem()
    details = [finding.detail for finding in found(evidence(rows), source)]
    assert [detail.split(":")[0] for detail in details] == ["1 rows not marked as deleted"]


def test_newest_version_that_is_not_the_row_of_the_source_is_found() -> None:
    source = replica(is_historical=True)
    key, row = source.source.rows.popitem()
    source.source.rows[key] = {**row, "NOTE": "newer than every version"}
    details = [finding.detail for finding in found(evidence(versions(source)), source)]
    assert [detail.split(":")[0] for detail in details] == ["1 newest versions different"]


@pytest.mark.parametrize(
    ("otherwise", "kind"),
    [
        ({"told": Counts(inserted=2)}, Kind.COUNTS),
        ({"told": Counts(inserted=3, updated=1)}, Kind.COUNTS),
        ({"status": FAILED}, Kind.STATUS),
        ({"status": ""}, Kind.STATUS),
        ({"pending": [RecordedFile("new", "torture/t/x", "v3", is_load=False, status=PENDING)]}, Kind.PENDING),
        ({"history": [ON_LOAD]}, Kind.LOST),
        ({"history": [ON_LOAD, ON_CHANGES, replace(ON_CHANGES, file_id="again")]}, Kind.TWICE),
        ({"pending": [replace(ON_CHANGES, status=PENDING)]}, Kind.TWICE),
        ({"history": [ON_LOAD, replace(ON_CHANGES, status=SKIPPED)]}, Kind.SKIPPED),
        ({"history": [ON_LOAD, replace(ON_CHANGES, status=HELD)]}, Kind.SKIPPED),
        ({"history": [ON_LOAD, replace(ON_CHANGES, file_id="in no commit")]}, Kind.SKIPPED),
        ({"landed": frozenset({(LOAD, "v1")})}, Kind.LOST),
    ],
)
def test_ledger_that_does_not_agree_with_the_files_is_found(otherwise: dict[str, Any], kind: Kind) -> None:
    source = replica()
    assert kind in {finding.kind for finding in found(evidence(snapshot(source), **otherwise), source)}


def test_file_that_two_commits_applied_is_found() -> None:
    source = replica()
    well = evidence(snapshot(source))
    again = CommitEvidence(frozenset({"changes"}), Counts(), is_reload=False)
    kinds = {finding.kind for finding in found(replace(well, commits=[*well.commits, again]), source)}
    assert kinds == {Kind.TWICE}


def test_counts_that_do_not_add_up_to_the_rows_of_the_table_are_found() -> None:
    source = replica()
    counts = Counts(inserted=4)
    commit = CommitEvidence(frozenset({"load", "changes"}), counts, is_reload=False)
    details = [finding.detail for finding in found(evidence(snapshot(source), commits=[commit], told=counts), source)]
    assert details == ["inserted - deleted = 4, but the table has 3 rows"]


def test_skipped_file_with_a_reason_is_no_finding() -> None:
    source = replica()
    skipped = replace(ON_CHANGES, status=SKIPPED, reason="in the load")
    assert found(evidence(snapshot(source), history=[ON_LOAD, skipped]), source) == []


def test_part_of_a_reload_that_is_seen_while_others_are_to_come_is_found() -> None:
    source = replica()
    written, to_come = (DmsFile(f"torture/t/LOAD0000000{number}.parquet", {"ID": "int"}, ()) for number in (1, 2))
    source.newest_load = {written.key: written, to_come.key: to_come}
    source.unwritten.append(to_come)
    well = evidence(snapshot(source))
    reload = CommitEvidence(frozenset({"load"}), Counts(), is_reload=True)
    kinds = [finding.kind for finding in moment(replace(well, commits=[*well.commits, reload]), source)]
    assert Kind.PARTIAL in kinds
    source.unwritten.clear()
    kinds = [finding.kind for finding in moment(replace(well, commits=[*well.commits, reload]), source)]
    assert Kind.PARTIAL not in kinds


def test_broken_file_must_stay_pending_and_its_table_must_fail() -> None:
    source = replica()
    source.is_broken = True
    broken = RecordedFile("broken", "torture/t/broken", "v3", is_load=False, status=PENDING)
    well = evidence([], landed=frozenset({(LOAD, "v1"), (CHANGES, "v2"), ("torture/t/broken", "v3")}))
    assert found(replace(well, status=FAILED, pending=[broken]), source) == []
    assert Kind.STATUS in {finding.kind for finding in found(replace(well, pending=[broken]), source)}
    assert Kind.SKIPPED in {finding.kind for finding in found(replace(well, status=FAILED), source)}


def test_table_whose_broken_file_was_skipped_must_be_right_and_may_keep_the_status_of_the_refusal() -> None:
    source = replica()
    source.is_broken = True
    source.skip_broken([])
    well = evidence(snapshot(source), status=FAILED)
    assert found(well, source) == []
    assert [finding.kind for finding in found(replace(well, rows=well.rows[1:]), source)] == [Kind.ROWS, Kind.COUNTS]


def test_changes_of_the_sample_have_a_sequence_each() -> None:
    source = replica(is_historical=True)
    assert len({row[CHANGE_SEQUENCE] for row in versions(source)}) == len(versions(source)) > 3
