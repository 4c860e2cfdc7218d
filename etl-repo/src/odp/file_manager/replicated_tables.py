"""Judges the tables that DMS replicates: it says of a suspended table nowhere but in its statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from odp.commands import Commands
from odp.state_changes import Aspect, State, Subject, Told
from odp.table_identity import SourceTable

SUSPENDED = ("Table error", "Table cancelled", "Table does not exist")
"""DMS's words for a table that it no longer replicates; nothing but a load mends that."""


def replicated_tables(
    found: Mapping[str, Mapping[SourceTable, str]], told: Mapping[str, Told], commands: Commands
) -> Iterator[State]:
    """Judge the tables of each source that DMS answered about, also those whose problem has ended."""
    states = {table: state for tables in found.values() for table, state in tables.items()}
    for table, state in states.items():
        if state in SUSPENDED:
            yield _suspended(table, state, commands)
    begin = Subject(Aspect.REPLICATION, "").key
    for name in [key.removeprefix(begin) for key, known in told.items() if key.startswith(begin) and known.is_open]:
        table = SourceTable.parse(name)
        if table.source in found and states.get(table) not in SUSPENDED:
            title = f"DMS replicates {name} again"
            # a table that DMS does not know any more was taken out by a person
            yield State(Subject(Aspect.REPLICATION, name), title, (f"Table: {name}",), is_end_told=table in states)


def _suspended(table: SourceTable, state: str, commands: Commands) -> State:
    return State(
        Subject(Aspect.REPLICATION, table.name),
        f"DMS has stopped replicating {table.name}",
        (
            f"Table: {table.name}",
            f"DMS says: {state}. Changes of this table do not reach the lake; other tables go on.",
            "Its log has the reason. Mend the cause first, then load the table again.",
            f"Run: {commands.replication_status(table.source)}",
            f"Then: {commands.replication_reload(table.name)}",
        ),
        frozenset({state.replace(" ", "-").lower()}),
    )
