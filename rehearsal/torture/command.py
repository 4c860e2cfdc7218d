"""The command `torture`: plays histories, counts the failures by kind, and shows some of them in few steps."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from rehearsal.torture.runner import Failure, failures, shortened, tell

_SHOWN = 5


def torture(
    seeds: Annotated[int, typer.Option(envvar="SEEDS", min=1, help="How many histories.")] = 2000,
    first: Annotated[int, typer.Option(envvar="FIRST", min=0, help="The first history's seed.")] = 0,
) -> None:
    """Play random histories against the framework's own decisions and compare what comes out with the source."""
    console = Console()
    played = range(first, first + seeds)
    found: list[Failure] = []
    for failure in filter(None, track(failures(played), "Histories", seeds, console=console)):
        console.print(f"seed {failure.story.seed}: {failure.problems[0]}")
        found.append(failure)
    if not found:
        console.print(f"{seeds:,} histories passed")
        return
    console.print(kinds_table(found))
    console.print(stories_table(map(shortened, found[:_SHOWN])))
    console.print(f"{len(found):,} of {seeds:,} histories failed")
    raise typer.Exit(1)


def kinds_table(found: Sequence[Failure]) -> Table:
    """Count the failed histories of each kind."""
    kinds = Counter(kind for failure in found for kind in {problem.finding.kind for problem in failure.problems})
    seeds = {kind: [failure.story.seed for failure in found if _has(failure, kind)] for kind in kinds}
    table = Table("what is wrong", "histories", "seeds")
    for kind, count in kinds.most_common():
        table.add_row(kind, str(count), ", ".join(map(str, seeds[kind][:_SHOWN])))
    return table


def stories_table(found: Iterable[Failure]) -> Table:
    """Seed, problems and steps of some failures."""
    table = Table("seed", "what is wrong", "the shortest history", show_lines=True)
    for failure in found:
        steps = [f"{number}. {step}" for number, step in enumerate(tell(failure.story), start=1)]
        table.add_row(str(failure.story.seed), "\n".join(map(str, failure.problems)), "\n".join(steps))
    return table


def _has(failure: Failure, kind: str) -> bool:
    return any(problem.finding.kind == kind for problem in failure.problems)
