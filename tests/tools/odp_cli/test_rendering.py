"""Answers in a terminal: a name is on one line, however narrow the terminal is."""

import io

import pytest
from odp_cli.rendering import Column, Listing
from rich.console import Console
from rich.text import Text

TABLE = "taxi_trips.passenger_count_corrections"
RAW = "odp_dev_raw.taxi_trips_passenger_count_corrections"
REASON = "refused: column 'fare_amount' is a text in LOAD00000001.parquet, but a number in the table since then"
COLUMNS = (Column("source table"), Column("raw table"), Column("state", is_text=True), Column("lag"))
ROWS = [[Text(TABLE), Text(RAW), Text(REASON), Text("2 d 20 h")], [Text("s.t"), Text("db.t"), Text("ok"), Text("")]]


def shown(width: int, *, is_terminal: bool = True) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    console.print(Listing(COLUMNS, ROWS), soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 100, 120, 200])
def test_names_are_on_one_line_in_a_terminal_of_any_width(width: int) -> None:
    lines = shown(width).splitlines()
    for name in (TABLE, RAW, "2 d 20 h"):
        assert sum(name in line for line in lines) == 1, name


@pytest.mark.parametrize("width", [80, 120, 200])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, shown(width).splitlines())) <= width


def test_wide_terminal_shows_a_table_and_a_narrow_one_a_list() -> None:
    wide, narrow = shown(200), shown(80)
    assert wide.splitlines()[0].split() == ["source", "table", "raw", "table", "state", "lag"]
    assert narrow.splitlines()[:2] == [TABLE, f"  raw table: {RAW}"]
    assert narrow.splitlines()[-2:] == ["s.t", "  raw table: db.t · state: ok"], "an empty cell has no title"


def test_text_of_a_narrow_list_breaks_between_words() -> None:
    words = " ".join(line.strip() for line in shown(60).splitlines())
    assert f"state: {REASON}" in words


def test_file_or_pipe_gets_one_line_for_each_row() -> None:
    (line,) = [line for line in shown(80, is_terminal=False).splitlines() if TABLE in line]
    assert RAW in line
    assert REASON in line
