"""Writes docs/cost.md or says whether it is stale; shows what another configuration costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.bootstrap.cdk_cli import PROJECT
from scripts.bootstrap.steps import WriteFile
from scripts.idle_cost.document import render, summary_row
from scripts.idle_cost.pricing import PriceList
from scripts.idle_cost.synthesised import resources_by_environment

DOCUMENT = PROJECT / "docs" / "cost.md"
DOCUMENTED = PROJECT / "tests" / "environments.json"
"""Whose costs the document shows: a test holds it up to date, which what a user configures must not break."""


def main(
    config: Annotated[
        Path | None, typer.Option("--config", help="Show the costs of this configuration, not of the document's.")
    ] = None,
    document: Annotated[Path | None, typer.Option(help="The document to write or to check.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if the document is stale.")
    ] = False,
) -> None:
    """Compute what a lake costs idle, from its synthesised templates, and at work, from the price file for both."""
    console, prices = Console(), PriceList.read()
    costs = {name: prices.lines(found) for name, found in resources_by_environment(config or DOCUMENTED).items()}
    text = render(costs, prices)
    target = document or (None if config else DOCUMENT)
    if check and target and _is_stale(target, text):
        console.print(f"{target} is stale: run `python -m scripts.idle_cost`", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    if target and not check:
        WriteFile(target, text).run()
    for name, lines in costs.items():
        console.print(summary_row(name, lines), markup=False)


def _is_stale(document: Path, text: str) -> bool:
    return not document.exists() or document.read_text(encoding="utf-8") != text


if __name__ == "__main__":
    typer.run(main)
