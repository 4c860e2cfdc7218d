"""Shows steps as they end, and the whole as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scripts.smoke.made import Leftover
from scripts.smoke.outcome import Mark, Result

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {Mark.PASSED: "green", Mark.FAILED: "red bold", Mark.SKIPPED: "yellow"}
INDENT = "     "


@dataclass(frozen=True)
class Report:
    """One smoke test: its steps, and what it could not remove."""

    run: str
    environment: str
    results: tuple[Result, ...]
    left: tuple[Leftover, ...]
    is_interrupted: bool = False

    @property
    def is_good(self) -> bool:
        """Whether nothing failed, nothing was cut short and nothing is left."""
        return not (self.is_interrupted or self.left or any(each.mark is Mark.FAILED for each in self.results))

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "run": self.run,
            "environment": self.environment,
            "passed": self.is_good,
            "interrupted": self.is_interrupted,
            "steps": [{**asdict(result), "mark": str(result.mark)} for result in self.results],
            "left": [asdict(each) for each in self.left],
        }


def show_result(result: Result, console: Console) -> None:
    """Print a step with its evidence, or with what is wrong and what to do."""
    console.print(f"{result.mark} {result.number:>2}", style=STYLES[result.mark], end=" ", highlight=False)
    _print(console, f"{result.name} ({result.seconds:.0f} s)" if result.seconds else result.name)
    for line in result.evidence:
        _print(console, f"{INDENT}{line}")
    if result.why:
        _print(console, f"{INDENT}{result.why}")
    if result.advice:
        _print(console, f"{INDENT}what to do: {result.advice}")


def show_end(report: Report, console: Console) -> None:
    """Count the steps, and name what a person has to remove."""
    for each in report.left:
        _print(console, f"not removed: {each.what} ({each.why})\n{INDENT}by hand: {each.by_hand}")
    counts = {mark: sum(result.mark is mark for result in report.results) for mark in Mark}
    ending = ", interrupted" if report.is_interrupted else ""
    _print(console, f"{report.run}: " + ", ".join(f"{count} {mark}" for mark, count in counts.items()) + ending)


def skipped(results: Iterable[Result]) -> Sequence[Result]:
    """The steps that were not taken."""
    return [result for result in results if result.mark is Mark.SKIPPED]


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
