"""The steps as a log shows them, where no terminal moves a spinner."""

import io

import pytest
from rich.console import Console

from rehearsal.demo.progress import Steps


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_finished_step_leaves_one_line_with_what_it_said_last_and_its_span(console: Console) -> None:
    steps = Steps(console)
    with steps.step("Deploy [the] stacks") as step:
        step.say("first")
        step.say("4 [stacks]")
    (line,) = printed(console).splitlines()
    assert line.startswith("✓ Deploy [the] stacks")
    assert "4 [stacks]" in line
    assert "first" not in line
    (span,) = steps.spans
    assert span.name == "Deploy [the] stacks"
    assert span.end >= span.start


def test_failed_step_leaves_a_cross_with_how_far_it_came_and_no_span(console: Console) -> None:
    steps = Steps(console)

    def work() -> None:
        with steps.step("Deploy") as step:
            step.say("stack 2")
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        work()
    (line,) = printed(console).splitlines()
    assert line.startswith("✗ Deploy")
    assert "stack 2" in line
    assert steps.spans == []
