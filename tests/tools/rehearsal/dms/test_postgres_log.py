"""What PostgreSQL's lines and snapshots say; the lines are those of its own documentation and regression tests."""

from datetime import UTC, datetime

import pytest

from rehearsal.dms.endpoints import PostgreSqlSettings
from rehearsal.dms.log import Position, TableStatement
from rehearsal.dms.postgres.decoded_lines import UNCHANGED, Line, Truncation, read_commit, read_line
from rehearsal.dms.postgres.slot import Catalog, Described, LoggedLines, transactions
from rehearsal.dms.postgres.snapshot import Seen, position_of
from tests.tools.rehearsal.dms.databases import POSTGRES_SOURCE


def test_an_insert_has_each_column_with_its_type() -> None:
    line = read_line("table public.data: INSERT: id[integer]:3 data[text]:'it''s' bits[bit]:B'101' none[text]:null")
    assert isinstance(line, Line)
    assert line.new == {"id": "3", "data": "it's", "bits": "101", "none": None}
    assert line.layout == (("id", "integer"), ("data", "text"), ("bits", "bit"), ("none", "text"))


def test_an_update_has_its_former_key_only_if_that_has_changed() -> None:
    moved = read_line(
        "table a.b: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:-2 t[text]:unchanged-toast-datum"
    )
    assert isinstance(moved, Line)
    assert (moved.old, moved.new) == ({"id": "1"}, {"id": "-2", "t": UNCHANGED})
    same = read_line("table a.b: UPDATE: id[integer]:1 f[double precision]:-1.5e+300")
    assert isinstance(same, Line)
    assert (same.old, same.new) == ({}, {"id": "1", "f": "-1.5e+300"})


def test_a_delete_has_what_identifies_the_row_or_nothing() -> None:
    for rest, old in ((" id[integer]:1", {"id": "1"}), (" (no-tuple-data)", {})):
        line = read_line(f"table a.b: DELETE:{rest}")
        assert isinstance(line, Line)
        assert (line.verb, line.new, line.old, line.layout) == ("DELETE", {}, old, ())


def test_a_truncation_names_all_its_tables() -> None:
    text = 'table public.a, "My ""s".b, public."c, d: TRUNCATE:": TRUNCATE: restart_seqs cascade'
    assert read_line(text) == Truncation((("public", "a"), ('My "s', "b"), ("public", "c, d: TRUNCATE:")))


@pytest.mark.parametrize("text", ["BEGIN 5", "COMMIT 5 (at 2026-11-30 10:00:00+00)", "message: transactional: 1"])
def test_other_lines_have_no_rows(text: str) -> None:
    assert read_line(text) is None


def test_a_commit_has_its_number_and_time() -> None:
    commit = read_commit("COMMIT 774 (at 2026-11-30 10:00:00.25+00)")
    assert commit
    assert (commit.transaction, commit.at) == (774, datetime(2026, 11, 30, 10, 0, 0, 250_000, tzinfo=UTC))
    assert read_commit("BEGIN 774") is None


def test_the_catalog_is_asked_only_when_others_see_the_transaction_that_is_read() -> None:
    asked: list[object] = []

    def describe(schema: str, table: str) -> Described:
        asked.append((schema, table))
        return Described([], ("id",))

    rows = [
        (1, "BEGIN 8"), (2, "table a.b: INSERT: id[integer]:1"), (3, "COMMIT 8 (at 2026-11-30 10:00:00+00)"),
        (4, "BEGIN 9"), (5, "table a.b: DELETE: id[integer]:1"), (6, "table a.b: TRUNCATE: (no-flags)"),
        (7, "table a.b: INSERT: id[integer]:2 n[text]:''"), (8, "COMMIT 9 (at 2026-11-30 10:00:00+00)"),
    ]  # fmt: skip
    settings = PostgreSqlSettings.read(POSTGRES_SOURCE["PostgreSqlSettings"], "")
    catalog = Catalog(settings, describe, lambda *_: None)
    (found,) = transactions(rows, catalog, Position("", 3), asked.append)
    assert asked == [9, ("a", "b"), ("a", "b")], "the first is before the start, and new columns are looked up"
    assert found.end == Position("", 8)
    assert [type(event) for event in found.events] == [LoggedLines, TableStatement, LoggedLines]


def test_a_position_is_written_as_the_server_writes_it() -> None:
    position = position_of("16/B374D848")
    assert (position, str(position)) == (Position("", 0x16B374D848), "16/B374D848")


@pytest.mark.parametrize(
    ("transaction", "is_seen"), [(9, True), (10, False), (11, True), (12, False), (19, True), (20, False), (21, False)]
)
def test_a_snapshot_sees_what_is_finished(transaction: int, is_seen: bool) -> None:
    assert Seen("10:20:10,12").sees(transaction) == is_seen


def test_a_snapshot_sees_numbers_of_which_the_log_has_the_last_32_bits() -> None:
    assert Seen(f"{2**32 + 5}:{2**32 + 9}:").sees(7)
    assert not Seen(f"{2**32 + 5}:{2**32 + 9}:{2**32 + 7}").sees(7)
    assert Seen(f"{2**32 + 5}:{2**32 + 9}:").sees(2**32 - 1)


@pytest.mark.parametrize(
    ("newer", "has_all"),
    [("10:20:10,12", True), ("15:25:15", False), ("12:30:12,25", True), ("10:20:10,11,12", False), ("9:15:", False)],
)
def test_a_newer_snapshot_must_see_all_that_the_older_sees(newer: str, has_all: bool) -> None:
    assert Seen(newer).has(Seen("10:20:10,12")) == has_all
