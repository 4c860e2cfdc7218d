"""docs/operations.md names the IAM actions of every command: what a command calls is compared with its row."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.odp_cli.operate.conftest import Lake
from tests.tools.odp_cli.operate.test_every_change_is_recorded import (
    COMMANDS,
    NEVER_ASK,
    Requests,
    a_vanished_load,
    operated,
    requests,
)

__all__ = ["operated", "requests"]

DOCUMENT = (Path(__file__).parents[4] / "docs" / "operations.md").read_text().partition("## What an operator may do")[2]
LEDGER_TABLES = {
    "files": "odpf_file_tracker",
    "files_history": "odpf_file_tracker_history",
    "leases": "odpf_file_processing_tracker",
    "quarantine": "odpf_quarantine",
    "batch_config": "odpf_batch_config",
    "table_config": "odpf_raw_table_config",
    "deploy_tracker": "odpf_config_deploy_tracker",
}
ACTION_OF = {"ListObjectVersions": "ListBucketVersions"}
Needed = set[tuple[str, str]]


def needed(calls: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    """List the action of each call and its DynamoDB table; for other services, the action alone."""
    for operation, parameters in calls:
        if operation == "TransactWriteItems":
            for action in parameters["TransactItems"]:
                ((kind, request),) = action.items()
                yield f"{kind}Item", LEDGER_TABLES[request["TableName"]]
        elif operation == "BatchGetItem":
            yield from ((operation, LEDGER_TABLES[table]) for table in parameters["RequestItems"])
        else:
            table = parameters.get("TableName")
            yield ACTION_OF.get(operation, operation), LEDGER_TABLES[table] if table else ""


def documented(command: str) -> Needed:
    """Read the row of a command, and those that it names."""
    (cells,) = [
        row.split(" | ", 1) for row in DOCUMENT.splitlines() if row.startswith("|") and _is_row_of(row, command)
    ]
    found: Needed = set()
    for clause in cells[1].split(";"):
        if "those of" in clause:
            found |= {each for other in re.findall(r"`([^`]+)`", clause) for each in documented(other)}
            continue
        what, _, where = clause.partition(" on ")
        actions = re.findall(r"`(?:\w+:)?(\w+)\*?`", what)
        tables = LEDGER_TABLES.values() if "odpf_*" in where else re.findall(r"`(odpf_\w+)`", where) or [""]
        found |= {(action, table) for action in actions for table in tables}
    return found


def _is_row_of(row: str, command: str) -> bool:
    names = re.findall(r"`([^`]+)`", row.split(" | ", 1)[0].partition(" but ")[0])
    return command in names


@pytest.mark.parametrize("name", COMMANDS)
def test_command_calls_nothing_but_what_its_row_names(operated: Lake, requests: Requests, name: str) -> None:
    arguments = COMMANDS[name](operated)
    requests.take()
    agreed = () if " ".join(arguments).startswith(NEVER_ASK) else ("--yes",)
    assert operated.odp(*arguments, "--reason", "x", *agreed).exit_code == 0
    assert set(needed(requests.all)) - documented(row_of(arguments)) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_dry_run_calls_nothing_but_what_its_row_names(operated: Lake, requests: Requests, name: str) -> None:
    arguments = COMMANDS[name](operated)
    requests.take()
    assert operated.odp(*arguments, "--reason", "x", "--dry-run").exit_code == 0
    row = row_of(arguments)
    of_dry_run = {"ledger migrate": "ledger migrate --dry-run", "reload --empty": row}.get(row, "status")
    assert set(needed(requests.all)) - documented(of_dry_run) == set()


def test_check_calls_nothing_but_what_its_row_names(operated: Lake, requests: Requests) -> None:
    a_vanished_load(operated)
    requests.take()
    assert operated.odp("status", "--check").exit_code == 0
    assert set(needed(requests.all)) - documented("status --check") == set()


def test_row_of_the_migration_names_nothing_that_it_does_not_call(operated: Lake, requests: Requests) -> None:
    arguments = COMMANDS["migrate"](operated)
    requests.take()
    operated.odp(*arguments)
    others = {("GetFunctionConfiguration", "")}  # a stand-in answers this
    assert (
        documented("ledger migrate") - documented("reload") == set(needed(requests.all)) - documented("reload") | others
    )


def row_of(arguments: list[str]) -> str:
    if arguments[0] == "quarantine":
        return {"release": "quarantine release"}.get(arguments[1], arguments[1])
    if "--empty" in arguments:
        return "reload --empty"
    return " ".join(arguments[:2]) if arguments[0] == "ledger" else arguments[0]
