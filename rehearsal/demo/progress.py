"""Shows the steps of a run as they happen and remembers how long each took, and by which software."""

import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from rehearsal.jars import FORMATS
from rehearsal.report.model import Span

# Shows the steps of a run as they happen and remembers how long each took.


class Step:
    """The step that is under way; `say` changes what stands behind its name."""

    def __init__(self, name: str, progress: Progress, task: TaskID) -> None:
        self.name, self.detail = name, ""
        self._progress, self._task = progress, task

    def say(self, detail: str) -> None:
        """Show how far the step has come."""
        self.detail = detail
        self._progress.update(self._task, description=_line(self.name, detail))


class Steps:
    """The steps of one run in the order of their ends; threads may each have a step at the same time."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        is_shown = console.is_terminal  # elsewhere a spinner leaves blank lines only
        self._progress = Progress(*columns, console=console, transient=True, disable=not is_shown)
        self._changing = threading.Lock()
        self._has_failed = False
        self.spans: list[Span] = []

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step; a line with a tick stays when it is done, one with a cross when it failed."""
        start = datetime.now(UTC)
        with self._spinner(name) as step:
            try:
                yield step
            except BaseException:
                self._tell_failure(step)
                raise
        span = Span(name, start, datetime.now(UTC))
        self.spans.append(span)
        self._print(f"[green]✓[/green] {_line(name, step.detail)} [dim]{span.seconds:.1f} s[/dim]")

    @contextmanager
    def _spinner(self, name: str) -> Iterator[Step]:
        """Show one spinner for each step that is under way: a terminal has one display for all of them."""
        with self._changing:
            if not self._progress.tasks:
                self._progress.start()
            task = self._progress.add_task(_line(name, ""), total=None)
        try:
            yield Step(name, self._progress, task)
        finally:
            with self._changing:
                self._progress.remove_task(task)
                if not self._progress.tasks:
                    self._progress.stop()

    def _tell_failure(self, step: Step) -> None:
        """Tell of the first failure alone: steps beside it end because of it."""
        with self._changing:
            is_first, self._has_failed = not self._has_failed, True
        if is_first:
            self._print(f"[red]✗[/red] {_line(step.name, step.detail)}")

    def _print(self, line: str) -> None:
        self.console.print(line, highlight=False, soft_wrap=True)


def _line(name: str, detail: str) -> str:
    return f"{escape(name)} [dim]{escape(detail)}[/dim]" if detail else escape(name)


# The versions of the software that made a lake, for the report.


def versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions; the distribution named hudi is hudi-rs, which only reads."""
    formats = tuple((name, coordinates[0].rpartition(":")[2]) for name, coordinates in FORMATS.items())
    return (
        (
            "machine",
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        ),
        *((package, version(package)) for package in ("aws-cdk-lib", "ministack", "pyspark")),
        *formats,
        ("hudi-rs (validation)", version("hudi")),
        ("duckdb (validation)", version("duckdb")),
    )
