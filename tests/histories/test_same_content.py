"""What docs/guarantees.md says of the same content under two file names: it is applied twice."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.dms_files import Delivery, DmsFile
from rehearsal.torture.evidence import APPLIED, TableEvidence
from rehearsal.torture.memory.lake import MemoryLake, config_of
from rehearsal.torture.reference_model import Kind, ReferenceModel
from rehearsal.torture.runner import silent
from rehearsal.torture.source_table import Key

A_WHILE = 3600.0
ROWS = 3


class Table:
    """A table of one file for each load and for all changes, on a lake whose every file is announced."""

    def __init__(self, *, is_historical: bool = False, order: str | None = CHANGE_SEQUENCE) -> None:
        self.lake = MemoryLake(Random(1))
        kind = Kind("default", "t", ("ID",), None, is_historical, order)
        drawn = (ReferenceModel("t", kind, Random(seed), self.lake.clock.datetime) for seed in range(1000))
        self.replica = next(
            each
            for each in drawn
            if not (each.settings.rows_per_file or each.dms.segments or each.dms.writes_changes_apart)
        )
        self.lake.configs = {kind.source_table_name: config_of(self.replica)}
        self.delivery = Delivery(self.lake.receive)
        self.draw = Random(2)
        while len(self.replica.source.rows) < ROWS:
            self.replica.source.change(self.draw)

    def land(self, *files: DmsFile) -> None:
        """Let files land, one after the other, and refresh the table when a load among them is over."""
        for file in files:
            self.delivery.announce(self.lake.put(file))
            self.lake.wait(1.0)
        self.delivery.deliver_all()
        self.lake.wait(A_WHILE)
        with silent():
            self.lake.run({}, lambda: None)

    def load(self) -> None:
        """Load the table."""
        self.replica.begin_load(self.draw)
        self.land(self.replica.next_part())

    def changed(self) -> DmsFile:
        """Change every row once; gives the file of the changes, which has not landed yet."""
        source = self.replica.source
        for key, row in source.rows.items():
            source.rows[key] = {**row, "AMOUNT": len(source.log)}
            source._write("U", source.rows[key])
        (file,) = self.replica.next_changes()
        return file

    @property
    def evidence(self) -> TableEvidence:
        return self.lake.evidence(self.replica)

    def amounts(self) -> Mapping[Key, object]:
        """The value that each key has."""
        return {self.replica.key_of(row): row["AMOUNT"] for row in self.evidence.rows}

    def named_anew(self, file: DmsFile) -> DmsFile:
        """The same content under the next name that DMS would give."""
        name = file.name.replace("00000001", "00000002")
        key = file.key.replace(file.name, name) if file.is_load else self.replica.dms.no_parquet().key
        return replace(file, key=key)


def commits_of(table: Table, file: DmsFile) -> int:
    """How many commits applied a file that the history has as applied."""
    evidence = table.evidence
    ids = {each.file_id for each in evidence.history if each.key == file.key and each.status == APPLIED}
    return sum(len(commit.file_ids & ids) for commit in evidence.commits)


@pytest.mark.parametrize("is_historical", [True, False])
@pytest.mark.parametrize("order", [CHANGE_SEQUENCE, None])
def test_changes_under_a_second_name_are_applied_and_counted_again(is_historical: bool, order: str | None) -> None:
    table = Table(is_historical=is_historical, order=order)
    table.load()
    file = table.changed()
    table.land(file)
    before, again = table.evidence, table.named_anew(file)
    rows_before = len(before.rows)  # rows are read when they are asked for
    table.land(again)
    assert (commits_of(table, file), commits_of(table, again)) == (1, 1)
    told = table.evidence.told
    assert told.inserted + told.updated == before.told.inserted + before.told.updated + ROWS
    # versions without a change sequence are named after the file, so the same change is another version
    is_another = is_historical and order is None
    assert len(table.evidence.rows) == rows_before + (ROWS if is_another else 0)


@pytest.mark.parametrize("order", [CHANGE_SEQUENCE, None])
def test_rows_go_back_if_the_second_name_comes_after_newer_changes(order: str | None) -> None:
    table = Table(order=order)
    table.load()
    file = table.changed()
    table.land(file)
    first = table.amounts()
    table.land(table.changed())
    assert table.amounts() != first
    table.land(table.named_anew(file))
    assert table.amounts() == first


@pytest.mark.parametrize("is_historical", [True, False])
def test_part_of_a_load_under_a_second_name_is_applied_too_and_adds_no_row(is_historical: bool) -> None:
    table = Table(is_historical=is_historical)
    table.replica.begin_load(table.draw)
    part = table.replica.next_part()
    again = table.named_anew(part)
    table.land(part, again)
    assert (commits_of(table, part), commits_of(table, again)) == (1, 1)
    assert sorted(map(table.replica.key_of, table.evidence.rows)) == sorted(table.replica.source.rows)
