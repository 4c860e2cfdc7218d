"""Keeps the proof of a commit in its snapshot's summary, bounded: readers load the summaries of all snapshots.

A proof that is long (it names up to thousands of files) is needed of the newest commit only. So it is one property of
the table, which each commit replaces, and the summary has its hash. The property is in the same commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import RemovePropertiesUpdate, SetPropertiesUpdate, TableUpdate

from lake.errors import RejectedInputError
from lake.tables.change import PROOF_PREFIX, Commit, Proof, WrittenRows

WRITTEN, FENCE = "lake.written-rows", "lake.fence"
LONG, LONG_PROPERTY = "odp.long-proof", "odp.long-proof"
INLINE_CHARACTERS = 4_000
"""Of 50 snapshots this is 200 kB, which each commit writes again."""
LONGEST = 400_000
"""The Data Catalog takes properties of 512,000 bytes."""


def summary_of(proof: Proof, rows: WrittenRows, fence: int) -> dict[str, str]:
    """Give the entries of a snapshot's summary for a proof."""
    if not proof:
        return {}
    counted = {WRITTEN: json.dumps(asdict(rows)), **({FENCE: str(fence)} if fence else {})}
    if not _is_long(proof):
        return {**proof, **counted}
    return {LONG: _digest(_written(proof)), **counted}


def property_updates(metadata: TableMetadata | None, proof: Proof) -> list[TableUpdate]:
    """Give the updates of properties that keep a long proof, and forget that of an earlier commit.

    Raises:
        RejectedInputError: the proof is longer than the catalog can keep.
    """
    if _is_long(proof):
        text = _written(proof)
        if len(text.encode()) > LONGEST:
            message = f"the proof of one commit has {len(text):,} characters, and the catalog keeps {LONGEST:,}"
            raise RejectedInputError(message)
        return [SetPropertiesUpdate(updates={LONG_PROPERTY: text})]
    if proof and metadata is not None and LONG_PROPERTY in metadata.properties:
        return [RemovePropertiesUpdate(removals=[LONG_PROPERTY])]
    return []


def newest_commit(metadata: TableMetadata) -> Commit | None:
    """Read the newest commit that carries a proof; other writers' commits, such as compactions, carry none.

    Raises:
        RejectedInputError: the table was rolled back to a commit whose long proof is gone.
    """
    found = _newest(metadata)
    if found is None:
        return None
    snapshot, summary = found
    proof: Proof = {name: value for name, value in summary.items() if name.startswith(PROOF_PREFIX)}
    if LONG in proof:
        proof = _long_proof(metadata, proof[LONG])
    return Commit(commit_time(snapshot), proof, WrittenRows(**json.loads(summary[WRITTEN])))


def newest_fence(metadata: TableMetadata) -> int:
    """Give the fencing token of the newest commit that carries a proof; 0 of one that has none."""
    found = _newest(metadata)
    return int(found[1].get(FENCE, 0)) if found else 0


def commit_time(snapshot: Snapshot) -> str:
    """Give a text that sorts as the commits of the table: clocks of two writers may differ."""
    return f"{snapshot.sequence_number:020d}"


def _newest(metadata: TableMetadata) -> tuple[Snapshot, Mapping[str, str]] | None:
    for snapshot in ancestors_of(metadata.current_snapshot(), metadata):
        summary = dict(snapshot.summary.additional_properties) if snapshot.summary else {}
        if any(name.startswith(PROOF_PREFIX) for name in summary):
            return snapshot, summary
    return None


def _long_proof(metadata: TableMetadata, digest: str) -> Proof:
    text = metadata.properties.get(LONG_PROPERTY, "")
    if _digest(text) != digest:
        message = (
            "the table was rolled back to a commit whose proof of applied files is not kept any more; roll it forward "
            "again, or load the table again in DMS"
        )
        raise RejectedInputError(message)
    proof: dict[str, str] = json.loads(text)
    return proof


def _is_long(proof: Proof) -> bool:
    return sum(len(name) + len(value) for name, value in proof.items()) > INLINE_CHARACTERS


def _written(proof: Proof) -> str:
    return json.dumps(dict(proof), sort_keys=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
