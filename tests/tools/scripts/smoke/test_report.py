"""What people and programs are told: each step's mark, its evidence, and what to do."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from scripts.smoke.made import Leftover
from scripts.smoke.outcome import Mark, Result
from scripts.smoke.report import Report, show_end, show_result

PASSED = Result(1, "one", Mark.PASSED, ("id i-1 [bold]", "3 rows"), seconds=2.4)
FAILED = Result(2, "two", Mark.FAILED, why="AccessDenied", advice="grant s3:GetObject")
SKIPPED = Result(3, "three", Mark.SKIPPED, why="it goes on from step 2")
LEFT = Leftover("landed files", "AccessDenied", "delete them")


def shown(*results: Result, report: Report | None = None) -> str:
    console = Console(file=io.StringIO(), width=80)
    for result in results:
        show_result(result, console)
    if report:
        show_end(report, console)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_a_step_that_passed_shows_its_evidence_as_it_is() -> None:
    assert shown(PASSED).splitlines() == ["✓  1 one (2 s)", "     id i-1 [bold]", "     3 rows"]


def test_a_step_that_failed_shows_what_is_wrong_and_what_to_do() -> None:
    assert shown(FAILED).splitlines() == ["✗  2 two", "     AccessDenied", "     what to do: grant s3:GetObject"]


def test_a_step_that_was_skipped_shows_the_reason() -> None:
    assert shown(SKIPPED).splitlines() == ["–  3 three", "     it goes on from step 2"]


def test_the_end_counts_and_names_what_is_left() -> None:
    report = Report("smoke_1", "dev", (PASSED, FAILED, SKIPPED), (LEFT,), is_interrupted=True)
    assert shown(report=report).splitlines() == [
        "not removed: landed files (AccessDenied)",
        "     by hand: delete them",
        "smoke_1: 1 ✓, 1 ✗, 1 –, interrupted",
    ]


@pytest.mark.parametrize(
    ("report", "is_good"),
    [
        (Report("r", "dev", (PASSED, SKIPPED), ()), True),
        (Report("r", "dev", (PASSED, FAILED), ()), False),
        (Report("r", "dev", (PASSED,), (LEFT,)), False),
        (Report("r", "dev", (PASSED,), (), is_interrupted=True), False),
    ],
)
def test_it_is_good_if_nothing_failed_nothing_is_left_and_nobody_interrupted(report: Report, *, is_good: bool) -> None:
    assert report.is_good is is_good
    assert report.as_json()["passed"] is is_good


def test_programs_get_the_same() -> None:
    document = json.loads(json.dumps(Report("r", "dev", (PASSED, FAILED), (LEFT,)).as_json()))
    assert [(step["number"], step["mark"]) for step in document["steps"]] == [(1, "✓"), (2, "✗")]
    assert document["steps"][0]["evidence"] == ["id i-1 [bold]", "3 rows"]
    assert document["steps"][1]["advice"] == "grant s3:GetObject"
    assert document["left"] == [{"what": "landed files", "why": "AccessDenied", "by_hand": "delete them"}]
