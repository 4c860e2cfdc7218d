"""Shows the steps of a run as they happen and remembers how long each took, and by which software."""

import os
import platform
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
    """The steps of one run, in order."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.spans: list[Span] = []

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time what shows its own progress."""
        start = datetime.now(UTC)
        yield
        self.spans.append(Span(name, start, datetime.now(UTC)))

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step; a line with a tick stays when it is done, one with a cross when it failed."""
        start = datetime.now(UTC)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        is_shown = self._console.is_terminal  # elsewhere a spinner leaves blank lines only
        with Progress(*columns, console=self._console, transient=True, disable=not is_shown) as progress:
            step = Step(name, progress, progress.add_task(_line(name, ""), total=None))
            try:
                yield step
            except BaseException:
                self._console.print(f"[red]✗[/red] {_line(name, step.detail)}", highlight=False, soft_wrap=True)
                raise
        span = Span(name, start, datetime.now(UTC))
        self.spans.append(span)
        self._console.print(
            f"[green]✓[/green] {_line(name, step.detail)} [dim]{span.seconds:.1f} s[/dim]",
            highlight=False,
            soft_wrap=True,
        )


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
