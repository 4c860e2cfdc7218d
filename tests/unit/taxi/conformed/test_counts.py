"""Lines are numbered through the parts in which a file was read."""

from taxi.conformed.counts import SplitCount, count_csv, count_parquet

TASK = 1 << 33
"""Positions of one task's lines begin at a multiple of this."""


def test_lines_of_a_file_are_numbered_through_its_parts_whatever_tasks_read_them() -> None:
    count = count_csv([
        SplitCount(2000, first_position=5, lines=30, rows=30, malformed=0),
        SplitCount(0, first_position=TASK + 7, lines=10, rows=9, malformed=2),
        SplitCount(1000, first_position=2 * TASK, lines=20, rows=20, malformed=1),
    ])  # fmt: skip
    assert count.line(0, TASK + 7) == 1
    assert count.line(0, TASK + 16) == 10
    assert count.line(1000, 2 * TASK) == 11
    assert count.line(2000, 5) == 31


def test_the_header_is_neither_a_row_nor_malformed() -> None:
    count = count_csv([SplitCount(0, first_position=0, lines=5, rows=4, malformed=2)])
    assert (count.rows, count.malformed, count.has_header) == (3, 1, True)


def test_rows_of_a_parquet_file_are_numbered_from_one() -> None:
    count = count_parquet([SplitCount(0, first_position=0, lines=5, rows=5, malformed=1)])
    assert (count.rows, count.malformed, count.has_header) == (5, 1, False)
    assert count.line(0, 4) == 5


def test_a_parquet_file_without_rows_has_none() -> None:
    count = count_parquet([])
    assert (count.rows, count.malformed) == (0, 0)
