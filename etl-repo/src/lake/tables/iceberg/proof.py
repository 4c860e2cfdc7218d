"""The text form of a commit's proof in an Iceberg table, the same for every engine; nothing here knows one.

A short proof stands in the summary of the commit's snapshot, name by name. Readers load the summaries of all snapshots,
and each commit writes them again. So a long proof (it names the files of the commit, up to thousands, and the parts of
the table's load) is compressed into properties of the table, which each commit replaces. The summary then has its hash.
Properties and snapshot are in one commit of the catalog.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from lake.errors import RejectedInputError
from lake.tables.change import PROOF_PREFIX, Proof, WrittenRows
from lake.tables.size import TableSize

WRITTEN = "lake.written-rows"
"""The entry of a summary that counts rows; Iceberg's own counts are those of rewritten data files."""
FENCE = "lake.fence"
"""The entry of a summary that has the fencing token of the writer's lease."""
LONG = "odp.long-proof"
"""The entry of a summary that has the hash of a long proof, and the property that has its text, or the beginning."""
_TOTALS = ("total-records", "total-files-size", "total-data-files")
"""https://iceberg.apache.org/spec/#optional-snapshot-summary-fields"""
INLINE_CHARACTERS = 4_000
"""The longest proof in a summary: of 50 snapshots 200 kB, which each commit writes again."""
PROPERTY_CHARACTERS = 400_000
"""The longest property: pyiceberg copies properties into the Data Catalog, which takes 512,000 bytes in each."""

_ROLLED_BACK = (
    "the table was rolled back to a commit whose proof of applied files is not kept any more; roll it forward again, "
    "or reload the source table in DMS into a new raw_table_name"
)


def commit_time_of(sequence_number: int) -> str:
    """Return a text that sorts as the commits of the table: clocks of two writers may differ."""
    return f"{sequence_number:020d}"


@dataclass(frozen=True, slots=True)
class ProofEntries:
    """What a commit writes of its proof: entries of its snapshot's summary, and properties of the table."""

    summary: Mapping[str, str]
    properties: Mapping[str, str]

    def removed(self, properties: Collection[str]) -> list[str]:
        """Name the properties of an earlier proof that must go with this commit."""
        return sorted(name for name in properties if name.startswith(LONG) and name not in self.properties)


def proof_entries(proof: Proof, rows: WrittenRows, fence: int = 0) -> ProofEntries:
    """Give what a commit writes that proves a change; a commit without a proof writes nothing."""
    if not proof:
        return ProofEntries({}, {})
    counted = {WRITTEN: json.dumps(asdict(rows)), **({FENCE: str(fence)} if fence else {})}
    written = json.dumps(dict(proof), sort_keys=True)
    if len(written) <= INLINE_CHARACTERS:
        return ProofEntries({**proof, **counted}, {})
    text = base64.b64encode(zlib.compress(written.encode())).decode()
    parts = [text[at : at + PROPERTY_CHARACTERS] for at in range(0, len(text), PROPERTY_CHARACTERS)]
    return ProofEntries(
        {LONG: _digest(text), **counted}, {_property(number): part for number, part in enumerate(parts, start=1)}
    )


def read_proof(
    summary: Mapping[str, str], properties: Mapping[str, str]
) -> tuple[Proof, WrittenRows, TableSize | None] | None:
    """Read what a commit wrote, from its summary and the properties that the table has now; None without a proof.

    Raises:
        RejectedInputError: the commit's long proof is gone.
    """
    proof = {name: value for name, value in summary.items() if name.startswith(PROOF_PREFIX)}
    if not proof:
        return None
    rows = WrittenRows(**json.loads(summary[WRITTEN]))
    return (_long_proof(proof[LONG], properties) if LONG in proof else proof), rows, _size(summary)


def _size(summary: Mapping[str, str]) -> TableSize | None:
    """Read the totals that engines keep in summaries; the specification leaves them to the writer."""
    totals = [summary.get(name, "") for name in _TOTALS]
    return TableSize(*map(int, totals)) if all(total.isdecimal() for total in totals) else None


def has_proof(summary: Mapping[str, str]) -> bool:
    """Whether a snapshot is of a change of this lake."""
    return any(name.startswith(PROOF_PREFIX) for name in summary)


def read_fence(summary: Mapping[str, str]) -> int:
    """Read the fencing token of the lease under which a commit was made; 0 if it has none."""
    return int(summary.get(FENCE, 0))


def _long_proof(digest: str, properties: Mapping[str, str]) -> Proof:
    text, number = "", 1
    while part := properties.get(_property(number)):
        text, number = text + part, number + 1
    if _digest(text) != digest:
        raise RejectedInputError(_ROLLED_BACK)
    proof: dict[str, str] = json.loads(zlib.decompress(base64.b64decode(text)))
    return proof


def _property(number: int) -> str:
    return LONG if number == 1 else f"{LONG}.{number}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
