"""The steps as a log shows them, where no terminal moves a spinner."""

import io
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

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


def test_steps_of_two_threads_overlap_and_each_has_its_own_line_and_span(console: Console) -> None:
    steps, both = Steps(console), Barrier(2, timeout=10)

    def work(name: str) -> None:
        with steps.step(name) as step:
            both.wait()
            step.say(f"said by {name}")
            both.wait()

    with ThreadPoolExecutor() as pool:
        list(pool.map(work, ("one", "two")))
    lines = sorted(printed(console).splitlines())
    assert [line.partition(" 0.")[0] for line in lines] == ["✓ one said by one", "✓ two said by two"]
    first, second = steps.spans
    assert max(first.start, second.start) < min(first.end, second.end)


def test_step_that_fails_because_of_another_one_leaves_no_cross_of_its_own(console: Console) -> None:
    steps = Steps(console)

    def fail(name: str) -> None:
        with pytest.raises(ValueError, match=name), steps.step(name):
            raise ValueError(name)

    fail("the emulator ended")
    fail("nobody answers")
    (line,) = printed(console).splitlines()
    assert line.startswith("✗ the emulator ended")


def test_terminal_shows_the_spinners_of_all_steps_that_are_under_way_and_none_afterwards() -> None:
    terminal = Console(file=io.StringIO(), width=200, force_terminal=True)
    steps = Steps(terminal)
    with steps.step("first"), steps.step("second"):
        pass
    with steps.step("third"):
        pass
    assert [span.name for span in steps.spans] == ["second", "first", "third"]
    assert not terminal._live_stack, "the terminal is left as it was"
