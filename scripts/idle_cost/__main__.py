"""Writes docs/idle-cost.md, or says whether it is stale."""

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

DOCUMENT = PROJECT / "docs" / "idle-cost.md"
CONFIGURATION = PROJECT / "config" / "environments.json"


def main(
    config: Annotated[Path, typer.Option("--config", help="The configuration of the platform.")] = CONFIGURATION,
    document: Annotated[Path, typer.Option(help="The document to write or to check.")] = DOCUMENT,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if the document is stale.")
    ] = False,
) -> None:
    """Compute what each environment costs while idle, from its synthesised templates and the price file."""
    console, prices = Console(), PriceList.read()
    costs = {name: prices.lines(found) for name, found in resources_by_environment(config).items()}
    text = render(costs, prices)
    if check and (not document.exists() or document.read_text(encoding="utf-8") != text):
        console.print(f"{document} is stale: run `python -m scripts.idle_cost`", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    if not check:
        WriteFile(document, text).run()
    for name, lines in costs.items():
        console.print(summary_row(name, lines), markup=False)


if __name__ == "__main__":
    typer.run(main)
