"""Reads an Iceberg table's commits from its metadata with pyiceberg, without the product's code."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping

from rehearsal.torture.evidence import CommitEvidence, Counts
from rehearsal.validation.lake import IcebergReader, LakeTableError

_FILES, _STATE = "odp.file_ids", "odp.table_state"
_WRITTEN, _LONG = "lake.written-rows", "odp.long-proof"


def snapshots(reader: IcebergReader, database: str, table: str) -> Iterator[CommitEvidence]:
    """The commits of the framework, the oldest first; one that only widened rows repeats the files of the last."""
    try:
        metadata = reader.table(database, table).metadata
    except LakeTableError:
        return
    known: frozenset[str] = frozenset()
    load = 0
    for snapshot in sorted(metadata.snapshots, key=lambda each: each.sequence_number or 0):
        summary = dict(snapshot.summary.additional_properties) if snapshot.summary else {}
        if _FILES not in summary and _LONG not in summary:
            continue
        proof = _proof(summary, metadata.properties)
        file_ids, before = frozenset(json.loads(proof[_FILES])), load
        load = int(json.loads(proof[_STATE])["generation"])
        if file_ids != known:
            written = json.loads(summary[_WRITTEN])
            counts = Counts(*(written[name] for name in ("inserted", "updated", "deleted")))
            yield CommitEvidence(file_ids, counts, is_reload=0 < before < load)
        known = file_ids


def _proof(summary: Mapping[str, str], properties: Mapping[str, str]) -> Mapping[str, str]:
    """A long proof is kept of the newest commit only."""
    if _LONG not in summary:
        return summary
    names = [_LONG, *(f"{_LONG}.{number}" for number in range(2, 100))]
    text = "".join(properties.get(name, "") for name in names)
    if hashlib.sha256(text.encode()).hexdigest() != summary[_LONG]:
        raise RuntimeError("a history has an earlier commit of so many files that their names are gone")
    proof: dict[str, str] = json.loads(zlib.decompress(base64.b64decode(text)))
    return proof
