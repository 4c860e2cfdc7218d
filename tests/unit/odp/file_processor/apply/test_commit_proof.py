"""A commit carries its files and the table's state, which this and earlier releases wrote."""

import json
from dataclasses import replace

import pytest
from odp.file_processor.apply.commit_proof import (
    CONTENT,
    EPOCH,
    FILE_IDS,
    STATE,
    TableContent,
    proof_of_content,
    proof_of_refresh,
    read_commit,
    read_content,
    read_refresh,
)
from odp.records import FileType, LandedFile
from odp.refresh import RefreshKind, RefreshPlan, TableState

from lake.tables.change import PROOF_PREFIX, Commit, WrittenRows

LOAD = LandedFile("s.t", "f1", FileType.FULL_LOAD, "s", "t", "b", "s/t/LOAD00000002.parquet", 1, "", "2026")
CHANGE = replace(LOAD, file_id="f2", file_type=FileType.CHANGES, key="s/t/20260101-000000001.parquet")
STATE_AFTER = TableState(generation=2)
OF_THE_FIRST_FORMAT = {
    "generation": 1,
    "load_keys": ["s/t/LOAD00000001.parquet", "s/t/LOAD00000002.parquet"],
    "newest_change_file": "20260101-000000009.parquet",
    "began": "2026",
    "changes_until": "2027",
}
EXISTING = TableContent("LOAD00000001.parquet", "20260101-000000005.parquet", "/L1")


def refresh(*files: LandedFile, kind: RefreshKind = RefreshKind.CHANGES) -> RefreshPlan:
    return RefreshPlan(kind, files, (), STATE_AFTER, skipped=(replace(LOAD, file_id="f0"),))


def test_files_and_state_come_back_as_they_were_written() -> None:
    assert read_refresh(proof_of_refresh(refresh(LOAD))) == (frozenset({"f1"}), STATE_AFTER)
    content = TableContent("LOAD", "2026", "/L1", (("A_", "A "), ("QTY_", "QTY$")))
    assert read_content(proof_of_content(content)) == content


@pytest.mark.parametrize("epoch", [0, 1, 1234567890])
def test_commit_says_the_epoch_in_which_it_was_made(epoch: int) -> None:
    proof = proof_of_refresh(replace(refresh(LOAD), epoch=epoch))
    assert read_commit(Commit("1", proof, WrittenRows())).epoch == epoch


def test_commit_without_an_epoch_is_of_epoch_0_and_that_of_epoch_0_is_as_it_was_before_there_were_any() -> None:
    assert EPOCH not in proof_of_refresh(refresh(LOAD))
    assert sum(len(name) + len(value) for name, value in _epoch_of(9_999_999_999).items()) < 40


def _epoch_of(number: int) -> dict[str, str]:
    proof = proof_of_refresh(replace(refresh(LOAD), epoch=number))
    return {name: value for name, value in proof.items() if name == EPOCH}


def test_what_is_written_says_its_format() -> None:
    written = proof_of_refresh(refresh(LOAD)) | proof_of_content(TableContent())
    assert {json.loads(written[name])["format"] for name in (STATE, CONTENT)} == {2}


def test_landing_orders_are_stored_under_the_names_of_the_first_release() -> None:
    state = TableState(load_landing_order="2026", last_change_landing_order="2027")
    written = json.loads(proof_of_refresh(replace(refresh(LOAD), state=state))[STATE])
    assert (written["began"], written["changes_until"]) == ("2026", "2027")
    assert "load_landing_order" not in written


def test_fields_that_this_release_does_not_know_are_ignored_and_missing_ones_have_their_defaults() -> None:
    metadata = {FILE_IDS: '["f1"]', STATE: json.dumps({"format": 3, "generation": 4, "unknown": [1]})}
    assert read_refresh(metadata) == (frozenset({"f1"}), TableState(generation=4))
    assert read_content({CONTENT: json.dumps({"format": 3, "load_version": "/L1", "new": 1})}).load_version == "/L1"


def test_commit_of_the_first_format_is_read() -> None:
    metadata = {FILE_IDS: '["f1"]', STATE: json.dumps(OF_THE_FIRST_FORMAT)}
    _, state = read_refresh(metadata)
    assert (state.generation, state.load_landing_order, state.last_change_landing_order) == (1, "2026", "2027")
    assert read_content(metadata) == TableContent("LOAD00000002.parquet", "20260101-000000009.parquet", "", None)


@pytest.mark.parametrize(
    ("kind", "files", "is_replaced", "expected"),
    [
        (RefreshKind.CHANGES, (CHANGE,), False, EXISTING),
        (RefreshKind.CHANGES, (LOAD,), False, replace(EXISTING, newest_load=LOAD.name)),
        (RefreshKind.RELOAD, (LOAD, CHANGE), True, TableContent(LOAD.name, CHANGE.name, "new")),
        (RefreshKind.RELOAD, (LOAD,), False, TableContent(LOAD.name, EXISTING.newest_change, "new")),
        (RefreshKind.EMPTY, (), True, TableContent("", "", "new")),
    ],
)
def test_content_follows_the_files_of_each_kind_of_refresh(
    kind: RefreshKind, files: tuple[LandedFile, ...], is_replaced: bool, expected: TableContent
) -> None:
    version = "new" if expected.load_version == "new" else EXISTING.load_version
    assert EXISTING.after(refresh(*files, kind=kind), version, is_replaced=is_replaced, source_names={}) == expected


@pytest.mark.parametrize(
    ("kind", "is_replaced", "expected"),
    [
        (RefreshKind.CHANGES, False, (("A_", "A$"), ("B_", "B "))),
        (RefreshKind.RELOAD, True, (("A_", "A$"),)),
        (RefreshKind.RELOAD, False, (("A_", "A$"), ("B_", "B "))),
    ],
)
def test_sources_names_are_kept_until_the_table_is_replaced(
    kind: RefreshKind, is_replaced: bool, expected: tuple[tuple[str, str], ...]
) -> None:
    existing = replace(EXISTING, source_names=(("A_", "A "), ("B_", "B ")))
    names = {"A_": "A$"}
    after = existing.after(refresh(LOAD, kind=kind), "", is_replaced=is_replaced, source_names=names)
    assert after.source_names == expected


def test_sources_names_that_no_commit_recorded_are_unknown_until_files_are_read() -> None:
    existing = read_content({CONTENT: json.dumps({"format": 3, "load_version": "/L1"})})
    assert existing.source_names is None
    emptied = existing.after(refresh(kind=RefreshKind.EMPTY), "", is_replaced=True, source_names={})
    assert read_content(proof_of_content(emptied)).source_names is None
    names = {"A_": "A "}
    changed = emptied.after(refresh(CHANGE), "", is_replaced=False, source_names=names)
    assert read_content(proof_of_content(changed)).source_names == (("A_", "A "),)


def test_emptied_table_keeps_its_columns_and_their_names() -> None:
    existing = replace(EXISTING, source_names=(("A_", "A "),))
    emptied = existing.after(refresh(kind=RefreshKind.EMPTY), "", is_replaced=True, source_names={})
    assert emptied.source_names == existing.source_names


def test_entries_have_the_prefix_by_which_formats_keep_and_find_them() -> None:
    written = proof_of_refresh(refresh(LOAD)) | proof_of_content(TableContent())
    assert {name for name in written if name.startswith(PROOF_PREFIX)} == {FILE_IDS, STATE, CONTENT}
