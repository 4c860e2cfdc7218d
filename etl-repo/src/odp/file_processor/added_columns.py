"""What a person is told of columns that changes brought: the source's log gives no value of theirs to other rows."""

from __future__ import annotations

from collections.abc import Sequence

from odp.table_identity import SourceTable

_SHOWN = 10


def advice_on(source_table_name: str, added: Sequence[str]) -> str:
    """Say which columns have NULL in rows from before, and the commands that load them; empty without such columns."""
    if not added:
        return ""
    source = SourceTable.parse(source_table_name).source
    more = f" and {len(added) - _SHOWN} more" if len(added) > _SHOWN else ""
    return (
        f"rows from before have NULL in {', '.join(added[:_SHOWN])}{more}, which changes brought; if the source gave "
        "them a value (ADD COLUMN … DEFAULT), load all tables again: "
        f"odp replication stop --source {source}, then odp replication reload --all --source {source}; or, if another "
        "tool runs DMS, its task with reload-target"
    )
