"""What `make torture` tells."""

import pytest
from rich.console import Console
from typer.testing import CliRunner

from rehearsal.cli import app
from rehearsal.torture import runner
from rehearsal.torture.check import Finding, Kind
from rehearsal.torture.histories import Act, Step, Story
from rehearsal.torture.pairs import HUDI, ICEBERG, Engine
from rehearsal.torture.runner import Failure, Played
from rehearsal.torture.trial import Problem

FAILURE = Failure(
    Story(42, 1, (Step(Act.LOAD, 0, 7), Step(Act.LOSE, 0, 8))),
    (Problem("t0", Finding(Kind.LOST, "LOAD00000001.parquet")),),
)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "Console", lambda: Console(width=200))


def test_all_is_well(monkeypatch: pytest.MonkeyPatch, wide: None) -> None:
    commits = {(HUDI, Engine.SPARK): 2, (ICEBERG, Engine.NATIVE): 70}
    monkeypatch.setattr(runner, "plays", lambda seeds, regions: [Played(None, commits) for _ in seeds])
    result = CliRunner().invoke(app, ["torture", "--seeds", "30"])
    assert result.exit_code == 0
    assert "30 histories passed" in result.output
    rows = [[*filter(None, map(str.strip, line.split("│")))] for line in result.output.splitlines()]
    assert ["hudi", "spark", "30", "60"] in rows
    assert ["iceberg", "native", "30", "2,100"] in rows


def test_failing_seed_is_shown_with_what_is_wrong_and_its_shortest_story(
    monkeypatch: pytest.MonkeyPatch, wide: None
) -> None:
    monkeypatch.setattr(runner, "plays", lambda seeds, regions: [Played(None, {}), Played(FAILURE, {})])
    monkeypatch.setattr(runner, "shortened", lambda failure, problems: failure)
    result = CliRunner().invoke(app, ["torture", "--seeds", "2"])
    assert result.exit_code == 1
    for told in ("1 of 2 histories failed", "42", Kind.LOST, f"1. t0: {Act.LOAD}", f"2. t0: {Act.LOSE}"):
        assert told in result.output


def test_histories_are_played_in_two_regions_if_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, wide: None) -> None:
    asked: list[bool] = []

    def plays(seeds: range, *, regions: bool) -> list[Played]:
        asked.append(regions)
        return [Played(None, {}) for _ in seeds]

    monkeypatch.setattr(runner, "plays", plays)
    for environment in ({}, {"REGIONS": "1"}):
        assert CliRunner().invoke(app, ["torture", "--seeds", "1"], env=environment).exit_code == 0
    assert asked == [False, True]
