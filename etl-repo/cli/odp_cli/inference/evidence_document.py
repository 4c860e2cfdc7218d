"""The evidence as data for programs: everything that the tables show, in values that JSON has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime

from odp_cli.inference.landed_tables import LandedTables
from odp_cli.inference.proposal import Proposal
from odp_cli.inference.table_profile import TableProfile

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def evidence_document(landed: LandedTables, profiles: Sequence[TableProfile], proposal: Proposal) -> dict[str, Json]:
    """Return proposals and evidence by table, the batch configurations, and the objects that belong to no table."""
    return {
        "tables": [_table(profile, proposal) for profile in profiles],
        "batches": [_json(batch) for batch in proposal.batches],
        "other_objects": [_json(other) for other in landed.others],
    }


def _table(profile: TableProfile, proposal: Proposal) -> dict[str, Json]:
    """The files of a table appear as sums only, because the bucket lists them."""
    table = profile.table
    found = {field.name: _json(getattr(profile, field.name)) for field in fields(profile) if field.name != "table"}
    return {
        "source_table_name": table.source_table_name,
        "schema_name": table.schema_name,
        "table_name": table.table_name,
        "load_bytes": table.load_bytes,
        "change_bytes": table.change_bytes,
        "cadence": _json(proposal.cadences[table.source_table_name]),
        **found,
    }


def _json(value: object) -> Json:
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    # types of columns are told by their names
    return value if value is None or isinstance(value, bool | int | float) else str(value)
