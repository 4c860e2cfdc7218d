"""The findings of a check: fine, wrong with the correcting command, or unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from scripts.bootstrap.errors import BootstrapError

if TYPE_CHECKING:
    from rich.console import Console


class State(StrEnum):
    """The state of a subject; an unchecked one is never fine."""

    FINE = "✓"
    WRONG = "✗"
    UNKNOWN = "?"


STYLES = {State.FINE: "green", State.WRONG: "red bold", State.UNKNOWN: "yellow"}


@dataclass(frozen=True)
class Finding:
    """One row: a subject, its state, the evidence, and the correcting command."""

    subject: str
    state: State
    seen: str
    mend: str = ""


def fine(subject: str, seen: str) -> Finding:
    """All is well."""
    return Finding(subject, State.FINE, seen)


def wrong(subject: str, seen: str, *, mend: str) -> Finding:
    """Something must be corrected."""
    return Finding(subject, State.WRONG, seen, mend)


def unknown(subject: str, why: str) -> Finding:
    """It could not be checked."""
    return Finding(subject, State.UNKNOWN, f"could not be checked: {why}")


def unless_unreachable(subject: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding, or the reason why there is none, so the other rows are still shown."""
    try:
        return check()
    except BootstrapError as error:
        return wrong(subject, error.what, mend=error.mend)
    except (BotoCoreError, ClientError) as error:
        return unreachable(subject, error)


def unreachable(subject: str, error: BotoCoreError | ClientError) -> Finding:
    """AWS does not answer the question."""
    return unknown(subject, _answer(error) if isinstance(error, ClientError) else str(error))


def print_findings(findings: Iterable[Finding], console: Console) -> bool:
    """Print the table and, below it, every correcting command; return whether nothing is wrong."""
    rows = list(findings)
    table = Table("", "subject", "seen", box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(f"[{STYLES[row.state]}]{row.state}[/]", row.subject, row.seen)
    console.print(table, highlight=False)
    mends = list(dict.fromkeys(row.mend for row in rows if row.state is State.WRONG))
    for command in mends:
        console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
    return not mends


def _answer(error: ClientError) -> str:
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "")
    return f"{error.operation_name} answered {code} {message}".rstrip()
