"""Proposes a cadence for each table and a batch configuration for each cadence that is then in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from odp_cli.inference.batch_proposal import BatchProposal, propose_batch
from odp_cli.inference.cadence_proposal import CADENCES, CadenceProposal, propose_cadence
from odp_cli.inference.landed_tables import LandedTable


@dataclass(frozen=True, slots=True)
class Proposal:
    """A cadence for each table, and the batch configurations of the cadences in use, the shortest first."""

    cadences: Mapping[str, CadenceProposal]
    """By source table."""
    batches: tuple[BatchProposal, ...]


def propose(tables: Iterable[LandedTable]) -> Proposal:
    """Propose how often tables are refreshed, from the arrivals of their changes alone; no file is read."""
    cadences = {table.source_table_name: propose_cadence(table) for table in tables}
    in_use = {name: [each for each in cadences.values() if each.refresh_cadence == name] for name in CADENCES}
    batches = tuple(propose_batch(name, members) for name, members in in_use.items() if members)
    return Proposal(cadences, batches)
